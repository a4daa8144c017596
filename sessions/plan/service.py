"""Assessments, the individual plan with goals and two signatures, reviews, and whether the week holds enough
hours.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.plan.forms import FORMS, Form, check
from sessions.plan.models import Assessment, CarePlan, Modality, PlanReview
from sessions.programs import episode_facts, stretches
from sessions.programs.episode_models import (
    ENDED,
    IN_CARE,
    Episode,
    EpisodeFact,
    EpisodeFactKind,
    Stage,
    StepProposal,
)
from sessions.programs.models import Meeting, Program
from sessions.worklist import service as worklist

LONGEST: Final = 8_000
END_NEAR: Final = timedelta(days=14)
_WHILE_HERE: Final = {  # kinds of task and reasons that are over with the episode
    "step.sign": "step-proposed",
    "plan.review": "plan-review",
    "level.review": "planned-end",
}


@dataclass(frozen=True, slots=True)
class Goal:
    text: str
    steps: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a plan says."""

    summary: str
    goals: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class WeekCheck:
    """The first whole week from a day on: what the calendar holds for a client against the target."""

    monday: date
    scheduled_minutes: int
    target_minutes: int

    @property
    def short_minutes(self) -> int:
        return max(0, self.target_minutes - self.scheduled_minutes)


@asked(Act.KEEP_PLAN)
def assess(row: Episode, form: Form, answers: Mapping[str, str], by: Person) -> Assessment:
    """Keep an answered form. One that says somebody must act asks the staff at once. Raises Invalid when
    incomplete.
    """
    if FORMS.get(form.code) != form or check(form, answers):
        raise Invalid("Please answer every question.")
    known = {one.code: str(answers.get(one.code, "")).strip() for one in form.questions}
    if sum(map(len, known.values())) > LONGEST:
        raise Invalid("This text is too long.")
    pk = uuid.uuid4()
    made = Assessment(
        id=pk,
        episode=row,
        form=form.code,
        version=form.version,
        answers=encryption.encrypt(json.dumps(known), f"assessment {pk}"),
        flagged=form.flagged(known),
        by=by,
    )
    made.save()
    if made.flagged and form.code in ("withdrawal", "mental"):
        worklist.ask(
            row.program_id,
            "referral",
            key=f"assessment {pk}",
            reason="assessment-flag",
            person=row.person,
            about=worklist.About("episode", row.pk),
            due_at=clock.now() + timedelta(hours=4),
            urgent=True,
        )
    episode_facts.record(by, "plan.assessed", row)
    return made


def assessments(actor: Person, row: Episode) -> list[tuple[Assessment, dict[str, str]]]:
    """Newest first. For the client's clinicians and coordinators; the look is on record."""
    require(actor, Act.KEEP_PLAN, row)
    episode_facts.record(actor, "plan.assessments-seen", row)
    found = row.assessments.select_related("by").order_by("-at")
    return [(one, answers_of(one)) for one in found]


def answers_of(row: Assessment) -> dict[str, str]:
    """By the question's code, in clear; for who has been let in."""
    found: dict[str, str] = json.loads(encryption.decrypt(row.answers, f"assessment {row.pk}"))
    return found


@asked(Act.KEEP_PLAN)
def write(row: Episode, words: Words, modalities: Sequence[Modality], by: Person) -> CarePlan:
    """The next version, to be signed; the one before is replaced. Raises Invalid without a goal."""
    goals = tuple(goal for goal in words.goals if goal.text.strip())
    if not goals:
        raise Invalid("A plan needs at least one goal.")
    text = json.dumps(
        {
            "summary": words.summary.strip(),
            "goals": [[goal.text.strip(), goal.steps.strip()] for goal in goals],
        }
    )
    if len(text) > LONGEST:
        raise Invalid("This text is too long.")
    last = row.plans.order_by("-number").first()
    row.plans.filter(replaced_at=None).update(replaced_at=clock.now())
    pk = uuid.uuid4()
    plan = CarePlan.objects.create(
        id=pk,
        episode=row,
        number=last.number + 1 if last else 1,
        modalities=[one.value for one in Modality if one in modalities],
        words=encryption.encrypt(text, f"plan {pk}"),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        made_by=by,
    )
    episode_facts.record(by, "plan.written", row)
    return plan


def current(actor: Person, row: Episode) -> tuple[CarePlan, Words] | None:
    """The plan that holds, or waits for signatures. The look is on record. Raises NotFound."""
    require(actor, Act.SEE_PLAN, row)
    plan = row.plans.filter(replaced_at=None).select_related("made_by", "clinician").first()
    if plan is None:
        return None
    episode_facts.record(actor, "plan.seen", row)
    return plan, words_of(plan)


def words_of(plan: CarePlan) -> Words:
    found = json.loads(encryption.decrypt(plan.words, f"plan {plan.pk}"))
    return Words(found["summary"], tuple(Goal(text, steps) for text, steps in found["goals"]))


@asked(Act.SIGN_PLAN, of=lambda plan: plan.episode)
def sign(plan: CarePlan, by: Person, *, typed_name: str, sha256: str) -> None:
    """The client's or a clinician's signature under exactly these words. Raises Invalid, IllegalMove."""
    if " ".join(typed_name.split()).casefold() != by.name.casefold():
        raise Invalid("Type your full name, as it is in your account, to sign.")
    held = CarePlan.objects.select_for_update().get(pk=plan.pk)
    if held.replaced_at is not None or held.sha256 != sha256:
        raise IllegalMove("The plan has changed meanwhile. Please read it once more.")
    own = by.pk == plan.episode.person_id
    if (held.client_at if own else held.clinician_at) is not None:
        raise IllegalMove("Somebody has decided this already.")
    if own:
        held.client_name, held.client_at = typed_name.strip(), clock.now()
    else:
        held.clinician, held.clinician_name, held.clinician_at = by, typed_name.strip(), clock.now()
    held.save()
    episode_facts.record(by, "plan.signed", plan.episode)


