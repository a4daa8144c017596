"""What follows when somebody cannot be reached. Pure. Source: DOMAIN 6, missed-call ladder.

Tries at 0, +15 minutes, the next day at another hour, and the third day by another channel; then the call is
missed. A relapse never ends the calls, and neither does silence: it makes other people try.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sessions.aftercare.cadence import add_months
from sessions.core import zones
from sessions.core.daytime import Quiet, at_local, awake_after, local_time

TRIES: Final = 4
ANOTHER_HOUR: Final = 4  # hours earlier or later than the first try
_NOON_ISH: Final = 14  # from this hour on, another hour is an earlier one
_DAY: Final = timedelta(days=1)
_LEAST: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Try:
    """When the next try is due, and whether by another way than so far."""

    at: datetime
    other_channel: bool


class Measure(StrEnum):
    """What happens after so many missed calls in a row."""

    REMIND_BY_CALL = "remind_by_call"  # somebody calls the day before the next one
    COORDINATOR = "coordinator"
    ALTERNATE_CONTACT = "alternate_contact"  # only if consented
    LETTER = "letter"  # neutral
    CLINICIAN_REVIEW = "clinician_review"


_MEASURES: Final[dict[int, tuple[Measure, ...]]] = {
    1: (Measure.REMIND_BY_CALL,),
    2: (Measure.REMIND_BY_CALL, Measure.COORDINATOR, Measure.ALTERNATE_CONTACT),
    3: (Measure.REMIND_BY_CALL, Measure.LETTER, Measure.CLINICIAN_REVIEW),
}


def next_try(
    done: int, first_at: datetime, last_at: datetime, zone: str, quiet: Quiet, wait: timedelta
) -> Try | None:
    """After `done` tries without an answer; None when that was the last.

    Args:
        first_at, last_at: of the tries so far.
        wait: before the second.
    """
    if done >= TRIES:
        return None
    if done <= 1:
        return Try(awake_after(last_at + wait, zone, quiet), other_channel=False)
    first_on = zones.local_date(first_at, zone)
    on = max(first_on + _DAY * (done - 1), zones.local_date(last_at, zone))
    asked = (
        at_local(on, _another_hour(first_at, zone), zone)
        if done == 2
        else at_local(on, local_time(first_at, zone), zone)
    )
    return Try(awake_after(max(asked, last_at + _LEAST), zone, quiet), other_channel=done == TRIES - 1)


def given_up_at(due_at: datetime, zone: str, quiet: Quiet) -> datetime:
    """When a call that is not done counts as missed whatever happened: the end of its fourth day there."""
    on = zones.local_date(due_at, zone) + 3 * _DAY
    return max(at_local(on, quiet.start, zone), due_at + 3 * _DAY)


def measures(missed_in_a_row: int) -> tuple[Measure, ...]:
    """What to do after so many; after the third, what the third brought goes on without a new letter."""
    if missed_in_a_row <= 0:
        return ()
    return _MEASURES.get(missed_in_a_row, (Measure.REMIND_BY_CALL, Measure.COORDINATOR))


def retries(lost_on: date, months: int) -> tuple[date, ...]:
    """The days on which somebody who was lost is called once more."""
    return tuple(add_months(lost_on, n) for n in range(1, months + 1))


def _another_hour(first_at: datetime, zone: str) -> time:
    shown = local_time(first_at, zone)
    hour = shown.hour - ANOTHER_HOUR if shown.hour >= _NOON_ISH else shown.hour + ANOTHER_HOUR
    return shown.replace(hour=hour % 24)
