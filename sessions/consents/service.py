"""Papers offered, signed, taken back; and what was told to whom.

What others ask before they show or tell anything is in live.py, and offered here, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.dispatch import Signal

from sessions.audit import service as audit
from sessions.consents import document as documents
from sessions.consents.disclosures import NotCovered, Told, disclose, record_by_hand, told_about
from sessions.consents.document import Document
from sessions.consents.live import live_consent, present_for
from sessions.consents.models import Consent, ConsentEnd, ConsentSignature, How, Recipient, Signer
from sessions.consents.purposes import RULES, MinorsRule, Purpose, RecipientKind, Scope, misfit, signers
from sessions.consents.recipients import Named, guest_recipient, named, outside_recipient, program_recipient
from sessions.core import clock, encryption, zones
from sessions.core.errors import Fault, IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.clients import ClientFile
from sessions.programs.models import Program

ended: Final = Signal()  # sent on commit with `consent`: whoever rests on it looks again


class NotTheseWords(IllegalMove):
    code = "other-words"
    text = "This paper is not the one you read. Please read it once more."


class NotYours(IllegalMove):
    code = "signed-already"
    text = "You have signed this paper already."


class Over(IllegalMove):
    code = "paper-over"
    text = "This paper does not count any more."


class WrongName(Invalid):
    code = "wrong-name"
    text = "Type your full name, as it is in your account, to sign."


@dataclass(frozen=True, slots=True)
class Minor:
    """Somebody under age: until when, and who signs for them."""

    of_age_on: date
    guardian: Person


@dataclass(frozen=True, slots=True)
class Offer:
    purpose: Purpose
    recipient: Recipient
    scopes: Collection[Scope]
    last_day: date | None  # in the programme's zone
    with_episode: bool = False  # ends when the client leaves, if that is earlier
    minor: Minor | None = None


def offer(actor: Person, file: ClientFile, what: Offer) -> Consent:
    """Put a paper in front of the client, in the client's language. It counts when it is signed.

    Raises:
        NotFound, NotAllowed: the actor does not coordinate the client's programme.
        Invalid: the parts do not fit together, or it has no end.
    """
    require(actor, Act.KEEP_CONSENTS, file)
    program, patient, recipient = file.program, file.person, what.recipient
    if (recipient.program_id, recipient.patient_id) != (program.pk, patient.pk):
        raise NotFound
    kind = RecipientKind(recipient.kind)
    scopes = [scope for scope in Scope if scope in what.scopes]
    if wrong := misfit(what.purpose, kind, scopes):
        raise Invalid(wrong.value)
    now = clock.now()
    today = zones.local_date(now, program.time_zone)
    expires_at = _end_of_day(what.last_day, program, today, RULES[what.purpose].longest)
    if expires_at is None and not what.with_episode:
        raise Invalid("Say until when this counts.")
    minor = what.minor
    needed = signers(minor is None, _minors_rule(program))
    guardian = minor.guardian if minor is not None and needed.guardian else None
    if minor is not None and minor.of_age_on <= today:
        raise Invalid("Somebody of age signs alone.")
    if guardian is not None:
        guest_recipient(file, guardian)  # of the household, or Invalid
    paper = documents.write(
        language=patient.language,
        patient=patient.name,
        discloser=program.name,
        recipient=named(recipient).line,
        kind=kind,
        purpose=what.purpose,
        scopes=scopes,
        last_day=what.last_day,
        with_episode=what.with_episode,
        guardian=guardian.name if guardian else "",
    )
    pk, text = uuid.uuid4(), paper.dump()
    with transaction.atomic():
        Recipient.objects.select_for_update().get(pk=recipient.pk)  # one number each
        earlier = Consent.objects.filter(recipient=recipient, purpose=what.purpose.value)
        for row in earlier.filter(end__isnull=True):
            if not Consent.objects.filter(pk=row.pk).signed(now).exists():
                _end(row, How.REPLACED, actor, now)
        consent = Consent(
            id=pk,
            program=program,
            patient=patient,
            recipient=recipient,
            purpose=what.purpose.value,
            number=(earlier.aggregate(last=Max("number"))["last"] or 0) + 1,
            scopes=[scope.value for scope in scopes],
            expires_at=expires_at,
            with_episode=what.with_episode,
            needs_patient=needed.patient,
            needs_guardian=needed.guardian,
            guardian=guardian,
            guardian_until=zones.day(minor.of_age_on, program.time_zone).start
            if minor is not None and guardian is not None
            else None,
            language=patient.language,
            ciphertext=encryption.encrypt(text, _consent_place(pk)),
            sha256=documents.sha256(text),
            offered_by=actor,
            offered_at=now,
        )
        consent.save()
        _record(actor, Act.KEEP_CONSENTS, consent, consent.sha256)
    return consent


def sign(actor: Person, consent: Consent, *, typed_name: str, sha256: str, agreed: bool) -> ConsentSignature:
    """The actor's own signature: as the client, or as the guardian that the paper names.

    A paper that is now complete replaces the earlier one for the same recipient and purpose.

    Args:
        sha256: of the words that the actor read.
        agreed: the actor ticked the document's intent.

    Raises:
        NotFound, NotAllowed: the paper is not the actor's to sign.
        NotTheseWords, NotYours, Over: it is another paper, signed already, or ended.
        WrongName, Invalid: the typed name is not the actor's; the intent was not ticked.
    """
    require(actor, Act.SIGN_CONSENT, consent)
    if " ".join(typed_name.split()).casefold() != " ".join(actor.name.split()).casefold():
        raise WrongName
    if not agreed:
        raise Invalid("Tick that you agree, or leave without signing.")
    if sha256 != consent.sha256:
        raise NotTheseWords
    signer = Signer.PATIENT if actor.pk == consent.patient_id else Signer.GUARDIAN
    if not (consent.needs_patient if signer is Signer.PATIENT else consent.needs_guardian):
        raise Over("This paper needs no signature of yours.")
    words = read(consent)
    with transaction.atomic():
        _lock(consent)
        now = clock.now()
        if ConsentEnd.objects.filter(consent=consent).exists() or _expired(consent, now):
            raise Over
        if ConsentSignature.objects.filter(consent=consent, signer=signer).exists():
            raise NotYours
        signature = ConsentSignature(
            consent=consent,
            signer=signer,
            signed_by=actor,
            signed_at=now,
            typed_name=typed_name.strip(),
            intent=words.intent,
            sha256=sha256,
        )
        signature.save()
        _record(actor, Act.SIGN_CONSENT, consent, sha256)
        if Consent.objects.filter(pk=consent.pk).signed(now).exists():
            earlier = Consent.objects.filter(
                recipient=consent.recipient_id,
                purpose=consent.purpose,
                number__lt=consent.number,
                end__isnull=True,
            )
            for row in earlier:
                _end(row, How.REPLACED, actor, now)
    return signature


def end(actor: Person, consent: Consent) -> None:
    """Take a paper back: it ends now. For the client, the guardian, and a coordinator whom they told.

    Before anybody signed it is declined, or withdrawn by staff. Idempotent.

    Raises NotFound or NotAllowed for anybody else.
    """
    require(actor, Act.END_CONSENT, consent)
    with transaction.atomic():
        _lock(consent)
        if ConsentEnd.objects.filter(consent=consent).exists():
            return
        now = clock.now()
        if Consent.objects.filter(pk=consent.pk).signed(now).exists():
            how = How.REVOKED
        else:
            how = How.DECLINED if consent.role_of(actor) else How.WITHDRAWN
        _end(consent, how, actor, now)


def consent_of(actor: Person, consent_id: UUID | str) -> Consent:
    """Raises NotFound for what is not there or not for the actor. Reading leaves an audit row."""
    try:
        row = Consent.objects.select_related("program", "patient", "recipient__person", "guardian").get(
            pk=consent_id
        )
    except (Consent.DoesNotExist, ValidationError, ValueError) as none:
        raise NotFound from none
    require(actor, Act.SEE_CONSENT, row)
    _record(actor, Act.SEE_CONSENT, row)
    return row


def read(consent: Consent) -> Document:
    """The words, for who has been let in. Raises Fault when they are not the ones that were hashed."""
    text = encryption.decrypt(consent.ciphertext, _consent_place(consent.pk))
    if documents.sha256(text) != consent.sha256:
        raise encryption.Unreadable("the words differ from their hash")
    return Document.load(text)


def signed_at(consent: Consent) -> datetime:
    """When the last signature that it needed was given. Raises Fault for one that is not signed."""
    rows = ConsentSignature.objects.filter(consent=consent)
    at: datetime | None = rows.aggregate(last=Max("signed_at"))["last"]
    if at is None:
        raise Fault("not signed")
    return at


def _end(consent: Consent, how: How, actor: Person, now: datetime) -> None:
    ConsentEnd(consent=consent, how=how, at=now, by=actor).save()
    _record(actor, Act.END_CONSENT, consent, how.value)
    transaction.on_commit(lambda: ended.send(Consent, consent=consent))


def _lock(consent: Consent) -> None:
    """The recipient's row: its papers are signed and ended one after the other."""
    Recipient.objects.select_for_update().get(pk=consent.recipient_id)