@asked(Act.KEEP_PLAN)
def review(row: Episode, text: str, by: Person) -> PlanReview:
    """Note that the plan was looked at together. The next review is due from here. Raises Invalid without a
    plan.
    """
    plan = row.plans.filter(replaced_at=None).first()
    if plan is None or not text.strip() or len(text) > LONGEST:
        raise Invalid("A review needs a plan and a few words.")
    today, pk = episode_facts.today(row), uuid.uuid4()
    made = PlanReview(
        id=pk, plan=plan, on=today, text=encryption.encrypt(text.strip(), f"review {pk}"), by=by
    )
    made.save()
    before = review_due(row)
    row.reviewed_on = today
    row.save(update_fields=["reviewed_on"])
    EpisodeFact.objects.create(episode=row, kind=EpisodeFactKind.REVIEWED, on=today, by=by)
    if before is not None:
        worklist.settled(row.program_id, _review_key(row, before))
    episode_facts.record(by, "plan.reviewed", row)
    return made


def reviews(actor: Person, row: Episode) -> list[tuple[PlanReview, str]]:
    require(actor, Act.SEE_PLAN, row)
    found = PlanReview.objects.filter(plan__episode=row).select_related("by").order_by("-at")
    return [(one, encryption.decrypt(one.text, f"review {one.pk}")) for one in found]


def review_due(row: Episode) -> date | None:
    """When the plan is to be looked at next; None before the start and after the end."""
    since = row.reviewed_on or row.starts_on
    if since is None or row.stage != Stage.ACTIVE:
        return None
    return since + timedelta(days=row.program.rules.review_every_days)


def week_check(row: Episode, on: date) -> WeekCheck | None:
    """Creditable minutes on the client's calendar in the first whole week from `on`, breaks left out.

    None while there is no stretch to check against.
    """
    stretch = stretches.open_stretch(row)
    if stretch is None:
        return None
    monday = on + timedelta(days=-on.weekday() % 7)
    rows = (
        Meeting.objects.of(row.program_id)
        .standing()
        .filter(held_on__range=(monday, monday + timedelta(days=6)))
    )
    minutes = 0
    for meeting in rows.attended_by(row.person).select_related("program"):
        if meeting.kind_defaults.creditable:
            length = meeting.span.length - sum((one.length for one in meeting.break_spans), timedelta())
            minutes += int(length.total_seconds()) // 60
    return WeekCheck(monday, minutes, stretch.weekly_target_minutes)


def watch(now: datetime) -> int:
    """Ask for what is due: reviews, signatures, a look ahead when the planned end is near. Safe to repeat."""
    asked_now = 0
    undecided = StepProposal.objects.filter(decided_at=None, episode__stage__in=IN_CARE)
    for proposal in undecided.select_related("episode__person"):
        step_waits(proposal)
    _ask_no_more()
    for row in Episode.objects.filter(stage=Stage.ACTIVE).select_related("program", "person"):
        today, due = zones.local_date(now, row.program.time_zone), review_due(row)
        if due is not None and due <= today:
            worklist.ask(
                row.program_id,
                "plan.review",
                key=_review_key(row, due),
                reason="plan-review",
                params={"on": due.isoformat()},
                person=row.person,
                about=worklist.About("episode", row.pk),
            )
            asked_now += 1
        if row.planned_end_on is not None and row.planned_end_on - END_NEAR <= today:
            worklist.ask(
                row.program_id,
                "level.review",
                key=f"planned-end {row.pk} {row.planned_end_on}",
                reason="planned-end",
                params={"on": row.planned_end_on.isoformat()},
                person=row.person,
                about=worklist.About("episode", row.pk),
            )
            asked_now += 1
    return asked_now


def _ask_no_more() -> None:
    """Whose episode has ended has nothing to sign or to plan. Taken back, it is asked again."""
    for program in Program.objects.all():
        rows = [
            row
            for kind, reason in _WHILE_HERE.items()
            for row in worklist.live(program.pk, kind)
            if row.reason == reason
        ]
        over = Episode.objects.of(program.pk).filter(stage__in=ENDED, pk__in=[row.about for row in rows])
        ended = {str(pk) for pk in over.values_list("pk", flat=True)} if rows else set()
        for row in rows:
            if row.about in ended:
                worklist.withdrawn(program.pk, row.key)


def waiting_for(person: Person) -> UUID | None:
    """The episode whose plan waits for this client's signature. One query: home pages ask often."""
    rows = CarePlan.objects.filter(episode__person=person, replaced_at=None, client_at=None)
    return rows.filter(episode__ended_on=None).values_list("episode", flat=True).first()


def step_waits(proposal: StepProposal) -> None:
    """Ask the client's clinicians to sign it. Idempotent."""
    row = proposal.episode
    worklist.ask(
        row.program_id,
        "step.sign",
        key=_step_key(proposal),
        reason="step-proposed",
        params={"on": proposal.effective_on.isoformat()},
        person=row.person,
        about=worklist.About("episode", row.pk),
    )


def step_decided(proposal: StepProposal) -> None:
    """Nobody has to sign it any more. Idempotent."""
    worklist.settled(proposal.episode.program_id, _step_key(proposal))


def plan_of(row: Episode) -> CarePlan:
    """Raises NotFound while there is none."""
    plan = row.plans.filter(replaced_at=None).first()
    if plan is None:
        raise NotFound
    return plan


def _step_key(proposal: StepProposal) -> str:
    return f"step {proposal.pk}"


def _review_key(row: Episode, due: date) -> str:
    return f"plan-review {row.pk} {due}"
