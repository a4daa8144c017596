"""What may be asked that carries words about people. Pure. Never in a log: repr() leaves the words out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from sessions.room.still_facts import ChatTo


@dataclass(frozen=True, slots=True, repr=False)
class Details:
    """Where somebody is today, and who helps in an emergency."""

    address: str
    city: str
    state: str  # US postal code
    phone: str
    emergency_name: str
    emergency_phone: str
    alone: bool
    headphones: bool


@dataclass(frozen=True, slots=True)
class Arrive:
    details: Details = field(repr=False)


@dataclass(frozen=True, slots=True)
class Say:
    to: ChatTo
    text: str = field(repr=False)
    person: UUID | None = None


@dataclass(frozen=True, slots=True)
class OpenCrisis:
    person: UUID


@dataclass(frozen=True, slots=True)
class NoteCrisis:
    person: UUID
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloseCrisis:
    person: UUID
    outcome: str = field(repr=False)


CareCommand: TypeAlias = Arrive | Say | OpenCrisis | NoteCrisis | CloseCrisis
CareStaffCommand: TypeAlias = OpenCrisis | NoteCrisis | CloseCrisis
