"""Times of the clock on the wall and days of the week, in words."""

from __future__ import annotations

from datetime import date, time, timedelta

from sessions.web import words

_A_MONDAY = date(2026, 3, 2)


def weekday(day: int) -> str:
    """Monday is 0."""
    return words.weekday(_A_MONDAY + timedelta(days=day))


def wall(at: time | str) -> str:
    """ "6:00 PM"."""
    return words.time_of_day(time.fromisoformat(at) if isinstance(at, str) else at)
