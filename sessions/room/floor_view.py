"""How a meeting is led, as one reader may see it. Pure: what was read of the tables comes in as values."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sessions.room.agenda import NO_AGENDA, Agenda
from sessions.room.facilitation import lead_of
from sessions.room.floor import Pause
from sessions.room.floor_facts import Question, Screens
from sessions.room.machine import RoomState, room_key


@dataclass(frozen=True, slots=True)
class FloorSeen:
    """Everything but `locked` is empty for who is not inside, and `auto_admit` for who is not staff."""

    here: str | None = None  # the reader's own room, "" is the main one; None when in none
    locked: bool = False
    auto_admit: bool = False
    screens: Screens = "staff"
    spotlight: UUID | None = None
    lead: UUID | None = None
    pause: Pause | None = None
    agenda: Agenda = NO_AGENDA
    hands: Mapping[UUID, int] = field(default_factory=dict)  # of the reader's room, in order, from 1
    ask: Question | None = None
    may_share_screen: bool = False


def floor_seen(
    room: RoomState, reader: UUID, staff: bool, facilitators: Set[UUID], now: datetime
) -> FloorSeen:
    floor, here = room.floor, room_key(room.of(reader))
    if here is None and not staff:
        return FloorSeen(locked=floor.locked)
    hands = [person for person in floor.hands if room_key(room.of(person)) == here]
    return FloorSeen(
        here=here,
        locked=floor.locked,
        auto_admit=staff and floor.auto_admit is not None,
        screens=floor.screens,
        spotlight=None if here is None else floor.spotlights.get(here),
        lead=lead_of(room, facilitators),
        pause=floor.pause_at(now),
        agenda=floor.agenda,
        hands={person: number for number, person in enumerate(hands, 1)} if here is not None else {},
        ask=floor.asks.get(reader),
        may_share_screen=here is not None and (staff or floor.screens == "everyone"),
    )
