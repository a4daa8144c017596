"""Where a person may be in a room, and what moves them. Pure: one table, and the fold of the log over it.

`interrupted` is a flag with a deadline, not a place: who loses the connection keeps the place for the
reconnect grace and then lapses. The diagram in docs/room-machine.md is generated from MOVES.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sessions.core.errors import IllegalMove
from sessions.room import floor as leading
from sessions.room import sides as side_rooms
from sessions.room.events import (
    Admitted,
    Connected,
    Declined,
    Disconnected,
    Ended,
    Entered,
    Fact,
    Knocked,
    Lapsed,
    Left,
    Muted,
    Removed,
    SentBack,
)
from sessions.room.floor import Floor
from sessions.room.floor_facts import (
    AskAnswered,
    Asked,
    FloorFact,
    HandLowered,
    HandRaised,
    LeadGiven,
    Spotlighted,
)
from sessions.room.moves import KeptApart, Recalled, SentToBreakout, SideFact, SteppedAside, TookOver
from sessions.room.sides import Sides, occupied
from sessions.room.still_facts import StillFact


class Place(StrEnum):
    OUTSIDE = "outside"
    WAITING = "waiting"
    MAIN = "main"
    BREAKOUT = "breakout"
    ASIDE = "aside"
    LEFT = "left"
    DECLINED = "declined"
    REMOVED = "removed"


MOVES: Final[dict[tuple[Place, type[Fact]], Place]] = {
    (Place.OUTSIDE,  Knocked):        Place.WAITING,
    (Place.LEFT,     Knocked):        Place.WAITING,
    (Place.OUTSIDE,  TookOver):       Place.OUTSIDE,
    (Place.LEFT,     TookOver):       Place.LEFT,
    (Place.OUTSIDE,  Entered):        Place.MAIN,
    (Place.LEFT,     Entered):        Place.MAIN,
    (Place.WAITING,  Admitted):       Place.MAIN,
    (Place.WAITING,  Declined):       Place.DECLINED,
    (Place.DECLINED, SentBack):       Place.WAITING,
    (Place.REMOVED,  SentBack):       Place.WAITING,
    (Place.WAITING,  Left):           Place.LEFT,
    (Place.WAITING,  Lapsed):         Place.OUTSIDE,
    (Place.WAITING,  Ended):          Place.LEFT,

    (Place.MAIN,     SentToBreakout): Place.BREAKOUT,
    (Place.BREAKOUT, SentToBreakout): Place.BREAKOUT,
    (Place.ASIDE,    SentToBreakout): Place.BREAKOUT,
    (Place.BREAKOUT, Recalled):       Place.MAIN,
    (Place.ASIDE,    Recalled):       Place.MAIN,
    (Place.MAIN,     SteppedAside):   Place.ASIDE,
    (Place.BREAKOUT, SteppedAside):   Place.ASIDE,

    (Place.MAIN,     SentBack):       Place.WAITING,
    (Place.BREAKOUT, SentBack):       Place.WAITING,
    (Place.ASIDE,    SentBack):       Place.WAITING,
    (Place.MAIN,     KeptApart):      Place.WAITING,
    (Place.BREAKOUT, KeptApart):      Place.WAITING,
    (Place.ASIDE,    KeptApart):      Place.WAITING,
    (Place.MAIN,     Removed):        Place.REMOVED,
    (Place.BREAKOUT, Removed):        Place.REMOVED,
    (Place.ASIDE,    Removed):        Place.REMOVED,
    (Place.MAIN,     Muted):          Place.MAIN,
    (Place.BREAKOUT, Muted):          Place.BREAKOUT,
    (Place.ASIDE,    Muted):          Place.ASIDE,
    (Place.MAIN,     Left):           Place.LEFT,
    (Place.BREAKOUT, Left):           Place.LEFT,
    (Place.ASIDE,    Left):           Place.LEFT,
    (Place.MAIN,     Lapsed):         Place.OUTSIDE,
    (Place.BREAKOUT, Lapsed):         Place.OUTSIDE,
    (Place.ASIDE,    Lapsed):         Place.OUTSIDE,
    (Place.MAIN,     Ended):          Place.LEFT,
    (Place.BREAKOUT, Ended):          Place.LEFT,
    (Place.ASIDE,    Ended):          Place.LEFT,
}  # fmt: skip

# Places that are held for somebody, and given up when the connection stays lost.
HELD: Final = frozenset({Place.WAITING, Place.MAIN, Place.BREAKOUT, Place.ASIDE})
# Places with a media seat; being there with a connection is presence.
SEATED: Final = frozenset({Place.MAIN, Place.BREAKOUT, Place.ASIDE})


def move(place: Place, fact: Fact) -> Place:
    """Where `fact` leads from `place`.

    Raises:
        IllegalMove: the table has no such row; nothing has changed.
    """
    try:
        return MOVES[place, type(fact)]
    except KeyError:
        raise IllegalMove("That is not possible now.") from None


@dataclass(frozen=True, slots=True)
class Standing:
    """One person in one meeting's rooms, as the log tells it."""

    place: Place = Place.OUTSIDE
    version: int = 0  # grows with every change of place; a ticket for an older one is void
    line_seq: int | None = None  # seq of the knock that gave the place in line
    knocked_at: datetime | None = None
    entered_at: datetime | None = None
    entered_seq: int | None = None  # seq of the fact that let them in last; times can be equal, or go back
    interrupted_since: datetime | None = None
    heard_until: datetime | None = None  # latest evidence of the connections that are over
    connections: frozenset[UUID] = frozenset()
    room_id: UUID | None = None  # of the side room, exactly while in BREAKOUT or ASIDE
    back_to: UUID | None = None  # while in ASIDE: the breakout room the person was in before


