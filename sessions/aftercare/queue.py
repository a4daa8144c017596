"""The queue of calls: who is to be called now, the most urgent first; each in one person's hand at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from sessions.aftercare import consented, journal, planning, plans
from sessions.aftercare.machine import CALLED, Call
from sessions.aftercare.models import CheckIn, CheckInQuerySet, Why
from sessions.aftercare.policies import policy_of
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.daytime import Quiet, is_quiet
from sessions.core.errors import IllegalMove, NotFound
from sessions.core.prepared import Prepared
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Program

HOLD: Final = timedelta(minutes=30)  # a call is in one person's hand for so long without news
EARLY: Final = timedelta(minutes=30)  # a caller may begin so long before the appointment


class InOtherHands(IllegalMove):
    code = "in-other-hands"
    text = "Somebody else has this call in hand. Take the next one."


class NothingToCall(NotFound):
    text = "Nobody is to be called right now."


def day(actor: Person, program: Program, now: datetime) -> tuple[list[CheckIn], list[CheckIn], list[CheckIn]]:
    """The queue, what else the day holds, and what is not written down yet; on record for each alumnus.

    Raises NotFound for who does not call.
    """
    found = waiting(actor, program, now), later(actor, program, now), unfinished(actor, program)
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_CALLS,
        subject_type="program",
        subject_id=program.pk,
        people={row.course.person_id for rows in found for row in rows},
        scope=program.pk,
    )
    return found


def waiting(actor: Person, program: Program, now: datetime) -> list[CheckIn]:
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
        if holder is None or not held(until, now):
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
    if not consented.still(row, now):
        raise planning.NoConsent
    with transaction.atomic():
        journal.locked(row.pk)  # before the call itself, as everybody does
        free = Q(claimed_by=None) | ~Q(claimed_until__range=(now, now + HOLD)) | Q(claimed_by=actor)
        soon = Q(state=Call.SCHEDULED.value, starts_at__lte=now + EARLY)
        ready = Q(state__in=[one.value for one in CALLED]) | soon | Q(state=Call.CONNECTED.value)
        got = CheckIn.objects.filter(free & ready, pk=row.pk).update(
            claimed_by=actor, claimed_until=now + HOLD
        )
        if not got:
            raise InOtherHands
        journal.record(actor, "check-in.taken", row)
    return journal.check_in_of(row.pk)


def held(until: datetime | None, now: datetime) -> bool:
    """Whether a call that was taken is still in that hand. One that was taken by a clock which has been set
    back since is not: nobody holds it for longer than HOLD."""
    return until is not None and now <= until <= now + HOLD


def let_go(actor: Person, row: CheckIn) -> None:
    """Back into the queue. Idempotent."""
    require(actor, Act.SEE_CALLS, row.program)
    CheckIn.objects.filter(pk=row.pk, claimed_by=actor).update(claimed_by=None, claimed_until=None)


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
