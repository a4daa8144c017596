"""From a command to facts. Pure: the room as it is, who asks, and the time come in as values.

Nothing here writes; what comes out is legal by the table in machine.py, because each fact is tried on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.core.errors import IllegalMove, NotAllowed
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Command,
    Decline,
    End,
    Knock,
    Leave,
    MuteOther,
    Remove,
    SendBack,
    StaffCommand,
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
from sessions.room.machine import HELD, Place, RoomState, Standing, move

IDLE_AFTER_END: Final = timedelta(minutes=15)  # past the scheduled end without anybody: it is over


class MeetingEnded(IllegalMove):
    code = "ended"
    text = "This meeting has ended."


@dataclass(frozen=True, slots=True)
class Asker:
    person: UUID
    staff: bool  # a facilitator of this meeting


def decide(
    room: RoomState,
    command: Command,
    asker: Asker,
    facilitators: frozenset[UUID],
    at: datetime,
    *,
    closed: bool = False,
) -> list[Fact]:
    """The facts that carry out `command` at `at`. Only a Knock may come to none.

    `closed`: the door is shut although the log does not say that the meeting ended; see `door_closed`.

    Raises:
        NotAllowed: not by this person, or not to a facilitator of the meeting.
        IllegalMove: not from where the person concerned is. MeetingEnded once it is over.
    """
    if isinstance(command, StaffCommand) and not asker.staff:
        raise NotAllowed("Only a facilitator of this meeting can do that.")
    if isinstance(command, Knock):
        return [] if closed or room.ended_at else _knock(room.of(asker.person), asker, at)
    if closed or room.ended_at:
        raise MeetingEnded
    match command:
        case Leave():
            if room.of(asker.person).place not in HELD:
                raise IllegalMove("You are not in this meeting now.")
            return [Left(at=at, person=asker.person)]
        case End():
            return [Ended(at=at, actor=asker.person)]
        case AdmitAll():
            waiting = room.at(Place.WAITING)
            if not waiting:
                raise IllegalMove("Nobody is waiting.")
            return [Admitted(at=at, person=person, actor=asker.person) for person in waiting]
    if command.person in facilitators and isinstance(command, Decline | SendBack | Remove):
        raise NotAllowed("A facilitator of this meeting cannot be sent out.")
    fact = _about_another(command, asker.person, at)
    move(room.of(command.person).place, fact)
    return [fact]


def lapse_due(standing: Standing, now: datetime, grace: timedelta) -> bool:
    """Whether an interruption has outlasted the grace.

    An interruption that lies further in the future than the grace was stamped by a clock that has since been
    put back: nothing is known about its length, so the place is given up rather than held for hours.
    """
    since = standing.interrupted_since
    return since is not None and not (since - grace < now < since + grace)


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


def _knock(standing: Standing, asker: Asker, at: datetime) -> list[Fact]:
    match standing.place:
        case Place.OUTSIDE | Place.LEFT:
            entry = Entered if asker.staff else Knocked
            return [entry(at=at, person=asker.person)]
        case Place.WAITING if asker.staff:
            # Became a facilitator while waiting: there is no row from WAITING into MAIN but Admitted.
            return [Left(at=at, person=asker.person), Entered(at=at, person=asker.person)]
        case _:
            return []


def _about_another(
    command: Admit | Decline | SendBack | Remove | MuteOther, actor: UUID, at: datetime
) -> Fact:
    match command:
        case Admit(person):
            return Admitted(at=at, person=person, actor=actor)
        case Decline(person, reason):
            return Declined(at=at, person=person, actor=actor, reason=reason)
        case SendBack(person):
            return SentBack(at=at, person=person, actor=actor)
        case Remove(person, reason):
            return Removed(at=at, person=person, actor=actor, reason=reason)
        case MuteOther(person):
            return Muted(at=at, person=person, actor=actor)