@dataclass(frozen=True, slots=True)
class RoomState:
    people: Mapping[UUID, Standing] = field(default_factory=dict)
    ended_at: datetime | None = None
    floor: Floor = field(default_factory=Floor)
    sides: Sides = field(default_factory=Sides)

    def of(self, person: UUID) -> Standing:
        return self.people.get(person, Standing())

    def at(self, place: Place) -> list[UUID]:
        """Who is at `place`; those waiting in the order of their arrival."""
        there = [person for person, standing in self.people.items() if standing.place is place]
        return sorted(there, key=lambda person: (self.people[person].line_seq or 0, str(person)))

    def by_coming(self, people: Iterable[UUID]) -> list[UUID]:
        """Who came in first first, by the log: several are let in at one moment, and clocks are put back."""
        return sorted(people, key=lambda person: (self.of(person).entered_seq or 0, str(person)))

    def inside(self) -> dict[UUID, UUID | None]:
        """Who has a seat, and in which side room (None: the main room)."""
        return {p: one.room_id for p, one in self.people.items() if one.place in SEATED}


def evolve(room: RoomState, fact: Fact, seq: int) -> RoomState:
    """The room after `fact`, which is number `seq` of its log.

    Raises:
        IllegalMove: see `move`. A fact that raises it must not be written.
    """
    after = _placed(room, fact, seq)
    displaced = {
        person
        for person, before in room.people.items()
        if (here := room_key(before)) is not None and room_key(after.of(person)) != here
    }
    floor = leading.after(
        room.floor,
        fact,
        displaced=displaced,
        gone={person for person in displaced if room_key(after.of(person)) is None},
        sent_out={fact.person} if isinstance(fact, Declined | SentBack | Removed | KeptApart) else set(),
        let_in={fact.person} if isinstance(fact, Admitted | Entered) else set(),
        over=isinstance(fact, Ended),
    )
    sides = side_rooms.after(room.sides, fact)
    rooms = (standing.room_id for standing in after.people.values())
    return replace(after, floor=floor, sides=occupied(sides, rooms))


