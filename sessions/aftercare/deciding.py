"""What people decide about a course that runs: its alumnus's wishes, a pause, the way back, a new consent."""

from __future__ import annotations

from datetime import date, datetime, time

import msgspec
from django.db import transaction

from sessions.aftercare import due, journal, plans
from sessions.aftercare.due import Step
from sessions.aftercare.machine import UNDER_WAY, Course, CourseEvent, HandOffNeeded
from sessions.aftercare.models import AftercareCourse
from sessions.aftercare.planning import NoConsent, call_off_all, consented, go_on, keep_version, replan
from sessions.aftercare.plans import Stop
from sessions.core import clock, zones
from sessions.core.daytime import at_local
from sessions.core.errors import Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs import service as programs
from sessions.programs.models import Cohort, Enrollment


class NotCallable(Invalid):
    code = "no-phone"
    text = "There is no phone number to call. Add one first, or choose video."


def wish(actor: Person, course: AftercareCourse, **changes: object) -> None:
    """The alumnus's own wishes: days, hours, video or telephone, alumni meetings. The cadence is not theirs.

    Raises NotFound for anybody else's; Invalid for a value that cannot be.
    """
    require(actor, Act.OWN_COURSE, course)
    allowed = {"weekdays", "from_time", "to_time", "channel", "meetings"}
    if not changes.keys() <= allowed:
        raise Invalid
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(course.pk)
        if changes.get("channel") == "telephone" and not course.person.phone:
            raise NotCallable
        try:
            values = plans.decode({**course.plan, **msgspec.to_builtins(changes)})
        except msgspec.ValidationError as wrong:
            raise Invalid from wrong
        keep_version(course, values, actor, now)
        journal.record_course(actor, "aftercare.wished", course)
        if Course(course.state) in UNDER_WAY:
            replan(course, now)


def pause(actor: Person, course: AftercareCourse, until: date | None) -> None:
    """No calls until that day (or until somebody resumes). What was planned for it is called off.

    Raises NotFound, NotAllowed, IllegalMove; Invalid for a day that has passed.
    """
    require(actor, Act.KEEP_COURSE, course)
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(course.pk)
        today = zones.local_date(now, course.zone)
        if until is not None and until <= today:
            raise Invalid("Choose a day that lies ahead.")
        values = plans.decode(course.plan)
        stop = Stop(start=today, end=until)
        keep_version(course, msgspec.structs.replace(values, pauses=(*values.pauses, stop)), actor, now)
        call_off_all(course, now, "paused", actor)
        journal.move_course(course, CourseEvent.PAUSED, now, actor)
        if until is not None:
            at = at_local(until, time(3), course.zone)
            due.put(Step.RESUME, f"{course.pk}:{until}", at, course)


def resume(course: AftercareCourse, now: datetime, by: Person | None = None) -> None:
    """The pause is over; its calls are not made up for. Nothing when it is over already."""
    if by is not None:
        require(by, Act.KEEP_COURSE, course)
    with transaction.atomic():
        course = journal.locked_course(course.pk)
        if course.state != Course.PAUSED.value:
            return
        journal.move_course(course, CourseEvent.RESUMED, now, by)
        go_on(course, now)


def paused_until(course: AftercareCourse) -> date | None:
    """The first day with calls again; None while nobody knows. For a course that is paused."""
    stops = plans.decode(course.plan).pauses
    return stops[-1].end if stops else None


def readmit(actor: Person, course: AftercareCourse, cohort: Cohort, starts_on: date) -> Enrollment:
    """Back into the programme: a new episode, with the history of the aftercare kept. Calls end.

    Raises NotFound, NotAllowed, IllegalMove; HandOffNeeded while a crisis waits for its hand-off; Invalid for
    a cohort of another programme.
    """
    require(actor, Act.KEEP_COURSE, course)
    if cohort.program_id != course.program_id:
        raise Invalid
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(course.pk)
        if journal.unsafe(course):
            raise HandOffNeeded
        call_off_all(course, now, "readmitted", actor)
        journal.move_course(course, CourseEvent.READMITTED, now, actor)
        join(course.person, course.program_id, Role.CLIENT, actor)
        return programs.enroll(course.person, cohort, starts_on, by=actor)


def consent_again(actor: Person, course: AftercareCourse) -> None:
    """Calls go on after a new consent. Raises NotFound, NotAllowed, IllegalMove, NoConsent."""
    require(actor, Act.KEEP_COURSE, course)
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(course.pk)
        if not consented(course, now):
            raise NoConsent
        journal.move_course(course, CourseEvent.CONSENTED, now, actor)
        if journal.unsafe(course):
            journal.move_course(course, CourseEvent.CRISIS, now)  # it has waited all the while
        go_on(course, now)
