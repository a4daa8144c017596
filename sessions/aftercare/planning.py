"""A course under way: planned ahead, gone on with, ended. What people decide about it stands in deciding.py.

Nothing is called without a live consent to aftercare calls (invariant 27): it is asked when a plan is signed,
again at every step of the engine, and a consent that is taken back ends everything at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import Max, Q

from sessions.aftercare import booking, cadence, due, free, journal, ladder, notices, plans
from sessions.aftercare.due import Step
from sessions.aftercare.machine import UNDER_WAY, Call, Course, CourseEvent
from sessions.aftercare.models import AftercareCourse, AftercareFact, CheckIn, PlanVersion, Why
from sessions.aftercare.plans import PlanValues
from sessions.aftercare.policies import policy_of
from sessions.aftercare.urgent_models import Escalation
from sessions.consents.purposes import Purpose, Scope
from sessions.consents.service import live_consent
from sessions.core import zones
from sessions.core.daytime import at_local
from sessions.core.errors import IllegalMove, Invalid
from sessions.core.prepared import Prepared
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, MeetingInvitee

_CHAIN: Final = (Why.CADENCE, Why.CHOSEN)
_DENSEST: Final = 2
_LOOKED_BACK: Final = 4  # calls; of so many in a row at most are all at the end of a short month


# Asked in every roll: each course's, every night.
_LAST: Final = Prepared(
    lambda course: (
        CheckIn.objects.filter(course=course, why__in=_CHAIN)
        .exclude(
            state__in=[Call.CANCELLED.value, Call.REVOKED.value],
            reason__in=["planned_anew", "paused", "revoked"],
        )
        .order_by("-nominal_on", "-number")
        .values_list("nominal_on", "due_on")[:_LOOKED_BACK]
    )
)
_NOT_ASKED_TO: Final = Prepared(
    lambda program, now, horizon, person: (
        Meeting.objects.of(program)
        .filter(kind=MeetingKind.ALUMNI_MEETING, cancelled_at=None, starts_at__gt=now, starts_at__lte=horizon)
        .exclude(invitee_rows__person=person)
    ),
    UUID,
    datetime,
    datetime,
    UUID,
)


class NoConsent(IllegalMove):
    code = "no-consent"
    text = "There is no consent to aftercare calls. Offer the paper first; the plan is signed after it."


def consented(course: AftercareCourse, now: datetime) -> bool:
    """Whether the alumnus may be called at this moment."""
    found = live_consent(
        program_id=course.program_id,
        patient=course.person_id,
        recipient=None,
        purpose=Purpose.AFTERCARE,
        scope=Scope.CALLS,
        at=now,
        zone=course.program.time_zone,
    )
    return found is not None


def roll(course: AftercareCourse, now: datetime) -> None:
    """Plan what lies within the window and is not planned yet; come back tomorrow. The course is locked."""
    if Course(course.state) not in UNDER_WAY:
        return
    policy = policy_of(course.program_id)
    today = zones.local_date(now, course.zone)
    if course.state != Course.LOST.value:
        plan = plans.cadence_of(plans.decode(course.plan), course.began_on, policy)
        last = _last_day(course)
        until = today + timedelta(days=policy.ahead_days)
        for day in cadence.days(plan, last, until, course.denser, not_before=today):
            add(course, day.nominal, day.on, Why.CADENCE, now)
            last = day
        _ask_to_meetings(course, now, policy.ahead_days)
        over = cadence.following(plan, last, course.denser, not_before=today) is None
        if over and today >= plan.ends_on and not _unsettled(course):
            graduate(course, now)
            return
    elif not _unsettled(course) and not _retries_left(course, today):
        notices.ask_staff(course, "aftercare-lost-end", str(course.pk))
    _roll_again(course, now)


def replan(course: AftercareCourse, now: datetime, *, all_ahead: bool = False) -> None:
    """Plan anew what has no time yet (with `all_ahead` also what has), and times that do not fit any more."""
    values, policy = plans.decode(course.plan), policy_of(course.program_id)
    fits = plans.wish_of(values, course.zone, policy).fits
    for row in _ahead(course):
        given = row.starts_at
        if given is None:
            if row.why == Why.CADENCE:
                booking.call_off(row, now, "planned_anew", tell=False)
            continue
        span = Span(given, given + timedelta(minutes=row.length_minutes))
        channel_changed = row.channel != values.channel
        if all_ahead and row.why == Why.CADENCE:
            booking.call_off(row, now, "planned_anew")
        elif not fits(span) or channel_changed:
            row.channel = values.channel
            booking.rebook(row, now, "planned_anew")
    roll(course, now)
    _roll_again(course, now)  # a roll that fell away with an end comes back with what goes on


def add(
    course: AftercareCourse, nominal: date, on: date, why: Why, now: datetime, length: int | None = None
) -> CheckIn:
    """One more call, without a time yet."""
    policy = policy_of(course.program_id)
    last = CheckIn.objects.filter(course=course).aggregate(last=Max("number"))["last"] or 0
    row = CheckIn(
        id=uuid.uuid4(),
        program_id=course.program_id,
        course=course,
        number=last + 1,
        why=why,
        nominal_on=nominal,
        due_on=on,
        length_minutes=length or policy.length_minutes,
        channel=plans.decode(course.plan).channel,
    )
    row.save(force_insert=True)
    AftercareFact(
        course=course, check_in=row, event="planned", before="", after=row.state, at=now, reason=str(why)
    ).save()
    booking.planned(row, policy, now)
    return row


def change_zone(course: AftercareCourse, now: datetime) -> None:
    """The alumnus lives by other clocks: what is ahead is planned by them. The course is locked."""
    if course.zone == course.person.time_zone:
        return
    course.zone = course.person.time_zone
    course.save(update_fields=["zone"])
    AftercareFact(course=course, event="zone_changed", before=course.state, after=course.state, at=now).save()
    if Course(course.state) in UNDER_WAY:
        replan(course, now)


def set_caller(course: AftercareCourse, caller: Person | None, now: datetime) -> None:
    """Who usually calls from now on, None for whoever is free; coming calls of others that nobody has
    confirmed are offered anew. The course is locked.

    Raises Invalid for who does not take calls in the programme.
    """
    if caller is not None and caller.pk not in {
        one.id for one in free.callers(course.program_id, Span(now, now + timedelta(days=7)))
    }:
        raise Invalid("This person takes no calls here yet. Their hours are missing.")
    course.caller = caller
    course.save(update_fields=["caller"])
    if caller is None:
        return
    for row in _ahead(course):
        if row.starts_at is not None and row.caller_id != caller.pk and row.confirmed_at is None:
            booking.rebook(row, now, "caller_changed")


def go_on(course: AftercareCourse, now: datetime) -> None:
    """Calls are planned again after a pause, a crisis or a new consent: a pause that still runs is over. The
    course is locked."""
    values, today = plans.decode(course.plan), zones.local_date(now, course.zone)
    ended = tuple(
        msgspec.structs.replace(stop, end=max(stop.start, today))
        if stop.end is None or stop.end > today
        else stop
        for stop in values.pauses
    )
    course.plan = plans.encode(msgspec.structs.replace(values, pauses=ended))
    course.save(update_fields=["plan"])
    replan(course, now)


def revoke(course: AftercareCourse, now: datetime) -> None:
    """The consent is gone: nothing more is planned, sent or called. Idempotent; the course is locked."""
    if not journal.can(course, CourseEvent.REVOKED):
        return
    call_off_all(course, now, "revoked", None)
    journal.move_course(course, CourseEvent.REVOKED, now)
    if Escalation.objects.filter(course=course).open().exists():
        tell_of_what_is_open(course, now)


def tell_of_what_is_open(course: AftercareCourse, now: datetime) -> None:
    """Their safety does not end with their consent: a person decides what to do about it."""
    notices.ask_staff(course, "aftercare-revoked-open", f"{course.pk}:{now.date()}", urgent=True)


def graduate(course: AftercareCourse, now: datetime) -> None:
    """The plan has come to its end with its last call."""
    call_off_all(course, now, "graduated", None)
    journal.move_course(course, CourseEvent.GRADUATED, now)
    notices.ask_staff(course, "aftercare-graduated", str(course.pk))


def lose(course: AftercareCourse, now: datetime) -> None:
    """No contact for a month: a call a month from now on, for half a year."""
    journal.move_course(course, CourseEvent.GAVE_NO_SIGN, now)
    for row in _ahead(course):
        booking.call_off(row, now, "planned_anew")
    notices.ask_staff(course, "aftercare-lost", f"{course.pk}:{now.date()}")
    for on in ladder.retries(zones.local_date(now, course.zone), policy_of(course.program_id).retry_months):
        add(course, on, on, Why.RETRY, now)


def reached(course: AftercareCourse, now: datetime) -> None:
    """Somebody has talked to them: the count of missed calls begins anew. The course is locked."""
    was_lost = course.state == Course.LOST.value
    course.missed_in_a_row, course.silent_since, course.last_contact_at = 0, None, now
    course.save(update_fields=["missed_in_a_row", "silent_since", "last_contact_at"])
    if journal.can(course, CourseEvent.REACHED):
        journal.move_course(course, CourseEvent.REACHED, now)
    if was_lost:
        for row in _ahead(course):
            booking.call_off(row, now, "planned_anew", tell=False)
        roll(course, now)
        _roll_again(course, now)


def set_denser(course: AftercareCourse, denser: int, now: datetime) -> None:
    """So many cadence steps more often than the plan says. The course is locked."""
    denser = max(0, min(denser, _DENSEST))
    if denser == course.denser:
        return
    course.denser = denser
    course.save(update_fields=["denser"])
    if Course(course.state) in UNDER_WAY and course.state != Course.LOST.value:
        replan(course, now)


def history(course: AftercareCourse) -> Iterable[AftercareFact]:
    return course.facts.select_related("check_in", "by").order_by("at", "pk")


def keep_version(
    course: AftercareCourse, values: PlanValues, by: Person, now: datetime, typed_name: str = ""
) -> None:
    course.plan = plans.encode(values)
    course.save()
    last = course.versions.aggregate(last=Max("number"))["last"] or 0
    PlanVersion(
        course=course, number=last + 1, values=course.plan, by=by, at=now, typed_name=typed_name
    ).save()


def _last_day(course: AftercareCourse) -> cadence.Day | None:
    """The latest call from which the cadence counts on."""
    rows = _LAST.rows(course.pk)
    return cadence.counted([cadence.Day(nominal, max(nominal, due)) for nominal, due in rows])


def _ahead(course: AftercareCourse) -> list[CheckIn]:
    rows = list(CheckIn.objects.filter(course=course).ahead().order_by("due_on", "number"))
    for row in rows:
        row.course = course
    return rows


def call_off_all(course: AftercareCourse, now: datetime, reason: str, by: Person | None) -> None:
    """Nothing that has not begun takes place. The course is locked."""
    rows = CheckIn.objects.filter(course=course).filter(
        Q(state__in=[Call.PLANNED, Call.SCHEDULED, Call.DUE, Call.ATTEMPTING])
    )
    for row in rows.order_by("number"):
        row.course = course
        booking.call_off(row, now, reason, by)


def _unsettled(course: AftercareCourse) -> bool:
    return (
        CheckIn.objects.filter(course=course).unfinished().exists()
        or Escalation.objects.filter(course=course).open().exists()
    )


def _retries_left(course: AftercareCourse, today: date) -> bool:
    return CheckIn.objects.filter(course=course, why=Why.RETRY, due_on__gte=today).ahead().exists()


def _roll_again(course: AftercareCourse, now: datetime) -> None:
    """The next night there. Named by its moment and not by its day: who moves west may have the day twice,
    and a night that was named before would never come."""
    at = at_local(zones.local_date(now, course.zone) + timedelta(days=1), time(3, 30), course.zone)
    due.put(Step.ROLL, f"{course.pk}:{at:%Y%m%d%H%M}", at, course)


def _ask_to_meetings(course: AftercareCourse, now: datetime, ahead_days: int) -> None:
    """To the programme's alumni meetings of the coming weeks, as long as there is room."""
    if not plans.decode(course.plan).meetings:
        return
    horizon = now + timedelta(days=ahead_days)
    for meeting in _NOT_ASKED_TO.models(course.program_id, now, horizon, course.person_id):
        asked = MeetingInvitee.objects.filter(meeting=meeting).count()
        if asked < meeting.kind_defaults.largest:
            MeetingInvitee.objects.get_or_create(
                meeting=meeting, person=course.person, defaults={"role": Role.ALUMNUS.value}
            )
