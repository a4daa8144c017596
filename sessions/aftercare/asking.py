"""The alumnus would like to be called before the plan says so: from their page, or in their answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from sessions.aftercare import due, escalation, journal, notices, planning, plans
from sessions.aftercare.due import Step
from sessions.aftercare.machine import CALLED, ENDED, Course
from sessions.aftercare.models import AftercareCourse, CheckIn, Why
from sessions.aftercare.policies import policy_of
from sessions.core import zones
from sessions.core.daytime import awake_after
from sessions.people.models import Person


def call_soon(actor: Person, course: AftercareCourse, now: datetime) -> CheckIn | None:
    """One more call, as soon as the day allows; None when one is coming within a day anyway, or the course
    is over. The course is locked, and its consent has been asked for."""
    if Course(course.state) in ENDED:
        return None
    pending = CheckIn.objects.filter(course=course).unfinished()
    near = Q(why=Why.ASKED) | Q(starts_at__lte=now + timedelta(days=1)) | Q(state__in=CALLED)
    if pending.filter(near).exists():
        return None
    on = zones.local_date(now, course.zone)
    row = planning.add(course, on, on, Why.ASKED, now)
    journal.record(actor, "check-in.asked-for", row)
    due.void(row, now, (Step.OFFER, Step.DUE))
    escalation.fall_due(row, now, "asked")
    row.next_try_at = awake_after(now, course.zone, plans.quiet_of(policy_of(course.program_id)))
    row.save(update_fields=["next_try_at"])
    notices.ask_staff(course, "aftercare-asked", str(row.pk), check_in=row, due_at=row.next_try_at)
    return row
