"""What somebody answered before or in a call: kept encrypted, read on record, weighed at once.

An answer that says somebody is in danger counts in the moment it is saved, finished form or not; so does the
wish to be called sooner.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from sessions.aftercare import asking, escalation, instruments, journal, planning
from sessions.aftercare.machine import OVER, Call
from sessions.aftercare.models import CheckIn, CheckInForm
from sessions.aftercare.policies import policy_of
from sessions.aftercare.risk import ASKS_FOR_A_CALL, Assessment, Scores, Tier, assess, scores
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid
from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.people.access import Act, require
from sessions.people.models import Person

TREND: Final = 12  # calls
Kept: TypeAlias = Mapping[str, dict[str, int]]  # answers by whose they are
_KEPT: Final = Prepared(
    lambda row: CheckInForm.objects.filter(check_in=row).values_list("source", "ciphertext")
)
_ANSWERED_BEFORE: Final = Prepared(
    lambda course, number: CheckIn.objects.filter(
        Exists(CheckInForm.objects.filter(check_in=OuterRef("pk"))), course=course, number__lt=number
    ).order_by("-number")[:1],
    UUID,
    int,
)


@dataclass(frozen=True, slots=True)
class Point:
    """One call in the trend."""

    at: datetime
    scores: Scores
    tier: Tier | None


def answer(actor: Person, row: CheckIn, given: Mapping[str, int], *, finished: bool = False) -> Assessment:
    """Keep some answers of the alumnus, beside those given before; each may be given anew until the call.

    Raises:
        NotFound: not the alumnus's call.
        IllegalMove: the call is over.
        Invalid: no such question or choice.
    """
    require(actor, Act.ANSWER_CHECK_IN, row)
    return _keep(actor, row, CheckInForm.ALUMNUS, given, finished)


def interview(actor: Person, row: CheckIn, given: Mapping[str, int]) -> Assessment:
    """What the caller heard. Raises as `answer` does; NotFound, NotAllowed for who does not make the call."""
    require(actor, Act.MAKE_CHECK_IN, row)
    return _keep(actor, row, CheckInForm.CALLER, given, True)


def own(actor: Person, row: CheckIn) -> dict[str, int]:
    """What the alumnus has answered so far: to go on with. Raises NotFound."""
    require(actor, Act.ANSWER_CHECK_IN, row)
    return stored(row, CheckInForm.ALUMNUS)


def read(actor: Person, row: CheckIn) -> dict[str, int]:
    """All answers about one call; the caller's own count where both have one. Leaves an audit row first.

    Raises NotFound, NotAllowed.
    """
    require(actor, Act.SEE_CHECK_IN, row)
    journal.record(actor, "check-in.answers-read", row)
    return merged(row)


def assessment(row: CheckIn) -> Assessment:
    """The proposed tier, for who has been let in."""
    return assess(merged(row), policy_of(row.program_id), _before(row))


def trend(row: CheckIn) -> list[Point]:
    """The calls so far, this one last, for who has been let in: what the answers came to."""
    rows = list(
        CheckIn.objects.filter(course=row.course_id, number__lte=row.number, forms__isnull=False)
        .distinct()
        .order_by("-number")
        .prefetch_related("forms")[:TREND]
    )
    once(("answered-before", row.pk), lambda: next((one for one in rows if one.number < row.number), None))
    return [
        Point(
            one.reached_at or one.starts_at or datetime.combine(one.due_on, datetime.min.time()),
            scores(
                _merged(_opened(one, [(form.source, bytes(form.ciphertext)) for form in one.forms.all()]))
            ),
            Tier(one.tier) if one.tier else None,
        )
        for one in reversed(rows)
    ]


def merged(row: CheckIn) -> dict[str, int]:
    """All answers, for who has been let in; the caller's own count where both have one."""
    return _merged(_opened(row))


def stored(row: CheckIn, source: str) -> dict[str, int]:
    return _opened(row).get(source, {})


def _merged(kept: Kept) -> dict[str, int]:
    return {**kept.get(CheckInForm.ALUMNUS, {}), **kept.get(CheckInForm.CALLER, {})}


def _opened(row: CheckIn, rows: Collection[tuple[str, bytes]] | None = None) -> Kept:
    """By whose they are; `rows` when they have been read. Opened once for a page that is looked at."""

    def read() -> Kept:
        return {
            source: instruments.valid(json.loads(encryption.decrypt(ciphertext, _place(row, source))))
            for source, ciphertext in (_KEPT.rows(row.pk) if rows is None else rows)
            if ciphertext
        }

    return once(("check-in-answers", row.pk), read)


def finished(row: CheckIn) -> bool:
    """Whether the alumnus has handed the form in."""
    return CheckInForm.objects.filter(
        check_in=row, source=CheckInForm.ALUMNUS, submitted_at__isnull=False
    ).exists()


def _keep(actor: Person, row: CheckIn, source: str, given: Mapping[str, int], finished: bool) -> Assessment:
    try:
        wanted = instruments.valid(dict(given))
    except ValueError as wrong:
        raise Invalid("Please choose one of the answers.") from wrong
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        if Call(row.state) in OVER:
            raise IllegalMove("This call is over. Your next one has its own questions.")
        form, _ = CheckInForm.objects.get_or_create(
            check_in=row,
            source=source,
            defaults={"instrument": instruments.VERSION, "started_at": now},
        )
        before = stored(row, source)
        everything = {**before, **wanted}
        form.ciphertext = encryption.encrypt(json.dumps(everything, sort_keys=True), _place(row, source))
        if finished:
            form.submitted_at = form.submitted_at or now
        form.save()
        found = assessment(row)
        row.proposed_tier = found.tier.value
        row.save(update_fields=["proposed_tier"])
        if source == CheckInForm.CALLER or finished:
            journal.record(actor, "check-in.answered", row)
        if found.tier is Tier.CRISIS:
            escalation.crisis(row, found, now, heard=source == CheckInForm.CALLER)
        elif found.tier is Tier.HIGH and finished and source == CheckInForm.ALUMNUS:
            escalation.high(row, now)
        asks = source == CheckInForm.ALUMNUS and wanted.get("wish") == ASKS_FOR_A_CALL
        if asks and before.get("wish") != ASKS_FOR_A_CALL and planning.consented(row.course, now):
            asking.call_soon(actor, row.course, now)
        return found


def _before(row: CheckIn) -> dict[str, int] | None:
    """The answers of the latest call before this one that has any."""
    earlier = once(("answered-before", row.pk), lambda: _ANSWERED_BEFORE.model(row.course_id, row.number))
    return None if earlier is None else merged(earlier)


def _place(row: CheckIn, source: str) -> str:
    return f"check-in-form {row.pk} {source}"
