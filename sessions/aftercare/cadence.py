"""When an alumnus is called: days, not yet hours. Pure.

A plan is counted in local calendar days from the day of discharge, so that neither clock changes nor a move
to another zone touch it. Each call has a nominal day, from which the next is counted, and the day it is
planned
for: the first from there on which this person can be called at all. So a holiday moves one call and not the
rest of the year. Source: DOMAIN 6 (weekly to week 8, every two weeks to month 12, monthly to month 18).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from sessions.aftercare.policy import Phase

EVERY_DAY: Final = frozenset(range(7))
_DAY: Final = timedelta(days=1)
_PUSHED: Final = timedelta(days=2)  # by the floor; a call that would be pushed further is left out
_LONGEST_SHIFT: Final = timedelta(days=27)  # past a holiday or a weekend; then the call falls away


@dataclass(frozen=True, slots=True)
class Pause:
    """No calls from `start` to before `end`; open while the end is not known."""

    start: date
    end: date | None = None

    def covers(self, on: date) -> bool:
        return self.start <= on and (self.end is None or on < self.end)


@dataclass(frozen=True, slots=True)
class Plan:
    """One person's cadence: the programme's template, changed for them."""

    began_on: date  # the day of discharge
    phases: tuple[Phase, ...]
    first_after: timedelta
    first_within: timedelta
    floor: timedelta  # two calls are never nearer
    weekdays: frozenset[int] = EVERY_DAY  # Monday is 0
    holidays: frozenset[date] = frozenset()
    skipped: frozenset[date] = frozenset()
    pauses: tuple[Pause, ...] = ()

    @property
    def ends_on(self) -> date:
        """The first day without this plan."""
        return _end(self.began_on, self.phases[-1])

    def open_on(self, on: date) -> bool:
        """Whether the person may be called on this day at all."""
        closed = on in self.holidays or on in self.skipped or any(pause.covers(on) for pause in self.pauses)
        return on.weekday() in self.weekdays and not closed


@dataclass(frozen=True, slots=True)
class Day:
    """One call of a plan."""

    nominal: date  # the next is counted from here
    on: date  # when it is
    meant: int = (
        0  # the day of the month that calls of every month keep, where a short one has it; 0: nominal's
    )


def counted(calls: Sequence[Day]) -> Day | None:
    """The latest of these calls, newest first, as the next is counted from it; None without any.

    A call on the last day of a short month may have been meant for a later day: the ones before it tell.
    """
    if not calls:
        return None
    meant = calls[0].nominal.day
    for later, earlier in pairwise(call.nominal for call in calls):
        last = calendar.monthrange(later.year, later.month)[1]
        if later.day < last or earlier.day < later.day:
            break
        meant = max(meant, earlier.day)
    return replace(calls[0], meant=meant)


def days(
    plan: Plan, last: Day | None, until: date, denser: int = 0, not_before: date | None = None
) -> Iterator[Day]:
    """The calls after `last` (from the first one without it) planned for up to `until`, included.

    Args:
        denser: by how many steps more often than the phase says; at most as often as the densest phase.
        not_before: an earlier day is not planned any more. The count goes on from it as if it had been.
    """
    while True:
        day = following(plan, last, denser, not_before)
        if day is None or day.on > until:
            return
        yield day
        last = day


def following(plan: Plan, last: Day | None, denser: int = 0, not_before: date | None = None) -> Day | None:
    """The call after `last`; None when the plan is over or leaves no day open."""
    earliest = not_before or date.min
    if last is None:
        earliest = max(earliest, plan.began_on + _DAY)
        latest = plan.began_on + plan.first_within
        nominal = max(plan.began_on + plan.first_after, earliest)
        on = _open(plan, nominal, latest) or _open_before(plan, min(nominal, latest), earliest)
        on = on or _open(plan, nominal, nominal + _LONGEST_SHIFT)
        return None if on is None or on >= plan.ends_on else Day(nominal, on)
    earliest = max(earliest, last.on + plan.floor)
    nominal, meant = last.nominal, last.meant or last.nominal.day
    while nominal < plan.ends_on:
        every = interval(plan, nominal, denser)
        nominal = _add(nominal, every, meant)
        meant = meant if every.months else nominal.day
        start = max(nominal, last.on + plan.floor)
        if start - nominal > _PUSHED:
            continue
        on = _open(plan, start, start + _LONGEST_SHIFT)
        if on is not None and on >= earliest:
            return Day(nominal, on, meant) if on < plan.ends_on else None
    return None


def interval(plan: Plan, on: date, denser: int = 0) -> Phase:
    """How often the person is called around `on`, `denser` steps more often than the plan says."""
    index = next(
        (i for i, phase in enumerate(plan.phases) if on < _end(plan.began_on, phase)), len(plan.phases) - 1
    )
    steps = sorted({(_length(phase), phase.weeks, phase.months) for phase in plan.phases})
    here = steps.index((_length(plan.phases[index]), plan.phases[index].weeks, plan.phases[index].months))
    _, weeks, months = steps[max(0, here - max(denser, 0))]
    return Phase(weeks=weeks, months=months, until_weeks=1)


def add_months(on: date, months: int, day: int = 0) -> date:
    """The same day of a later month (or this `day` of it), or its last day when it has none such."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(day or on.day, calendar.monthrange(year, month + 1)[1]))


def business_days_after(on: date, count: int, holidays: frozenset[date] = frozenset()) -> date:
    """The `count`-th day after `on` that is neither a weekend nor a holiday."""
    while count > 0:
        on += _DAY
        count -= on.weekday() < 5 and on not in holidays
    return on


def _add(on: date, every: Phase, meant: int) -> date:
    return add_months(on, every.months, meant) if every.months else on + timedelta(weeks=every.weeks)


def _end(began_on: date, phase: Phase) -> date:
    if phase.until_months:
        return add_months(began_on, phase.until_months)
    return began_on + timedelta(weeks=phase.until_weeks)


def _length(phase: Phase) -> int:
    return phase.weeks * 7 or phase.months * 30


def _open(plan: Plan, start: date, until: date) -> date | None:
    while start <= until:
        if plan.open_on(start):
            return start
        start += _DAY
    return None


def _open_before(plan: Plan, start: date, until: date) -> date | None:
    while start >= until:
        if plan.open_on(start):
            return start
        start -= _DAY
    return None
