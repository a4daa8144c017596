"""Drug tests: days by a seed nobody chooses, a neutral notice with a window, who held the sample, the result.

A positive or missed test asks the team to talk with the client; nothing follows from it by itself. Visible to
the client, the client's clinicians and the coordinators, and to nobody else.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages import consents
from sessions.messages import service as messages
from sessions.people.access import Act, require
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import episode_facts
from sessions.programs import service as programs
from sessions.programs.episode_models import Episode, Stage
from sessions.programs.kinds import MeetingKind
from sessions.toxicology.models import Custody, CustodyStep, FrequencyChoice, Sample, SampleState, TestPlan
from sessions.toxicology.selection import Frequency, chosen
from sessions.worklist import service as worklist

ASKED_FROM_HOUR: Final = 8  # on the programme's clock
LONGEST: Final = 2_000
_NEXT: Final[dict[CustodyStep, frozenset[CustodyStep]]] = {
    CustodyStep.ASKED: frozenset({CustodyStep.COLLECTED, CustodyStep.EXCUSED}),
    CustodyStep.COLLECTED: frozenset({CustodyStep.SEALED}),
    CustodyStep.SEALED: frozenset({CustodyStep.SENT}),
    CustodyStep.SENT: frozenset({CustodyStep.RECEIVED}),
    CustodyStep.MISSED: frozenset({CustodyStep.EXCUSED, CustodyStep.COLLECTED}),
}


class Outcome(StrEnum):
    NEGATIVE = "negative"
    POSITIVE = "positive"
    UNCLEAR = "unclear"


@asked(Act.KEEP_TESTS)
def begin(row: Episode, frequency: FrequencyChoice, by: Person, *, observed: bool = False) -> TestPlan:
    """From today on, with a new seed; an earlier plan of this client ends."""
    if row.stage != Stage.ACTIVE:
        raise IllegalMove
    _stop(row)
    made = TestPlan.objects.create(
        episode=row,
        frequency=frequency,
        seed=secrets.token_hex(32),
        observed=observed,
        starts_on=episode_facts.today(row),
        by=by,
    )
    episode_facts.record(by, "tests.begun", row)
    return made


@asked(Act.KEEP_TESTS)
def stop(row: Episode, by: Person) -> None:
    """No more are asked for. Idempotent."""
    _stop(row)
    episode_facts.record(by, "tests.stopped", row)


def open_plan(row: Episode) -> TestPlan | None:
    return row.test_plans.filter(ended_on=None).first()


def samples(actor: Person, row: Episode) -> list[tuple[Sample, list[tuple[Custody, str]], dict[str, str]]]:
    """Newest first, each with its custody and its result in words. The look is on record. Raises NotFound."""
    require(actor, Act.SEE_TESTS, row)
    episode_facts.record(actor, "tests.seen", row)
    found = []
    rows = Sample.objects.filter(plan__episode=row).select_related("meeting").prefetch_related("custody__by")
    for sample in rows:
        chain = [(one, _text(one)) for one in sample.custody.all()]
        results = [json.loads(text) for one, text in chain if one.step == CustodyStep.RESULT]
        found.append((sample, chain, results[-1] if results else {}))
    return found


def waiting_for(person: Person) -> tuple[UUID, datetime] | None:
    """The client's episode, and until when the next sample can be given. One query for the home page."""
    rows = Sample.objects.filter(
        plan__episode__person=person, state=SampleState.ASKED, until__gt=clock.now()
    ).order_by("until")
    return rows.values_list("plan__episode", "until").first()


def sample(sample_id: UUID, row: Episode) -> Sample:
    """Raises NotFound, also for another client's."""
    found = Sample.objects.filter(pk=sample_id, plan__episode=row).first()
    if found is None:
        raise NotFound
    return found


@asked(Act.KEEP_TESTS, of=lambda sample: sample.plan.episode)
def hand_over(sample: Sample, step: CustodyStep, by: Person, remark: str = "") -> None:
    """The next link of the chain of custody. Raises IllegalMove out of order."""
    held = Sample.objects.select_for_update().get(pk=sample.pk)
    last = held.custody.order_by("-id").first()
    if last is None or step not in _NEXT.get(CustodyStep(last.step), frozenset()):
        raise IllegalMove
    if len(remark) > LONGEST:
        raise Invalid("This text is too long.")
    _link(held, step, by, remark.strip())
    held.state = SampleState.EXCUSED if step == CustodyStep.EXCUSED else SampleState.GIVEN
    held.save(update_fields=["state"])


