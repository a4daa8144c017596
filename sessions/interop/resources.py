"""Rows as FHIR R4 resources, as plain values; fhir.py reads them with the models of fhir.resources.

Source: hl7.org/fhir/R4. Nothing here says more than its kind needs: no address of a household, no note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sessions.attendance.models import AttendanceRecord
from sessions.attendance.records import Effective, effective
from sessions.attendance.reports.fhir import appointment_id, appointment_status
from sessions.people.models import Person
from sessions.plan.forms import FORMS, NO, YES
from sessions.plan.models import Assessment, CarePlan, Modality
from sessions.plan.service import Words
from sessions.programs.episode_models import ENDED, Episode
from sessions.programs.licences import Licence
from sessions.programs.models import Meeting

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
UNITS: Final = "http://unitsofmeasure.org"
QUESTIONNAIRE: Final = "urn:viop:questionnaire"
Resource = dict[str, Any]


def patient(person: Person, episodes: Iterable[Episode]) -> Resource:
    telecom = [
        {"system": system, "value": value}
        for system, value in (("email", person.email), ("phone", person.phone))
        if value and not value.endswith(".invalid")
    ]
    return {
        "resourceType": "Patient",
        "id": str(person.pk),
        "active": any(one.stage not in ENDED for one in episodes),
        "name": [_name(person)],
        **({"telecom": telecom} if telecom else {}),
        "communication": [
            {
                "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": person.language}]},
                "preferred": True,
            }
        ],
    }


def practitioner(person: Person, licences: Iterable[Licence], active: bool) -> Resource:
    qualifications = [
        {
            **({"identifier": [{"value": one.number}]} if one.number else {}),
            "code": {"text": "Licence to practise"},
            "issuer": {"display": one.state},
            **_period(one.since, one.until),
        }
        for one in licences
    ]
    return {
        "resourceType": "Practitioner",
        "id": str(person.pk),
        "active": active,
        "name": [_name(person)],
        **({"qualification": qualifications} if qualifications else {}),
    }


def appointment(meeting: Meeting, person: UUID, leads: Iterable[UUID], held: Effective | None) -> Resource:
    """`held`: as signed and last adjusted; None before that."""
    status = {"status": "booked"}
    if meeting.cancelled_at is not None:
        status = {"status": "cancelled"}
    elif held is not None:
        status = appointment_status(held)
    return {
        "resourceType": "Appointment",
        "id": appointment_id(meeting.pk, person),
        **status,
        "serviceType": [{"text": meeting.kind.replace("_", " ")}],
        "start": _at(meeting.starts_at),
        "end": _at(meeting.ends_at),
        "minutesDuration": int(meeting.span.length.total_seconds() // 60),
        "participant": [
            {"actor": _reference("Patient", person), "status": "accepted"},
            *({"actor": _reference("Practitioner", pk), "status": "accepted"} for pk in leads),
        ],
    }


def encounter(record: AttendanceRecord, leads: Iterable[UUID]) -> Resource:
    """A signed attendance as it holds now. The length is the credited minutes."""
    held, meeting = effective(record), record.meeting
    return {
        "resourceType": "Encounter",
        "id": str(record.pk),
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "VR", "display": "virtual"},
        "type": [{"text": meeting.kind.replace("_", " ")}],
        "subject": _reference("Patient", record.person_id),
        "participant": [
            {
                "type": [{"coding": [{"system": PARTICIPATION, "code": "PPRF"}]}],
                "individual": _reference("Practitioner", pk),
            }
            for pk in leads
        ],
        "appointment": [{"reference": f"Appointment/{appointment_id(meeting.pk, record.person_id)}"}],
        "period": {
            "start": _at(record.arrived_at or record.attestation.started_at),
            "end": _at(record.left_at or record.attestation.stopped_at),
        },
        "length": {"value": held.credited_minutes, "unit": "min", "system": UNITS, "code": "min"},
    }


def questionnaire_response(row: Assessment, answers: Mapping[str, str]) -> Resource:
    form = FORMS.get(row.form)
    texts = {one.code: one.text for one in form.questions} if form is not None else {}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": str(row.pk),
        "questionnaire": f"{QUESTIONNAIRE}:{row.form}|{row.version}",
        "status": "completed",
        "subject": _reference("Patient", row.episode.person_id),
        "authored": _at(row.at),
        "author": _reference("Practitioner", row.by_id),
        "item": [
            {
                "linkId": code,
                **({"text": texts[code]} if code in texts else {}),
                "answer": [_answer(answer)],
            }
            for code, answer in answers.items()
            if answer
        ],
    }


def _answer(text: str) -> dict[str, bool | str]:
    return {"valueBoolean": text == YES} if text in (YES, NO) else {"valueString": text}


def care_plan(plan: CarePlan, words: Words) -> Resource:
    """A plan that both have signed is active; one that another has replaced is revoked."""
    episode = plan.episode
    if plan.replaced_at is not None:
        status = "revoked"
    elif episode.stage in ENDED:
        status = "completed"
    else:
        status = "active" if plan.client_at and plan.clinician_at else "draft"
    labels = {one.value: str(one.label) for one in Modality}
    categories = [{"text": labels.get(one, one)} for one in plan.modalities]
    subject = _reference("Patient", episode.person_id)
    goals = [
        {
            "resourceType": "Goal",
            "id": f"goal-{number}",
            "lifecycleStatus": "active" if status == "active" else "proposed",
            "description": {"text": goal.text},
            "subject": subject,
            **({"note": [{"text": goal.steps}]} if goal.steps else {}),
        }
        for number, goal in enumerate(words.goals, 1)
    ]
    return {
        "resourceType": "CarePlan",
        "id": str(plan.pk),
        **({"contained": goals} if goals else {}),
        "status": status,
        "intent": "plan",
        **({"category": categories} if categories else {}),
        "title": f"Plan {plan.number}",
        **({"description": words.summary} if words.summary else {}),
        "subject": subject,
        **_period(episode.starts_on, episode.ended_on or episode.planned_end_on),
        "created": _at(plan.made_at),
        "author": _reference("Practitioner", plan.made_by_id),
        **({"goal": [{"reference": f"#{goal['id']}"} for goal in goals]} if goals else {}),
    }


def bundle(found: Sequence[Resource], total: int, links: Mapping[str, str], base: str) -> Resource:
    """One page of what was found."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
        "entry": [
            {
                "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
                "resource": one,
                "search": {"mode": "match"},
            }
            for one in found
        ],
    }


def outcome(code: str, text: str) -> Resource:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": text}],
    }


def _reference(kind: str, pk: UUID) -> dict[str, str]:
    return {"reference": f"{kind}/{pk}"}


def _name(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = {"text": person.name, "given": [person.given_name]}
    return {**found, "family": person.family_name} if person.family_name else found


def _period(start: Any, end: Any) -> dict[str, Any]:
    period = {name: on.isoformat() for name, on in (("start", start), ("end", end)) if on is not None}
    return {"period": period} if period else {}


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
