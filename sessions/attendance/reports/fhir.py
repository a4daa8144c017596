"""Signed attendance as a FHIR R4 bundle: an Appointment for each session, an Encounter for each attended one.

Built as plain values and then read by the models of fhir.resources: what does not validate is never handed
out. Its R4B module is the R4 that is still maintained; for these resource types R4 and R4B are the same
(hl7.org/fhir/R4B/diff.html). What was attended elsewhere is left out: who kept it hands it out, and twice
would be one session too many. Minutes of the Encounter's length are credited minutes as they hold now.
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sessions.attendance.models import AttendanceStatus
from sessions.attendance.reports.audiences import Column
from sessions.attendance.reports.content import Content, Entry
from sessions.core.errors import Fault
from sessions.people.models import Person

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
UNITS: Final = "http://unitsofmeasure.org"
_ORGANIZATION: Final = uuid.UUID("6f2a4f0e-0000-5000-8000-76696f700000")  # namespace of names below


class NotValid(Fault):
    """Our bundle is not FHIR."""


def write(
    content: Content,
    patient: Person,
    staff: dict[UUID, tuple[Person, ...]],
    report_id: UUID,
    made_at: datetime,
    notice: str = "",
) -> bytes:
    """The bundle as JSON. Raises NotValid.

    Args:
        staff: by meeting.
        notice: against redisclosure, for outside parties.
    """
    built = bundle(content, patient, staff, report_id, made_at)
    return validated(_noticed(built, notice) if notice else built)


def validated(built: dict[str, Any]) -> bytes:
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        text: str = Bundle.model_validate(built).model_dump_json(indent=1)
    except ValidationError as wrong:
        # its text quotes the values: the places are enough, and say nothing about anybody
        places = ", ".join(".".join(map(str, error["loc"])) for error in wrong.errors()[:5])
        raise NotValid(f"bundle: {places}") from None
    return text.encode()


def bundle(
    content: Content,
    patient: Person,
    staff: dict[UUID, tuple[Person, ...]],
    report_id: UUID,
    made_at: datetime,
) -> dict[str, Any]:
    organization = uuid.uuid5(_ORGANIZATION, content.program)
    people = {one.pk: one for group in staff.values() for one in group}
    entries: list[dict[str, Any]] = [
        _entry(organization, {"resourceType": "Organization", "name": content.program}),
        _entry(patient.pk, {"resourceType": "Patient", "active": True, "name": [_name(patient)]}),
        *(_entry(pk, {"resourceType": "Practitioner", "name": [_name(one)]}) for pk, one in people.items()),
    ]
    stayed = Column.STAYED in content.columns
    for entry in content.entries:
        leads = staff.get(entry.meeting_id, ())
        held_id = appointment_id(entry.meeting_id, patient.pk)
        entries.append(_entry(_urn(entry, patient), _appointment(entry, patient, leads), held_id))
        if entry.now.credited_minutes:
            entries.append(_entry(entry.record_id, _encounter(entry, patient, leads, organization, stayed)))
    return {
        "resourceType": "Bundle",
        "id": str(report_id),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report_id}"},
        "type": "collection",
        "timestamp": _at(made_at),
        "entry": entries,
    }


class Held(Protocol):
    """What holds of a signed attendance."""

    @property
    def credited_minutes(self) -> int: ...
    @property
    def status(self) -> AttendanceStatus: ...
    @property
    def excused(self) -> bool: ...


def appointment_id(meeting: UUID, person: UUID) -> str:
    """One for each patient, so that none names another. 64 characters: the most that an id may have."""
    return meeting.hex + person.hex


def appointment_status(held: Held) -> dict[str, Any]:
    """Nobody who came is a `noshow`, also when staff did not; nor is who was excused.

    Source: hl7.org/fhir/R4/valueset-appointmentstatus.html.
    """
    if held.credited_minutes:
        return {"status": "fulfilled"}
    if held.status != AttendanceStatus.ABSENT:
        return {"status": "arrived"}  # was there, and no minute of it counts
    if held.excused:
        return {"status": "cancelled", "cancelationReason": {"text": "excused absence"}}
    return {"status": "noshow"}


def _noticed(built: dict[str, Any], notice: str) -> dict[str, Any]:
    """The notice in words on each resource, which travels further than the bundle, and as a security label.

    Source: 42 CFR 2.32; hl7.org/fhir/R4/security-labels.html.
    """
    label = {
        "system": ACT_CODE,
        "code": "NORDSCLCD",
        "display": "no redisclosure without consent directive",
    }
    meta = {"security": [label]}
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{html.escape(notice)}</p></div>'
    text = {"status": "additional", "div": div}
    entries = [
        {**entry, "resource": {**entry["resource"], "meta": meta, "text": text}} for entry in built["entry"]
    ]
    return {**built, "meta": meta, "entry": entries}


def _appointment(entry: Entry, patient: Person, leads: Iterable[Person]) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        **appointment_status(entry.now),
        "serviceType": [{"text": entry.kind.value.replace("_", " ")}],
        "start": _at(entry.starts_at),
        "end": _at(entry.ends_at),
        "minutesDuration": int((entry.ends_at - entry.starts_at).total_seconds() // 60),
        "participant": [
            {"actor": _reference(pk), "status": "accepted"} for pk in (patient.pk, *(one.pk for one in leads))
        ],
    }


def _encounter(
    entry: Entry, patient: Person, leads: Iterable[Person], organization: UUID, stayed: bool
) -> dict[str, Any]:
    """`stayed`: whether the reader may know when the patient came and went, or only when it was to be."""
    period = (
        (entry.arrived_at or entry.started_at, entry.left_at or entry.stopped_at)
        if stayed
        else (entry.starts_at, entry.ends_at)
    )
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "VR", "display": "virtual"},
        "type": [{"text": entry.kind.value.replace("_", " ")}],
        "subject": _reference(patient.pk),
        "participant": [
            {
                "type": [{"coding": [{"system": PARTICIPATION, "code": "PPRF"}]}],
                "individual": _reference(one.pk),
            }
            for one in leads
        ],
        "appointment": [_reference(_urn(entry, patient))],
        "period": {"start": _at(period[0]), "end": _at(period[1])},
        "length": {
            "value": entry.now.credited_minutes,
            "unit": "min",
            "system": UNITS,
            "code": "min",
        },
        "serviceProvider": _reference(organization),
    }


def _urn(entry: Entry, patient: Person) -> UUID:
    """Of the patient's appointment: a group's session is one for each of its clients."""
    return uuid.uuid5(entry.meeting_id, str(patient.pk))


def _entry(pk: UUID, resource: dict[str, Any], held_id: str = "") -> dict[str, Any]:
    return {"fullUrl": f"urn:uuid:{pk}", "resource": {**resource, "id": held_id or str(pk)}}


def _reference(pk: UUID) -> dict[str, str]:
    return {"reference": f"urn:uuid:{pk}"}


def _name(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = {"text": person.name, "given": [person.given_name]}
    return {**found, "family": person.family_name} if person.family_name else found


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