@asked(Act.KEEP_TESTS, of=lambda sample: sample.plan.episode)
def result(sample: Sample, outcome: Outcome, by: Person, findings: Mapping[str, str] | None = None) -> None:
    """Enter the result of a sample that was given. A positive or unclear one asks for a talk."""
    held = Sample.objects.select_for_update().get(pk=sample.pk)
    if held.state != SampleState.GIVEN:
        raise IllegalMove
    text = json.dumps({"outcome": outcome.value, **(findings or {})})
    if len(text) > LONGEST:
        raise Invalid("This text is too long.")
    _link(held, CustodyStep.RESULT, by, text)
    held.state = SampleState.RESULT
    held.save(update_fields=["state"])
    if outcome != Outcome.NEGATIVE:
        _ask(held, "test-result")


@asked(Act.KEEP_TESTS, of=lambda sample: sample.plan.episode)
def observe(sample: Sample, span: Span, by: Person, leader: Person | None = None) -> None:
    """A short meeting by video in which the sample is given, with `leader` (by default `by`).

    Its name and its notice say nothing of a sample. Raises Invalid for a time outside the window, Booked,
    and IllegalMove when it has one already.
    """
    held = Sample.objects.select_for_update().get(pk=sample.pk)
    if held.state != SampleState.ASKED or (held.meeting is not None and held.meeting.cancelled_at is None):
        raise IllegalMove("This sample has a meeting, or needs none any more.")
    if span.start < clock.now() or span.end > held.until:
        raise Invalid("Choose a time between now and the end of the window.")
    episode = held.plan.episode
    held.meeting = programs.schedule(
        episode.program,
        MeetingKind.CASE_MANAGEMENT,
        span,
        facilitators=[leader or by],
        invitees=[(episode.person, RoomRole.CLIENT)],
        by=by,
    )
    held.save(update_fields=["meeting"])
    episode_facts.record(by, "tests.meeting", episode)


def select(now: datetime) -> int:
    """Ask those whose day it is, once, from eight o'clock on. Returns how many. Safe to repeat."""
    made = 0
    rows = TestPlan.objects.filter(ended_on=None, episode__stage=Stage.ACTIVE)
    for plan in rows.select_related("episode__program", "episode__person"):
        local = now.astimezone(zones.zone(plan.episode.program.time_zone))
        on = local.date()
        if local.hour < ASKED_FROM_HOUR or on < plan.starts_on:
            continue
        if not chosen(plan.seed, Frequency(plan.frequency), on):
            continue
        with transaction.atomic():
            until = now + timedelta(hours=plan.episode.program.rules.testing_window_hours)
            one, new = Sample.objects.get_or_create(
                plan=plan, on=on, defaults={"asked_at": now, "until": until}
            )
            if new:
                _link(one, CustodyStep.ASKED, None, "")
                _notify(one)
                made += 1
    return made


def watch(now: datetime) -> int:
    """Windows that have closed without a sample: noted, and the team is asked to talk. Safe to repeat."""
    closed = 0
    for one in Sample.objects.filter(state=SampleState.ASKED, until__lte=now):
        with transaction.atomic():
            if not Sample.objects.filter(pk=one.pk, state=SampleState.ASKED).update(state=SampleState.MISSED):
                continue
            _link(one, CustodyStep.MISSED, None, "")
            _ask(one, "test-missed")
            closed += 1
    return closed


def following(step: CustodyStep) -> frozenset[CustodyStep]:
    """The links that may come after this one."""
    return _NEXT.get(step, frozenset())


def _stop(row: Episode) -> None:
    row.test_plans.filter(ended_on=None).update(ended_on=episode_facts.today(row))


def _notify(one: Sample) -> None:
    """In neutral words, on the channels the client wants; the page says what it is about."""
    person = one.plan.episode.person
    for channel in consents.wanted(person):
        messages.queue(
            "page.by",
            person,
            channel,
            key=f"sample {one.pk} {channel}",
            params={"at": one.until, "link": messages.link("home")},
            not_after=one.until,
            program_id=one.plan.episode.program_id,
        )


def _ask(one: Sample, reason: str) -> None:
    episode = one.plan.episode
    worklist.ask(
        episode.program_id,
        "test.review",
        key=f"{reason} {one.pk}",
        reason=reason,
        params={"on": one.on.isoformat()},
        person=episode.person,
        about=worklist.About("episode", episode.pk),
    )


def _link(one: Sample, step: CustodyStep, by: Person | None, text: str) -> None:
    at = clock.now()
    Custody.objects.create(
        sample=one,
        step=step,
        by=by,
        at=at,
        text=encryption.encrypt(text, _place(one.pk, step, at)) if text else b"",
    )
    episode_facts.record(by, f"tests.{step.value}", one.plan.episode)


def _text(link: Custody) -> str:
    if not link.text:
        return ""
    return encryption.decrypt(link.text, _place(link.sample_id, CustodyStep(link.step), link.at))


def _place(sample_id: UUID, step: CustodyStep, at: datetime) -> str:
    return f"sample {sample_id} {step.value} {at.isoformat()}"
