"""The engine: claims what is due, does each once, and shows that it is alive.

Runs in Celery and in the embedded ticker, in any number of processes. A process may die at any point: what
was not committed is done by the next one when the lease runs out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import OperationalError, connection, transaction
from django.db.models import F

from sessions.aftercare import beginning, due, journal, steps
from sessions.aftercare.due_models import Due, EngineBeat
from sessions.core.prepared import Prepared

log = logging.getLogger(__name__)

NAME: Final = "aftercare"
BATCH: Final = 50
MOST_A_RUN: Final = 500  # an outage is worked off in rounds: nothing else starves behind it
STANDS_STILL: Final = timedelta(minutes=3)

_COURSE_OF: Final = Prepared(lambda pk: Due.objects.filter(pk=pk).values_list("course_id"), int)
_OPEN: Final = Prepared(lambda pk: Due.objects.select_for_update().filter(pk=pk, done_at__isnull=True), int)

Point = Callable[[str], None]  # called at "claimed", "before-commit", "after-commit": where a process may die


def run(now: datetime, most: int = MOST_A_RUN, at: Point = lambda point: None) -> int:
    """Do what is due, in order; at most so much. Returns how many things were done."""
    done = 0
    while done < most:
        claimed = due.claim(now, min(BATCH, most - done))
        if not claimed:
            break
        at("claimed")
        done += sum(_one(pk, now, at) for pk in claimed)
    beat(now, done)
    return done


def beat(now: datetime, done: int = 0) -> None:
    """The canary: this process and its database are alive at this time."""
    if not EngineBeat.objects.filter(pk=NAME).update(ran_at=now, done=F("done") + done):
        EngineBeat.objects.get_or_create(pk=NAME, defaults={"ran_at": now, "done": done})


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the engine's clock goes, and how late the oldest thing is."""

    ran_at: datetime | None
    late: timedelta

    def stands_still(self, now: datetime) -> bool:
        return self.ran_at is None or now - self.ran_at > STANDS_STILL or self.late > STANDS_STILL


def health(now: datetime) -> Health:
    row = EngineBeat.objects.filter(pk=NAME).first()
    oldest = due.oldest(now)
    return Health(row.ran_at if row else None, now - oldest if oldest else timedelta())


def propose(now: datetime) -> int:
    """Courses for those who have just completed an episode."""
    return beginning.propose_discharged(now)


def _one(pk: int, now: datetime, at: Point) -> int:
    try:
        with transaction.atomic():
            # As everybody who changes a course: its lock before any other.
            course = journal.locked_course(_COURSE_OF.value(pk))
            row = _OPEN.model(pk)
            if row is None:
                return 0
            row.outcome = steps.run(row, course, now)
            row.done_at = now
            row.save(update_fields=["outcome", "done_at"])
            at("before-commit")
        at("after-commit")
    except Exception as error:  # whatever it is, it must not hold up the rest
        if isinstance(error, OperationalError) and not connection.is_usable():
            raise  # the database is gone: nothing can be written down about it either
        tries = due.failed(pk, now)
        log.error("aftercare: %d failed, try %d: %s", pk, tries, type(error).__name__)
        return 0
    return 1
