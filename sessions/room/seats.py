"""Media seats: who has one now, and what the media engine must do for new facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sessions.core.errors import IllegalMove
from sessions.people.roles import RoomRole
from sessions.room.events import Declined, Ended, Lapsed, Left, Muted, Removed, SentBack
from sessions.room.log import facts_of
from sessions.room.machine import SEATED, Place
from sessions.room.models import Placement, Room
from sessions.room.reading import Actor, entrant


class NoSeat(IllegalMove):
    code = "no-seat"
    text = "You are not in the room now."


@dataclass(frozen=True, slots=True)
class Seat:
    media_room: str
    identity: str
    version: int
    role: RoomRole
    may_share_screen: bool


@dataclass(frozen=True, slots=True)
class CurrentSeat:
    media_room: str
    identity: str
    version: int
    role: RoomRole  # as of the person's last act
    screens_open: bool  # everybody may share a screen

    @property
    def may_share_screen(self) -> bool:
        return self.screens_open or self.role == RoomRole.FACILITATOR


@dataclass(frozen=True, slots=True)
class Eject:
    media_room: str
    identity: str


@dataclass(frozen=True, slots=True)
class Mute:
    media_room: str
    identity: str


@dataclass(frozen=True, slots=True)
class CloseRoom:
    media_room: str


Effect: TypeAlias = Eject | Mute | CloseRoom


def seat(actor: Actor) -> Seat:
    """The media seat of somebody in the room.

    Raises:
        NotFound: no right to the room.
        NoSeat (code "no-seat"): not in the room now.
    """
    meeting, person, role = entrant(actor)
    current = seats([(meeting.pk, person.pk)])[meeting.pk, person.pk]
    if current is None:
        raise NoSeat
    if current.role != role:  # changed since their last act, and with it what they may do from their seat
        Placement.objects.filter(meeting=meeting, person=person).update(role=role)
    return Seat(
        current.media_room,
        current.identity,
        current.version,
        role,
        current.screens_open or role == RoomRole.FACILITATOR,
    )


def seats(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], CurrentSeat | None]:
    """Current seats of many (meeting id, person id) in one query; None for who has none (any more).

    A disabled account has none. That somebody lost their part in the meeting is seen by `seat` only.
    """
    wanted = list(pairs)
    rows = Placement.objects.filter(
        meeting__in={meeting for meeting, _ in wanted},
        person__in={person for _, person in wanted},
        person__is_active=True,
        place__in=[place.value for place in SEATED],
        meeting__room__ended_at=None,
    ).values_list(
        "meeting_id",
        "person_id",
        "meeting__room__media_name",
        "identity",
        "version",
        "role",
        "meeting__room__floor",
    )
    current = {
        (meeting, person): CurrentSeat(
            room, identity, version, RoomRole(role), floor.get("screens") == "everyone"
        )
        for meeting, person, room, identity, version, role, floor in rows
    }
    return {pair: current.get(pair) for pair in wanted}


def effects_since(meeting_id: UUID, seq: int) -> tuple[int, tuple[Effect, ...]]:
    """The head seq, and what the media engine must do for the facts after `seq`. Doing it twice is harmless.

    Nobody who has a seat again by now is ejected: their old media session is told from the new by the
    placement version, not by the identity.
    """
    room = Room.objects.filter(pk=meeting_id).first()
    if room is None:
        return 0, ()
    rows = {row.person_id: row for row in Placement.objects.filter(meeting=meeting_id)}
    effects: dict[Effect, None] = {}
    for row, fact in facts_of(meeting_id, after=seq):
        if row.seq >= room.next_seq:
            break
        match fact:
            case Ended():
                effects[CloseRoom(room.media_name)] = None
            case Muted(person=person):
                effects[Mute(room.media_name, rows[person].identity)] = None
            case Declined() | SentBack() | Removed() | Left() | Lapsed():
                if Place(rows[fact.person].place) not in SEATED:
                    effects[Eject(room.media_name, rows[fact.person].identity)] = None
    return room.next_seq - 1, tuple(effects)
