"""What was told to whom: logged with its basis, and read back as the accounting that a client may ask for.

Source: 42 CFR 2.25 and 45 CFR 164.528; DOMAIN 7.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.audit import service as audit
from sessions.consents.models import Basis, Consent, Disclosure, Recipient
from sessions.consents.purposes import Purpose, Scope
from sessions.consents.recipients import Named, named
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.clients import ClientFile

VIA: Final = ("report", "session", "telephone", "letter", "in_person", "electronic")
BY_HAND: Final = ("telephone", "letter", "in_person", "electronic")
WORDS_LONGEST: Final = 2_000


class NotCovered(IllegalMove):
    code = "not-covered"
    text = "No consent in force allows this."


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the accounting."""

    id: UUID
    at: datetime
    recipient: Named
    basis: Basis
    purpose: Purpose | None
    scopes: tuple[Scope, ...]
    via: str
    by: Person
    words: str  # what was told, when somebody wrote it down
    sha256: str


def disclose(
    actor: Person,
    consent: Consent,
    *,
    scopes: Collection[Scope],
    via: str,
    reference: str = "",
    sha256: str = "",
    words: str = "",
) -> Disclosure:
    """Log that something was told under a consent. In the transaction of what tells it: no row, no data.

    The caller has asked whether the actor may. Raises NotCovered when the consent is not in force now, or
    does not cover the scopes.
    """
    with transaction.atomic():
        Recipient.objects.select_for_update().get(pk=consent.recipient_id)  # against taking back meanwhile
        live = Consent.objects.filter(pk=consent.pk).live(clock.now()).exists()
        if not live or not {scope.value for scope in scopes} <= set(consent.scopes):
            raise NotCovered
        return _add(
            actor.pk,
            consent.recipient,
            Basis.CONSENT,
            consent=consent,
            purpose=consent.purpose,
            scopes=scopes,
            via=via,
            reference=reference,
            sha256=sha256,
            words=words,
        )


def record_by_hand(
    actor: Person,
    file: ClientFile,
    *,
    recipient: Recipient,
    consent: Consent | None,
    basis: Basis,
    scopes: Collection[Scope],
    via: str,
    words: str,
) -> Disclosure:
    """Log what somebody of the programme told by telephone, letter or in person.

    Raises:
        NotFound, NotAllowed: the actor does not coordinate the client's programme; somebody else's paper.
        NotCovered: under consent, and none in force allows it.
        Invalid: nothing said about what was told, or the parts do not fit together.
    """
    require(actor, Act.DISCLOSE, file)
    if (recipient.program_id, recipient.patient_id) != (file.program.pk, file.person.pk):
        raise NotFound
    if not words.strip() or len(words) > WORDS_LONGEST:
        raise Invalid("Say in a few words what was told.")
    if not scopes or via not in BY_HAND or (basis is Basis.CONSENT) != (consent is not None):
        raise Invalid("These values do not fit together.")
    if consent is not None:
        if consent.recipient_id != recipient.pk:
            raise NotFound
        return disclose(actor, consent, scopes=scopes, via=via, words=words.strip())
    with transaction.atomic():
        return _add(actor.pk, recipient, basis, scopes=scopes, via=via, words=words.strip())


def shared_session(
    program_id: UUID, meeting_id: UUID, clients: Collection[UUID], guests: Mapping[UUID, UUID], at: datetime
) -> None:
    """Log that family guests were let into a session of these clients, under the consent to their presence
    that is in force: once for a session, a client and a guest. In the transaction that lets them in.

    Args:
        guests: with who let them in.
    """
    papers = (
        Consent.objects.of(program_id)
        .live(at)
        .filter(
            purpose=Purpose.PRESENCE.value,
            recipient__person__in=guests,
            patient__in=clients,
        )
        .select_related("recipient")
        .order_by("offered_at", "pk")
    )
    known = set(
        Disclosure.objects.filter(
            program=program_id, via="session", reference=str(meeting_id), recipient__person__in=guests
        ).values_list("recipient_id", flat=True)
    )
    for consent in papers:
        guest = consent.recipient.person_id
        if guest is None or consent.recipient_id in known:
            continue
        known.add(consent.recipient_id)
        _add(
            guests[guest],
            consent.recipient,
            Basis.CONSENT,
            consent=consent,
            purpose=consent.purpose,
            scopes=[Scope.PRESENCE],
            via="session",
            reference=str(meeting_id),
        )


def told_about(actor: Person, file: ClientFile) -> list[Told]:
    """The accounting, the newest first: for the client and for coordinators. Leaves an audit row.

    Raises NotFound for anybody else.
    """
    require(actor, Act.SEE_DISCLOSURES, file)
    audit.record(
        actor_id=actor.pk,
        act=Act.SEE_DISCLOSURES,
        subject_type="person",
        subject_id=file.person.pk,
        scope=file.program.pk,
    )
    rows = Disclosure.objects.filter(program=file.program, patient=file.person)
    return [_told(row) for row in rows.select_related("recipient__person", "by").order_by("-at", "pk")]


def _told(row: Disclosure) -> Told:
    return Told(
        id=row.pk,
        at=row.at,
        recipient=named(row.recipient),
        basis=Basis(row.basis),
        purpose=Purpose(row.purpose) if row.purpose else None,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        via=row.via,
        by=row.by,
        words=encryption.decrypt(row.ciphertext, _place(row.pk)) if row.ciphertext else "",
        sha256=row.sha256,
    )


def _add(
    by: UUID,
    recipient: Recipient,
    basis: Basis,
    *,
    scopes: Collection[Scope],
    via: str,
    consent: Consent | None = None,
    purpose: str = "",
    reference: str = "",
    sha256: str = "",
    words: str = "",
) -> Disclosure:
    pk = uuid.uuid4()
    row = Disclosure(
        id=pk,
        program_id=recipient.program_id,
        patient_id=recipient.patient_id,
        recipient=recipient,
        basis=basis,
        consent=consent,
        purpose=purpose,
        scopes=_ordered(scopes),
        at=clock.now(),
        by_id=by,
        via=via,
        reference=reference,
        sha256=sha256,
        ciphertext=encryption.encrypt(words, _place(pk)) if words else b"",
    )
    row.save()
    audit.record(
        actor_id=by,
        act=Act.DISCLOSE,
        subject_type="disclosure",
        subject_id=pk,
        scope=recipient.program_id,
        reason=basis.value,
    )
    return row


def _ordered(scopes: Collection[Scope]) -> Sequence[str]:
    return [scope.value for scope in Scope if scope in scopes]


def _place(pk: UUID) -> str:
    return f"disclosure {pk}"
