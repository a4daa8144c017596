"""One client's week in minutes: required, scheduled, delivered, credited, still reachable. Pure.

    scheduled   what the week's meetings could credit, breaks left out
    delivered   what was eligible in meetings so far: what staff offered
    credited    what the client got, floored once per meeting
    reachable   credited, and all that is left of running and coming meetings

While credited falls short of required but reachable does not, nothing is lost. A week can be mended until it
is over. Source: DOMAIN 3, rules 7, 10, 11 and "Weekly view".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sessions.core.span import Span
from sessions.programs.settings import DEFAULT


class State(StrEnum):
    SHORT = "short"  # cannot be reached with what is scheduled, and the week is not over
    ON_TRACK = "on_track"
    REACHED = "reached"
    MISSED = "missed"  # the week is over


@dataclass(frozen=True, slots=True)
class Times:
    """One meeting that counts, as scheduled. `breaks` are those that credit nothing."""

    span: Span
    breaks: tuple[Span, ...] = ()
    over: bool = False  # ended before its time

    def scheduled_minutes(self) -> int:
        return _minutes(self._within(self.span))

    def left_minutes(self, now: datetime) -> int:
        """What can still be credited of it from `now` on."""
        if self.over or now >= self.span.end:
            return 0
        return _minutes(self._within(Span(max(now, self.span.start), self.span.end)))

    def _within(self, part: Span) -> timedelta:
        lost = timedelta()
        for one in self.breaks:
            lost += max(min(one.end, part.end) - max(one.start, part.start), timedelta())
        return part.length - lost


@dataclass(frozen=True, slots=True)
class Hour:
    """One client and one meeting of the week, in minutes."""

    scheduled: int
    left: int  # of the schedule, from now on
    credited: int = 0
    eligible: int = 0

    @classmethod
    def of(cls, times: Times, now: datetime, credited: int = 0, eligible: int = 0) -> Hour:
        return cls(times.scheduled_minutes(), times.left_minutes(now), credited, eligible)


@dataclass(frozen=True, slots=True)
class Week:
    """All in minutes."""

    required: int
    scheduled: int
    delivered: int
    credited: int
    reachable: int
    over: bool
    taper: bool  # stepping down: fewer hours than the floor are the plan

    @property
    def to_go(self) -> int:
        return max(0, self.required - self.credited)

    @property
    def shortfall(self) -> int:
        """What the client will lack when nothing is added to the week."""
        return max(0, self.required - self.reachable)

    @property
    def underscheduled(self) -> int:
        """What the schedule lacks even for somebody who never misses a minute."""
        return max(0, self.required - self.scheduled)

    @property
    def state(self) -> State:
        if self.credited >= self.required:
            return State.REACHED
        if self.over:
            return State.MISSED
        return State.SHORT if self.shortfall else State.ON_TRACK


def week(required: int, hours: Iterable[Hour], *, over: bool, floor: int = DEFAULT.floor_minutes) -> Week:
    """`required` and `floor` in minutes; `over`: nothing can be added any more."""
    found = list(hours)
    credited = sum(hour.credited for hour in found)
    return Week(
        required=required,
        scheduled=sum(hour.scheduled for hour in found),
        delivered=sum(hour.eligible for hour in found),
        credited=credited,
        reachable=credited if over else credited + sum(hour.left for hour in found),
        over=over,
        taper=required < floor,
    )


def urgency(one: Week) -> tuple[int, int, int]:
    """Sorts a board: first who can still be mended and lacks most, then who has most to go."""
    order = (State.SHORT, State.MISSED, State.ON_TRACK, State.REACHED)
    return order.index(one.state), -one.shortfall, -one.to_go


def _minutes(length: timedelta) -> int:
    return max(0, length // timedelta(minutes=1))
