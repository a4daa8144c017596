"""The one question that others ask before they show or tell anything: what may be told to whom now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from sessions.consents.models import Consent, Recipient
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import zones
from sessions.core.prepared import Prepared
from sessions.people.models import Person
from sessions.programs.models import Program


def _live_to(field: str, kind: type) -> Prepared[Consent]:
    """What counts towards whom `field` says, the latest first: asked at every step of aftercare."""

    def build(
        program: UUID, patient: UUID, purpose: str, at: datetime, today: date, value: object
    ) -> QuerySet[Consent]:
        rows = Consent.objects.of(program).live(at, today)
        return rows.filter(patient=patient, purpose=purpose, **{field: value}).order_by("-offered_at", "pk")

    return Prepared(build, UUID, UUID, str, datetime, date, kind)


_ZONE: Final = Prepared(lambda pk: Program.objects.filter(pk=pk).values_list("time_zone"))
_TO_RECIPIENT: Final = _live_to("recipient", UUID)
_TO_GUEST: Final = _live_to("recipient__person", UUID)
_TO_KIND: Final = _live_to("recipient__kind", str)


def live_consent(
    *,
    program_id: UUID,
    patient: Person | UUID,
    recipient: Recipient | Person | None,
    purpose: Purpose,
    scope: Scope,
    at: datetime,
    zone: str | None = None,
) -> Consent | None:
    """The consent under which the programme may, at this moment, tell this recipient this; None forbids it.

    Args:
        recipient: a Recipient row; a family guest; None for the programme itself (aftercare calls).
        at: now, for anything that is about to happen.
        zone: the programme's, by whoever has it at hand.
    """
    zone = zone or _ZONE.value(program_id)
    if zone is None:
        return None
    client = patient.pk if isinstance(patient, Person) else patient
    asked = (program_id, client, purpose.value, at, zones.local_date(at, zone))
    match recipient:
        case Recipient():
            rows = _TO_RECIPIENT.models(*asked, recipient.pk)
        case Person():
            rows = _TO_GUEST.models(*asked, recipient.pk)
        case None:
            rows = _TO_KIND.models(*asked, RecipientKind.PROGRAM.value)
    return next((row for row in rows if scope.value in row.scopes), None)


def present_for(program_id: UUID, guests: Iterable[UUID], at: datetime) -> frozenset[tuple[UUID, UUID]]:
    """Pairs of client and family guest with a live consent to the guest's presence. One query for all."""
    rows = Consent.objects.of(program_id).live(at).filter(purpose=Purpose.PRESENCE.value)
    pairs = rows.filter(recipient__person__in=list(guests)).values_list("patient_id", "recipient__person_id")
    return frozenset((patient, guest) for patient, guest in pairs if guest is not None)
