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

from sessions.audit import service as audit
from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.asking import asked
from sessions.people.models import Language, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.programs import service
from sessions.programs.episode_models import (
    IN_CARE,
    Episode,
    EpisodeFact,
    EpisodeFactKind,
    Stage,
    StepProposal,
)
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

MOVES: Final[dict[tuple[Stage, EpisodeFactKind], Stage]] = {
    (Stage.REFERRED, EpisodeFactKind.ASSESSMENT): Stage.ASSESSING,
    (Stage.REFERRED, EpisodeFactKind.DECLINED): Stage.DECLINED,
    (Stage.ASSESSING, EpisodeFactKind.ENROLLED): Stage.ENROLLED,
    (Stage.ASSESSING, EpisodeFactKind.DECLINED): Stage.DECLINED,
    (Stage.ENROLLED, EpisodeFactKind.STARTED): Stage.ACTIVE,
    (Stage.ENROLLED, EpisodeFactKind.DISCHARGED): Stage.DISCHARGED,
    (Stage.ACTIVE, EpisodeFactKind.PAUSED): Stage.ON_HOLD,
    (Stage.ON_HOLD, EpisodeFactKind.RESUMED): Stage.ACTIVE,
    **{
        (stage, kind): end
        for stage in IN_CARE
        for kind, end in (
            (EpisodeFactKind.COMPLETED, Stage.COMPLETED),
            (EpisodeFactKind.DISCHARGED, Stage.DISCHARGED),
            (EpisodeFactKind.TRANSFERRED, Stage.TRANSFERRED),
        )
    },
}
ENDINGS: Final = (EpisodeFactKind.COMPLETED, EpisodeFactKind.DISCHARGED, EpisodeFactKind.TRANSFERRED)
INTENSITY: Final = (  # from the most to the least
    LevelOfCare.RESIDENTIAL,
    LevelOfCare.PARTIAL_HOSPITALIZATION,
    LevelOfCare.INTENSIVE_OUTPATIENT,
    LevelOfCare.OUTPATIENT,
    LevelOfCare.AFTERCARE,
)
LONGEST: Final = 4_000


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
class Hours:
    """What a client's week is to hold."""

    weekly_target_minutes: int
    days_a_week: int
    minutes_a_day: int

    def __post_init__(self) -> None:
        if not (0 < self.days_a_week <= 7 and 0 < self.weekly_target_minutes <= 2400):
            raise Invalid("A week has one to seven days and at most forty hours.")
        if self.days_a_week * self.minutes_a_day < self.weekly_target_minutes:
            raise Invalid("So many minutes a day on so many days do not reach the weekly target.")


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
    _record(actor, "episode.seen", row)
    return [(fact, _why(fact)) for fact in row.history.select_related("by")]


def undecided(row: Episode) -> StepProposal | None:
    return row.proposals.filter(decided_at=None).select_related("cohort", "proposed_by").first()


def reason_of(proposal: StepProposal) -> str:
    return encryption.decrypt(proposal.why, f"step {proposal.pk}") if proposal.why else ""


def open_stretch(row: Episode) -> Enrollment | None:
    """The stretch that runs now, or is about to."""
    return row.enrollments.filter(ended_on=None).select_related("cohort").order_by("-starts_on").first()


# Changing. Each asks for access itself.


