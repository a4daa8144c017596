"""Changing where a call or a course stands: under one lock, by the tables of machine.py, on record.

Everything about one person's aftercare happens under the lock of their course: the engine, a caller and the
alumnus may act at the same moment, and each then sees what the one before did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError

from sessions.aftercare import machine
from sessions.aftercare.machine import Call, CallEvent, Course, CourseEvent
from sessions.aftercare.models import AftercareCourse, AftercareFact, CheckIn
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.audit import service as audit
from sessions.core.errors import NotFound
from sessions.core.prepared import Prepared
from sessions.people.models import Person
from sessions.programs.models import Program

# Asked at every step of the engine.
_LOCKED: Final = Prepared(lambda pk: AftercareCourse.objects.select_for_update().filter(pk=pk))
_PERSON: Final = Prepared(lambda pk: Person.objects.filter(pk=pk))
_PROGRAM: Final = Prepared(lambda pk: Program.objects.filter(pk=pk))
_CALL: Final = Prepared(lambda pk: CheckIn.objects.filter(pk=pk))
_COURSE_OF: Final = Prepared(lambda pk: CheckIn.objects.filter(pk=pk).values_list("course_id"))


def course_of(course_id: UUID | str) -> AftercareCourse:
    """Raises NotFound. Access is asked separately."""
    try:
        return AftercareCourse.objects.select_related("program", "person", "caller").get(pk=course_id)
    except (AftercareCourse.DoesNotExist, ValidationError, ValueError) as none:
        raise NotFound from none


def check_in_of(check_in_id: UUID | str) -> CheckIn:
    """Raises NotFound. Access is asked separately."""
    try:
        pk = UUID(str(check_in_id))
    except ValueError as none:
        raise NotFound from none
    row = CheckIn.objects.select_related("course__person", "course__program", "caller").filter(pk=pk).first()
    if row is None:
        raise NotFound
    row.program = row.course.program
    return row


def locked_course(course_id: UUID) -> AftercareCourse:
    """Until the transaction ends. Raises DoesNotExist."""
    return _whole(_LOCKED.model(course_id))


def _whole(course: AftercareCourse | None) -> AftercareCourse:
    """With whom and what it is about."""
    person = _PERSON.model(course.person_id) if course is not None else None
    program = _PROGRAM.model(course.program_id) if course is not None else None
    if course is None or person is None or program is None:
        raise AftercareCourse.DoesNotExist
    course.person, course.program = person, program
    return course


def locked(check_in_id: UUID) -> CheckIn:
    """With its course, locked until the transaction ends. Raises DoesNotExist."""
    course_id = _COURSE_OF.value(check_in_id)
    if course_id is None:
        raise CheckIn.DoesNotExist
    return call_of(locked_course(course_id), check_in_id)


def call_of(course: AftercareCourse, check_in_id: UUID) -> CheckIn:
    """A call of a course that is locked: as whoever held the lock before left it. Raises DoesNotExist."""
    row = _CALL.model(check_in_id)
    if row is None:
        raise CheckIn.DoesNotExist
    row.course, row.program = course, course.program
    return row


def move(row: CheckIn, event: CallEvent, now: datetime, by: Person | None = None, reason: str = "") -> None:
    """Into the state that follows, with its fact; the caller saves the row with the rest that changes.

    Raises IllegalMove for what the table does not have.
    """
    before, after = row.state, machine.call_after(Call(row.state), event)
    row.state = after.value
    AftercareFact(
        course_id=row.course_id,
        check_in=row,
        event=event.value,
        before=before,
        after=after.value,
        at=now,
        by=by,
        reason=reason,
    ).save()
    if by is not None:
        record(by, f"check-in.{event.value}", row)


def move_course(
    course: AftercareCourse, event: CourseEvent, now: datetime, by: Person | None = None, reason: str = ""
) -> None:
    """As `move`, for a course; this one saves it."""
    before, after = course.state, machine.course_after(Course(course.state), event)
    course.state = after.value
    course.save(update_fields=["state"])
    AftercareFact(
        course=course, event=event.value, before=before, after=after.value, at=now, by=by, reason=reason
    ).save()
    if by is not None:
        record_course(by, f"aftercare.{event.value}", course)


def can(course: AftercareCourse, event: CourseEvent) -> bool:
    return (Course(course.state), event) in machine.COURSE_MOVES


def unsafe(course: AftercareCourse) -> bool:
    """Whether a crisis waits for its hand-off."""
    rows = Escalation.objects.filter(course=course).open()
    return rows.filter(tier__gte=Tier.CRISIS.value, handed_off_at=None).exists()


def record(by: Person, act: str, row: CheckIn, reason: str = "") -> None:
    audit.record(
        actor_id=by.pk,
        act=act,
        subject_type="check-in",
        subject_id=row.pk,
        scope=row.program_id,
        reason=reason,
    )


def record_course(by: Person, act: str, course: AftercareCourse, reason: str = "") -> None:
    audit.record(
        actor_id=by.pk,
        act=act,
        subject_type="aftercare-course",
        subject_id=course.pk,
        scope=course.program_id,
        reason=reason,
    )
