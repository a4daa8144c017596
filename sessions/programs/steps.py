"""Steps up and down: somebody proposes, a clinician of the client signs, and it holds from its day on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.programs.episode_facts import LONGEST, fact, today
from sessions.programs.episode_models import IN_CARE, Episode, EpisodeFactKind, Stage, StepProposal
from sessions.programs.models import Cohort, EnrollmentStatus, LevelOfCare, Program
from sessions.programs.stretches import Hours, begin, close, open_stretch

INTENSITY: Final = (  # from the most to the least
    LevelOfCare.RESIDENTIAL,
    LevelOfCare.PARTIAL_HOSPITALIZATION,
    LevelOfCare.INTENSIVE_OUTPATIENT,
    LevelOfCare.OUTPATIENT,
    LevelOfCare.AFTERCARE,
)


def undecided(row: Episode) -> StepProposal | None:
    """The one that waits for a signature; none once the episode has ended."""
    if row.stage not in IN_CARE:
        return None
    return row.proposals.filter(decided_at=None).select_related("cohort", "proposed_by").first()


def reason_of(proposal: StepProposal) -> str:
    return encryption.decrypt(proposal.why, f"step {proposal.pk}") if proposal.why else ""


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
    fact(
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
    """A clinician's decision. Agreed, it holds from its day on; today's at once, during a pause when they are
    back.

    Raises NotAllowed for who is no clinician of the client, Invalid unless signed with their own name,
    IllegalMove once the episode has ended.
    """
    row = (
        Episode.objects.select_for_update(of=("self",))
        .select_related("program", "person")
        .get(pk=proposal.episode_id)
    )
    if row.stage not in IN_CARE:
        raise IllegalMove("This episode has ended.")
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
        fact(row, EpisodeFactKind.STEP_DECLINED, today(row), by)
    elif row.stage == Stage.ACTIVE and held.effective_on <= today(row):
        _apply(held)


def stuck(program: Program, now: datetime) -> list[StepProposal]:
    """Signed steps whose day has come and that could not begin: no place, or booked elsewhere."""
    rows = StepProposal.objects.filter(
        episode__program=program,
        episode__stage=Stage.ACTIVE,
        signed=True,
        applied_at=None,
        effective_on__lte=zones.local_date(now, program.time_zone),
    )
    return list(rows.select_related("episode__person", "cohort"))


def begin_due(now: datetime) -> int:
    """Signed steps whose day has come begin to hold, after a pause once they are back. Returns how many. Safe
    to repeat.
    """
    done = 0
    waiting = StepProposal.objects.filter(signed=True, applied_at=None, episode__stage=Stage.ACTIVE)
    for proposal in waiting.select_related("episode__program", "episode__person", "cohort__program"):
        if proposal.effective_on <= zones.local_date(now, proposal.episode.program.time_zone):
            try:
                with transaction.atomic():
                    _apply(proposal)
                done += 1
            except Invalid:  # no place, or booked elsewhere: stays, and stands on the coordinator's page
                continue
    return done


def begin_after_pause(row: Episode) -> bool:
    """A signed step whose day came during the pause: they come back to it, and not to what was. Raises Full
    and Booked.
    """
    waiting = row.proposals.filter(signed=True, applied_at=None, effective_on__lte=today(row))
    proposal = waiting.select_related("episode__program", "episode__person", "cohort__program").first()
    if proposal is None:
        return False
    _apply(proposal)
    return True


def _apply(proposal: StepProposal) -> None:
    row = proposal.episode
    on = max(proposal.effective_on, today(row))  # signed late, or after a pause: what has been stays
    before = open_stretch(row)
    last = before or row.enrollments.order_by("-starts_on", "-ended_on").first()
    hours = Hours(proposal.weekly_target_minutes, proposal.days_a_week, proposal.minutes_a_day)
    level = LevelOfCare(proposal.level_of_care)
    if before is not None:
        on = max(on, before.starts_on)
        if on == before.starts_on:  # nothing of it has been: it is corrected, not ended
            before.delete()
        else:
            close(row, on - timedelta(days=1), EnrollmentStatus.STEPPED)
    elif last is not None and last.ended_on is not None and last.ended_on >= on:  # was to leave later
        close(row, on - timedelta(days=1), EnrollmentStatus.STEPPED)
    begin(row, proposal.cohort, on, level, hours, proposal.decided_by)
    was = LevelOfCare(last.level_of_care) if last is not None else level
    proposal.applied_at = clock.now()
    proposal.save(update_fields=["applied_at"])
    kind = EpisodeFactKind.ADJUSTED
    if was != level:
        up = INTENSITY.index(level) < INTENSITY.index(was)
        kind = EpisodeFactKind.STEPPED_UP if up else EpisodeFactKind.STEPPED_DOWN
    fact(row, kind, on, proposal.decided_by, level=level, target=hours.weekly_target_minutes)
