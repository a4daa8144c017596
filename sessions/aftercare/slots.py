"""Which times a caller can offer, and who is offered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sessions.core import zones
from sessions.core.daytime import Quiet, at_local, is_quiet, local_time
from sessions.core.span import Span

CELL: Final = timedelta(minutes=15)  # a booking fills whole cells; the database keeps each for one call
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly, by the wall clock of the caller's zone."""

    weekday: int  # Monday is 0
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Caller:
    id: UUID
    zone: str
    hours: tuple[Hours, ...]
    extra: tuple[Span, ...] = ()  # also there
    away: tuple[Span, ...] = ()
    busy: frozenset[datetime] = frozenset()  # starts of cells that are taken
    load: int = 0  # calls already booked in that week


@dataclass(frozen=True, slots=True)
class Wish:
    """When somebody can be called, by their own clock."""

    zone: str
    quiet: Quiet
    start: time = time(0)  # preferred, from
    end: time = time(0)  # to; equal ends: any hour that is not quiet
    weekdays: frozenset[int] = field(default_factory=lambda: frozenset(range(7)))

    def fits(self, span: Span) -> bool:
        """Wholly outside the quiet hours, on a wished day, beginning in the preferred hours."""
        last = span.end - timedelta(minutes=1)
        if is_quiet(span.start, self.zone, self.quiet) or is_quiet(last, self.zone, self.quiet):
            return False
        if zones.local_date(span.start, self.zone).weekday() not in self.weekdays:
            return False
        if self.start == self.end:
            return True
        return Quiet(self.start, self.end).covers(local_time(span.start, self.zone))


@dataclass(frozen=True, slots=True)
class Slot:
    starts_at: datetime
    caller: UUID


def cells(span: Span) -> tuple[datetime, ...]:
    """The starts of the cells that a call fills. Raises ValueError off the grid."""
    if (
        (span.start - datetime.fromtimestamp(0, span.start.tzinfo)) % CELL
        or span.length % CELL
        or not span.length
    ):
        raise ValueError("a call begins on a quarter of an hour and fills whole ones")
    return tuple(span.start + CELL * n for n in range(span.length // CELL))


def free(caller: Caller, within: Span, length: timedelta) -> Iterator[datetime]:
    """The starts at which the caller can take a call of this length, in order, on the grid."""
    seen = datetime.fromtimestamp(0, within.start.tzinfo)
    for stretch in sorted(_present(caller, within)):
        start = max(stretch.start, within.start, seen)
        over = (start - datetime.fromtimestamp(0, start.tzinfo)) % CELL
        start += CELL - over if over else timedelta()
        while start + length <= min(stretch.end, within.end):
            span = Span(start, start + length)
            blocked = any(span.overlaps(gone) for gone in caller.away) or caller.busy & set(cells(span))
            if not blocked:
                yield start
            start += CELL
        seen = max(seen, start)


def offers(callers: Sequence[Caller], wish: Wish, within: Span, length: timedelta) -> list[Slot]:
    """Every time at which somebody is free and the alumnus can be called, in order; at each time the caller
    with the fewest calls."""
    found: dict[datetime, Caller] = {}
    for caller in callers:
        for start in free(caller, within, length):
            if (start not in found or _order(caller) < _order(found[start])) and wish.fits(
                Span(start, start + length)
            ):
                found[start] = caller
    return [Slot(start, found[start].id) for start in sorted(found)]


def choose(
    callers: Sequence[Caller], wish: Wish, within: Span, length: timedelta, near: datetime, own: UUID | None
) -> Slot | None:
    """One time to propose: of the alumnus's own caller if there is any, else of the one with the fewest
    calls; the nearest to `near`. None when nobody is free.

    Args:
        own: who usually calls; people tell more to somebody they know.
    """
    ranked = sorted(callers, key=lambda caller: (caller.id != own, *_order(caller)))
    for caller in ranked:
        for start in sorted(free(caller, within, length), key=lambda s: (abs(s - near), s)):
            if wish.fits(Span(start, start + length)):
                return Slot(start, caller.id)
    return None


def _order(caller: Caller) -> tuple[int, str]:
    return caller.load, str(caller.id)


def _present(caller: Caller, within: Span) -> Iterable[Span]:
    first, last = (zones.local_date(moment, caller.zone) for moment in (within.start, within.end))
    on: date = first - _DAY
    while on <= last:
        for hours in caller.hours:
            if hours.weekday == on.weekday():
                end_on = on if hours.end > hours.start else on + _DAY
                start, end = at_local(on, hours.start, caller.zone), at_local(end_on, hours.end, caller.zone)
                if start < end:
                    yield Span(start, end)
        on += _DAY
    yield from caller.extra
