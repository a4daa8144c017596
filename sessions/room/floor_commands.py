"""What may be asked about how a meeting is led. Pure. Decided in facilitation.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from sessions.room.floor_facts import Part, Question, Screens


@dataclass(frozen=True, slots=True)
class RaiseHand:
    pass


@dataclass(frozen=True, slots=True)
class LowerHand:
    """One's own (None); or somebody else's, by staff."""

    person: UUID | None = None


@dataclass(frozen=True, slots=True)
class MuteAll:
    """Everybody in the room one is in, but staff."""


@dataclass(frozen=True, slots=True)
class AskOf:
    person: UUID
    ask: Question


@dataclass(frozen=True, slots=True)
class AnswerAsk:
    pass


@dataclass(frozen=True, slots=True)
class SetLock:
    on: bool


@dataclass(frozen=True, slots=True)
class SetAutoAdmit:
    on: bool


@dataclass(frozen=True, slots=True)
class SetScreens:
    by: Screens


@dataclass(frozen=True, slots=True)
class Spotlight:
    """In the room one is in; None: nobody."""

    person: UUID | None


@dataclass(frozen=True, slots=True)
class StartBreak:
    """So long from now; during a break: so long from now instead."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class EndBreak:
    pass


@dataclass(frozen=True, slots=True)
class SetAgenda:
    """The parts in order; none: there is no agenda. Those that were there before carry their number."""

    parts: tuple[Part, ...]
    version: int = 0  # of the agenda that the writer had before them; 0: there was none


@dataclass(frozen=True, slots=True)
class BeginPart:
    """The part with this number of its own; None: none. A break of the agenda is a break of the group."""

    part: int | None


@dataclass(frozen=True, slots=True)
class HandOver:
    person: UUID


@dataclass(frozen=True, slots=True)
class VerifyIdentity:
    """A facilitator has seen to it that this is the person of the record."""

    person: UUID


FloorStaffCommand: TypeAlias = (
    MuteAll
    | AskOf
    | SetLock
    | SetAutoAdmit
    | SetScreens
    | Spotlight
    | StartBreak
    | EndBreak
    | SetAgenda
    | BeginPart
    | HandOver
    | VerifyIdentity
)
FloorCommand: TypeAlias = RaiseHand | LowerHand | AnswerAsk | FloorStaffCommand
