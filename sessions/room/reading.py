"""What may be read of a room, and by whom. Nothing here writes, except an audit row for reading attendance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sessions.room.events import Fact
from sessions.room.machine import Place
from sessions.room.presence import Stay

RoomRole: TypeAlias = Literal["facilitator", "client", "family", "alumnus"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, in one meeting. Always from the login of the connection, never from a message."""

    person_id: UUID
    meeting_id: UUID


@dataclass(frozen=True, slots=True)
class You:
    person_id: UUID
    name: str
    role: RoomRole
    place: Place
    identity: str  # "" without a seat
    position: int | None  # place in line, from 1, while waiting


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody else in the same room as the reader."""

    person_id: UUID
    name: str
    role: RoomRole
    identity: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Waiter:
    person_id: UUID
    name: str
    role: RoomRole
    since: datetime
    interrupted: bool


@dataclass(frozen=True, slots=True)
class MeetingInfo:
    title: str
    starts_at: datetime
    ends_at: datetime
    ended: bool
    facilitators: tuple[str, ...]  # first names


@dataclass(frozen=True, slots=True)
class RoomView:
    """The room as one reader may see it: signaling.protocol.Room with typed values."""

    seq: int
    server_time: datetime
    you: You
    meeting: MeetingInfo
    members: tuple[Member, ...]  # without the reader; empty unless the reader is in the room
    waiting: tuple[Waiter, ...]  # in line; empty unless the reader is staff of the meeting
    staff_present: bool


@dataclass(frozen=True, slots=True)
class Seat:
    media_room: str
    identity: str
    version: int
    role: RoomRole


@dataclass(frozen=True, slots=True)
class CurrentSeat:
    media_room: str
    identity: str
    version: int


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


@dataclass(frozen=True, slots=True)
class Recorded:
    seq: int
    fact: Fact
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    waiting: int
    present: int


@dataclass(frozen=True, slots=True)
class PersonStays:
    person_id: UUID
    name: str
    role: RoomRole | None  # None: has no role in the meeting any more
    arrived_at: datetime | None  # first at the door
    stays: tuple[Stay, ...]
    minutes: int  # whole minutes of the stays' union


def view(actor: Actor) -> RoomView:
    """Raises NotFound without a right to the meeting."""
    raise NotImplementedError


def seat(actor: Actor) -> Seat:
    """The media seat of somebody in the main room.

    Raises:
        NotFound: no right to the meeting.
        NoSeat (code "no-seat"): not in the room now.
    """
    raise NotImplementedError


def seats(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], CurrentSeat | None]:
    """Current seats of many (meeting id, person id) in one query; None for who has none (any more)."""
    raise NotImplementedError


def effects_since(meeting_id: UUID, seq: int) -> tuple[int, tuple[Effect, ...]]:
    """The head seq, and what the media engine must do for the facts after `seq`; doing it twice is harmless."""
    raise NotImplementedError


def head(meeting_id: UUID) -> int:
    """The last seq of the meeting's log; 0 before anything happened (and for no meeting at all)."""
    raise NotImplementedError


def facts_since(meeting_id: UUID, seq: int, actor: Actor) -> Sequence[Recorded]:
    """Facts after `seq`: all for staff of the meeting, for others those about themselves.

    Raises NotFound without a right to the meeting.
    """
    raise NotImplementedError


def waiting_now(reader_id: UUID, meeting_ids: Iterable[UUID]) -> Mapping[UUID, Counts]:
    """People waiting and in the room, by meeting, for those of the meetings whose facilitator or programme's
    coordinator the reader is; the others are left out."""
    raise NotImplementedError


def stays(actor: Actor) -> Sequence[PersonStays]:
    """Who was in the room when: everybody for staff and the programme's coordinators (with full names, by name;
    roster members who never came included, with no stays), for clients only themselves, for family and alumni
    nobody. Reading others' attendance writes an audit row.

    Raises NotFound without a right to the meeting.
    """
    raise NotImplementedError
