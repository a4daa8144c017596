"""A time for a call: offered by who is free, kept, moved or declined, and never two calls at once for a
caller."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from sessions.aftercare import due, journal, notices, plans, slots
from sessions.aftercare.due import Step
from sessions.aftercare.hours_models import BookedCell, CallerException, CallerHours
from sessions.aftercare.machine import Call, CallEvent
from sessions.aftercare.models import CheckIn, Why
from sessions.aftercare.policies import policy_of
from sessions.aftercare.policy import Policy
from sessions.aftercare.slots import CELL, Caller, Hours, Slot
from sessions.core import clock, zones
from sessions.core.daytime import at_local, awake_after, awake_before
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.prepared import Prepared
from sessions.core.span import Span
from sessions.people.access import Act, require
from sessions.people.models import Membership, MembershipQuerySet, Person
from sessions.people.roles import LEADING, RoomRole
from sessions.programs import service as programs
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, MeetingFacilitator, Program

DAYTIME: Final = time(10)  # when a call without wished hours is looked for
SOONEST: Final = timedelta(hours=2)  # nobody is offered a time nearer than this
MOVE_WITHIN: Final = timedelta(days=7)  # how far a call may be moved past its day
MOST_OFFERED: Final = 60
JUST_TOLD: Final = timedelta(hours=6)  # the same words by the same way need not follow so soon
_BEFORE: Final = (Step.OFFER, Step.DUE, Step.REMIND_EMAIL, Step.REMIND_SMS)


class Taken(IllegalMove):
    code = "taken"
    text = "This time has just been taken. Please choose another one."


class TooLate(IllegalMove):
    code = "too-late"
    text = "This is too close to be moved. Please answer the call and say so, or call us."


# Who is free. Asked at every offer: prepared.


def _staff(program: UUID) -> MembershipQuerySet:
    return Membership.objects.filter(program=program, role__in=LEADING).active()


def _led(program: UUID, start: datetime, end: datetime) -> QuerySet[MeetingFacilitator, Any]:
    """What else they lead, in any programme."""
    rows = MeetingFacilitator.objects.filter(
        person__in=_staff(program).values("person"),
        meeting__cancelled_at=None,
        meeting__starts_at__lt=end,
        meeting__ends_at__gt=start,
    ).exclude(meeting__kind=MeetingKind.CHECK_IN_CALL)
    return rows.values_list("person_id", "meeting__starts_at", "meeting__ends_at")


_STAFF: Final = Prepared(lambda program: _staff(program).values_list("person_id", "person__time_zone"))
_HOURS: Final = Prepared(
    lambda program: CallerHours.objects.filter(program=program).values_list(
        "person_id", "weekday", "start", "end"
    )
)
_EXCEPTIONS: Final = Prepared(
    lambda program, start, end: CallerException.objects.filter(
        program=program, starts_at__lt=end, ends_at__gt=start
    ).values_list("person_id", "away", "starts_at", "ends_at"),
    UUID,
    datetime,
    datetime,
)
_LED: Final = Prepared(_led, UUID, datetime, datetime)
_TAKEN: Final = Prepared(
    lambda program, start, end: BookedCell.objects.filter(
        caller__in=_staff(program).values("person"), at__gte=start, at__lt=end
    ).values_list("caller_id", "at"),
    UUID,
    datetime,
    datetime,
)


def callers(program_id: UUID, within: Span) -> list[Caller]:
    """Everybody who takes calls in the programme, with what they can do in this time. Five queries."""
    home = dict(_STAFF.rows(program_id))  # by which clock each lives
    hours: dict[UUID, list[Hours]] = {}
    for person_id, weekday, start, end in _HOURS.rows(program_id):
        hours.setdefault(person_id, []).append(Hours(weekday, start, end))
    extra: dict[UUID, list[Span]] = {}
    away: dict[UUID, list[Span]] = {}
    for person_id, is_away, starts_at, ends_at in _EXCEPTIONS.rows(program_id, within.start, within.end):
        (away if is_away else extra).setdefault(person_id, []).append(Span(starts_at, ends_at))
    able = home.keys() & (hours.keys() | extra.keys())
    for person_id, starts_at, ends_at in _LED.rows(program_id, within.start, within.end):
        away.setdefault(person_id, []).append(Span(starts_at, ends_at))
    busy: dict[UUID, set[datetime]] = {}
    for person_id, at in _TAKEN.rows(program_id, within.start - CELL, within.end):
        busy.setdefault(person_id, set()).add(at)
    return [
        Caller(
            id=pk,
            zone=home[pk],
            hours=tuple(hours.get(pk, ())),
            extra=tuple(extra.get(pk, ())),
            away=tuple(away.get(pk, ())),
            busy=frozenset(busy.get(pk, ())),
            load=len(busy.get(pk, ())),
        )
        for pk in sorted(able, key=str)
    ]


def set_hours(actor: Person, program_id: UUID, hours: Iterable[Hours]) -> None:
    """The actor's own weekly hours. Raises NotFound for who does not call, Invalid for hours that overlap."""
    program = program_of(actor, program_id)
    wanted = sorted(hours, key=lambda one: (one.weekday, one.start))
    for earlier, later in pairwise(wanted):
        if earlier.weekday == later.weekday and later.start < earlier.end:
            raise Invalid("Two of these hours overlap.")
    if any(one.start >= one.end or not 0 <= one.weekday <= 6 for one in wanted):
        raise Invalid("Each stretch ends after it begins.")
    with transaction.atomic():
        CallerHours.objects.filter(program=program, person=actor).delete()
        CallerHours.objects.bulk_create(
            CallerHours(program=program, person=actor, weekday=one.weekday, start=one.start, end=one.end)
            for one in wanted
        )
    _rebook_outside(actor, program_id)


