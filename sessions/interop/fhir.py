"""Resources as bytes, read by the models of fhir.resources first: what does not validate is never handed out.

Its R4B module is the R4 that is still maintained; for these kinds R4 and R4B are the same.
"""

from __future__ import annotations

from typing import Any

from sessions.core.errors import Fault
from sessions.interop.scopes import KINDS, scope_of

FHIR_VERSION = "4.0.1"
DATED = frozenset({"Appointment", "Encounter", "QuestionnaireResponse"})
_ID = ("_id", "token", "One resource by its id.")
_PATIENT = ("patient", "reference", "Whose: an id, or Patient/ and an id.")
_DATE = ("date", "date", "ge, gt, le or lt with a day or a moment; may come twice.")
PARAMETERS: dict[str, tuple[tuple[str, str, str], ...]] = {  # name, type, what it does
    kind: (
        _ID,
        *((_PATIENT,) if kind not in ("Patient", "Practitioner") else ()),
        *((_DATE,) if kind in DATED else ()),
    )
    for kind in KINDS
}


class NotValid(Fault):
    """Our resource is not FHIR."""


def written(resource: dict[str, Any]) -> bytes:
    """As JSON. Raises NotValid, with the places that are wrong and no value."""
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    try:
        model = get_fhir_model_class(resource["resourceType"])
        text: str = model.model_validate(resource).model_dump_json()
    except ValidationError as wrong:
        places = ", ".join(".".join(map(str, error["loc"])) for error in wrong.errors()[:5])
        raise NotValid(f"{resource['resourceType']}: {places}") from None
    return text.encode()


def capabilities(base: str, token_address: str, date: str) -> dict[str, Any]:
    """What this server can do (FHIR: CapabilityStatement)."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "implementation": {"description": "vIOP, read only", "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                    "code": "SMART-on-FHIR",
                                }
                            ]
                        }
                    ],
                    "extension": [
                        {
                            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                            "extension": [{"url": "token", "valueUri": token_address}],
                        }
                    ],
                },
                "resource": [
                    {
                        "type": kind,
                        "documentation": f"Scope {scope_of(kind)}",
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [
                            {"name": name, "type": sort, "documentation": text}
                            for name, sort, text in PARAMETERS[kind]
                        ],
                    }
                    for kind in KINDS
                ],
            }
        ],
    }
