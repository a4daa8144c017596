"""Papers as their readers find them: what state each is in, and whose signature it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q

from sessions.audit import service as audit
from sessions.consents.models import Consent, ConsentQuerySet, ConsentSignature, How, Signer
from sessions.consents.purposes import Purpose, Scope
from sessions.consents.recipients import Named, named
from sessions.core import clock
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.clients import ClientFile


class Stage(StrEnum):
    OFFERED = "offered"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Signed:
    signer: Signer
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Paper:
    consent: Consent
    recipient: Named
    purpose: Purpose
    scopes: tuple[Scope, ...]
    stage: Stage
    signatures: tuple[Signed, ...]
    missing: tuple[Signer, ...]  # whose signature it waits for
    how: How | None  # it ended
    ended_at: datetime | None

    def awaits(self, person: Person) -> bool:
        """Whether this person's signature is missing."""
        if self.stage is not Stage.OFFERED:
            return False
        own = Signer.PATIENT if person.pk == self.consent.patient_id else Signer.GUARDIAN
        return self.consent.role_of(person) is not None and own in self.missing


def papers_of(actor: Person, file: ClientFile) -> list[Paper]:
    """One client's papers in one programme, the newest first. Leaves an audit row.

    Raises NotFound for anybody but the client and coordinators of the programme.
    """
    require(actor, Act.SEE_CONSENTS, file)
    audit.record(
        actor_id=actor.pk,
        act=Act.SEE_CONSENTS,
        subject_type="person",
        subject_id=file.person.pk,
        scope=file.program.pk,
    )
    return _papers(Consent.objects.of(file.program.pk).filter(patient=file.person))


def own_papers(person: Person) -> list[Paper]:
    """Those that are the person's own, or theirs to sign as a guardian, in every programme."""
    return _papers(Consent.objects.filter(Q(patient=person) | Q(guardian=person, needs_guardian=True)))


def waiting_for(person: Person) -> int:
    """How many papers wait for the person's signature. One query: home pages ask every few seconds."""
    now = clock.now()
    given = ConsentSignature.objects.filter(consent=OuterRef("pk"))
    mine = Q(patient=person, needs_patient=True) & ~Exists(given.filter(signer=Signer.PATIENT))
    wards = Q(guardian=person, needs_guardian=True) & ~Exists(given.filter(signer=Signer.GUARDIAN))
    standing = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return Consent.objects.filter(mine | wards, standing, end__isnull=True).count()


def paper(consent: Consent) -> Paper:
    """For who has been let in: service.consent_of."""
    (found,) = _papers(Consent.objects.filter(pk=consent.pk))
    return found


def _papers(rows: ConsentQuerySet) -> list[Paper]:
    now = clock.now()
    live = set(rows.live(now).values_list("pk", flat=True))
    found = rows.select_related("program", "patient", "guardian", "recipient__person", "end")
    return [
        _paper(row, row.pk in live, now)
        for row in found.prefetch_related("signatures").order_by("-offered_at", "pk")
    ]


def _paper(row: Consent, live: bool, now: datetime) -> Paper:
    signatures = tuple(
        Signed(Signer(one.signer), one.typed_name, one.signed_at)
        for one in sorted(row.signatures.all(), key=lambda one: one.signed_at)
    )
    given = {one.signer for one in signatures}
    needed = [Signer.PATIENT] * row.needs_patient + [Signer.GUARDIAN] * row.needs_guardian
    missing = tuple(signer for signer in needed if signer not in given)
    end = getattr(row, "end", None)
    if end is not None:
        stage = Stage.ENDED
    elif live:
        stage = Stage.IN_FORCE
    elif missing and (row.expires_at is None or row.expires_at > now):
        stage = Stage.OFFERED
    else:
        stage = Stage.EXPIRED
    return Paper(
        consent=row,
        recipient=named(row.recipient),
        purpose=Purpose(row.purpose),
        scopes=tuple(Scope(scope) for scope in row.scopes),
        stage=stage,
        signatures=signatures,
        missing=missing,
        how=How(end.how) if end is not None else None,
        ended_at=end.at if end is not None else None,
    )