@asked(Act.KEEP_EPISODES)
def refer(program: Program, who: Newcomer, source: str, referred_on: date, by: Person) -> Episode:
    """Somebody is referred: a person, if we do not know them, and an episode.

    Raises Invalid when an episode of theirs is open, or the address is that of our staff.
    """
    email = who.email.strip().lower()
    person = Person.objects.filter(email=email).first()
    if person is None:
        person = Person(
            email=email,
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
            raise Invalid("This is not an e-mail address.") from wrong
        person.save()
    if service.leads_in(person, program.pk) or current(person, program.pk) is not None:
        raise Invalid("Somebody with this address is here already.")
    join(person, program.pk, Role.CLIENT, by)
    row = Episode.objects.create(
        program=program, person=person, source=source.strip(), referred_on=referred_on
    )
    _fact(row, EpisodeFactKind.REFERRED, referred_on, by)
    return row


@asked(Act.KEEP_EPISODES)
def assess(row: Episode, by: Person) -> None:
    """The assessment begins."""
    _move(row, EpisodeFactKind.ASSESSMENT, today(row), by)


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
    _move(
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
        _move(row, EpisodeFactKind.STARTED, starts_on, by)
    return stretch


@asked(Act.KEEP_EPISODES)
def decline(row: Episode, why: str, by: Person) -> None:
    """Not admitted: the person's membership ends with it."""
    _end(row, EpisodeFactKind.DECLINED, today(row), why, by)
    for membership in row.person.memberships.filter(program=row.program, role=Role.CLIENT, ended_at=None):
        membership.ended_at = clock.now()
        membership.save(update_fields=["ended_at"])


@asked(Act.PROPOSE_STEP)
def propose(
    row: Episode,
    level: LevelOfCare,
    cohort: Cohort,
    hours: Hours,
    effective_on: date,
    why: str,
    by: Person,
) -> StepProposal:
    """Another level, cohort or number of hours from a day on. A clinician must sign it.

    Raises Invalid for a day that has passed and without a reason, IllegalMove while another waits.
    """
    if row.stage not in IN_CARE:
        raise IllegalMove
    if cohort.program_id != row.program_id:
        raise NotFound
    if effective_on < today(row) or not why.strip() or len(why) > LONGEST:
        raise Invalid("A change of level needs a reason, and a day that has not passed.")
    if undecided(row) is not None:
        raise IllegalMove("Another change still waits for a signature.")
    proposal = StepProposal(
        episode=row,
        level_of_care=level,
        cohort=cohort,
        weekly_target_minutes=hours.weekly_target_minutes,
        days_a_week=hours.days_a_week,
        minutes_a_day=hours.minutes_a_day,
        effective_on=effective_on,
        proposed_by=by,
    )
    proposal.why = encryption.encrypt(why.strip(), f"step {proposal.pk}")
    proposal.save()
    _fact(
        row,
        EpisodeFactKind.STEP_PROPOSED,
        effective_on,
        by,
        why,
        level=level,
        target=hours.weekly_target_minutes,
    )
    return proposal


@asked(Act.SIGN_STEP, of=lambda proposal: proposal.episode)
def sign(proposal: StepProposal, by: Person, typed_name: str, *, agree: bool) -> None:
    """A clinician's decision. Agreed, it holds from its day on; today's at once.

    Raises NotAllowed for who is no clinician of the client, Invalid unless signed with their own name.
    """
    row = proposal.episode
    if " ".join(typed_name.split()).casefold() != by.name.casefold():
        raise Invalid("Type your full name, as it is in your account, to sign.")
    held = StepProposal.objects.select_for_update().get(pk=proposal.pk)
    if held.decided_at is not None:
        raise IllegalMove("Somebody has decided this already.")
    held.decided_by, held.decided_at, held.typed_name, held.signed = (
        by,
        clock.now(),
        typed_name.strip(),
        agree,
    )
    held.save(update_fields=["decided_by", "decided_at", "typed_name", "signed"])
    if not agree:
        _fact(row, EpisodeFactKind.STEP_DECLINED, today(row), by)
    elif held.effective_on <= today(row):
        _apply(held)


@asked(Act.KEEP_EPISODES)
def pause(row: Episode, why: str, by: Person) -> None:
    """The client's place and hours rest from tomorrow on; meetings no longer expect them."""
    _move(row, EpisodeFactKind.PAUSED, today(row), by, why)
    _close(row, today(row), EnrollmentStatus.STEPPED)


@asked(Act.KEEP_EPISODES)
def resume(row: Episode, by: Person) -> None:
    """Back to the last cohort, level and hours, from today on. Raises Full and Booked."""
    last = row.enrollments.select_related("cohort__program").order_by("-starts_on", "-ended_on").first()
    if last is None:
        raise IllegalMove
    _move(row, EpisodeFactKind.RESUMED, today(row), by)
    _stretch(
        row, last.cohort, max(today(row), _after(last)), LevelOfCare(last.level_of_care), _hours(last), by
    )


@asked(Act.KEEP_EPISODES)
def finish(row: Episode, how: EpisodeFactKind, on: date, why: str, by: Person) -> None:
    """Completed, discharged or transferred; `on` is the last day. The client is an alumnus from then on.

    Meetings to come no longer expect them, individual ones are cancelled. Raises IllegalMove, Invalid.
    """
    if how not in ENDINGS:
        raise Invalid
    if on > today(row) or (row.starts_on is not None and on < row.starts_on):
        raise Invalid("The last day lies between the start and today.")
    _close(row, on, EnrollmentStatus.COMPLETED if how == EpisodeFactKind.COMPLETED else EnrollmentStatus.LEFT)
    _end(row, how, on, why, by)
    join(row.person, row.program_id, Role.ALUMNUS, by)
    alone = MeetingInvitee.objects.filter(
        person=row.person, role=RoomRole.CLIENT, meeting__program=row.program, meeting__cohort=None
    )
    for meeting in Meeting.objects.filter(
        pk__in=alone.values("meeting"), starts_at__gt=clock.now()
    ).standing():
        if not meeting.invitee_rows.filter(role=RoomRole.CLIENT).exclude(person=row.person).exists():
            service.cancel(meeting, by, CancelReason.OTHER)


def advance(now: datetime) -> int:
    """What a day brings: clients start on theirs, signed steps begin to hold. Returns how many. Safe to
    repeat.
    """
    done = 0
    for row in Episode.objects.filter(stage=Stage.ENROLLED).select_related("program", "person"):
        if row.starts_on is not None and row.starts_on <= zones.local_date(now, row.program.time_zone):
            with transaction.atomic():
                _move(row, EpisodeFactKind.STARTED, row.starts_on, None)
            done += 1
    waiting = StepProposal.objects.filter(signed=True, applied_at=None, episode__stage__in=IN_CARE)
    for proposal in waiting.select_related("episode__program", "episode__person", "cohort__program"):
        if proposal.effective_on <= zones.local_date(now, proposal.episode.program.time_zone):
            try:
                with transaction.atomic():
                    _apply(proposal)
                done += 1
            except Invalid:  # no place, or booked elsewhere: stays, and stands on the coordinator's page
                continue
    return done


def stuck(program: Program, now: datetime) -> list[StepProposal]:
    """Signed steps whose day has come and that could not begin: no place, or booked elsewhere."""
    rows = StepProposal.objects.filter(
        episode__program=program,
        episode__stage__in=IN_CARE,
        signed=True,
        applied_at=None,
        effective_on__lte=zones.local_date(now, program.time_zone),
    )
    return list(rows.select_related("episode__person", "cohort"))


def today(row: Episode) -> date:
    return zones.local_date(clock.now(), row.program.time_zone)


def _apply(proposal: StepProposal) -> None:
    row, on = proposal.episode, proposal.effective_on
    before = open_stretch(row)
    hours = Hours(proposal.weekly_target_minutes, proposal.days_a_week, proposal.minutes_a_day)
    level = LevelOfCare(proposal.level_of_care)
    if before is not None:
        on = max(on, before.starts_on)
        if on == before.starts_on:  # nothing of it has been: it is corrected, not ended
            before.delete()
        else:
            _close(row, on - timedelta(days=1), EnrollmentStatus.STEPPED)
    _stretch(row, proposal.cohort, on, level, hours, proposal.decided_by)
    was = LevelOfCare(before.level_of_care) if before is not None else level
    proposal.applied_at = clock.now()
    proposal.save(update_fields=["applied_at"])
    kind = EpisodeFactKind.ADJUSTED
    if was != level:
        up = INTENSITY.index(level) < INTENSITY.index(was)
        kind = EpisodeFactKind.STEPPED_UP if up else EpisodeFactKind.STEPPED_DOWN
    _fact(row, kind, on, proposal.decided_by, level=level, target=hours.weekly_target_minutes)


def _stretch(
    row: Episode, cohort: Cohort, on: date, level: LevelOfCare, hours: Hours, by: Person | None
) -> None:
    service.enroll(
        row.person,
        cohort,
        on,
        weekly_target_minutes=hours.weekly_target_minutes,
        days_a_week=hours.days_a_week,
        minutes_a_day=hours.minutes_a_day,
        planned_end_on=row.planned_end_on,
        level_of_care=level,
        by=by,
    )


def _close(row: Episode, on: date, status: EnrollmentStatus) -> None:
    """End the open stretches on `on`; those that would begin later never were."""
    for stretch in row.enrollments.filter(ended_on=None).select_related("cohort__program"):
        cohort = stretch.cohort
        if stretch.starts_on > on:
            stretch.delete()
        else:
            stretch.ended_on, stretch.status = on, status
            stretch.save(update_fields=["ended_on", "status"])
        service.rebook(cohort)


def _after(stretch: Enrollment) -> date:
    return stretch.starts_on if stretch.ended_on is None else stretch.ended_on + timedelta(days=1)


def _hours(stretch: Enrollment) -> Hours:
    return Hours(stretch.weekly_target_minutes, stretch.days_a_week, stretch.minutes_a_day)


def _end(row: Episode, kind: EpisodeFactKind, on: date, why: str, by: Person) -> None:
    row.ended_on = on
    _move(row, kind, on, by, why)


def _move(
    row: Episode,
    kind: EpisodeFactKind,
    on: date,
    by: Person | None,
    why: str = "",
    *,
    level: LevelOfCare | None = None,
    target: int | None = None,
) -> None:
    """Raises IllegalMove unless the table has the row."""
    held = Episode.objects.select_for_update().get(pk=row.pk)
    following = MOVES.get((Stage(held.stage), kind))
    if following is None:
        raise IllegalMove
    row.stage = following
    row.save(update_fields=["stage", "ended_on"])
    _fact(row, kind, on, by, why, level=level, target=target)


def _fact(
    row: Episode,
    kind: EpisodeFactKind,
    on: date,
    by: Person | None,
    why: str = "",
    *,
    level: LevelOfCare | None = None,
    target: int | None = None,
) -> None:
    if len(why) > LONGEST:
        raise Invalid("This text is too long.")
    at = clock.now()
    EpisodeFact.objects.create(
        episode=row,
        kind=kind,
        on=on,
        at=at,
        by=by,
        level_of_care=level or "",
        weekly_target_minutes=target,
        text=encryption.encrypt(why.strip(), _place(row, kind, at)) if why.strip() else b"",
    )
    _record(by, f"episode.{kind.value}", row)


def _why(fact: EpisodeFact) -> str:
    if not fact.text:
        return ""
    return encryption.decrypt(fact.text, _place(fact.episode, EpisodeFactKind(fact.kind), fact.at))


def _place(row: Episode, kind: EpisodeFactKind, at: datetime) -> str:
    return f"episode {row.pk} {kind.value} {at.isoformat()}"


def _record(by: Person | None, act: str, row: Episode) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="episode",
        subject_id=row.pk,
        scope=row.program_id,
    )
