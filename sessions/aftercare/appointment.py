"""The alumnus's side of an appointment: keep it, move it, decline it; on their page or by a personal link."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Final

from django.db import transaction

from sessions.aftercare import journal, notices, plans, slots
from sessions.aftercare.booking import SOONEST, Taken, book, call_off
from sessions.aftercare.free import callers
from sessions.aftercare.machine import Call
from sessions.aftercare.models import CheckIn
from sessions.aftercare.policies import policy_of
from sessions.aftercare.slots import Slot
from sessions.core import clock
from sessions.core.daytime import at_local
from sessions.core.errors import IllegalMove, NotFound
from sessions.core.span import Span
from sessions.people.access import Act, require
from sessions.people.models import Person

MOVE_WITHIN: Final = timedelta(days=7)  # how far a call may be moved past its day
MOST_OFFERED: Final = 60
LATE: Final = timedelta(minutes=30)  # the door of a call stays open so long after its end
_KEPT: Final = (Call.SCHEDULED, Call.DUE, Call.ATTEMPTING, Call.CONNECTED)


class TooLate(IllegalMove):
    code = "too-late"
    text = "This is too close to be moved. Please answer the call and say so, or call us."


def keep(actor: Person | None, row: CheckIn) -> None:
    """The time suits. Idempotent. `actor` is None by the personal link, which is the right itself."""
    _may_answer(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = _appointed(row, now)
        if row.confirmed_at is None:
            row.confirmed_at = now
            row.save(update_fields=["confirmed_at"])
            journal.record(row.course.person, "check-in.kept", row)


def choices(row: CheckIn, now: datetime) -> list[Slot]:
    """Other times that can be had, in order: within the wished hours, else any that are not quiet."""
    policy, values = policy_of(row.program_id), plans.decode(row.course.plan)
    zone = row.course.zone
    end = at_local(row.due_on, time(0), zone) + MOVE_WITHIN + timedelta(days=1)
    after = (
        CheckIn.objects.filter(course=row.course_id, due_on__gt=row.due_on).ahead().order_by("due_on").first()
    )
    if after is not None:
        end = min(end, at_local(after.due_on, time(0), zone))
    start = now + SOONEST
    if end <= start:
        return []
    within = Span(start, end)
    free, length = callers(row.program_id, within), timedelta(minutes=row.length_minutes)
    wish = plans.wish_of(values, zone, policy)
    found = slots.offers(free, wish, within, length) or slots.offers(
        free, slots.Wish(zone, wish.quiet), within, length
    )
    on_the_half = [slot for slot in found if slot.starts_at.minute % 30 == 0]
    return [slot for slot in on_the_half if slot.starts_at != row.starts_at][:MOST_OFFERED]


def move(actor: Person | None, row: CheckIn, starts_at: datetime) -> None:
    """Take another of the times that `choices` shows.

    Raises NotFound; TooLate within the hour before; Taken when it is not free any more.
    """
    _may_answer(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = _appointed(row, now, moved=True)
        slot = next((one for one in choices(row, now) if one.starts_at == starts_at), None)
        if slot is None:
            raise Taken
        notices.stop(row)
        book(row, slot, now, row.course.person)
        notices.time_set(row, now)


def decline(actor: Person | None, row: CheckIn) -> None:
    """Not this time; the next call stays as planned. Raises NotFound, TooLate."""
    _may_answer(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = _appointed(row, now, moved=True)
        call_off(row, now, "declined", row.course.person, tell=False)


def by_link(token: str) -> CheckIn:
    """The appointment that a personal link is for, also while it lasts. Raises NotFound when it was moved, is
    over or never was."""
    given = hashlib.sha256(token.encode()).hexdigest()
    row = (
        CheckIn.objects.filter(link_hash=given, state__in=[state.value for state in _KEPT])
        .select_related("course__person", "program", "meeting")
        .first()
    )
    if row is None or row.starts_at is None or clock.now() >= over_at(row, row.starts_at):
        raise NotFound
    return row


def over_at(row: CheckIn, starts_at: datetime) -> datetime:
    """Until when somebody who comes late may still come to it."""
    return starts_at + timedelta(minutes=row.length_minutes) + LATE


def movable(row: CheckIn, now: datetime) -> bool:
    """Whether it can still be moved or declined."""
    if row.state != Call.SCHEDULED.value or row.starts_at is None:
        return False
    return now <= row.starts_at - timedelta(minutes=policy_of(row.program_id).move_until_minutes)


def _may_answer(actor: Person | None, row: CheckIn) -> None:
    if actor is not None:
        require(actor, Act.ANSWER_CHECK_IN, row)


def _appointed(row: CheckIn, now: datetime, *, moved: bool = False) -> CheckIn:
    fresh = journal.locked(row.pk)
    if fresh.state != Call.SCHEDULED.value or fresh.starts_at is None or fresh.booking != row.booking:
        raise IllegalMove
    if now > fresh.starts_at or (moved and not movable(fresh, now)):
        raise TooLate
    return fresh
