"""Media seats: who has one now, and what the media engine must do for new facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from django.db.models import QuerySet

from sessions.core import clock
from sessions.core.errors import IllegalMove
from sessions.people.roles import RoomRole
from sessions.room.events import Declined, Ended, Lapsed, Left, Muted, Removed, SentBack
from sessions.room.log import facts_of
from sessions.room.machine import SEATED, Place
from sessions.room.models import Placement, Room, SideRoom
from sessions.room.moves import KeptApart
from sessions.room.reading import Actor, entrant

ALONE: Final = ".alone"  # suffix of a media room for one
# What ends somebody's seat, beside the end of the meeting; and being declined, should one still be open.
LEAVING: Final = (Declined, SentBack, KeptApart, Removed, Left, Lapsed)


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
class Relocate:
    """Somebody's media belongs into another room now, whatever it was in before."""

    meeting_id: UUID
    person_id: UUID
    source: str
    seat: CurrentSeat


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


Effect: TypeAlias = Relocate | Eject | Mute | CloseRoom


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
    rows = _seated().filter(
        meeting__in={meeting for meeting, _ in wanted}, person__in={person for _, person in wanted}
    )
    current = {(row.meeting_id, row.person_id): _seat_of(row) for row in rows}
    return {pair: current.get(pair) for pair in wanted}


def seats_in(meeting_id: UUID) -> dict[UUID, CurrentSeat]:
    """Everybody's current seat in one meeting, by person; one query."""
    return {row.person_id: _seat_of(row) for row in _seated().filter(meeting=meeting_id)}


def _seated() -> QuerySet[Placement]:
    return Placement.objects.filter(
        person__is_active=True,
        place__in=[place.value for place in SEATED],
        meeting__room__ended_at=None,
    ).select_related("room", "meeting__room")


def _seat_of(row: Placement) -> CurrentSeat:
    """Where the person's media belongs. While a hold pauses a meeting everybody but staff is in a media room
    alone: that rests on this row and the clock, and needs nobody to tell the engine in time."""
    live, role = row.meeting.room, RoomRole(row.role)
    if live.paused_at is not None and live.paused_at <= clock.now() and role != RoomRole.FACILITATOR:
        media_room = f"{row.identity}{ALONE}"
    else:
        media_room = row.room.media_name if row.room is not None else live.media_name
    open_to_all = live.floor.get("screens") == "everyone"
    return CurrentSeat(media_room, row.identity, row.version, role, open_to_all)


def next_change(meeting_id: UUID) -> datetime | None:
    """When the clock alone changes the meeting's rooms next: breakouts end, or a hold pauses media."""
    times = Room.objects.filter(pk=meeting_id, ended_at=None).values_list("due_at", "paused_at").first()
    return min((at for at in times or () if at is not None), default=None)


def effects_since(meeting_id: UUID, seq: int) -> tuple[int, tuple[Effect, ...]]:
    """The head seq, and what the media engine must do for the facts after `seq`. Doing it twice is harmless.

    Nobody who has a seat again by now is ejected: their old media session is told from the new by the
    placement version, not by the identity.
    """
    room = Room.objects.filter(pk=meeting_id).first()
    if room is None:
        return 0, ()
    new = [(row, fact) for row, fact in facts_of(meeting_id, after=seq) if row.seq < room.next_seq]
    if not any(isinstance(fact, (Ended, Muted, *LEAVING)) for _, fact in new):
        return room.next_seq - 1, ()
    rows = {row.person_id: row for row in Placement.objects.filter(meeting=meeting_id)}
    names = [
        room.media_name,
        *SideRoom.objects.filter(meeting=meeting_id).values_list("media_name", flat=True),
    ]
    current = seats_in(meeting_id)
    effects: dict[Effect, None] = {}
    for _, fact in new:
        match fact:
            case Ended():
                alone = [f"{row.identity}{ALONE}" for row in rows.values()]
                effects |= {CloseRoom(name): None for name in (*names, *alone)}
            case Muted(person=person) if person in current:
                effects[Mute(current[person].media_room, current[person].identity)] = None
            case _ if isinstance(fact, LEAVING) and Place(rows[fact.person].place) not in SEATED:
                identity = rows[fact.person].identity
                effects |= {Eject(name, identity): None for name in (*names, f"{identity}{ALONE}")}
    return room.next_seq - 1, tuple(effects)
