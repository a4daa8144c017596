"""Who is said to speak, and how good a connection is said to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.quality import Quality, rate
from signaling.media.speakers import CHANGE, changes, loudness

levels = st.dictionaries(st.sampled_from(["anna", "ben", "carla"]), st.floats(0, 1, allow_nan=False))


@pytest.mark.parametrize(
    ("level_dbov", "linear"),
    [(0, 1.0), (20, 0.1), (39, 10 ** (-39 / 20)), (40, 0.0), (127, 0.0), (-1, 0.0)],
    ids=["loudest", "a voice", "a whisper", "quieter than speech", "silence", "no level at all"],
)
def test_a_level_is_loud_or_no_speech(level_dbov: int, linear: float) -> None:
    assert loudness(level_dbov) == pytest.approx(linear)


CASES = {
    "somebody begins": ({}, {"anna": 0.5}, {"anna": 0.5}),
    "somebody stops": ({"anna": 0.5}, {}, {"anna": 0.0}),
    "somebody falls silent": ({"anna": 0.5}, {"anna": 0.0}, {"anna": 0.0}),
    "hardly any change": ({"anna": 0.5}, {"anna": 0.51}, {}),
    "louder": ({"anna": 0.1}, {"anna": 0.5}, {"anna": 0.5}),
    "another takes over": ({"anna": 0.5}, {"ben": 0.4}, {"anna": 0.0, "ben": 0.4}),
    "nobody speaks": ({}, {"anna": 0.0}, {}),
}


@pytest.mark.parametrize(("before", "now", "told"), CASES.values(), ids=CASES)
def test_only_what_changed_is_told(
    before: dict[str, float], now: dict[str, float], told: dict[str, float]
) -> None:
    assert changes(before, now) == told


@given(levels, levels)
def test_who_was_told_everything_knows_who_speaks(before: dict[str, float], now: dict[str, float]) -> None:
    told = {**{who: level for who, level in before.items() if level > 0}, **changes(before, now)}
    speaking = {who: level for who, level in told.items() if level > 0}
    assert speaking.keys() >= {who for who, level in now.items() if level > CHANGE}
    assert all(abs(now.get(who, 0.0) - level) <= CHANGE for who, level in speaking.items())


RATINGS = {
    "no loss at all": ([], True, Quality.EXCELLENT, 5.0),
    "a little": ([3, 7], True, Quality.EXCELLENT, 5.0 - 7 / 51),
    "three in a hundred": ([8], True, Quality.GOOD, 5.0 - 8 / 51),
    "one in ten": ([0, 26], True, Quality.POOR, 5.0 - 26 / 51),
    "everything": ([255], True, Quality.POOR, 0.0),
    "no line": ([0], False, Quality.LOST, 0.0),
}


@pytest.mark.parametrize(("losses", "connected", "quality", "score"), RATINGS.values(), ids=RATINGS)
def test_a_connection_is_as_good_as_its_worst_direction(
    losses: list[int], connected: bool, quality: Quality, score: float
) -> None:
    rating = rate(losses, connected=connected)
    assert rating.quality is quality
    assert rating.score == pytest.approx(score)
