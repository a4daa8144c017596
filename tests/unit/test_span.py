"""Spans, local days and breaks: time without traps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.core import zones
from sessions.core.span import Span
from sessions.programs import breaks

NEW_YORK = ZoneInfo("America/New_York")
SIX = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
EVENING = Span(SIX, SIX + timedelta(hours=3))

moments = st.builds(
    datetime.fromtimestamp, st.integers(min_value=1_700_000_000, max_value=1_900_000_000), st.timezones()
)


def at(minutes: float) -> datetime:
    return SIX + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("start", "end", "elapsed_minutes"),
    [
        pytest.param((2026, 11, 1, 0, 30), (2026, 11, 1, 2, 30), 180, id="the night with an hour twice"),
        pytest.param((2026, 3, 8, 1, 30), (2026, 3, 8, 3, 30), 60, id="the night with an hour missing"),
        pytest.param((2026, 3, 2, 18, 0), (2026, 3, 2, 21, 0), 180, id="an ordinary evening"),
    ],
)
def test_length_is_elapsed_time_not_the_wall_clock(
    start: tuple[int, ...], end: tuple[int, ...], elapsed_minutes: int
) -> None:
    span = Span(_local(start), _local(end))
    assert span.length == timedelta(minutes=elapsed_minutes)


def _local(parts: tuple[int, ...]) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(SIX.replace(tzinfo=None), at(10), id="a naive start"),
        pytest.param(SIX, at(10).replace(tzinfo=None), id="a naive end"),
        pytest.param(at(1), SIX, id="the end before the start"),
    ],
)
def test_a_span_refuses(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match=r"zone|before"):
        Span(start, end)


@given(moments, moments, moments)
def test_a_moment_lies_in_a_span_from_its_start_to_just_before_its_end(
    one: datetime, two: datetime, moment: datetime
) -> None:
    span = Span(*sorted((one, two), key=lambda m: m.astimezone(UTC)))
    assert (moment in span) == (span.start <= moment.astimezone(UTC) < span.end)


@given(moments, moments, moments, moments)
def test_overlap_is_mutual_and_needs_a_shared_moment(
    a: datetime, b: datetime, c: datetime, d: datetime
) -> None:
    first = Span(*sorted((a, b), key=lambda m: m.astimezone(UTC)))
    second = Span(*sorted((c, d), key=lambda m: m.astimezone(UTC)))
    assert first.overlaps(second) == second.overlaps(first)
    if first.length and second.length:
        assert first.overlaps(second) == (max(first.start, second.start) < min(first.end, second.end))


@given(moments, st.sampled_from(["America/New_York", "America/Phoenix", "Pacific/Auckland", "UTC"]))
def test_every_moment_lies_in_its_local_day(moment: datetime, zone: str) -> None:
    assert moment.astimezone(UTC) in zones.day(zones.local_date(moment, zone), zone)


@pytest.mark.parametrize(
    ("on", "hours"),
    [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 7, 1), 24)],
    ids=["clocks go forward", "clocks go back", "an ordinary day"],
)
def test_a_local_day_lasts(on: date, hours: int) -> None:
    assert zones.day(on, "America/New_York").length == timedelta(hours=hours)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "America/", "a\0b"])
def test_no_such_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        zones.zone(name)


def test_breaks_are_read_as_written_in_order() -> None:
    first, second = Span(at(40), at(50)), Span(at(85), at(95))
    assert breaks.read(breaks.write([second, first]), EVENING) == (first, second)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param([[at(-5).isoformat(), at(5).isoformat()]], id="before the meeting"),
        pytest.param([[at(175).isoformat(), at(185).isoformat()]], id="past its end"),
        pytest.param([[at(10).isoformat(), at(10).isoformat()]], id="without length"),
        pytest.param([[at(20).isoformat(), at(10).isoformat()]], id="backwards"),
        pytest.param(
            [[at(10).isoformat(), at(20).isoformat()], [at(15).isoformat(), at(25).isoformat()]],
            id="overlapping",
        ),
        pytest.param([["2026-03-02T18:40:00", "2026-03-02T18:50:00"]], id="without a zone"),
        pytest.param([["soon", "later"]], id="no times"),
        pytest.param([[at(10).isoformat()]], id="half a break"),
        pytest.param([[1, 2]], id="numbers"),
        pytest.param({"start": "x"}, id="no list"),
        pytest.param(None, id="nothing"),
    ],
)
def test_breaks_are_refused(stored: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of several words
        breaks.read(stored, EVENING)


def test_breaks_may_touch_each_other_and_the_meetings_ends() -> None:
    touching = [Span(at(0), at(10)), Span(at(10), at(20)), Span(at(170), at(180))]
    assert breaks.read(breaks.write(touching), EVENING) == tuple(touching)
