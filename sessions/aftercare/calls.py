"""The queue of calls, and one call in it: taken in hand, tried, reached, written down."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from sessions.aftercare import (
    answers,
    asking,
    booking,
    due,
    escalation,
    journal,
    ladder,
    notices,
    outreach,
    planning,
    plans,
)
from sessions.aftercare.due import Step
from sessions.aftercare.machine import AHEAD, CALLED, Call, CallEvent, HandOffNeeded
from sessions.aftercare.models import (
    AftercareCourse,
    CallNote,
    CallTry,
    CheckIn,
    CheckInQuerySet,
    Escalation,
    TierDecision,
    TryOutcome,
    Why,
)
from sessions.aftercare.policies import policy_of
from sessions.aftercare.risk import Tier, effects
from sessions.audit import service as audit
from sessions.core import clock, encryption, zones
from sessions.core.daytime import Quiet, is_quiet
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.prepared import Prepared
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Meeting, Program

HOLD: Final = timedelta(minutes=30)  # a call is in one person's hand for so long without news
EARLY: Final = timedelta(minutes=30)  # a caller may begin so long before the appointment
LONGEST: Final = 20_000
UNFINISHED_AFTER: Final = timedelta(hours=24)
_PRIOR_TIERS: Final = 3


class InOtherHands(IllegalMove):
    code = "in-other-hands"
    text = "Somebody else has this call in hand. Take the next one."


class NothingToCall(NotFound):
    text = "Nobody is to be called right now."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller writes down at the end of a call."""

    tier: Tier
    note: str
    why: str = ""  # when the tier differs from the proposed one
    summary: str = ""  # for the alumnus, if they wish
    next_on: date | None = None  # a call agreed on beside the plan


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    by: Person
    at: datetime
    check_in: UUID


# The queue.


def day(actor: Person, program: Program, now: datetime) -> tuple[list[CheckIn], list[CheckIn], list[CheckIn]]:
    """The queue, what else the day holds, and what is not written down yet; on record for each alumnus.

    Raises NotFound for who does not call.
    """
    found = queue(actor, program, now), later(actor, program, now), unfinished(actor, program)
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_CALLS,
        subject_type="program",
        subject_id=program.pk,
        people={row.course.person_id for rows in found for row in rows},
        scope=program.pk,
    )
    return found


def queue(actor: Person, program: Program, now: datetime) -> list[CheckIn]:
    """Whom to call now, the most urgent first: crisis, then tier, then by the time at which it was due.

    Each has `urgency` (risk.Tier, 0 when nothing is known). Raises NotFound for who does not call.
    """
    require(actor, Act.SEE_CALLS, program)
    quiet = plans.quiet_of(policy_of(program.pk))
    rows = _waiting(program.pk, now)
    # `urgency` is annotated by `_ordered`, which the type of a row does not show.
    return [
        row
        for row in rows
        if _may_ring(row.urgency, row.course.person.time_zone, quiet, now)  # type: ignore[attr-defined]
    ]


def later(actor: Person, program: Program, now: datetime) -> list[CheckIn]:
    """What else the programme's day holds: appointments ahead and next tries, by time. Raises NotFound."""
    require(actor, Act.SEE_CALLS, program)
    end = zones.day(zones.local_date(now, program.time_zone), program.time_zone).end
    rows = CheckIn.objects.of(program.pk).filter(
        Q(state=Call.SCHEDULED.value, starts_at__gt=now, starts_at__lt=end)
        | Q(state__in=[one.value for one in CALLED], next_try_at__gt=now, next_try_at__lt=end)
    )
    at = Coalesce("next_try_at", "starts_at")
    return list(rows.select_related("course__person", "caller").annotate(at=at).order_by("at", "pk"))


def unfinished(actor: Person, program: Program) -> list[CheckIn]:
    """Calls that were made and not written down. Raises NotFound."""
    require(actor, Act.SEE_CALLS, program)
    rows = CheckIn.objects.of(program.pk).filter(state=Call.CONNECTED.value)
    return list(rows.select_related("course__person", "caller", "claimed_by").order_by("reached_at"))


def take_next(actor: Person, program: Program) -> CheckIn:
    """The most urgent call that nobody has in hand: it is the actor's now. Raises NotFound, NothingToCall."""
    require(actor, Act.SEE_CALLS, program)
    now = clock.now()
    quiet = plans.quiet_of(policy_of(program.pk))
    mine, free = [], []
    for pk, zone, holder, until, urgency in _CHOICE.rows(program.pk, now):
        if not _may_ring(urgency, zone, quiet, now):
            continue
        if holder is None or until is None or until < now:
            free.append(pk)
        elif holder == actor.pk:
            mine.append(pk)
    for pk in (*mine, *free):
        try:
            return take(actor, journal.check_in_of(pk))
        except (InOtherHands, planning.NoConsent):
            continue
    raise NothingToCall


def take(actor: Person, row: CheckIn) -> CheckIn:
    """This call is the actor's for HOLD. Of two people who ask at once one gets it.

    Raises NotFound for who does not call; InOtherHands; NoConsent when they may not be called (any more).
    """
    require(actor, Act.SEE_CALLS, row.program)
    now = clock.now()
    if not _consented(row, now):
        raise planning.NoConsent
    with transaction.atomic():
        journal.locked(row.pk)  # before the call itself, as everybody does
        free = Q(claimed_by=None) | Q(claimed_until__lt=now) | Q(claimed_by=actor)
        soon = Q(state=Call.SCHEDULED.value, starts_at__lte=now + EARLY)
        ready = Q(state__in=[one.value for one in CALLED]) | soon | Q(state=Call.CONNECTED.value)
        got = CheckIn.objects.filter(free & ready, pk=row.pk).update(
            claimed_by=actor, claimed_until=now + HOLD
        )
        if not got:
            raise InOtherHands
        journal.record(actor, "check-in.taken", row)
    return journal.check_in_of(row.pk)


