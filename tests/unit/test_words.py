"""Time in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from sessions.web import words

SIX = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # 6 PM in New York
NINE = SIX + timedelta(hours=3)
NEW_YORK, PHOENIX = ZoneInfo("America/New_York"), ZoneInfo("America/Phoenix")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("minutes", "english", "spanish"),
    [
        (-24 * 60, "Tomorrow at 6:00 PM", "Mañana a las 6:00 p.m."),
        (-3 * 60, "starts at 6:00 PM", "empieza a las 6:00 p.m."),
        (-60, "starts at 6:00 PM", "empieza a las 6:00 p.m."),
        (-59, "starts in 59 minutes", "empieza en 59 minutos"),
        (-12, "starts in 12 minutes", "empieza en 12 minutos"),
        (-11.5, "starts in 12 minutes", "empieza en 12 minutos"),
        (-1, "starts in 1 minute", "empieza en 1 minuto"),
        (-0.01, "starts in 1 minute", "empieza en 1 minuto"),
        (0, "now, until 9:00 PM", "ahora, hasta las 9:00 p.m."),
        (179, "now, until 9:00 PM", "ahora, hasta las 9:00 p.m."),
        (180, "ended at 9:00 PM", "terminó a las 9:00 p.m."),
    ],
)
def test_a_meetings_time_as_one_phrase(minutes: float, english: str, spanish: str) -> None:
    now = SIX + timedelta(minutes=minutes)
    with timezone.override(NEW_YORK):
        for language, said in (("en", english), ("es", spanish)):
            with translation.override(language):
                assert plain(words.when(SIX, NINE, now)) == said


@pytest.mark.parametrize(
    ("zone", "said"), [(NEW_YORK, "6:00 PM to 9:00 PM"), (PHOENIX, "4:00 PM to 7:00 PM")]
)
def test_times_are_told_in_the_readers_zone(zone: ZoneInfo, said: str) -> None:
    with timezone.override(zone), translation.override("en"):
        assert plain(words.span(SIX, NINE)) == said


def test_days_are_counted_in_the_readers_zone() -> None:
    late = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 11:30 PM in New York, 8:30 PM in Los Angeles
    soon = late + timedelta(hours=1)
    with translation.override("en"):
        with timezone.override(NEW_YORK):
            assert words.day_from(soon, late) == "Tomorrow"
        with timezone.override(ZoneInfo("America/Los_Angeles")):
            assert words.day_from(soon, late) == "Today"


def test_days_by_name() -> None:
    with timezone.override(NEW_YORK):
        with translation.override("en"):
            assert words.day(SIX) == "Monday, March 2"
        with translation.override("es"):
            assert words.day(SIX).lower() == "lunes 2 de marzo"


def test_a_time_is_never_torn_over_two_lines() -> None:
    for language in ("en", "es"):
        with translation.override(language):
            assert " " not in words.clock(SIX)


def test_phoenix_differs_from_new_york_by_another_hour_in_summer_and_winter() -> None:
    with timezone.override(PHOENIX):
        assert words.differs(SIX, "America/New_York")
        assert not words.differs(SIX, "America/Denver")
        assert words.differs(datetime(2026, 7, 1, 12, tzinfo=UTC), "America/Denver")


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["Mina"], "Mina"), (["Mina", "Theo"], "Mina and Theo"), (["A", "B", "C"], "A, B and C")],
)
def test_lists_read_like_sentences(names: list[str], said: str) -> None:
    with translation.override("en"):
        assert words.and_list(names) == said


@given(st.integers(min_value=1, max_value=3600))
def test_nobody_is_told_zero_minutes(seconds: int) -> None:
    left = words.minutes_left(SIX, SIX - timedelta(seconds=seconds))
    assert left >= 1
    assert timedelta(minutes=left - 1) < timedelta(seconds=seconds) <= timedelta(minutes=left)
