"""One call: tried, reached, written down."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from sessions.aftercare import (
    answers,
    asking,
    booking,
    consented,
    due,
    escalation,
    journal,
    ladder,
    notes,
    notices,
    outreach,
    planning,
    plans,
)
from sessions.aftercare.due import Step
from sessions.aftercare.machine import AHEAD, CALLED, UNDER_WAY, Call, CallEvent, Course, HandOffNeeded
from sessions.aftercare.models import AftercareCourse, CallTry, CheckIn, TryOutcome, Why
from sessions.aftercare.policies import policy_of
from sessions.aftercare.queue import EARLY, HOLD
from sessions.aftercare.risk import Tier, effects
from sessions.aftercare.urgent_models import TierDecision
from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Meeting

LONGEST: Final = 20_000
LONGEST_TALK: Final = 300  # minutes
UNFINISHED_AFTER: Final = timedelta(hours=24)
_PRIOR_TIERS: Final = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller writes down at the end of a call."""

    tier: Tier
    note: str
    why: str = ""  # when the tier differs from the proposed one
    summary: str = ""  # for the alumnus, if they wish
    next_on: date | None = None  # a call agreed on beside the plan
    minutes: int | None = None  # they talked


def room_for(actor: Person, row: CheckIn) -> Meeting:
    """The room in which the call takes place by video, opened now if need be, led by the actor.

    Raises NotFound, NotAllowed; NoConsent; IllegalMove when the call is over.
    """
    _begin(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        if Call(row.state) not in {*AHEAD, *CALLED, Call.CONNECTED}:
            raise IllegalMove
        return booking.ensure_meeting(row, actor, now)


def tried(
    actor: Person,
    row: CheckIn,
    channel: str,
    outcome: TryOutcome,
    minutes: int | None = None,
    after: int | None = None,
) -> CheckIn:
    """Log a try to reach them. After the fourth without an answer the call is missed.

    Args:
        after: how many tries the actor knew of. When there are more by now, this one is told twice, or
            somebody else wrote theirs down in between: nothing is logged.

    Raises:
        NotFound, NotAllowed: not the actor's to call.
        NoConsent: they may not be called (any more).
        IllegalMove: the call is not due, or over.
    """
    if outcome is TryOutcome.ANSWERED:
        return reached(actor, row, channel, minutes)
    _begin(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        if after is not None and row.tries > after:
            return row
        if row.state == Call.SCHEDULED.value and row.starts_at is not None and row.starts_at - now <= EARLY:
            due.void(row, now, (Step.DUE, Step.REMIND_EMAIL, Step.REMIND_SMS))
            escalation.fall_due(row, now)
        policy, quiet = policy_of(row.program_id), plans.quiet_of(policy_of(row.program_id))
        journal.move(row, CallEvent.TRIED, now, actor, outcome.value)
        _log(row, actor, channel, outcome, now, minutes)
        first = row.try_rows.order_by("number").values_list("at", flat=True).first() or now
        follows = ladder.next_try(
            row.tries, first, now, row.course.zone, quiet, timedelta(minutes=policy.second_try_minutes)
        )
        if outcome is TryOutcome.WRONG_NUMBER:
            notices.ask_staff(row.course, "aftercare-number", str(row.pk), check_in=row)
        row.claimed_by, row.claimed_until = None, None
        if follows is None:
            outreach.missed(row, now, "no_answer", actor)
        else:
            row.next_try_at, row.other_channel = follows.at, follows.other_channel
            row.save()
    return row


def reached(actor: Person, row: CheckIn, channel: str, minutes: int | None = None) -> CheckIn:
    """They are talking, or talked. Idempotent. Raises as `tried` does."""
    _begin(actor, row)
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        if row.state == Call.CONNECTED.value:
            return row
        journal.move(row, CallEvent.REACHED, now, actor, channel)
        _log(row, actor, channel, TryOutcome.ANSWERED, now, minutes)
        row.reached_at, row.next_try_at, row.reason = now, None, ""
        row.claimed_by, row.claimed_until = actor, now + HOLD
        if row.caller_id is None:
            row.caller = actor
        row.save()
        due.void(row, now)
        notices.stop(row)
        due.put(Step.UNFINISHED, str(row.pk), now + UNFINISHED_AFTER, row.course, row)
        planning.reached(row.course, now)
        escalation.contacted(row.course, now)
        notices.settled(row.course, "aftercare-asked", str(row.pk))
        notices.settled(row.course, "aftercare-remind", f"{row.pk}:{row.booking}")
    return row


def close(actor: Person, row: CheckIn, outcome: Outcome) -> CheckIn:
    """Write the call down: what was settled, the note, what the alumnus may keep, what comes next.

    Raises:
        NotFound, NotAllowed: not the actor's call.
        HandOffNeeded: the answers, of now or of before, or the caller say CRISIS, and no live hand-off is on
            record. An answer that is taken back takes back no crisis.
        Invalid: no note; a tier other than the proposed one without a reason; a next day in the past, or one
            for somebody who is not called any more.
        IllegalMove: nobody has been reached, or it is written down already.
    """
    require(actor, Act.MAKE_CHECK_IN, row)
    if not outcome.note.strip() or max(map(len, (outcome.note, outcome.summary, outcome.why))) > LONGEST:
        raise Invalid("Write a few words about the call.")
    if outcome.minutes is not None and not 0 < outcome.minutes <= LONGEST_TALK:
        raise Invalid
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        proposed = answers.assessment(row)
        if outcome.tier is not proposed.tier and not outcome.why.strip():
            raise Invalid("Say why you settled on another urgency than the answers propose.")
        _refuse_without_hand_off(row, max(proposed.tier, outcome.tier))
        today = zones.local_date(now, row.course.zone)
        if outcome.next_on is not None and not today < outcome.next_on <= today + timedelta(days=120):
            raise Invalid("Choose a day that lies ahead.")
        if outcome.next_on is not None and Course(row.course.state) not in UNDER_WAY:
            raise Invalid("No more calls are planned for them now. Leave the day of the next call empty.")
        journal.move(row, CallEvent.CLOSED, now, actor)
        row.closed_at, row.tier, row.proposed_tier = now, outcome.tier.value, proposed.tier.value
        row.minutes = outcome.minutes
        row.claimed_by, row.claimed_until, row.link_hash = None, None, None
        row.save()
        due.void(row, now, (Step.UNFINISHED,))
        _decide(row, actor, outcome, proposed.tier, [reason.value for reason in proposed.reasons], now)
        notes.write(row, actor, outcome.note, False, now)
        if outcome.summary.strip():
            notes.write(row, actor, outcome.summary, True, now)
        before = _tiers_before(row)
        escalation.closed_with(
            row, outcome.tier, effects(outcome.tier, before, policy_of(row.program_id)), now
        )
        if outcome.next_on is not None:
            _agree(row, outcome.next_on, now)
    return row


def ask_for_call(actor: Person, given: AftercareCourse) -> CheckIn | None:
    """The alumnus would like to be called: one more call, as soon as the day allows. None when one is coming
    within a day anyway. Raises NotFound for anybody else's; NoConsent."""
    require(actor, Act.OWN_COURSE, given)
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(given.pk)
        if not planning.consented(course, now):
            raise planning.NoConsent
        return asking.call_soon(actor, course, now)


def _begin(actor: Person, row: CheckIn) -> None:
    require(actor, Act.MAKE_CHECK_IN, row)
    if not consented.still(row, clock.now()):
        raise planning.NoConsent


def _log(
    row: CheckIn, actor: Person, channel: str, outcome: TryOutcome, now: datetime, minutes: int | None
) -> None:
    if channel not in ("video", "telephone"):
        raise Invalid
    row.tries += 1
    CallTry(
        check_in=row, number=row.tries, channel=channel, at=now, by=actor, outcome=outcome, minutes=minutes
    ).save()


def _refuse_without_hand_off(row: CheckIn, tier: Tier) -> None:
    found = escalation.open_of(row)
    danger = tier is Tier.CRISIS or (found is not None and found.tier >= Tier.CRISIS)
    if danger and (found is None or found.handed_off_at is None):
        raise HandOffNeeded


def _decide(
    row: CheckIn, actor: Person, outcome: Outcome, proposed: Tier, reasons: list[str], now: datetime
) -> None:
    pk = uuid.uuid4()
    TierDecision(
        id=pk,
        check_in=row,
        proposed=proposed.value,
        reasons=reasons,
        decided=outcome.tier.value,
        by=actor,
        at=now,
        ciphertext=encryption.encrypt(outcome.why.strip(), f"tier-decision {pk}")
        if outcome.why.strip()
        else b"",
    ).save()


def _tiers_before(row: CheckIn) -> list[Tier]:
    rows = CheckIn.objects.filter(course=row.course_id, state=Call.COMPLETED.value, tier__isnull=False)
    latest = rows.exclude(pk=row.pk).order_by("-closed_at").values_list("tier", flat=True)[:_PRIOR_TIERS]
    return [Tier(tier) for tier in latest if tier is not None]


def _agree(row: CheckIn, on: date, now: datetime) -> None:
    """A call on a day that both agreed on; the cadence counts on from it."""
    planned = CheckIn.objects.filter(course=row.course_id, why=Why.CADENCE, confirmed_at=None).ahead()
    for other in planned.filter(due_on__lte=on):
        other.course = row.course
        booking.call_off(other, now, "agreed_otherwise")
    planning.add(row.course, on, on, Why.CHOSEN, now)
