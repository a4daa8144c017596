"""What the engine does when something falls due. Each is safe to run twice, late, and beside people.

Every step first looks whether it is still wanted: the world may have moved on since it was put down. The
course is locked while it runs. The word it returns stays in the table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sessions.aftercare import booking, deciding, due, escalation, journal, notices, outreach, planning, plans
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due
from sessions.aftercare.ladder import given_up_at
from sessions.aftercare.machine import AHEAD, CALLED, UNDER_WAY, Call, Course
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.policies import policy_of
from sessions.aftercare.urgent_models import Escalation
from sessions.core import zones
from sessions.messages.models import Channel
from sessions.people.access import Act, may

TOMORROW: Final = timedelta(days=1)


def run(row: Due, course: AftercareCourse, now: datetime) -> str:
    """Do it; inside a transaction that holds the course's lock. Returns what came of it."""
    step = Step(row.step)
    if not _may_go_on(course, now):
        return "revoked"
    if row.check_in_id is not None:
        return _OF_CALLS[step](journal.call_of(course, row.check_in_id), now)
    return _OF_COURSES[step](course, now)


def _may_go_on(course: AftercareCourse, now: datetime) -> bool:
    """No step of a call without live consent; a consent that is gone ends the course (invariant 27)."""
    if course.state in (Course.PROPOSED.value, Course.READMITTED.value, Course.GRADUATED.value):
        return True
    if planning.consented(course, now):
        return True
    planning.revoke(course, now)
    return False


def _roll(course: AftercareCourse, now: datetime) -> str:
    planning.change_zone(course, now)
    planning.roll(course, now)
    return "rolled"


def _silence(course: AftercareCourse, now: datetime) -> str:
    return outreach.silent(course, now)


def _resume(course: AftercareCourse, now: datetime) -> str:
    until = deciding.paused_until(course)
    if until is None or zones.local_date(now, course.zone) < until:
        return "not-yet"  # another pause than the one that this was the end of
    deciding.resume(course, now)
    return "resumed"


def _offer(row: CheckIn, now: datetime) -> str:
    if row.state != Call.PLANNED.value or Course(row.course.state) not in UNDER_WAY:
        return "not-wanted"
    if booking.offer(row, now):
        return "offered"
    if now >= booking.planned_at(row, policy_of(row.program_id)):
        return "too-late"  # it falls due without a time
    notices.ask_staff(row.course, "aftercare-no-hours", f"{row.program_id}:{now.date()}", about_person=False)
    again = now + TOMORROW
    due.put(Step.OFFER, f"{row.pk}:{again.date()}", again, row.course, row)
    return "nobody-free"


def _remind_email(row: CheckIn, now: datetime) -> str:
    return _remind(row, now, Channel.EMAIL)


def _remind_sms(row: CheckIn, now: datetime) -> str:
    return _remind(row, now, Channel.SMS)


def _remind(row: CheckIn, now: datetime, channel: Channel) -> str:
    if row.state != Call.SCHEDULED.value or row.starts_at is None:
        return "not-wanted"
    if now >= row.starts_at:
        return "too-late"
    if channel == Channel.EMAIL and row.course.missed_in_a_row:
        # After a missed call the reminder is a call (DOMAIN 6).
        notices.ask_staff(
            row.course,
            "aftercare-remind",
            f"{row.pk}:{row.booking}",
            check_in=row,
            assigned_to=row.caller,
            due_at=row.starts_at,
        )
        return "by-call"
    notices.reminder(row, channel, now)
    return "queued"


def _due(row: CheckIn, now: datetime) -> str:
    if Call(row.state) not in AHEAD:
        return "not-wanted"
    if row.starts_at is not None and row.starts_at > now:
        return "not-yet"
    due.void(row, now, (Step.OFFER, Step.REMIND_EMAIL, Step.REMIND_SMS))
    escalation.fall_due(row, now)
    since = row.starts_at or booking.planned_at(row, policy_of(row.program_id))
    if now >= given_up_at(since, row.course.zone, plans.quiet_of(policy_of(row.program_id))):
        # The clock stood still for days: too late to call about this one. Said, not skipped.
        outreach.missed(row, now, outreach.NOT_TRIED)
        return "missed"
    return "due"


def _overdue(row: CheckIn, now: datetime) -> str:
    if row.state != Call.DUE.value or row.tries:
        return "not-wanted"
    notices.ask_staff(row.course, "aftercare-overdue", f"{row.program_id}:{now.date()}", about_person=False)
    return "asked"


def _give_up(row: CheckIn, now: datetime) -> str:
    if Call(row.state) not in CALLED:
        return "not-wanted"
    if journal.unsafe(row.course):
        # Nobody who may be in danger is given up: stays in the queue until somebody knows.
        due.put(Step.GIVE_UP, f"{row.pk}:{now:%Y%m%d%H%M}", now + TOMORROW, row.course, row)
        notices.ask_staff(
            row.course,
            "aftercare-crisis",
            f"{row.pk}:{now.date()}",
            kind="crisis.follow-up",
            check_in=row,
            urgent=True,
        )
        return "unsafe"
    outreach.missed(row, now, "no_answer" if row.tries else outreach.NOT_TRIED)
    return "missed"


def _unfinished(row: CheckIn, now: datetime) -> str:
    if row.state != Call.CONNECTED.value:
        return "not-wanted"
    notices.ask_staff(
        row.course,
        "aftercare-unfinished",
        f"{row.pk}:{now.date()}",
        check_in=row,
        assigned_to=next(
            (one for one in (row.claimed_by, row.caller) if one and may(one, Act.SEE_CALLS, row.program)),
            None,
        ),
    )
    due.put(Step.UNFINISHED, f"{row.pk}:{now:%Y%m%d%H%M}", now + TOMORROW, row.course, row)
    return "asked"


def _contact(row: CheckIn, now: datetime) -> str:
    found = Escalation.objects.filter(check_in=row).first()
    if found is None or found.contacted_at is not None or found.closed_at is not None:
        return "met"
    if row.course.state == Course.READMITTED.value:
        return "in-care"
    notices.ask_staff(row.course, "aftercare-contact-late", str(found.pk), check_in=row, urgent=True)
    return "late"


def _review(row: CheckIn, now: datetime) -> str:
    found = Escalation.objects.filter(check_in=row).first()
    if found is None or found.closed_at is not None:
        return "met"
    if row.course.state == Course.READMITTED.value:
        return "in-care"
    notices.ask_staff(
        row.course, "aftercare-review-late", str(found.pk), kind="clinical.review", check_in=row, urgent=True
    )
    return "late"


_OF_CALLS: Final[dict[Step, Callable[[CheckIn, datetime], str]]] = {
    Step.OFFER: _offer,
    Step.REMIND_EMAIL: _remind_email,
    Step.REMIND_SMS: _remind_sms,
    Step.DUE: _due,
    Step.OVERDUE: _overdue,
    Step.GIVE_UP: _give_up,
    Step.UNFINISHED: _unfinished,
    Step.CONTACT: _contact,
    Step.REVIEW: _review,
}
_OF_COURSES: Final[dict[Step, Callable[[AftercareCourse, datetime], str]]] = {
    Step.ROLL: _roll,
    Step.SILENCE: _silence,
    Step.RESUME: _resume,
}
