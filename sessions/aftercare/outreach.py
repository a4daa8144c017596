"""A call was missed: what is counted, who is asked to help, and when somebody counts as lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions.aftercare import consented, due, journal, notices, planning
from sessions.aftercare.due import Step
from sessions.aftercare.ladder import Measure, measures
from sessions.aftercare.machine import CallEvent, Course, CourseEvent
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.policies import policy_of
from sessions.people.models import Person

NOT_TRIED = "not_tried"  # ours, not theirs: nobody called, for example in an outage


def missed(row: CheckIn, now: datetime, reason: str, by: Person | None = None) -> None:
    """The ladder's end. What nobody tried is our own failure: it is told to the coordinator and never counted
    against the alumnus. The course is locked."""
    course = row.course
    journal.move(row, CallEvent.GIVEN_UP, now, by, reason)
    row.reason, row.next_try_at, row.claimed_by, row.claimed_until = reason, None, None, None
    row.save()
    due.void(row, now)
    notices.stop(row)
    if reason == NOT_TRIED:
        # One task a day for all of them: an outage must not bury the worklist.
        notices.ask_staff(
            course,
            "aftercare-not-tried",
            f"{course.program_id}:{now.date()}",
            about_person=False,
            urgent=True,
        )
        return
    course.missed_in_a_row += 1
    course.silent_since = course.silent_since or row.starts_at or row.fell_due_at or now
    course.save(update_fields=["missed_in_a_row", "silent_since"])
    _measure(course, row, now)
    if course.missed_in_a_row >= 2 and journal.can(course, CourseEvent.FELL_SILENT):
        journal.move_course(course, CourseEvent.FELL_SILENT, now)
    watch(course, now)


def watch(course: AftercareCourse, now: datetime) -> None:
    """Put down when the silence has lasted long enough to count as lost."""
    if course.silent_since is None or course.state != Course.OUTREACH.value:
        return
    at = course.silent_since + timedelta(days=policy_of(course.program_id).lost_after_days)
    due.put(
        Step.SILENCE,
        f"{course.pk}:{course.silent_since:%Y%m%d%H%M}:{course.missed_in_a_row}",
        max(at, now),
        course,
    )


def silent(course: AftercareCourse, now: datetime) -> str:
    """A month may have passed without contact."""
    if course.state != Course.OUTREACH.value or course.silent_since is None:
        return "not-silent"
    if now - course.silent_since < timedelta(days=policy_of(course.program_id).lost_after_days):
        return "not-silent"
    planning.lose(course, now)
    return "lost"


def _measure(course: AftercareCourse, row: CheckIn, now: datetime) -> None:
    name = str(row.pk)
    for measure in measures(course.missed_in_a_row):
        match measure:
            case Measure.REMIND_BY_CALL:
                pass  # the reminder of the next call looks at missed_in_a_row
            case Measure.COORDINATOR:
                notices.ask_staff(course, "aftercare-missed", name, check_in=row)
            case Measure.ALTERNATE_CONTACT:
                if consented.may_be_asked(course, now):
                    notices.ask_staff(course, "aftercare-alternate", name, check_in=row)
            case Measure.LETTER:
                notices.ask_staff(course, "aftercare-letter", name, check_in=row)
            case Measure.CLINICIAN_REVIEW:
                notices.ask_staff(
                    course, "aftercare-silent-review", name, kind="clinical.review", check_in=row
                )
