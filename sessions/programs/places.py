"""Places in a group: how many are left, how many are kept, and who takes one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import Invalid
from sessions.people.models import Person
from sessions.people.roles import CLIENTS
from sessions.programs import kinds
from sessions.programs.bookings import rebook
from sessions.programs.calendar_models import Series, WaitlistEntry
from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, LevelOfCare, Program
from sessions.programs.rosters import has_role


class Full(Invalid):
    """The cohort has no place left."""

    text = "This group is full. You can put them on its waitlist."


@transaction.atomic
def enroll(
    person: Person,
    cohort: Cohort,
    starts_on: date,
    *,
    weekly_target_minutes: int = 540,
    planned_end_on: date | None = None,
    level_of_care: LevelOfCare = LevelOfCare.INTENSIVE_OUTPATIENT,
    days_a_week: int = 3,
    minutes_a_day: int = 180,
    by: Person | None = None,
) -> Enrollment:
    """Begin a stretch in a cohort, and with it the episode when there is none yet.

    The client's time is taken by the cohort's coming meetings.

    Raises:
        Invalid: the person is no client of the cohort's programme.
        Full: the cohort has no place, or keeps those it has for people who were offered one.
        Booked: one of the cohort's coming meetings overlaps another of this client's.
    """
    if not has_role(person, cohort.program_id, CLIENTS):
        raise Invalid("Only a client of the programme can be enrolled.")
    lock_places(cohort)
    if (left := places(cohort, person)) is not None and left <= kept_places(cohort, person):
        raise Full
    enrollment = Enrollment.objects.create(
        person=person,
        cohort=cohort,
        starts_on=starts_on,
        weekly_target_minutes=weekly_target_minutes,
        planned_end_on=planned_end_on,
        level_of_care=level_of_care,
        status=EnrollmentStatus.ACTIVE,
        days_a_week=days_a_week,
        minutes_a_day=minutes_a_day,
        episode=_open_episode(person, cohort.program, starts_on, planned_end_on, by),
    )
    WaitlistEntry.objects.filter(cohort=cohort, person=person, ended_at=None).update(ended_at=clock.now())
    rebook(cohort)
    _record(by, "enrollment.began", "enrollment", enrollment.pk, cohort.program_id)
    return enrollment


def lock_places(cohort: Cohort) -> None:
    """Nobody else gives away a place of it until the transaction ends: before `places` is asked."""
    Cohort.objects.select_for_update(of=("self",), no_key=True).get(pk=cohort.pk)


def places(cohort: Cohort, but: Person | None = None) -> int | None:
    """How many more clients the cohort takes; None when nobody counts. `but`: whose own place is not counted.

    Its own number of places, or else as many as the smallest kind of its running series takes.
    """
    return places_of([cohort], but)[cohort.pk]


def places_of(cohorts: Sequence[Cohort], but: Person | None = None) -> dict[UUID, int | None]:
    """As `places`, by cohort. Who leaves has their place up to their last day. Two queries."""
    taken: dict[UUID, set[UUID]] = {}
    today = {one.pk: zones.local_date(clock.now(), one.program.time_zone) for one in cohorts}
    held = Enrollment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=min(today.values(), default=date.min)), cohort__in=cohorts
    )
    for pk, person, ended_on in held.values_list("cohort_id", "person_id", "ended_on"):
        if (ended_on is not None and ended_on < today[pk]) or (but is not None and person == but.pk):
            continue
        taken.setdefault(pk, set()).add(person)
    sizes: dict[UUID, list[int]] = {one.pk: [one.capacity] for one in cohorts if one.capacity is not None}
    uncounted = {one.pk: one.program.settings for one in cohorts if one.capacity is None}
    running = Series.objects.filter(cohort__in=uncounted).exclude(ends_on__lt=clock.now().date())
    for pk, kind in running.values_list("cohort_id", "kind"):
        if pk is not None:
            sizes.setdefault(pk, []).append(kinds.of(uncounted[pk], MeetingKind(kind)).largest)
    return {
        one.pk: max(0, min(sizes[one.pk]) - len(taken.get(one.pk, ()))) if one.pk in sizes else None
        for one in cohorts
    }


def kept_places(cohort: Cohort, but: Person | None = None) -> int:
    """How many of its places are kept for people who were offered one, or have said that they want it."""
    return kept_in([cohort.pk], but).get(cohort.pk, 0)


def kept_in(cohorts: Iterable[UUID], but: Person | None = None) -> dict[UUID, int]:
    """As `kept_places`, by cohort; cohorts that keep none are missing. One query."""
    held = Q(offer_ends_at__gt=clock.now()) | Q(taken_at__isnull=False)
    rows = WaitlistEntry.objects.filter(held, cohort__in=list(cohorts), ended_at=None)
    return Counter(rows.exclude(person=but).values_list("cohort_id", flat=True))


@transaction.atomic
def wait_for_place(person: Person, cohort: Cohort, by: Person | None = None) -> WaitlistEntry:
    """Put somebody at the end of the cohort's waitlist. Idempotent."""
    entry, new = WaitlistEntry.objects.get_or_create(cohort=cohort, person=person, ended_at=None)
    if new:
        _record(by, "waitlist.joined", "person", person.pk, cohort.program_id)
    return entry


def _open_episode(
    person: Person, program: Program, starts_on: date, planned_end_on: date | None, by: Person | None
) -> Episode:
    episode, new = Episode.objects.get_or_create(
        program=program,
        person=person,
        ended_on=None,
        defaults={
            "stage": Stage.ACTIVE,
            "referred_on": starts_on,
            "starts_on": starts_on,
            "planned_end_on": planned_end_on,
        },
    )
    if new:
        EpisodeFact.objects.create(episode=episode, kind=EpisodeFactKind.STARTED, on=starts_on, by=by)
    return episode


def _record(by: Person | None, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=program_id,
    )