def let_go(actor: Person, row: CheckIn) -> None:
    """Back into the queue. Idempotent."""
    require(actor, Act.SEE_CALLS, row.program)
    CheckIn.objects.filter(pk=row.pk, claimed_by=actor).update(claimed_by=None, claimed_until=None)


# The call.


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
    actor: Person, row: CheckIn, channel: str, outcome: TryOutcome, minutes: int | None = None
) -> CheckIn:
    """Log a try to reach them. After the fourth without an answer the call is missed.

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
        Invalid: no note; a tier other than the proposed one without a reason; a next day in the past.
        IllegalMove: nobody has been reached, or it is written down already.
    """
    require(actor, Act.MAKE_CHECK_IN, row)
    if not outcome.note.strip() or max(map(len, (outcome.note, outcome.summary, outcome.why))) > LONGEST:
        raise Invalid("Write a few words about the call.")
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
        journal.move(row, CallEvent.CLOSED, now, actor)
        row.closed_at, row.tier, row.proposed_tier = now, outcome.tier.value, proposed.tier.value
        row.claimed_by, row.claimed_until, row.link_hash = None, None, None
        row.save()
        due.void(row, now, (Step.UNFINISHED,))
        _decide(row, actor, outcome, proposed.tier, [reason.value for reason in proposed.reasons], now)
        _write(row, actor, outcome.note, False, now)
        if outcome.summary.strip():
            _write(row, actor, outcome.summary, True, now)
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


# What was written.


def notes(actor: Person, row: CheckIn, limit: int = 5) -> list[Note]:
    """The latest staff notes about this alumnus, newest first. Leaves an audit row first. Raises NotFound,
    NotAllowed."""
    require(actor, Act.SEE_CHECK_IN, row)
    journal.record(actor, "check-in.notes-read", row)
    rows = CallNote.objects.filter(check_in__course=row.course_id, for_alumnus=False)
    return [_read(one) for one in rows.select_related("by").order_by("-at")[:limit]]


def summaries(actor: Person, course: AftercareCourse, limit: int = 5) -> list[Note]:
    """What callers wrote for the alumnus, newest first. Raises NotFound for anybody else."""
    require(actor, Act.OWN_COURSE, course)
    rows = CallNote.objects.filter(check_in__course=course, for_alumnus=True)
    return [_read(one) for one in rows.select_related("by").order_by("-at")[:limit]]


def _begin(actor: Person, row: CheckIn) -> None:
    require(actor, Act.MAKE_CHECK_IN, row)
    if not _consented(row, clock.now()):
        raise planning.NoConsent


def _consented(row: CheckIn, now: datetime) -> bool:
    """Live consent; when it is gone the course ends here and now."""
    if planning.consented(row.course, now):
        return True
    with transaction.atomic():
        planning.revoke(journal.locked_course(row.course_id), now)
    return False


def _may_ring(urgency: int, zone: str, quiet: Quiet, now: datetime) -> bool:
    """Whom it is night for is called in the morning, unless they are in danger."""
    return urgency >= Tier.CRISIS or not is_quiet(now, zone, quiet)


def _waiting(program: UUID, now: datetime) -> CheckInQuerySet:
    return _ordered(CheckIn.objects.of(program).called().filter(next_try_at__lte=now))


def _ordered(rows: CheckInQuerySet) -> CheckInQuerySet:
    crisis = Escalation.objects.filter(
        course=OuterRef("course"), closed_at=None, tier__gte=Tier.CRISIS.value, handed_off_at=None
    )
    return (
        rows.select_related("course__person", "course__program", "caller", "claimed_by", "program")
        .annotate(
            urgency=Case(
                When(Exists(crisis), then=Value(Tier.CRISIS.value)),
                When(why__in=[Why.CONTACT, Why.ASKED], then=Value(Tier.HIGH.value)),
                default=Coalesce(F("proposed_tier"), Value(0)),
                output_field=IntegerField(),
            )
        )
        .order_by("-urgency", "next_try_at", "pk")
    )


def _choice(program: UUID, now: datetime) -> QuerySet[CheckIn, Any]:
    """Of those who wait only what decides who is next."""
    rows: Any = _waiting(program, now)
    found: QuerySet[CheckIn, Any] = rows.values_list(
        "pk", "course__person__time_zone", "claimed_by_id", "claimed_until", "urgency"
    )
    return found


_CHOICE: Final = Prepared(_choice, UUID, datetime)


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


def _write(row: CheckIn, actor: Person, text: str, for_alumnus: bool, now: datetime) -> None:
    pk = uuid.uuid4()
    CallNote(
        id=pk,
        check_in=row,
        for_alumnus=for_alumnus,
        by=actor,
        at=now,
        ciphertext=encryption.encrypt(text.strip(), f"call-note {pk}"),
    ).save()


def _read(row: CallNote) -> Note:
    return Note(encryption.decrypt(row.ciphertext, f"call-note {row.pk}"), row.by, row.at, row.check_in_id)


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
