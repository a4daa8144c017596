"""From a command about how a meeting is led to facts. Pure; decisions.decide asks here.

What is so already is refused with the code `already-so`: a second facilitator who presses the same button at
the same moment has got what they wanted, and a page says nothing about it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sessions.core.errors import IllegalMove, NotAllowed
from sessions.room.events import Admitted, Fact, Muted
from sessions.room.floor_commands import (
    AnswerAsk,
    AskOf,
    BeginPart,
    EndBreak,
    FloorCommand,
    HandOver,
    LowerHand,
    MuteAll,
    RaiseHand,
    SetAgenda,
    SetAutoAdmit,
    SetLock,
    SetScreens,
    Spotlight,
    StartBreak,
    VerifyIdentity,
)
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
    ScreensSet,
    Spotlighted,
)
from sessions.room.late import NOBODY_LATE, Latecomers
from sessions.room.machine import HELD, Place, RoomState, room_key
from sessions.room.still_facts import IdentityVerified


class AlreadySo(IllegalMove):
    code = "already-so"
    text = "That is done already."


class Locked(IllegalMove):
    code = "locked"
    text = "The room is locked. Unlock it first to let somebody new in."


class AgendaChanged(IllegalMove):
    code = "agenda-changed"
    text = "Somebody else changed the agenda meanwhile. Look at theirs, then keep one of the two."


class NotInYourRoom(IllegalMove):
    code = "not-in-your-room"
    text = "That is only possible in the room you are both in."


def decide(
    room: RoomState,
    command: FloorCommand,
    asker: UUID,
    facilitators: Set[UUID],
    roster: Set[UUID],
    at: datetime,
    latecomers: Latecomers = NOBODY_LATE,
) -> list[Fact]:
    """The facts that carry out `command`; that staff commands come from staff has been checked.

    Raises:
        NotAllowed: not to this person, or not by this one.
        AlreadySo, NotInYourRoom, IllegalMove: not now.
    """
    here, floor = room_key(room.of(asker)), room.floor
    match command:
        case RaiseHand():
            _inside(here)
            _new(asker not in floor.hands)
            return [HandRaised(at=at, person=asker)]
        case LowerHand(person=person):
            if person not in (None, asker) and asker not in facilitators:
                raise NotAllowed("Only a facilitator of this meeting can do that.")
            whose = person or asker
            _new(whose in floor.hands)
            return [HandLowered(at=at, person=whose, actor=None if whose == asker else asker)]
        case AnswerAsk():
            _new(asker in floor.asks)
            return [AskAnswered(at=at, person=asker)]
        case AskOf(person=person, ask=ask):
            if room_key(room.of(person)) is None:
                raise NotInYourRoom("That is only possible with somebody in the room.")
            _new(floor.asks.get(person) != ask)
            return [Asked(at=at, person=person, actor=asker, ask=ask)]
        case MuteAll():
            _inside(here)
            others = [p for p, one in room.people.items() if room_key(one) == here and p not in facilitators]
            if not others:
                raise IllegalMove("Nobody else is in this room.")
            return [Muted(at=at, person=person, actor=asker) for person in sorted(others)]
        case SetLock(on=on):
            _new(floor.locked != on)
            lock = LockSet(at=at, actor=asker, on=on)
            if on or floor.auto_admit is None:
                return [lock]
            unlocked = replace(room, floor=replace(floor, locked=False))
            return [lock, *let_in(unlocked, facilitators, roster, at, floor.auto_admit, latecomers)]
        case SetAutoAdmit(on=on):
            _new((floor.auto_admit is not None) != on)
            set_ = AutoAdmitSet(at=at, actor=asker, on=on)
            return [set_, *(let_in(room, facilitators, roster, at, asker, latecomers) if on else ())]
        case SetScreens(by=by):
            _new(floor.screens != by)
            return [ScreensSet(at=at, actor=asker, by=by)]
        case Spotlight(person=person):
            _inside(here)
            if person is not None and room_key(room.of(person)) != here:
                raise NotInYourRoom
            _new(floor.spotlights.get(here or "") != person)
            return [Spotlighted(at=at, actor=asker, room=here or "", person=person)]
        case StartBreak(length=length):
            return [BreakStarted(at=at, actor=asker, until=at + length)]
        case EndBreak():
            _new(floor.pause is not None)
            return [BreakEnded(at=at, actor=asker)]
        case SetAgenda():
            return _written(room, command, asker, at)
        case BeginPart(part=part):
            return _begun(room, part, asker, at)
        case VerifyIdentity(person=person):
            if room.of(person).place not in HELD or person in facilitators:
                raise IllegalMove("That is only possible with somebody in the room.")
            return [IdentityVerified(at=at, person=person, actor=asker)]
        case HandOver(person=person):
            if person not in facilitators:
                raise NotAllowed("Only a facilitator of this meeting can lead it.")
            if room_key(room.of(person)) is None:
                raise IllegalMove("That is only possible with somebody in the room.")
            _new(lead_of(room, facilitators) != person)
            return [LeadGiven(at=at, person=person, actor=asker)]


def _written(room: RoomState, command: SetAgenda, asker: UUID, at: datetime) -> list[Fact]:
    """The agenda is written anew. A break that is on lasts as long as it now says."""
    agenda, pause = room.floor.agenda, room.floor.pause_at(at)
    if not all(part.title or part.is_break for part in command.parts):
        raise IllegalMove("Every part needs a name.")
    _new(not agenda.says(command.parts))
    if command.version != agenda.version:
        raise AgendaChanged
    parts = agenda.numbered(command.parts)
    written: list[Fact] = [AgendaSet(at=at, actor=asker, parts=parts)]
    before, after = agenda.on, agenda.written(parts).on
    if pause is None or agenda.since is None or before is None or after is None or not after.is_break:
        return written
    if after.minutes == before.minutes:
        return written
    until = agenda.since + timedelta(minutes=after.minutes)
    if until <= at:
        return [*written, BreakEnded(at=at, actor=asker)]
    return [*written, BreakStarted(at=at, actor=asker, until=until)]


def _begun(room: RoomState, number: int | None, asker: UUID, at: datetime) -> list[Fact]:
    """A part of the agenda begins. Its break is the group's: attendance subtracts it like any other. A break
    that is over may begin again."""
    agenda, pause = room.floor.agenda, room.floor.pause_at(at)
    place = None if number is None else agenda.place_of(number)
    if number is not None and place is None:
        raise IllegalMove("That part is no longer on the agenda.")
    part = None if place is None else agenda.parts[place]
    _new(agenda.now != place or (part is not None and part.is_break and pause is None))
    begun: list[Fact] = [PartBegun(at=at, actor=asker, part=place)]
    if part is not None and part.is_break:
        return [*begun, BreakStarted(at=at, actor=asker, until=at + timedelta(minutes=part.minutes))]
    return [*begun, BreakEnded(at=at, actor=asker)] if pause is not None else begun


def let_in(
    room: RoomState,
    facilitators: Set[UUID],
    roster: Set[UUID],
    at: datetime,
    by: UUID | None,
    latecomers: Latecomers = NOBODY_LATE,
) -> list[Fact]:
    """Whom the open door lets in now: who waits, is on the roster, came in time and was not sent out before.

    In the name of `by`, who switched it on, or of another facilitator who is there; nobody while none is.
    """
    there = present_staff(room, facilitators)
    if not there:
        return []
    giver = by if by in there else there[0]
    return [
        Admitted(at=at, person=person, actor=giver)
        for person in room.at(Place.WAITING)
        if person in roster
        and person not in room.floor.by_hand
        and may_enter(room, person)
        and not latecomers.late(room, person)
        and room.of(person).interrupted_since is None  # comes in with the knock that follows every reconnect
    ]


def may_enter(room: RoomState, person: UUID) -> bool:
    """Whether the lock lets them in: who was inside before returns as always."""
    return not room.floor.locked or room.of(person).entered_at is not None


def present_staff(room: RoomState, facilitators: Set[UUID]) -> list[UUID]:
    """Facilitators in the room with a connection, who came first first."""
    return room.by_coming(
        person
        for person, standing in room.people.items()
        if person in facilitators and room_key(standing) is not None and standing.interrupted_since is None
    )


def lead_of(room: RoomState, facilitators: Set[UUID]) -> UUID | None:
    """Who leads: to whom it was handed, while they hold a place inside; otherwise who came first."""
    chosen = room.floor.lead
    if chosen in facilitators and chosen is not None and room_key(room.of(chosen)) is not None:
        return chosen
    return next(iter(present_staff(room, facilitators)), None)


def _inside(here: str | None) -> None:
    if here is None:
        raise IllegalMove("You are not in the room now.")


def _new(new: bool) -> None:
    if not new:
        raise AlreadySo
