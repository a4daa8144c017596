"""Local times of day on the one clock: quiet hours, preferred hours, moments that clock changes skip.
Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sessions.core import zones

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` (included) to `end` (excluded) by the local wall clock; over midnight when start > end.
    Equal ends: never quiet. The default is that of DOMAIN 6."""

    start: time = time(21)
    end: time = time(8)

    def covers(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def at_local(on: date, at: time, zone: str) -> datetime:
    """The moment (UTC) at which clocks in `zone` show this: the first of two when they show it twice; when
    they skip it, as much later as they jump. Source: RFC 5545, 3.3.5."""
    return datetime.combine(on, at.replace(fold=0), zones.zone(zone)).astimezone(UTC)


def local_time(moment: datetime, zone: str) -> time:
    """What clocks in `zone` show at this moment."""
    return moment.astimezone(zones.zone(zone)).time().replace(fold=0)


def is_quiet(moment: datetime, zone: str, quiet: Quiet) -> bool:
    return quiet.covers(local_time(moment, zone))


def awake_after(moment: datetime, zone: str, quiet: Quiet) -> datetime:
    """The end of the quiet hours that `moment` lies in (`moment` itself when in none)."""
    if not is_quiet(moment, zone, quiet):
        return moment
    on = zones.local_date(moment, zone)
    ends = at_local(on, quiet.end, zone)
    return awake_after(ends if ends > moment else at_local(on + _DAY, quiet.end, zone), zone, quiet)


def awake_before(moment: datetime, zone: str, quiet: Quiet) -> datetime:
    """The last whole minute up to `moment` that is not quiet there (`moment` itself when it is not)."""
    if not is_quiet(moment, zone, quiet):
        return moment
    on = zones.local_date(moment, zone)
    starts = at_local(on, quiet.start, zone)
    before = (starts if starts <= moment else at_local(on - _DAY, quiet.start, zone)) - _MINUTE
    return awake_before(before, zone, quiet)
