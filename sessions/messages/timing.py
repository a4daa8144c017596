"""When a message may go out, and when it is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sessions.core.daytime import Quiet, awake_after, awake_before

BACKOFF: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
LEASE: Final = timedelta(seconds=60)  # who claimed a message and said nothing for so long is dead


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
    awake = awake_after(moment, zone, quiet)
    if not_after is None or awake <= not_after:
        return awake
    before = awake_before(moment, zone, quiet)
    return before if before >= now else None


def next_try(tries: int, now: datetime, not_after: datetime | None) -> datetime | None:
    """After `tries` failed ones (from 1): when to try again; None when it is given up."""
    if tries > len(BACKOFF):
        return None
    again = now + BACKOFF[tries - 1]
    return again if not_after is None or again <= not_after else None
