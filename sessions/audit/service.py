"""The record of who saw or changed what. Hash-chained, so that an edited, lost or inserted row shows.

The digest is an HMAC under settings.AUDIT_KEYS[0], which lies outside the database: whoever can write to the
tables alone cannot make a chain that verifies. Older keys stay in the list so that older rows verify.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from sessions.audit.models import AuditChain, AuditEvent
from sessions.audit.models import Outcome as Outcome
from sessions.core import clock
from sessions.core.prepared import Prepared

GLOBAL: Final = UUID(int=0)  # the scope of what belongs to no programme

_CHAIN: Final = Prepared(lambda scope: AuditChain.objects.select_for_update().filter(scope=scope))


def record(
    *,
    actor_id: UUID | None,
    act: str,
    subject_type: str,
    subject_id: UUID | str,
    scope: UUID = GLOBAL,
    outcome: Outcome = Outcome.ALLOWED,
    reason: str = "",
) -> AuditEvent:
    """Append one event to the chain of `scope` (a programme's id, or GLOBAL).

    Inside a transaction the event stands or falls with it, and the chain stays locked until its end: record
    last, and record before anything is shown ("no row, no data"). `actor_id` is None for the system itself.
    """
    (event,) = _events(actor_id, act, subject_type, [subject_id], scope, outcome, reason)
    _keep([event])
    return event


def record_each(
    *, actor_id: UUID | None, act: str, subject_type: str, subject_ids: Collection[UUID | str], scope: UUID
) -> None:
    """`record` for each of many subjects of one look, at the cost of one."""
    _keep(_events(actor_id, act, subject_type, subject_ids, scope, Outcome.ALLOWED, ""))


def record_look(
    *,
    actor_id: UUID | None,
    act: str,
    subject_type: str,
    subject_id: UUID | str,
    people: Collection[UUID],
    scope: UUID,
) -> None:
    """One look at what tells of many people: an event about it and one about each, at the cost of one.

    So that each of them finds it in who saw their record.
    """
    _keep(
        [
            *_events(actor_id, act, subject_type, [subject_id], scope, Outcome.ALLOWED, ""),
            *_events(actor_id, act, "person", sorted(people), scope, Outcome.ALLOWED, ""),
        ]
    )


@contextmanager
def gathered() -> Iterator[None]:
    """What is put on record within is written at the end, all at once; nothing of it after an exception.

    For a transaction that is long and does much: the chain, on which everybody else's acts wait, is locked
    for its last moment alone. Belongs inside that transaction.
    """
    before = _GATHERED.set([])
    try:
        yield
        events = _GATHERED.get() or []
    finally:
        _GATHERED.reset(before)
    _keep(events)


_GATHERED: Final[ContextVar[list[AuditEvent] | None]] = ContextVar("gathered", default=None)


def _events(
    actor_id: UUID | None,
    act: str,
    subject_type: str,
    subject_ids: Collection[UUID | str],
    scope: UUID,
    outcome: Outcome,
    reason: str,
) -> list[AuditEvent]:
    at = clock.now()
    return [
        AuditEvent(
            scope=scope,
            at=at,
            actor_id=actor_id,
            act=act,
            subject_type=subject_type,
            subject_id=str(each),
            outcome=outcome,
            reason=reason,
        )
        for each in subject_ids
    ]


def _keep(events: list[AuditEvent]) -> None:
    gathering = _GATHERED.get()
    if gathering is not None:
        gathering += events
        return
    for scope in sorted({event.scope for event in events}):  # two that lock several chains, in one order
        _append(scope, [event for event in events if event.scope == scope])


def _append(scope: UUID, events: list[AuditEvent]) -> None:
    with transaction.atomic():
        chain = _CHAIN.model(scope)
        if chain is None:
            chain, _ = AuditChain.objects.select_for_update().get_or_create(scope=scope)
        for event in events:
            event.seq, event.previous = chain.length + 1, chain.digest
            event.digest = _digest(event, settings.AUDIT_KEYS[0])
            chain.length, chain.digest = event.seq, event.digest
        if len(events) == 1:
            events[0].save()
        else:
            AuditEvent.objects.bulk_create(events, batch_size=200)
        chain.save(update_fields=["length", "digest"])


def looks_at(person_id: UUID, others: Sequence[str] = ()) -> QuerySet[AuditEvent]:
    """Every event about a person, or about `others` of theirs (ids), by somebody else; newest first."""
    about = Q(subject_type="person", subject_id=str(person_id)) | Q(subject_id__in=list(others))
    return AuditEvent.objects.filter(about).exclude(actor_id=person_id).order_by("-at", "-seq")


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a chain does not hold, and how it shows."""

    scope: UUID
    seq: int
    why: str


def verify() -> list[Breach]:
    """Walk every chain. Empty when each row is the one that was written and none is missing.

    A chain put back as a whole to an earlier state, its head included, can only be seen by comparing
    `heads()` with a copy kept elsewhere.
    """
    return list(_breaches())


def heads() -> dict[UUID, tuple[int, str]]:
    """Length and last digest of every chain: for keeping elsewhere."""
    return {chain.scope: (chain.length, chain.digest) for chain in AuditChain.objects.order_by("scope")}


def _breaches() -> Iterator[Breach]:
    expected = heads()
    walked: dict[UUID, tuple[int, str]] = {}
    for event in AuditEvent.objects.order_by("scope", "seq").iterator():
        length, digest = walked.get(event.scope, (0, ""))
        if event.seq != length + 1:
            yield Breach(event.scope, length + 1, "missing")
        elif event.previous != digest:
            yield Breach(event.scope, event.seq, "does not follow the event before")
        made = (_digest(event, key).encode() for key in settings.AUDIT_KEYS)
        if not any(hmac.compare_digest(event.digest.encode(), one) for one in made):
            yield Breach(event.scope, event.seq, "edited")
        walked[event.scope] = (event.seq, event.digest)
    for scope in sorted(expected.keys() | walked.keys()):
        if walked.get(scope, (0, "")) != expected.get(scope, (0, "")):
            yield Breach(scope, expected.get(scope, (0, ""))[0], "the end differs from the head")


def _digest(event: AuditEvent, key: str) -> str:
    content = json.dumps(event.content(), separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key.encode(), content.encode(), hashlib.sha256).hexdigest()
