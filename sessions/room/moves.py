"""Facts about rooms beside the main one: breakouts, rooms aside, and a room without staff. Pure.

A side room is named by its id throughout: of a plan, of an opening, of an assignment, of a placement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sessions.room.fact import Base, ByStaff, OfPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoom:
    """A breakout room as planned. Without a `name` it is called by its household's client, or its number."""

    id: UUID
    name: str = ""
    household: UUID | None = None  # whose: the client's id
    people: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsPlanned(Base):
    """Replaces what was planned before."""

    kind = "breakouts_planned"

    actor: UUID
    rooms: tuple[PlannedRoom, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(ByStaff):
    """From now on `person` belongs to breakout room `room`; None: to the main room."""

    kind = "assigned"

    room: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsOpened(Base):
    """The planned rooms are open. Who goes where follows as facts of their own."""

    kind = "breakouts_opened"

    actor: UUID
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet(Base):
    """When the breakouts end by themselves; None: when somebody recalls."""

    kind = "timer_set"

    actor: UUID
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallCalled(Base):
    """Everybody is told that at `due_at` the breakouts close."""

    kind = "recall_called"

    actor: UUID
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakoutsClosed(Base):
    """The plan stays. Without an `actor`, the clock closed them."""

    kind = "breakouts_closed"

    actor: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentToBreakout(OfPerson):
    """Is in breakout room `room` now. Without an `actor` by the rules: landed where assigned."""

    kind = "sent_to_breakout"

    actor: UUID | None = None
    room: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(OfPerson):
    """From a side room back to the main room."""

    kind = "recalled"

    actor: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedAside(ByStaff):
    """Is in a room apart now, with a facilitator, while the others go on."""

    kind = "stepped_aside"

    room: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptApart(OfPerson):
    """Back to the waiting room by the rules: somebody there and this person are never to be in one room."""

    kind = "kept_apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(OfPerson):
    """The people of breakout room `room` ask a facilitator to come."""

    kind = "help_asked"

    room: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpEnded(OfPerson):
    """Taken back by one of them, or dealt with by staff."""

    kind = "help_ended"

    room: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBegan(Base):
    """The last facilitator is gone since `at`; from `paused_at` on nobody else hears or sees another."""

    kind = "hold_began"

    paused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded(Base):
    """A facilitator is there again, or nobody is left to be held."""

    kind = "hold_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TookOver(OfPerson):
    """Somebody on call became a facilitator of this meeting: it had none, or called for help in a crisis."""

    kind = "took_over"


# Those that leave everybody's place as it is; the others are among events.PersonFact.
SideFact: TypeAlias = (
    BreakoutsPlanned
    | Assigned
    | BreakoutsOpened
    | TimerSet
    | RecallCalled
    | BreakoutsClosed
    | HelpAsked
    | HelpEnded
    | HoldBegan
    | HoldEnded
)
