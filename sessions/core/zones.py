"""Time zones by their IANA names, and local days as spans. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sessions.core.span import Span


def zone(name: str) -> ZoneInfo:
    """Raises ValueError when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError("there is no such time zone") from unknown


def local_date(moment: datetime, name: str) -> date:
    return moment.astimezone(zone(name)).date()


def day(on: date, name: str) -> Span:
    """The local calendar day: 24 hours, or 23 or 25 at a clock change."""
    local = zone(name)
    return Span(
        datetime.combine(on, time.min, local),
        datetime.combine(on + timedelta(days=1), time.min, local),
    )
