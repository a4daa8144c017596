"""A time for a call: found, set, taken away; never two calls at once for a caller.

The engine's and the callers' side: inside a transaction, with the course locked. The alumnus's own side is
appointment.py.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from sessions.aftercare import due, journal, notices, plans, slots
from sessions.aftercare.due import Step
from sessions.aftercare.free import callers
from sessions.aftercare.hours_models import BookedCell
from sessions.aftercare.machine import Call, CallEvent
from sessions.aftercare.models import CheckIn, Why
from sessions.aftercare.policies import policy_of
from sessions.aftercare.policy import Policy
from sessions.aftercare.slots import Slot
from sessions.core import zones
from sessions.core.daytime import at_local, awake_after, awake_before
from sessions.core.errors import IllegalMove, Invalid
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, MeetingFacilitator

DAYTIME: Final = time(10)  # when a call without wished hours is looked for
SOONEST: Final = timedelta(hours=2)  # nobody is offered a time nearer than this
JUST_TOLD: Final = timedelta(hours=6)  # the same words by the same way need not follow so soon
_BEFORE: Final = (Step.OFFER, Step.DUE, Step.REMIND_EMAIL, Step.REMIND_SMS)


class Taken(IllegalMove):
    code = "taken"
    text = "This time has just been taken. Please choose another one."


def offer(row: CheckIn, now: datetime) -> bool:
    """Give a planned call a time with somebody who is free, and tell the alumnus. False when nobody is."""
    policy = policy_of(row.program_id)
    values = plans.decode(row.course.plan)
    zone = row.course.zone
    flex = timedelta(days=0 if row.why in (Why.CONTACT, Why.ASKED) else policy.flex_days)
    day = timedelta(days=1)
    first = at_local(row.due_on - flex, time(0), zone)
    within = Span(
        max(first, now + SOONEST), max(at_local(row.due_on + flex + day, time(0), zone), now + SOONEST)
    )
    near = at_local(row.due_on, values.from_time if values.from_time != values.to_time else DAYTIME, zone)
    wish = plans.wish_of(values, zone, policy)
    free = callers(row.program_id, within)
    length = timedelta(minutes=row.length_minutes)
    found = slots.choose(free, wish, within, length, near, row.course.caller_id)
    if found is None and row.why in (Why.CONTACT, Why.ASKED):
        # Urgent: any hour that is not quiet will do.
        found = slots.choose(free, slots.Wish(zone, wish.quiet), within, length, near, row.course.caller_id)
    if found is None:
        return False
    try:
        with transaction.atomic():
            book(row, found, now)
    except Taken:
        row.refresh_from_db()
        return False
    notices.time_set(row, now)
    return True


def book(row: CheckIn, slot: Slot, now: datetime, by: Person | None = None) -> None:
    """Set the call's time and caller; frees the time it had. Raises Taken when somebody was faster."""
    event = CallEvent.OFFERED if row.state == Call.PLANNED.value else CallEvent.MOVED
    span = Span(slot.starts_at, slot.starts_at + timedelta(minutes=row.length_minutes))
    policy = policy_of(row.program_id)
    # What is on record first, the cells last: two people who want one time wait for each other in one order.
    journal.move(row, event, now, by)
    _free(row, now)
    if row.channel == "video":
        _meet(row, span, slot.caller)
    try:
        with transaction.atomic():
            BookedCell.objects.bulk_create(
                BookedCell(caller_id=slot.caller, at=at, check_in=row) for at in slots.cells(span)
            )
    except IntegrityError as taken:
        raise Taken from taken
    row.booking += 1
    row.starts_at, row.caller_id = span.start, slot.caller
    row.due_on = zones.local_date(span.start, row.course.zone)
    row.confirmed_at = now if by is not None and by.pk == row.course.person_id else None
    row.link_hash = notices.token_hash(notices.token(row))
    row.save()
    _put_down(row, policy, now)


def unbook(row: CheckIn, now: datetime, reason: str) -> None:
    """Back to planned: its time is free, nothing more is sent about it."""
    _free(row, now)
    notices.stop(row)
    row.starts_at, row.caller, row.confirmed_at, row.link_hash = None, None, None, None
    journal.move(row, CallEvent.UNBOOKED, now, reason=reason)
    row.save()
    due.put(
        Step.DUE, f"{row.pk}:{row.booking}:u", planned_at(row, policy_of(row.program_id)), row.course, row
    )


