"""One person's way through a programme: referral, assessment, admission, steps up and down, pauses, the end.

    referred ─► assessing ─► enrolled ─► active ⇄ on hold ─► completed | discharged | transferred
        └──────────┴──► declined

Every change is a dated line of the history. Nothing happens by itself: a step holds when a clinician has
signed it, and the planned end ends nothing. Who follows endings reads `endings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.asking import asked
from sessions.people.models import Language, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import end_membership, join
from sessions.programs import joining, reopening, service, steps
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series
from sessions.programs.episode_facts import fact, move, record, today, words_of
from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.models import (
    CancelReason,
    Cohort,
    Enrollment,
    EnrollmentStatus,
    LevelOfCare,
    Meeting,
    MeetingInvitee,
    Program,
)
from sessions.programs.stretches import Hours, begin, close, free_from, hours_of

ENDINGS: Final = (EpisodeFactKind.COMPLETED, EpisodeFactKind.DISCHARGED, EpisodeFactKind.TRANSFERRED)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody referred, as typed in."""

    given_name: str
    family_name: str
    email: str
    phone: str = ""
    language: str = Language.ENGLISH
    time_zone: str = ""  # empty: the programme's


@dataclass(frozen=True, slots=True)
class Ending:
    """An episode that has come to its end, for who takes over from there."""

    number: int  # grows: pass the last one seen to `endings`
    episode_id: UUID
    program_id: UUID
    person_id: UUID
    how: EpisodeFactKind  # completed, discharged or transferred
    on: date


# Reading.


def episode(episode_id: UUID) -> Episode:
    """With its person and programme. Raises NotFound. Access is asked separately."""
    try:
        return Episode.objects.select_related("person", "program", "therapist").get(pk=episode_id)
    except (Episode.DoesNotExist, ValidationError) as none:
        raise NotFound from none


def current(person: Person, program_id: UUID) -> Episode | None:
    """The person's open episode in the programme."""
    return Episode.objects.of(program_id).filter(person=person, ended_on=None).first()


def endings(after: int = 0) -> list[Ending]:
    """Every episode that was completed, discharged or transferred, after number `after`, in order."""
    rows = EpisodeFact.objects.filter(pk__gt=after, kind__in=ENDINGS).select_related("episode")
    return [
        Ending(
            number=row.pk,
            episode_id=row.episode_id,
            program_id=row.episode.program_id,
            person_id=row.episode.person_id,
            how=EpisodeFactKind(row.kind),
            on=row.on,
        )
        for row in rows
    ]


def history(actor: Person, row: Episode) -> list[tuple[EpisodeFact, str]]:
    """Every line with why, newest last. Raises NotFound; the look is on record."""
    require(actor, Act.SEE_EPISODE, row)
    record(actor, "episode.seen", row)
    return [(line, words_of(line)) for line in row.history.select_related("by")]


# Changing. Each asks for access itself.


@asked(Act.KEEP_EPISODES)
def refer(program: Program, who: Newcomer, source: str, referred_on: date, by: Person) -> Episode:
    """Somebody is referred: a person, if this programme does not know them, and an episode.

    Raises Invalid when an episode of theirs is open, or the address is that of our staff.
    """
    email = who.email.strip().lower()
    person = Person.objects.known_in(program.pk, email)
    if person is None:
        person = Person(
            email=email,
            home=program.pk,
            given_name=who.given_name.strip(),
            family_name=who.family_name.strip(),
            phone=who.phone.strip(),
            language=who.language,
            time_zone=who.time_zone or program.time_zone,
        )
        person.set_unusable_password()
        try:
            person.full_clean(exclude=["password"])
        except ValidationError as wrong:
            if "email" not in wrong.message_dict:
                raise Invalid from wrong
            raise Invalid("This is not an e-mail address.", about="email") from wrong
        person.save()
    if service.leads_in(person, program.pk) or current(person, program.pk) is not None:
        raise Invalid("Somebody with this address is here already.", about="email")
    join(person, program.pk, Role.CLIENT, by)
    row = Episode.objects.create(
        program=program, person=person, source=source.strip(), referred_on=referred_on
    )
    fact(row, EpisodeFactKind.REFERRED, referred_on, by)
    return row


@asked(Act.KEEP_EPISODES)
def assess(row: Episode, by: Person) -> None:
    """The assessment begins."""
    move(row, EpisodeFactKind.ASSESSMENT, today(row), by)


@asked(Act.KEEP_EPISODES)
def admit(
    row: Episode,
    cohort: Cohort,
    starts_on: date,
    hours: Hours,
    by: Person,
    *,
    therapist: Person | None = None,
    planned_end_on: date | None = None,
    level_of_care: LevelOfCare = LevelOfCare.INTENSIVE_OUTPATIENT,
) -> Enrollment:
    """After the assessment: a place in a cohort from a day on. Raises Full, Booked, Invalid, IllegalMove."""
    if cohort.program_id != row.program_id:
        raise NotFound
    if therapist is not None and not service.leads_in(therapist, row.program_id):
        raise Invalid("The therapist must be staff of the programme.")
    end = planned_end_on or starts_on + timedelta(days=row.program.rules.episode_days)
    if end <= starts_on:
        raise Invalid("The last day lies before the first.")
    move(
        row, EpisodeFactKind.ENROLLED, starts_on, by, level=level_of_care, target=hours.weekly_target_minutes
    )
    row.starts_on, row.planned_end_on, row.therapist = starts_on, end, therapist
    row.save(update_fields=["starts_on", "planned_end_on", "therapist"])
    stretch = service.enroll(
        row.person,
        cohort,
        starts_on,
        weekly_target_minutes=hours.weekly_target_minutes,
        days_a_week=hours.days_a_week,
        minutes_a_day=hours.minutes_a_day,
        planned_end_on=end,
        level_of_care=level_of_care,
        by=by,
    )
    if starts_on <= today(row):
        move(row, EpisodeFactKind.STARTED, starts_on, by)
    return stretch


