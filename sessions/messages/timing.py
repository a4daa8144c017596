"""When a message may go out, and when it is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sessions.core import zones
from sessions.core.span import Span

BACKOFF: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
LEASE: Final = timedelta(seconds=60)  # who claimed a message and said nothing for so long is dead


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours of the night in which nobody is written to, by the recipient's own clock.

    `begins` equal to `ends` means that there are none. Source: DOMAIN 6 (default 21:00 to 8:00).
    """

    begins: time = time(21)
    ends: time = time(8)

    def around(self, moment: datetime, zone: str) -> Span | None:
        """The quiet stretch that holds `moment`, or None. Local hours are kept at clock changes."""
        local = moment.astimezone(zones.zone(zone))
        for back in (0, 1):
            on = local.date() - timedelta(days=back)
            start = datetime.combine(on, self.begins, local.tzinfo)
            over_midnight = self.ends <= self.begins
            end = datetime.combine(on + timedelta(days=over_midnight), self.ends, local.tzinfo)
            if self.begins != self.ends and moment in (stretch := Span(start, end)):
                return stretch
        return None


def sending_time(
    due_at: datetime, not_after: datetime | None, now: datetime, zone: str, quiet: Quiet
) -> datetime | None:
    """When to send what is due at `due_at`, in UTC; None when there is no such moment any more.

    A message due in quiet hours waits for their end. When that would be too late, as for a reminder of an
    early appointment, it goes out before they begin, if that is still to come.
    """
    moment = max(due_at, now)
    if not_after is not None and moment > not_after:
        return None
    stretch = quiet.around(moment, zone)
    if stretch is None:
        return moment
    if not_after is None or stretch.end <= not_after:
        return stretch.end
    before = stretch.start - timedelta(minutes=1)
    return before if before >= now else None


def next_try(tries: int, now: datetime, not_after: datetime | None) -> datetime | None:
    """After `tries` failed ones (from 1): when to try again; None when it is given up."""
    if tries > len(BACKOFF):
        return None
    again = now + BACKOFF[tries - 1]
    return again if not_after is None or again <= not_after else None