def room_key(standing: Standing) -> str | None:
    """Which of the meeting's rooms somebody is in: "" is the main room; None when in none."""
    return str(standing.room_id or "") if standing.place in SEATED else None


def _placed(room: RoomState, fact: Fact, seq: int) -> RoomState:
    if isinstance(fact, Ended):
        people = {
            person: _moved(standing, fact, seq) if standing.place in HELD else standing
            for person, standing in room.people.items()
        }
        return replace(room, people=people, ended_at=fact.at)
    if isinstance(fact, FloorFact):
        _only_inside(room, fact)
        return room
    if isinstance(fact, SideFact | StillFact):
        return room
    before = room.of(fact.person)
    match fact:
        case Connected():
            now = replace(before, connections=before.connections | {fact.connection})
        case Disconnected():
            heard = max(before.heard_until or fact.at, fact.at)
            now = replace(before, connections=before.connections - {fact.connection}, heard_until=heard)
        case _:
            now = _moved(before, fact, seq)
    return replace(room, people={**room.people, fact.person: _flagged(now, fact)})


def _only_inside(room: RoomState, fact: FloorFact) -> None:
    """Hands, questions, the spotlight and the lead belong to people in a room of the meeting."""
    if isinstance(fact, HandRaised | HandLowered | Asked | AskAnswered | LeadGiven | Spotlighted):
        person = fact.person
        if person is not None and room_key(room.of(person)) is None:
            raise IllegalMove("That is only possible with somebody in the room.")


def replay(facts: Iterable[tuple[int, Fact]]) -> RoomState:
    """The room as its whole log, pairs of (seq, fact), leaves it."""
    room = RoomState()
    for seq, fact in facts:
        room = evolve(room, fact, seq)
    return room


def _moved(before: Standing, fact: Fact, seq: int) -> Standing:
    place = move(before.place, fact)
    room_id = fact.room if isinstance(fact, SentToBreakout | SteppedAside) else None
    if place is before.place and (isinstance(fact, Muted) or room_id == before.room_id):
        return before
    line_seq, knocked_at = before.line_seq, before.knocked_at
    entered_at, entered_seq = before.entered_at, before.entered_seq
    if place is Place.WAITING:
        # Who lapsed while waiting comes back to the old place in line; who was sent back starts anew.
        if line_seq is None or isinstance(fact, SentBack):
            line_seq, knocked_at = seq, fact.at
    elif not isinstance(fact, Lapsed):
        line_seq = None
    if place in SEATED and before.place not in SEATED:
        entered_at, entered_seq = fact.at, seq
    return replace(
        before,
        place=place,
        version=before.version + 1,
        line_seq=line_seq,
        knocked_at=knocked_at,
        entered_at=entered_at,
        entered_seq=entered_seq,
        interrupted_since=before.interrupted_since if place in HELD else None,
        room_id=room_id,
        back_to=before.room_id if place is Place.ASIDE else None,
    )


def _flagged(standing: Standing, fact: Fact) -> Standing:
    """`interrupted_since` is set exactly while a held place has no connection."""
    if standing.place not in HELD or standing.connections:
        return replace(standing, interrupted_since=None)
    if standing.interrupted_since is not None:
        return standing
    since = standing.heard_until if isinstance(fact, Disconnected) else fact.at
    return replace(standing, interrupted_since=since)


def diagram() -> str:
    """MOVES as a Mermaid state diagram."""
    labels: dict[tuple[Place, Place], list[str]] = {}
    for (source, fact), target in MOVES.items():
        labels.setdefault((source, target), []).append(fact.kind.replace("_", " "))
    lines = ["stateDiagram-v2", f"    [*] --> {Place.OUTSIDE}"]
    lines += [f"    {source} --> {target}: {', '.join(kinds)}" for (source, target), kinds in labels.items()]
    return "\n".join(lines) + "\n"
