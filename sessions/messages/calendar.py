"""An appointment as a calendar file (RFC 5545): a time and the word "appointment". Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_TITLES: Final = {"en": "Your appointment", "es": "Su cita"}


def event(
    uid: str,
    starts_at: datetime,
    length: timedelta,
    sequence: int,
    made_at: datetime,
    language: str,
    *,
    cancelled: bool = False,
) -> str:
    """One event in UTC, which every calendar shows in its own zone.

    Args:
        uid: the same for every version of one appointment; `sequence` grows with each.
        cancelled: it does not take place: calendars that have it take it out.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//appointment//EN",
        "METHOD:CANCEL" if cancelled else "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{_utc(made_at)}",
        f"DTSTART:{_utc(starts_at)}",
        f"DTEND:{_utc(starts_at + length)}",
        f"SUMMARY:{_TITLES.get(language, _TITLES['en'])}",
        "STATUS:CANCELLED" if cancelled else "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines) + "\r\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
