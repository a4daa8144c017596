"""How a meeting is led at one moment: the fold of floor_facts, kept beside who is where. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sessions.room.agenda import NO_AGENDA, Agenda
from sessions.room.fact import Base
from sessions.room.floor_facts import (
    AgendaSet,
    AskAnswered,
    Asked,
    AutoAdmitSet,
    BreakEnded,
    BreakStarted,
    HandLowered,
    HandRaised,
    LeadGiven,
    LockSet,
    PartBegun,
    Question,
    Screens,
    ScreensSet,
    Spotlighted,
)
from sessions.room.still_facts import CameraOff, CameraOn, Said


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of the group."""

    started_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Floor:
    hands: tuple[UUID, ...] = ()  # raised, in the order in which they went up
    asks: Mapping[UUID, Question] = field(default_factory=dict)  # open questions, by whom they are for
    locked: bool = False
    auto_admit: UUID | None = None  # who switched it on
    screens: Screens = "staff"
    spotlights: Mapping[str, UUID] = field(default_factory=dict)  # by side room, "" is the main room
    lead: UUID | None = None  # given by hand; otherwise whoever has been there longest
    pause: Pause | None = None
    agenda: Agenda = NO_AGENDA
    cameras: frozenset[UUID] = frozenset()  # on, as the media engine saw it
    lines: int = 0  # of chat, so far
    by_hand: frozenset[UUID] = frozenset()  # sent out once: a facilitator lets them in, nothing else does

    def pause_at(self, now: datetime) -> Pause | None:
        """The break that is on at `now`."""
        return self.pause if self.pause is not None and now < self.pause.ends_at else None


def after(
    floor: Floor,
    fact: Base,
    *,
    displaced: Set[UUID],
    gone: Set[UUID],
    sent_out: Set[UUID],
    let_in: Set[UUID],
    over: bool,
) -> Floor:
    """The floor after `fact`.

    Args:
        displaced: who is by this fact no longer in the room they were in.
        gone: those of them who are in no room of the meeting any more.
        sent_out: who was declined, removed or sent back by it.
        let_in: who was let in by it.
        over: the meeting ended by it; nothing is left but who led.
    """
    if over:
        return Floor(lead=floor.lead, screens=floor.screens, lines=floor.lines)
    if displaced:
        floor = replace(
            floor,
            hands=tuple(person for person in floor.hands if person not in displaced),
            asks={person: ask for person, ask in floor.asks.items() if person not in displaced},
            spotlights={room: one for room, one in floor.spotlights.items() if one not in displaced},
            cameras=floor.cameras - gone,
        )
    if sent_out or let_in:
        floor = replace(floor, by_hand=(floor.by_hand | sent_out) - let_in)
    match fact:
        case HandRaised(person=person):
            return replace(floor, hands=(*(one for one in floor.hands if one != person), person))
        case HandLowered(person=person):
            return replace(floor, hands=tuple(one for one in floor.hands if one != person))
        case Asked(person=person, ask=ask):
            return replace(floor, asks={**floor.asks, person: ask})
        case AskAnswered(person=person):
            return replace(floor, asks={one: ask for one, ask in floor.asks.items() if one != person})
        case LockSet(on=on):
            return replace(floor, locked=on)
        case AutoAdmitSet(on=on, actor=actor):
            return replace(floor, auto_admit=actor if on else None)
        case ScreensSet(by=by):
            return replace(floor, screens=by)
        case Spotlighted(room=room, person=None):
            return replace(floor, spotlights={at: who for at, who in floor.spotlights.items() if at != room})
        case Spotlighted(room=room, person=UUID() as person):
            return replace(floor, spotlights={**floor.spotlights, room: person})
        case LeadGiven(person=person):
            return replace(floor, lead=person)
        case BreakStarted(at=at, until=until):
            return replace(floor, pause=Pause(at, until))
        case BreakEnded():
            return replace(floor, pause=None)
        case AgendaSet(parts=parts):
            return replace(floor, agenda=floor.agenda.written(parts))
        case PartBegun(part=part, at=at):
            return replace(floor, agenda=floor.agenda.begun(part, at))
        case Said(line=line):
            return replace(floor, lines=line)
        case CameraOn(person=person):
            return replace(floor, cameras=floor.cameras | {person})
        case CameraOff(person=person):
            return replace(floor, cameras=floor.cameras - {person})
    return floor
