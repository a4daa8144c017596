"""How a course of aftercare begins: proposed at discharge, looked at, signed."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from sessions.aftercare import deciding, journal, notices, planning, plans
from sessions.aftercare.machine import UNDER_WAY, Course, CourseEvent
from sessions.aftercare.models import AftercareCourse
from sessions.aftercare.plans import PlanValues
from sessions.aftercare.policies import policy_of
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.episode_models import Episode, Stage
from sessions.programs.models import Enrollment, EnrollmentStatus
from sessions.worklist import service as worklist

PROPOSE_WITHIN: Final = timedelta(days=60)  # of the discharge; an older one is history


class WrongName(Invalid):
    code = "wrong-name"
    text = "Type your full name, as it is in your account, to sign."


def propose_discharged(now: datetime) -> int:
    """A proposed course, and a task to sign it, for everybody who was discharged and has none.

    Idempotent: an episode gets one course, ever. Returns how many were proposed.
    """
    done = 0
    since = (now - PROPOSE_WITHIN).date()
    discharged = Q(status=EnrollmentStatus.COMPLETED) | Q(
        status=EnrollmentStatus.LEFT, episode__stage=Stage.DISCHARGED
    )
    # Of an episode the last stretch counts; it may have ended long before, with a pause.
    recent = Q(ended_on__gte=since) | Q(episode__ended_on__gte=since)
    later = Enrollment.objects.filter(episode=OuterRef("episode"), starts_on__gt=OuterRef("starts_on"))
    rows = Enrollment.objects.filter(~Exists(later), discharged, recent, aftercare=None).select_related(
        "cohort__program", "episode", "person"
    )
    for enrollment in rows:
        program = enrollment.cohort.program
        running = AftercareCourse.objects.of(program.pk).running().filter(person=enrollment.person)
        open_episode = Enrollment.objects.of(program.pk).filter(
            person=enrollment.person, ended_on__isnull=True
        )
        if running.exists() or open_episode.exists() or enrollment.ended_on is None:
            continue
        with transaction.atomic():
            over = enrollment.episode.ended_on if enrollment.episode is not None else None
            course = propose(program.pk, enrollment.person, over or enrollment.ended_on, enrollment)
            notices.ask_staff(course, "aftercare-plan", str(course.pk), kind="plan.review")
        done += 1
    return done


def withdraw(episode: Episode) -> None:
    """The episode was not over after all: a course that nobody has signed is gone, and its task.

    In the transaction that takes the end back. Raises IllegalMove when the calls have begun.
    """
    for course in AftercareCourse.objects.select_for_update(of=("self",)).filter(enrollment__episode=episode):
        if course.state != Course.PROPOSED.value or course.facts.exists():
            raise IllegalMove("Their calls after treatment have begun. Note a new referral instead.")
        worklist.withdrawn(course.program_id, f"aftercare aftercare-plan {course.pk}"[:120])
        course.delete()


def propose(
    program_id: UUID,
    person: Person,
    began_on: date,
    enrollment: Enrollment | None = None,
    caller: Person | None = None,
) -> AftercareCourse:
    """A course by the programme's template, to be looked at and signed."""
    values = plans.template(policy_of(program_id))
    course = AftercareCourse(
        id=uuid.uuid4(),
        program_id=program_id,
        person=person,
        enrollment=enrollment,
        began_on=began_on,
        plan=plans.encode(values),
        zone=person.time_zone,
        caller=caller,
        created_at=clock.now(),
    )
    course.save(force_insert=True)
    return course


def sign(
    actor: Person,
    course: AftercareCourse,
    values: PlanValues,
    *,
    typed_name: str,
    caller: Person | None = None,
) -> None:
    """Sign the plan, or a changed one. What is ahead is planned anew by it; what has been stays.

    Args:
        caller: who usually calls; None: whoever is free.

    Raises:
        Invalid: the new caller of a course under way takes no calls here.
        NotFound, NotAllowed: the actor does not coordinate the programme.
        WrongName: the typed name is not the actor's.
        NoConsent: the alumnus has not agreed to be called.
        IllegalMove: the course has ended.
    """
    require(actor, Act.KEEP_COURSE, course)
    if " ".join(typed_name.split()).casefold() != " ".join(actor.name.split()).casefold():
        raise WrongName
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(course.pk)
        if values.channel == "telephone" and not course.person.phone:
            raise deciding.NotCallable
        if not planning.consented(course, now):
            raise planning.NoConsent
        if course.state != Course.PROPOSED.value and Course(course.state) not in UNDER_WAY:
            raise IllegalMove
        changed = course.state != Course.PROPOSED.value and course.caller != caller
        if course.state == Course.PROPOSED.value:
            course.caller = caller
        planning.keep_version(course, values, actor, now, typed_name.strip())
        if course.state == Course.PROPOSED.value:
            journal.move_course(course, CourseEvent.SIGNED, now, actor)
            join(course.person, course.program_id, Role.ALUMNUS, actor)
            notices.settled(course, "aftercare-plan", str(course.pk))
        else:
            journal.record_course(actor, Act.KEEP_COURSE, course)
        planning.replan(course, now)
        if changed:
            planning.set_caller(course, caller, now)