def be_away(actor: Person, program_id: UUID, span: Span, *, away: bool = True) -> None:
    """The actor is away then (or there beside the weekly hours). Their calls in it go to others or to another
    time, and the alumni are told. Raises NotFound for who does not call."""
    program = program_of(actor, program_id)
    CallerException.objects.create(
        program=program, person=actor, starts_at=span.start, ends_at=span.end, away=away
    )
    if away:
        reassign(actor, program_id, span)


def reassign(person: Person, program_id: UUID, span: Span) -> int:
    """Find others, or other times, for a caller's calls in this time. Returns how many were moved."""
    rows = CheckIn.objects.of(program_id).filter(
        caller=person, state=Call.SCHEDULED.value, starts_at__gte=span.start, starts_at__lt=span.end
    )
    pks = list(rows.order_by("starts_at").values_list("pk", flat=True))
    for pk in pks:
        with transaction.atomic():
            row = journal.locked(pk)
            if row.state == Call.SCHEDULED.value and row.caller_id == person.pk:
                unbook(row, clock.now(), "caller_away")
                offer(row, clock.now())
    return len(pks)


def program_of(actor: Person, program_id: UUID) -> Program:
    """The programme, for who may call in it. Raises NotFound."""
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise NotFound
    require(actor, Act.SEE_CALLS, program)
    return program


# The engine's and the callers' side; inside a transaction, with the course locked.


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


def call_off(
    row: CheckIn, now: datetime, reason: str, by: Person | None = None, *, tell: bool = True
) -> None:
    """It does not take place. Who had a time is told, unless they called it off themselves."""
    event = CallEvent.REVOKED if reason == "revoked" else CallEvent.CALLED_OFF
    journal.move(row, event, now, by, reason)
    _free(row, now)
    due.void(row, now)
    if tell and row.starts_at is not None and row.starts_at > now:
        notices.does_not_take_place(row)
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


# The alumnus's side.


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
        row = _appointed(row, now, movable=True)
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
        row = _appointed(row, now, movable=True)
        call_off(row, now, "declined", row.course.person, tell=False)


def by_link(token: str) -> CheckIn:
    """The appointment that a personal link is for. Raises NotFound when it was moved, is over or never
    was."""
    given = hashlib.sha256(token.encode()).hexdigest()
    row = (
        CheckIn.objects.filter(link_hash=given, state=Call.SCHEDULED.value, starts_at__gt=clock.now())
        .select_related("course__person", "program")
        .first()
    )
    if row is None:
        raise NotFound
    return row


def _may_answer(actor: Person | None, row: CheckIn) -> None:
    if actor is not None:
        require(actor, Act.ANSWER_CHECK_IN, row)


def _appointed(row: CheckIn, now: datetime, *, movable: bool = False) -> CheckIn:
    fresh = journal.locked(row.pk)
    if fresh.state != Call.SCHEDULED.value or fresh.starts_at is None or fresh.booking != row.booking:
        raise IllegalMove
    limit = timedelta(minutes=policy_of(fresh.program_id).move_until_minutes) if movable else timedelta()
    if now > fresh.starts_at - limit:
        raise TooLate
    return fresh


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


def _rebook_outside(person: Person, program_id: UUID) -> None:
    """Calls that the caller's hours do not cover any more go to others."""
    now = clock.now()
    rows = CheckIn.objects.of(program_id).filter(caller=person, state=Call.SCHEDULED.value, starts_at__gt=now)
    for pk, starts_at, minutes in rows.values_list("pk", "starts_at", "length_minutes"):
        if starts_at is None:
            continue
        span = Span(starts_at, starts_at + timedelta(minutes=minutes))
        own = next((c for c in callers(program_id, span) if c.id == person.pk), None)
        if own is None or not _covers(own, span):
            with transaction.atomic():
                row = journal.locked(pk)
                if row.state == Call.SCHEDULED.value and row.caller_id == person.pk:
                    unbook(row, now, "caller_away")
                    offer(row, now)


def _covers(caller: Caller, span: Span) -> bool:
    alone = Caller(caller.id, caller.zone, caller.hours, caller.extra, caller.away)
    return span.start in set(slots.free(alone, span, span.length))


def loads(program_id: UUID, span: Span) -> dict[UUID, int]:
    """How many calls each caller has in this time."""
    rows = CheckIn.objects.of(program_id).filter(starts_at__gte=span.start, starts_at__lt=span.end)
    counted = rows.exclude(caller=None).values_list("caller_id").annotate(n=Count("pk"))
    return {pk: n for pk, n in counted if pk is not None}