def rebook(row: CheckIn, now: datetime, reason: str) -> None:
    """The time it has cannot be kept: another one, or another caller. With nobody free the alumnus is told
    that it does not take place, and a time is looked for every day."""
    had = row.starts_at
    unbook(row, now, reason)
    if offer(row, now):
        return
    if had is not None and had > now:
        notices.does_not_take_place(row, had)
    again = now + timedelta(days=1)
    due.put(Step.OFFER, f"{row.pk}:{again.date()}", again, row.course, row)


def call_off(
    row: CheckIn, now: datetime, reason: str, by: Person | None = None, *, tell: bool = True
) -> None:
    """It does not take place. Who had a time is told, unless they called it off themselves."""
    event = CallEvent.REVOKED if reason == "revoked" else CallEvent.CALLED_OFF
    journal.move(row, event, now, by, reason)
    _free(row, now)
    due.void(row, now)
    if tell and row.starts_at is not None and row.starts_at > now:
        notices.does_not_take_place(row, row.starts_at)
    else:
        notices.stop(row)
    row.reason, row.next_try_at, row.link_hash = reason, None, None
    row.claimed_by, row.claimed_until = None, None
    row.save()


def planned(row: CheckIn, policy: Policy, now: datetime) -> None:
    """Put down what a new call without a time needs: to be offered one, and to fall due whatever happens."""
    at = at_local(row.due_on - timedelta(days=policy.offer_days), DAYTIME, row.course.zone)
    due.put(Step.OFFER, f"{row.pk}", max(at, now), row.course, row)
    due.put(Step.DUE, f"{row.pk}:0", planned_at(row, policy), row.course, row)


def ensure_meeting(row: CheckIn, actor: Person, now: datetime) -> Meeting:
    """A room for the call now, led by the actor: the one it has when that still fits, else a new one."""
    meeting = row.meeting
    if meeting is not None and meeting.cancelled_at is None and now < meeting.ends_at:
        leads = MeetingFacilitator.objects.filter(meeting=meeting, person=actor).exists()
        if leads and meeting.starts_at - now < timedelta(minutes=30):
            return meeting
        _unmeet(row)
    start = now.replace(second=0, microsecond=0)
    span = Span(start, start + timedelta(minutes=row.length_minutes))
    row.meeting = programs.schedule(
        row.program,
        MeetingKind.CHECK_IN_CALL,
        span,
        facilitators=[actor],
        invitees=[(row.course.person, RoomRole.ALUMNUS)],
        drop_in=True,  # it is now: whose next appointment comes meanwhile is late, and knows it
    )
    row.save(update_fields=["meeting"])
    return row.meeting


def _put_down(row: CheckIn, policy: Policy, now: datetime) -> None:
    if row.starts_at is None:
        return
    zone, quiet = row.course.person.time_zone, plans.quiet_of(policy)
    name = f"{row.pk}:{row.booking}"
    told_at = awake_after(now, zone, quiet)  # that the time is set
    for step, minutes, after in (
        (Step.REMIND_EMAIL, policy.email_before_minutes, told_at + JUST_TOLD),
        (Step.REMIND_SMS, policy.sms_before_minutes, now),
    ):
        at = awake_before(row.starts_at - timedelta(minutes=minutes), zone, quiet)
        if at > after:
            due.put(step, name, at, row.course, row)
    due.put(Step.DUE, name, row.starts_at, row.course, row)


def planned_at(row: CheckIn, policy: Policy) -> datetime:
    """When a call without a time falls due on its day."""
    values = plans.decode(row.course.plan)
    at = values.from_time if values.from_time != values.to_time else DAYTIME
    wish = plans.wish_of(values, row.course.zone, policy)
    moment = at_local(row.due_on, at, row.course.zone)
    return moment if not wish.quiet.covers(at) else at_local(row.due_on, DAYTIME, row.course.zone)


def _free(row: CheckIn, now: datetime) -> None:
    due.void(row, now, _BEFORE)
    _unmeet(row)
    row.cells.all().delete()


def _meet(row: CheckIn, span: Span, caller: UUID) -> None:
    try:
        with transaction.atomic():
            row.meeting = programs.schedule(
                row.program,
                MeetingKind.CHECK_IN_CALL,
                span,
                facilitators=list(Person.objects.filter(pk=caller)),
                invitees=[(row.course.person, RoomRole.ALUMNUS)],
            )
    except Invalid as clash:
        # Somebody's calendar says no after all: as good as taken.
        raise Taken from clash
    row.save(update_fields=["meeting"])


def _unmeet(row: CheckIn) -> None:
    if row.meeting is not None:
        meeting, row.meeting = row.meeting, None
        row.save(update_fields=["meeting"])
        programs.cancel(meeting)
