"""What somebody may ask about the rooms beside the main one. Pure; decided in moving.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RoomWish:
    """A breakout room somebody planned by hand. Without an `id`: a new one."""

    id: UUID | None
    name: str
    people: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PlanBreakouts:
    """Replace the plan."""

    rooms: tuple[RoomWish, ...]


@dataclass(frozen=True, slots=True)
class ProposeByHousehold:
    """Replace the plan by a room per family: a client here with their guests."""


@dataclass(frozen=True, slots=True)
class ProposeAtRandom:
    """Replace the plan by rooms of about `size` people."""

    size: int


@dataclass(frozen=True, slots=True)
class OpenBreakouts:
    length: timedelta | None = None  # without: until recalled


@dataclass(frozen=True, slots=True)
class SetBreakoutTimer:
    length: timedelta | None


@dataclass(frozen=True, slots=True)
class CloseBreakouts:
    """Recall everybody, `notice` from now."""

    notice: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Assign:
    person: UUID
    room: UUID | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Go to a side room, or (None) back to the main room."""

    room: UUID | None


@dataclass(frozen=True, slots=True)
class AskHelp:
    on: bool = True


@dataclass(frozen=True, slots=True)
class HelpDone:
    room: UUID


@dataclass(frozen=True, slots=True)
class StepAside:
    person: UUID


@dataclass(frozen=True, slots=True)
class ReturnFromAside:
    room: UUID


SideCommand: TypeAlias = (
    PlanBreakouts
    | ProposeByHousehold
    | ProposeAtRandom
    | OpenBreakouts
    | SetBreakoutTimer
    | CloseBreakouts
    | Assign
    | Visit
    | AskHelp
    | HelpDone
    | StepAside
    | ReturnFromAside
)
SideStaffCommand: TypeAlias = (
    PlanBreakouts
    | ProposeByHousehold
    | ProposeAtRandom
    | OpenBreakouts
    | SetBreakoutTimer
    | CloseBreakouts
    | Assign
    | Visit
    | HelpDone
    | StepAside
    | ReturnFromAside
)
