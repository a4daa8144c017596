"""The rooms beside the main one, as the log leaves them: breakouts, rooms aside, and a hold. Pure.

Who is in which room is a matter of placements (machine.Standing); this says which rooms there are and who
belongs where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sessions.room.events import Ended, Fact
from sessions.room.moves import (
    Assigned,
    BreakoutsClosed,
    BreakoutsOpened,
    BreakoutsPlanned,
    HelpAsked,
    HelpEnded,
    HoldBegan,
    HoldEnded,
    RecallCalled,
    SteppedAside,
    TimerSet,
)


class Phase(StrEnum):
    NONE = "none"
    PLANNED = "planned"
    OPEN = "open"
    CLOSING = "closing"  # open, and everybody knows when it ends


class SideKind(StrEnum):
    BREAKOUT = "breakout"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One room beside the main one. `people` belong there, wherever they are; of a room aside, nobody."""

    id: UUID
    kind: SideKind
    number: int = 0  # of a breakout, from 1
    name: str = ""
    household: UUID | None = None
    people: tuple[UUID, ...] = ()
    help_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """No facilitator is in the meeting. Without one until `paused_at`, media pauses."""

    since: datetime
    paused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    phase: Phase = Phase.NONE
    ends_at: datetime | None = None  # the timer while open, the end of the notice while closing
    breakouts: tuple[Side, ...] = ()
    asides: tuple[Side, ...] = ()
    hold: Hold | None = None

    @property
    def running(self) -> bool:
        """Whether people can be in breakout rooms now."""
        return self.phase in (Phase.OPEN, Phase.CLOSING)

    @property
    def due_at(self) -> datetime | None:
        """When the clock alone will close the breakouts."""
        return self.ends_at if self.running else None

    def breakout(self, room: UUID | None) -> Side | None:
        return next((side for side in self.breakouts if side.id == room), None)

    def aside(self, room: UUID | None) -> Side | None:
        return next((side for side in self.asides if side.id == room), None)

    def side(self, room: UUID | None) -> Side | None:
        return self.breakout(room) or self.aside(room)

    def assigned(self, person: UUID) -> UUID | None:
        """The breakout room the person belongs to."""
        return next((side.id for side in self.breakouts if person in side.people), None)


def after(sides: Sides, fact: Fact) -> Sides:
    """The side rooms after `fact`; unchanged by facts that are not about them."""
    match fact:
        case BreakoutsPlanned():
            planned = tuple(
                Side(
                    id=room.id,
                    kind=SideKind.BREAKOUT,
                    number=number,
                    name=room.name,
                    household=room.household,
                    people=room.people,
                )
                for number, room in enumerate(fact.rooms, start=1)
            )
            phase = Phase.PLANNED if planned else Phase.NONE
            return replace(sides, phase=phase, ends_at=None, breakouts=planned)
        case Assigned():
            return replace(
                sides, breakouts=tuple(_assigned(side, fact.person, fact.room) for side in sides.breakouts)
            )
        case BreakoutsOpened():
            return replace(sides, phase=Phase.OPEN, ends_at=fact.ends_at)
        case TimerSet():
            return replace(sides, ends_at=fact.ends_at)
        case RecallCalled():
            return replace(sides, phase=Phase.CLOSING, ends_at=fact.due_at)
        case BreakoutsClosed():
            quiet = tuple(replace(side, help_since=None) for side in sides.breakouts)
            return replace(sides, phase=Phase.PLANNED, ends_at=None, breakouts=quiet)
        case HelpAsked(room=room):
            return _help(sides, room, fact.at)
        case HelpEnded(room=room):
            return _help(sides, room, None)
        case SteppedAside(room=room) if sides.aside(room) is None:
            return replace(sides, asides=(*sides.asides, Side(id=room, kind=SideKind.ASIDE)))
        case HoldBegan():
            return replace(sides, hold=Hold(since=fact.at, paused_at=fact.paused_at))
        case HoldEnded():
            return replace(sides, hold=None)
        case Ended():
            return Sides()
        case _:
            return sides


def occupied(sides: Sides, rooms: Iterable[UUID | None]) -> Sides:
    """Rooms aside are there for as long as somebody is in them."""
    if not sides.asides:
        return sides
    there = set(rooms)
    return replace(sides, asides=tuple(side for side in sides.asides if side.id in there))


def _assigned(side: Side, person: UUID, room: UUID | None) -> Side:
    others = tuple(one for one in side.people if one != person)
    return replace(side, people=(*others, person) if side.id == room else others)


def _help(sides: Sides, room: UUID, since: datetime | None) -> Sides:
    return replace(
        sides,
        breakouts=tuple(
            replace(side, help_since=since) if side.id == room else side for side in sides.breakouts
        ),
    )
