"""How a meeting is led: hands, questions, the door, screens, the break. None of these moves anybody. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sessions.room.fact import ByStaff, OfMeeting, OfPerson

Question: TypeAlias = Literal["unmute", "cameraOn", "cameraOff"]
Screens: TypeAlias = Literal["staff", "everyone"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the parts a meeting is planned to have. A break has no title of its own."""

    title: str
    minutes: int
    is_break: bool = False
    number: int = 0  # its own, from 1, never another's in this meeting; 0: not written down yet


@dataclass(frozen=True, slots=True, kw_only=True)
class HandRaised(OfPerson):
    kind = "hand_raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLowered(OfPerson):
    """By its owner, or by `actor`, a facilitator. Going elsewhere lowers it without this fact."""

    kind = "hand_lowered"

    actor: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(ByStaff):
    """Please unmute, please switch the camera on or off. The person decides."""

    kind = "asked"

    ask: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAnswered(OfPerson):
    """The question is dealt with, whatever the answer was."""

    kind = "ask_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSet(OfMeeting):
    kind = "lock_set"

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoAdmitSet(OfMeeting):
    kind = "auto_admit_set"

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreensSet(OfMeeting):
    kind = "screens_set"

    by: Screens


@dataclass(frozen=True, slots=True, kw_only=True)
class Spotlighted(OfMeeting):
    """`person` is large on every screen of the side room `room` ("": the main room); None: nobody."""

    kind = "spotlighted"

    room: str = ""
    person: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadGiven(ByStaff):
    """`person`, a facilitator too, leads from now on."""

    kind = "lead_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakStarted(OfMeeting):
    """A break of everybody, until `until` or an earlier BreakEnded. Attendance subtracts it."""

    kind = "break_started"

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEnded(OfMeeting):
    kind = "break_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaSet(OfMeeting):
    """What the meeting is planned to have, in order, from now on. What is on stays on if it is among it."""

    kind = "agenda_set"

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegun(OfMeeting):
    """The part that stands there, counted from 0, is on now; None: none of them is."""

    kind = "part_begun"

    part: int | None


FloorFact: TypeAlias = (
    HandRaised
    | HandLowered
    | Asked
    | AskAnswered
    | LockSet
    | AutoAdmitSet
    | ScreensSet
    | Spotlighted
    | LeadGiven
    | BreakStarted
    | BreakEnded
    | AgendaSet
    | PartBegun
)
