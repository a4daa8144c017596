"""The table of what the engine has to do and when: put down, void, find, claim."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import QuerySet

from sessions.aftercare.due_models import Due
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.core import claiming

LEASE: Final = timedelta(seconds=60)
ORDER: Final = ("at", "leased_until", "id")  # of the index `due_open`
_LONGEST_WAIT: Final = timedelta(minutes=30)


class Step(StrEnum):
    ROLL = "roll"  # plan ahead
    OFFER = "offer"  # find a time for a planned call
    REMIND_EMAIL = "remind-email"
    REMIND_SMS = "remind-sms"
    DUE = "due"
    OVERDUE = "overdue"  # nobody has tried yet
    GIVE_UP = "give-up"
    UNFINISHED = "unfinished"  # reached, and nothing written down
    SILENCE = "silence"  # a month without contact
    CONTACT = "contact"  # the 48 hours after HIGH
    REVIEW = "review"  # the two business days after HIGH
    RESUME = "resume"  # a pause ends


_WATCHES: Final = frozenset({Step.CONTACT, Step.REVIEW})  # they look themselves whether they have been met


def put(
    step: Step, name: str, at: datetime, course: AftercareCourse, check_in: CheckIn | None = None
) -> None:
    """To be done at `at`; nothing when the same was put down before, done or not.

    Args:
        name: with the step, what makes this one thing: an id, and a number when it may come again.
    """
    Due.objects.bulk_create(
        [Due(key=f"{step.value}:{name}", step=step.value, at=at, course=course, check_in=check_in)],
        ignore_conflicts=True,
    )


def void(check_in: CheckIn, now: datetime, steps: Iterable[Step] | None = None) -> None:
    """What was put down about the call need not be done any more: all of it, or these steps.

    Who watches over somebody at risk goes on when the call they spoke up in is called off, missed or held.
    """
    rows = Due.objects.filter(check_in=check_in, done_at__isnull=True)
    wanted = [step for step in Step if step not in _WATCHES] if steps is None else steps
    rows = rows.filter(step__in=[step.value for step in wanted])
    rows.update(done_at=now, outcome="void")


def scan(now: datetime, limit: int) -> QuerySet[Due, Any]:
    """The ids of what is to be done, in order. Reads the index `due_open` alone."""
    return _open(now).order_by(*ORDER).values_list("pk", flat=True)[:limit]


def claim(now: datetime, limit: int) -> list[int]:
    """Lease what is to be done, in order: what another worker holds is passed over."""
    return claiming.claim(_open(now), ORDER, limit, leased_until=now + LEASE)


def _open(now: datetime) -> QuerySet[Due]:
    return Due.objects.filter(done_at__isnull=True, at__lte=now, leased_until__lte=now)


def failed(pk: int, now: datetime) -> int:
    """Let go of it for a while, longer each time. Returns how often it has failed."""
    row = Due.objects.filter(pk=pk, done_at__isnull=True).first()
    if row is None:
        return 0
    row.tries += 1
    row.leased_until = now + min(LEASE * 2 ** min(row.tries, 10), _LONGEST_WAIT)
    row.save(update_fields=["tries", "leased_until"])
    return row.tries


def oldest(now: datetime) -> datetime | None:
    """Since when the oldest thing waits that is to be done; None when nothing does."""
    row = Due.objects.filter(done_at__isnull=True, at__lte=now).order_by("at").values_list("at", flat=True)
    return row.first()
