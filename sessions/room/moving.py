"""From a command about side rooms to facts. Pure, like decisions.py, which hands these commands on.

Who belongs where: an open breakout room, for who is assigned to one; else the main room. Nobody is ever put
into a room with somebody they are to be kept apart from.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from sessions.core.errors import IllegalMove
from sessions.room.breakouts import Known, NoContactStaff, at_random, by_hand, by_household
from sessions.room.events import Fact
from sessions.room.machine import SEATED, Place, RoomState
from sessions.room.moves import (
    Assigned,
    BreakoutsClosed,
    BreakoutsOpened,
    BreakoutsPlanned,
    HelpAsked,
    HelpEnded,
    KeptApart,
    PlannedRoom,
    RecallCalled,
    Recalled,
    SentToBreakout,
    SteppedAside,
    TimerSet,
)
from sessions.room.side_commands import (
    AskHelp,
    Assign,
    CloseBreakouts,
    HelpDone,
    OpenBreakouts,
    PlanBreakouts,
    ProposeAtRandom,
    ProposeByHousehold,
    ReturnFromAside,
    SetBreakoutTimer,
    SideCommand,
    StepAside,
    Visit,
)
from sessions.room.sides import Phase, SideKind

MAX_ROOMS: Final = 20  # the text below says so
NO_ROOM = "That room is not open."


def decide_side(room: RoomState, command: SideCommand, asker: UUID, known: Known, at: datetime) -> list[Fact]:
    """The facts that carry out `command`. Whether `asker` may ask at all has been decided.

    Raises:
        IllegalMove: not in this state of the rooms. NoContact when two people would meet who must not.
    """
    sides = room.sides
    match command:
        case PlanBreakouts() | ProposeByHousehold() | ProposeAtRandom():
            if sides.running:
                raise IllegalMove("The breakout rooms are open. Close them first, or move people one by one.")
            rooms = _planned(room, command, known)
            if len(rooms) > MAX_ROOMS:
                raise IllegalMove("There can be 20 rooms at most.")
            return [BreakoutsPlanned(at=at, actor=asker, rooms=rooms)]
        case OpenBreakouts(length):
            if sides.phase is not Phase.PLANNED:
                raise IllegalMove("There are no rooms to open now.")
            if any(known.clash(side.people) for side in sides.breakouts):
                raise NoContactStaff
            ends_at = at + length if length is not None else None
            return [BreakoutsOpened(at=at, actor=asker, ends_at=ends_at), *_sent(room, asker, at)]
        case SetBreakoutTimer(length):
            if sides.phase is not Phase.OPEN:
                raise IllegalMove("The breakout rooms are not open.")
            return [TimerSet(at=at, actor=asker, ends_at=at + length if length is not None else None)]
        case CloseBreakouts(notice):
            if not sides.running:
                raise IllegalMove("The breakout rooms are not open.")
            if notice:
                return [RecallCalled(at=at, actor=asker, due_at=at + notice)]
            return recall(room, known, at, asker)
        case Assign(person, target):
            return _assign(room, person, target, asker, known, at)
        case Visit(target):
            return _visit(room, target, asker, known, at)
        case AskHelp(on):
            return _ask_help(room, asker, on, at)
        case HelpDone(target):
            side = sides.breakout(target)
            if side is None or side.help_since is None:
                raise IllegalMove("Nobody there is asking for help now.")
            return [HelpEnded(at=at, person=asker, room=target)]
        case StepAside(person):
            return _step_aside(room, person, asker, known, at)
        case ReturnFromAside(target):
            if sides.aside(target) is None:
                raise IllegalMove(NO_ROOM)
            return returned(room, target, known, at, asker)


def home(room: RoomState, person: UUID) -> UUID | None:
    """The breakout room the person belongs to now; None: the main room."""
    if not room.sides.running:
        return None
    assigned = room.sides.assigned(person)
    if assigned is not None:
        return assigned
    back_to = room.of(person).back_to
    return back_to if room.sides.breakout(back_to) is not None else None


def landing(room: RoomState, person: UUID, known: Known, at: datetime) -> list[Fact]:
    """What follows for who has just come in: to their breakout room, when it is open.

    Raises NoContact when somebody there is to be kept apart from them.
    """
    target = home(room, person)
    if known.bars(person, occupants(room, target, but=person)):
        raise NoContactStaff
    return [SentToBreakout(at=at, person=person, room=target)] if target is not None else []


def occupants(room: RoomState, target: UUID | None, *, but: UUID | None = None) -> list[UUID]:
    """Who is in a side room, or (None) in the main room; also those whose connection is interrupted."""
    return [person for person, where in room.inside().items() if where == target and person != but]


def recall(room: RoomState, known: Known, at: datetime, actor: UUID | None) -> list[Fact]:
    """Everybody from the breakout rooms into the main room, once, also who is offline.

    Who must not meet somebody there goes to the waiting room instead.
    """
    there = occupants(room, None)
    facts: list[Fact] = [BreakoutsClosed(at=at, actor=actor)]
    for person in _by_arrival(room, room.at(Place.BREAKOUT), known):
        if known.bars(person, there):
            facts.append(KeptApart(at=at, person=person))
        else:
            there.append(person)
            facts.append(Recalled(at=at, person=person, actor=actor))
    return facts


def returned(
    room: RoomState, aside: UUID, known: Known, at: datetime, actor: UUID | None = None
) -> list[Fact]:
    """Everybody of a room aside to where they belong; to the waiting room, when they would meet there whom
    they must not."""
    facts: list[Fact] = []
    coming: dict[UUID | None, list[UUID]] = {}
    for person in _by_arrival(room, occupants(room, aside), known):
        target = home(room, person)
        there = coming.setdefault(target, occupants(room, target))
        if known.bars(person, there):
            facts.append(KeptApart(at=at, person=person))
            continue
        there.append(person)
        facts.append(
            SentToBreakout(at=at, person=person, actor=actor, room=target)
            if target is not None
            else Recalled(at=at, person=person, actor=actor)
        )
    return facts


def apart(room: RoomState, known: Known, at: datetime) -> list[Fact]:
    """Who must leave because they are in one room with somebody they are to be kept apart from: of two people
    who is no facilitator, and else who came later."""
    facts: list[Fact] = []
    rooms: dict[UUID | None, list[UUID]] = {}
    for person in _by_arrival(room, room.inside(), known):
        there = rooms.setdefault(room.of(person).room_id, [])
        if known.bars(person, there):
            facts.append(KeptApart(at=at, person=person))
        else:
            there.append(person)
    return facts


def _by_arrival(room: RoomState, people: Iterable[UUID], known: Known) -> list[UUID]:
    """Facilitators first, then in the order in which they came in."""

    return sorted(room.by_coming(people), key=lambda person: person not in known.staff)


def _planned(
    room: RoomState, command: PlanBreakouts | ProposeByHousehold | ProposeAtRandom, known: Known
) -> tuple[PlannedRoom, ...]:
    match command:
        case ProposeByHousehold():
            return by_household(known)
        case ProposeAtRandom(size):
            inside = known.grouped(room.inside())
            return at_random(known, inside or sorted(known.people, key=str), size)
        case PlanBreakouts(wishes):
            kept = {
                side.id: PlannedRoom(id=side.id, household=side.household) for side in room.sides.breakouts
            }
            return by_hand(known, wishes, kept)


def _sent(room: RoomState, actor: UUID, at: datetime) -> list[Fact]:
    """Everybody who is planned, from the main room to theirs. Who is aside stays, and lands there later."""
    return [
        SentToBreakout(at=at, person=person, actor=actor, room=side.id)
        for side in room.sides.breakouts
        for person in side.people
        if room.of(person).place is Place.MAIN
    ]


def _assign(
    room: RoomState, person: UUID, target: UUID | None, asker: UUID, known: Known, at: datetime
) -> list[Fact]:
    sides, standing = room.sides, room.of(person)
    if sides.phase is Phase.CLOSING:
        raise IllegalMove("The breakout rooms are closing.")
    if sides.phase is Phase.NONE or (target is not None and sides.breakout(target) is None):
        raise IllegalMove(NO_ROOM)
    if person not in known.people:
        raise IllegalMove("This person is not expected in this meeting.")
    side = sides.breakout(target)
    mates = {*(side.people if side else ()), *(occupants(room, target) if sides.running else ())}
    if known.bars(person, mates - {person}):
        raise NoContactStaff
    facts: list[Fact] = [Assigned(at=at, person=person, actor=asker, room=target)]
    if sides.running and standing.place in (Place.MAIN, Place.BREAKOUT) and standing.room_id != target:
        facts.append(
            SentToBreakout(at=at, person=person, actor=asker, room=target)
            if target is not None
            else Recalled(at=at, person=person, actor=asker)
        )
    return facts


def _visit(room: RoomState, target: UUID | None, asker: UUID, known: Known, at: datetime) -> list[Fact]:
    standing, side = room.of(asker), room.sides.side(target)
    if standing.place not in (Place.MAIN, Place.BREAKOUT):
        raise IllegalMove("Come back from the room aside first.")
    if standing.room_id == target:
        raise IllegalMove("You are there already.")
    breakout = side is not None and side.kind is SideKind.BREAKOUT
    if target is not None and (side is None or (breakout and not room.sides.running)):
        raise IllegalMove(NO_ROOM)
    if known.bars(asker, occupants(room, target)):
        raise NoContactStaff
    if target is None or side is None:
        return [Recalled(at=at, person=asker, actor=asker)]
    if not breakout:
        return [SteppedAside(at=at, person=asker, actor=asker, room=target)]
    facts: list[Fact] = [SentToBreakout(at=at, person=asker, actor=asker, room=target)]
    if side.help_since is not None:
        facts.append(HelpEnded(at=at, person=asker, room=target))
    return facts


def _ask_help(room: RoomState, asker: UUID, on: bool, at: datetime) -> list[Fact]:
    standing = room.of(asker)
    side = room.sides.breakout(standing.room_id)
    if standing.place is not Place.BREAKOUT or side is None:
        raise IllegalMove("You are not in a breakout room now.")
    if on == (side.help_since is not None):
        raise IllegalMove("Help has been asked for already." if on else "Nobody is asking for help now.")
    fact = HelpAsked if on else HelpEnded
    return [fact(at=at, person=asker, room=side.id)]


def _step_aside(room: RoomState, person: UUID, asker: UUID, known: Known, at: datetime) -> list[Fact]:
    if person == asker:
        raise IllegalMove("Choose somebody to talk to.")
    if room.of(asker).place not in SEATED or room.of(person).place not in (Place.MAIN, Place.BREAKOUT):
        raise IllegalMove("Both of you must be in the meeting, and not aside.")
    if known.clash((person, asker)):
        raise NoContactStaff
    if room.of(asker).place is Place.ASIDE:
        raise IllegalMove("Come back from the room aside first.")
    target = known.rooms_apart.get(person) or uuid5(known.seed, "aside")
    return [SteppedAside(at=at, person=who, actor=asker, room=target) for who in (person, asker)]