@asked(Act.KEEP_EPISODES)
def decline(row: Episode, why: str, by: Person) -> None:
    """Not admitted: the person's membership ends with it."""
    _end(row, EpisodeFactKind.DECLINED, today(row), why, by)
    _no_client(row, by)


@asked(Act.KEEP_EPISODES)
def pause(row: Episode, why: str, by: Person) -> None:
    """The client's place and hours rest from tomorrow on; meetings no longer expect them, series of their own
    end.
    """
    move(row, EpisodeFactKind.PAUSED, today(row), by, why)
    close(row, today(row), EnrollmentStatus.STEPPED)
    _leave_series(row, today(row), by)


@asked(Act.KEEP_EPISODES)
def resume(row: Episode, by: Person) -> None:
    """Back to the last cohort, level and hours from today on, or to those of a step that was signed for a day
    of the pause. Raises Full and Booked.
    """
    last = row.enrollments.select_related("cohort__program").order_by("-starts_on", "-ended_on").first()
    if last is None:
        raise IllegalMove
    move(row, EpisodeFactKind.RESUMED, today(row), by)
    if steps.begin_after_pause(row):
        return
    begin(
        row,
        last.cohort,
        max(today(row), free_from(last)),
        LevelOfCare(last.level_of_care),
        hours_of(last),
        by,
    )


@asked(Act.KEEP_EPISODES)
def finish(row: Episode, how: EpisodeFactKind, on: date, why: str, by: Person) -> None:
    """Completed, discharged or transferred; `on` is the last day. The client is an alumnus from then on.

    Meetings to come no longer expect them; individual ones are cancelled, and their series end. Who has not
    begun can only be discharged: their place is free, and they are no alumnus.
    Raises IllegalMove, Invalid.
    """
    if how not in ENDINGS:
        raise Invalid
    begun = row.stage != Stage.ENROLLED
    if not begun and how != EpisodeFactKind.DISCHARGED:
        raise Invalid("They have not begun yet: they can only be discharged.")
    first = row.starts_on if begun else row.referred_on
    if on > today(row) or (first is not None and on < first):
        raise Invalid("The last day lies between the start and today.")
    status = EnrollmentStatus.COMPLETED if how == EpisodeFactKind.COMPLETED else EnrollmentStatus.LEFT
    removed = reopening.what_is_removed(row, on)
    close(row, on, status)
    last = row.enrollments.order_by("-starts_on", "-ended_on").first()
    if last is not None and last.status != status:  # ended before: during a pause, or out of their group
        last.status = status
    if last is not None:
        last.left_with = {**last.left_with, "ended": removed}
        last.save(update_fields=["status", "left_with"])
    _end(row, how, on, why, by)
    _leave_series(row, max(on, today(row)), by)
    alone = MeetingInvitee.objects.filter(
        person=row.person, role=RoomRole.CLIENT, meeting__program=row.program, meeting__cohort=None
    )
    for meeting in Meeting.objects.filter(
        pk__in=alone.values("meeting"), starts_at__gt=clock.now()
    ).standing():
        if not meeting.invitee_rows.filter(role=RoomRole.CLIENT).exclude(person=row.person).exists():
            service.cancel(meeting, by, CancelReason.OTHER)
    if begun:
        join(row.person, row.program_id, Role.ALUMNUS, by)
    else:
        _no_client(row, by)


def advance(now: datetime) -> int:
    """What a day brings: clients start on theirs, signed steps begin to hold. Returns how many. Safe to
    repeat.
    """
    done = 0
    for row in Episode.objects.filter(stage=Stage.ENROLLED).select_related("program", "person"):
        if row.starts_on is not None and row.starts_on <= zones.local_date(now, row.program.time_zone):
            with transaction.atomic():
                move(row, EpisodeFactKind.STARTED, row.starts_on, None)
            done += 1
    return done + steps.begin_due(now)


def _leave_series(row: Episode, last_on: date, by: Person) -> None:
    """What is asked of the client by name ends: series of their own, their place in those of other groups."""
    asked_to = Series.objects.of(row.program_id).filter(
        invitee_rows__person=row.person, invitee_rows__role=RoomRole.CLIENT
    )
    for series in asked_to.filter(Q(ends_on=None) | Q(ends_on__gt=last_on)):
        others = series.invitee_rows.filter(role=RoomRole.CLIENT).exclude(person=row.person)
        if series.cohort_id is None and not others.exists():
            calendar.end(series, last_on, by)
        else:
            joining.leave(series, row.person, last_on + timedelta(days=1))


def _no_client(row: Episode, by: Person) -> None:
    """Who was here before keeps what they may see of that time."""
    if Enrollment.objects.of(row.program_id).filter(person=row.person).exists():
        return
    for membership in row.person.memberships.filter(program=row.program, role=Role.CLIENT, ended_at=None):
        end_membership(membership, by)


def _end(row: Episode, kind: EpisodeFactKind, on: date, why: str, by: Person) -> None:
    row.ended_on = on
    move(row, kind, on, by, why)
