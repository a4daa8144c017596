"""What a system may read. Pure.

Scopes are those of SMART App Launch 2 for systems: `system/Patient.rs` is to read and search one kind of
resource (hl7.org/fhir/smart-app-launch, scopes-and-launch-context).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

KINDS: Final = (
    "Patient",
    "Practitioner",
    "Appointment",
    "Encounter",
    "QuestionnaireResponse",
    "CarePlan",
)
SCOPES: Final = tuple(f"system/{kind}.rs" for kind in KINDS)


def scope_of(kind: str) -> str:
    return f"system/{kind}.rs"


def granted(asked: str, held: Iterable[str]) -> tuple[str, ...]:
    """Of what a system holds, what it asks for; all of it when it asks for nothing (RFC 6749, 3.3).

    Raises ValueError for a scope that it does not hold.
    """
    held = tuple(held)
    wanted = asked.split()
    if not wanted:
        return held
    if set(wanted) - set(held):
        raise ValueError("a scope that was not given")
    return tuple(scope for scope in held if scope in wanted)
