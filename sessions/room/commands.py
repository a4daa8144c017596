"""What somebody may ask of a room. Pure. Who may, and from where, is decided in machine.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from sessions.room.care_commands import CareCommand, CareStaffCommand
from sessions.room.fact import LateReason
from sessions.room.floor_commands import FloorCommand, FloorStaffCommand
from sessions.room.side_commands import SideCommand, SideStaffCommand

Lobby: TypeAlias = Literal["clients", "family"]  # family meetings have two; in others all wait in "clients"


@dataclass(frozen=True, slots=True)
class Knock:
    """At the door. Safe to repeat after every reconnect: who is inside already stays where they are."""


@dataclass(frozen=True, slots=True)
class Admit:
    person: UUID
    reason: LateReason | None = None  # asked for once the door has closed to them; otherwise not kept


@dataclass(frozen=True, slots=True)
class AdmitAll:
    """Everybody in line, or only those of one lobby; without those to whom the door has closed."""

    lobby: Lobby | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    person: UUID
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SendBack:
    """To the waiting room, from the room or from having been declined or removed."""

    person: UUID


@dataclass(frozen=True, slots=True)
class Remove:
    person: UUID
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MuteOther:
    person: UUID


@dataclass(frozen=True, slots=True)
class Leave:
    pass


@dataclass(frozen=True, slots=True)
class End:
    pass


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Somebody on call becomes a facilitator of a meeting that has none there."""


# Decided by the rules alone.
RuledCommand: TypeAlias = (
    Knock
    | Admit
    | AdmitAll
    | Decline
    | SendBack
    | Remove
    | MuteOther
    | Leave
    | End
    | TakeOver
    | FloorCommand
    | SideCommand
)
Command: TypeAlias = RuledCommand | CareCommand
# Only a facilitator of the meeting may (SAFETY, invariant 9).
StaffCommand: TypeAlias = (
    Admit
    | AdmitAll
    | Decline
    | SendBack
    | Remove
    | MuteOther
    | End
    | FloorStaffCommand
    | SideStaffCommand
    | CareStaffCommand
)