def _expired(consent: Consent, now: datetime) -> bool:
    ends = [moment for moment in (consent.expires_at, consent.guardian_until) if moment is not None]
    return any(moment <= now for moment in ends)


def _end_of_day(day: date | None, program: Program, today: date, longest: timedelta) -> datetime | None:
    if day is None:
        return None
    if not today <= day <= today + longest:
        raise Invalid("The last day lies too far ahead, or in the past.")
    return zones.day(day, program.time_zone).end


def _minors_rule(program: Program) -> MinorsRule:
    return MinorsRule(program.settings.get("minors_sign", MinorsRule.BOTH.value))


def _consent_place(pk: UUID) -> str:
    return f"consent {pk}"


def _record(actor: Person, act: str, consent: Consent, reason: str = "") -> None:
    audit.record(
        actor_id=actor.pk,
        act=act,
        subject_type="consent",
        subject_id=consent.pk,
        scope=consent.program_id,
        reason=reason,
    )


__all__ = [
    "Minor",
    "Named",
    "NotCovered",
    "NotTheseWords",
    "NotYours",
    "Offer",
    "Over",
    "Told",
    "WrongName",
    "consent_of",
    "disclose",
    "end",
    "ended",
    "guest_recipient",
    "live_consent",
    "named",
    "offer",
    "outside_recipient",
    "present_for",
    "program_recipient",
    "read",
    "record_by_hand",
    "sign",
    "signed_at",
    "told_about",
]
