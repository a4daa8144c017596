"""From a command to facts. Pure: the room as it is, who asks, and the time come in as values.

Nothing here writes; what comes out is legal by the table in machine.py, because each fact is tried on it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.core.errors import IllegalMove, NotAllowed
from sessions.room import facilitation
from sessions.room.breakouts import Known, NoContactStaff
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Command,
    Decline,
    End,
    Knock,
    Leave,
    Lobby,
    MuteOther,
    Remove,
    RuledCommand,
    SendBack,
    StaffCommand,
    TakeOver,
)
from sessions.room.events import (
    Admitted,
    Declined,
    Ended,
    Entered,
    Fact,
    Knocked,
    Left,
    Muted,
    Removed,
    SentBack,
)
from sessions.room.floor_commands import FloorCommand
from sessions.room.late import NOBODY_LATE, Latecomers, LateDoor
from sessions.room.machine import HELD, SEATED, Place, RoomState, Standing, evolve, move
from sessions.room.moves import HoldBegan, HoldEnded, SentToBreakout, TookOver
from sessions.room.moving import decide_side, home, landing, occupants, returned
from sessions.room.side_commands import SideCommand

NOTHING_KNOWN: Final = Known()
_LAST_IN_LINE: Final = 2**31  # a seq that no log reaches: the real one is not known here
IDLE_AFTER_END: Final = timedelta(minutes=15)  # past the scheduled end without anybody: it is over


class MeetingEnded(IllegalMove):
    code = "ended"
    text = "This meeting has ended."


@dataclass(frozen=True, slots=True)
class Asker:
    person: UUID
    staff: bool  # a facilitator of this meeting
    on_call: bool = False  # no part in it, but may take over while it has no facilitator
    called: bool = False  # on call, and the meeting's facilitators have called for help in a crisis


def decide(
    room: RoomState,
    command: RuledCommand,
    asker: Asker,
    facilitators: frozenset[UUID],
    at: datetime,
    known: Known = NOTHING_KNOWN,
    *,
    closed: bool = False,
    family: Set[UUID] = frozenset(),
    roster: Set[UUID] = frozenset(),
    latecomers: Latecomers = NOBODY_LATE,
) -> list[Fact]:
    """The facts that carry out `command` at `at`. Only a Knock may come to none.

    Args:
        closed: the door is shut although the log does not say that the meeting ended; see `door_closed`.
        family: who waits in the family's lobby.
        roster: everybody with a part in the meeting; asked only while people on it are let in by themselves.
        latecomers: to whom the door has closed; asked only where somebody may be let in.

    Raises:
        NotAllowed: not by this person, or not to a facilitator of the meeting.
        IllegalMove: not from where the person concerned is. MeetingEnded once it is over. NoContact when two
            people would meet who must not. LateDoor without a reason for somebody who came too late.
    """
    check_asker(command, asker.staff)
    if isinstance(command, Knock):
        if closed or room.ended_at:
            return []
        return _come(room, asker, known, facilitators, roster, latecomers, at)
    if closed or room.ended_at:
        raise MeetingEnded
    if isinstance(command, FloorCommand):
        led = facilitation.decide(room, command, asker.person, facilitators, roster, at, latecomers)
        return landed(room, led, known)
    match command:
        case Leave():
            if room.of(asker.person).place not in HELD:
                raise IllegalMove("You are not in this meeting now.")
            return [Left(at=at, person=asker.person)]
        case End():
            return [Ended(at=at, actor=asker.person)]
        case AdmitAll(lobby=lobby):
            waiting = [p for p in room.at(Place.WAITING) if lobby in (None, lobby_of(p, family))]
            if not waiting:
                raise IllegalMove("Nobody is waiting.")
            waiting = [person for person in waiting if facilitation.may_enter(room, person)]
            if not waiting:
                raise facilitation.Locked
            waiting = [person for person in waiting if not latecomers.late(room, person)]
            if not waiting:
                raise LateDoor
            asked = [Admitted(at=at, person=person, actor=asker.person) for person in waiting]
            facts = landed(room, asked, known)
            if not facts:
                raise NoContactStaff
            return facts
        case Admit(person=person, reason=reason):
            if room.of(person).place in SEATED:
                raise facilitation.AlreadySo
            if not facilitation.may_enter(room, person):
                raise facilitation.Locked
            late = latecomers.late(room, person)
            if late and reason is None:
                raise LateDoor
            fact = Admitted(at=at, person=person, actor=asker.person, reason=reason if late else None)
            move(room.of(person).place, fact)
            return [fact, *landing(room, person, known, at)]
        case TakeOver():
            if not asker.on_call or (room.sides.hold is None and not asker.called):
                raise IllegalMove("This meeting has a facilitator now.")
            return [TookOver(at=at, person=asker.person), *entered(room, asker.person, known, at)]
    if isinstance(command, SideCommand):
        return decide_side(room, command, asker.person, known, at)
    if command.person in facilitators and isinstance(command, Decline | SendBack | Remove):
        raise NotAllowed("A facilitator of this meeting cannot be sent out.")
    about = _about_another(command, asker.person, at)
    move(room.of(command.person).place, about)
    return [about]


def check_asker(command: Command, staff: bool) -> None:
    """Raises NotAllowed for what only a facilitator of the meeting may ask (SAFETY, invariant 9)."""
    if isinstance(command, StaffCommand) and not staff:
        raise NotAllowed("Only a facilitator of this meeting can do that.")


def lapse_due(standing: Standing, now: datetime, grace: timedelta) -> bool:
    """Whether an interruption has outlasted the grace.

    An interruption that lies further in the future than the grace was stamped by a clock that has since been
    put back: nothing is known about its length, so the place is given up rather than held for hours.
    """
    since = standing.interrupted_since
    return since is not None and not (since - grace < now < since + grace)


def consequences(room: RoomState, known: Known, at: datetime, grace: timedelta) -> list[Fact]:
    """What follows by itself from how the room has become at `at`; nothing, once that is in the log.

    Nobody stays in a room aside without staff. Without a connected facilitator in any room of the meeting
    the others are held: `grace` later their media pauses (SAFETY, invariant 35).
    """
    inside = room.inside()
    for side in room.sides.asides:
        if not any(where == side.id and person in known.staff for person, where in inside.items()):
            return returned(room, side.id, known, at)
    led = any(person in known.staff and room.of(person).connections for person in inside)
    followed = any(person not in known.staff for person in inside)
    if room.sides.hold is None and followed and not led:
        return [HoldBegan(at=at, paused_at=at + grace)]
    if room.sides.hold is not None and (led or not followed) and room.ended_at is None:
        return [HoldEnded(at=at)]
    return []


def door_closed(room: RoomState, ends_at: datetime, cancelled: bool, now: datetime) -> bool:
    """Whether nobody can come to the meeting's door any more.

    It stays open past the scheduled end for as long as somebody is there, or was within IDLE_AFTER_END:
    people who overrun and lose the connection can come back.
    """
    if cancelled or room.ended_at:
        return True
    if now < ends_at + IDLE_AFTER_END:
        return False
    for standing in room.people.values():
        if standing.place in HELD and standing.connections:
            return False
        if standing.entered_at and standing.heard_until and standing.heard_until > now - IDLE_AFTER_END:
            return False
    return True


def lobby_of(person: UUID, family: Set[UUID]) -> Lobby:
    return "family" if person in family else "clients"


def entered(room: RoomState, person: UUID, known: Known, at: datetime) -> list[Fact]:
    return [Entered(at=at, person=person), *landing(room, person, known, at)]


def landed(room: RoomState, facts: Sequence[Fact], known: Known) -> list[Fact]:
    """`facts`, each admission followed by the breakout room it leads to; without the admissions of people
    who would meet somebody they must not: they go on waiting."""
    found: list[Fact] = []
    there: dict[UUID | None, list[UUID]] = {}
    for fact in facts:
        if not isinstance(fact, Admitted):
            found.append(fact)
            continue
        target = home(room, fact.person)
        mates = there.setdefault(target, occupants(room, target))
        if known.bars(fact.person, mates):
            continue
        mates.append(fact.person)
        found.append(fact)
        if target is not None:
            found.append(SentToBreakout(at=fact.at, person=fact.person, room=target))
    return found


def _come(
    room: RoomState,
    asker: Asker,
    known: Known,
    facilitators: Set[UUID],
    roster: Set[UUID],
    latecomers: Latecomers,
    at: datetime,
) -> list[Fact]:
    """A knock, and whom the door lets in by it when it is set to: who knocks, or all who waited for staff."""
    facts = _knock(room, asker, known, at)
    if room.floor.auto_admit is None:
        return facts
    for seq, fact in enumerate(facts, _LAST_IN_LINE):
        room = evolve(room, fact, seq)
    opened = facilitation.let_in(room, facilitators, roster, at, room.floor.auto_admit, latecomers)
    return facts + landed(room, opened, known)


def _knock(room: RoomState, asker: Asker, known: Known, at: datetime) -> list[Fact]:
    standing = room.of(asker.person)
    if asker.on_call:
        return []
    match standing.place:
        case Place.OUTSIDE | Place.LEFT:
            return (
                entered(room, asker.person, known, at)
                if asker.staff
                else [Knocked(at=at, person=asker.person)]
            )
        case Place.WAITING if asker.staff:
            # Became a facilitator while waiting: there is no row from WAITING into MAIN but Admitted.
            return [Left(at=at, person=asker.person), *entered(room, asker.person, known, at)]
        case _:
            return []


def _about_another(command: Decline | SendBack | Remove | MuteOther, actor: UUID, at: datetime) -> Fact:
    match command:
        case Decline(person, reason):
            return Declined(at=at, person=person, actor=actor, reason=reason)
        case SendBack(person):
            return SentBack(at=at, person=person, actor=actor)
        case Remove(person, reason):
            return Removed(at=at, person=person, actor=actor, reason=reason)
        case MuteOther(person):
            return Muted(at=at, person=person, actor=actor)
