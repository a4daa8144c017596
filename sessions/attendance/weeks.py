"""Which week a meeting belongs to. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sessions.core.span import Span


def week_of(starts_at: datetime, zone: ZoneInfo) -> date:
    """The Monday of the week in which a meeting's scheduled start lies, by the programme's calendar.

    A meeting over midnight, or over the end of the week, belongs to its start (DOMAIN 3, rule 10).
    """
    if starts_at.utcoffset() is None:
        raise ValueError("a time without a zone")
    day = starts_at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def week_span(monday: date, zone: ZoneInfo) -> Span:
    """From Monday 0:00 to the next in that zone: 168 hours, or an hour less or more at a clock change."""
    return Span(
        datetime.combine(monday, time.min, zone),
        datetime.combine(monday + timedelta(days=7), time.min, zone),
    )
