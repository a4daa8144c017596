"""What a browser is told on the room socket: whole views, made for this one reader."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from signaling.protocol.basics import (
    Ask,
    ChatTo,
    Flag,
    Lobby,
    Message,
    Part,
    Place,
    RoomRole,
)


class You(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    person_id: str
    name: str
    role: RoomRole
    place: Place
    identity: str  # your participant identity in the media room; "" while you have no seat
    position: int | None = None  # place in line, from 1, while waiting
    room_id: str = ""  # of the side room one is in
    room_name: str = ""  # of the side room one is in; "" in the main room
    hand: int | None = None  # place in the order of raised hands, from 1
    ask: Ask | None = None  # an open question from staff
    may_share_screen: bool = False
    arrival: Arrival | None = None  # as last told; `confirmed` says whether for this meeting
    late: bool = False  # waits, and the door has closed: a facilitator decides


class Arrival(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    address: str
    city: str
    state: str
    phone: str
    emergency_name: str
    emergency_phone: str
    alone: bool
    headphones: bool
    confirmed: bool  # for this meeting


class Member(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Somebody in the same room as the reader."""

    person_id: str
    name: str
    role: RoomRole
    identity: str
    interrupted: bool  # the connection dropped; the place is kept
    hand: int | None = None  # place in the order of raised hands, from 1
    flags: tuple[Flag, ...] = ()  # to staff only


class Waiter(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Somebody in the waiting room. Only staff of the meeting are told."""

    person_id: str
    name: str
    role: RoomRole
    since: str  # ISO 8601 UTC
    interrupted: bool
    lobby: Lobby = "clients"
    flags: tuple[Flag, ...] = ()
    late: bool = False  # came after the door had closed: to be let in with a reason
    minutes_late: int = 0  # of a late one: from the scheduled start to when they first came


class SideRoom(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """A breakout room or a room aside, as staff see it."""

    room_id: str
    name: str
    kind: Literal["breakout", "aside"]
    members: tuple[Member, ...]  # who is in it now
    assigned: tuple[Person, ...]  # who belongs there, wherever they are
    help_since: str | None  # ISO 8601 UTC: they asked for help


class Person(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    person_id: str
    name: str
    role: RoomRole


class Away(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """On the roster or once here, and not inside or waiting now. Only staff are told."""

    person_id: str
    name: str
    role: RoomRole
    place: Place  # outside, left, declined or removed
    reason: str
    # ISO 8601 UTC: when they were last here or at the door; none: they never were, or were to the end.
    until: str | None = None
    waited: bool = False  # were at the door then, and not in the room


class Breakouts(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Told to everybody inside while they are open or closing; to staff also while planned."""

    state: Literal["planned", "open", "closing"]
    ends_at: str | None  # ISO 8601 UTC: the timer, or the end of the notice
    rooms: tuple[SideRoom, ...]  # empty unless the reader is staff
    unassigned: tuple[Person, ...]  # inside and without a room; empty unless the reader is staff


class Pause(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """A break of the group."""

    started_at: str  # ISO 8601 UTC
    ends_at: str


class Agenda(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    parts: tuple[Part, ...]
    now: int | None  # which part is on, from 0
    since: str | None  # ISO 8601 UTC: it is on
    next: int | None  # which part comes next, from 0; none after the last
    version: int  # of which writing this is, from 1


class Hold(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """No facilitator is there. From `paused_at` on clients neither see nor hear each other."""

    since: str  # ISO 8601 UTC
    paused_at: str
    paused: bool


class CrisisEvent(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    at: str  # ISO 8601 UTC
    by: str  # name
    kind: Literal["opened", "paged", "answered", "note", "aside", "closed"]
    text: str


class Crisis(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Everything needed at once, on one screen. Only staff are told."""

    person_id: str
    name: str
    arrival: Arrival | None
    contacts: tuple[str, ...]  # further people who may be called: "Rosa (mother), 555 0100"
    numbers: tuple[str, ...]  # local emergency numbers of the state: "911", "988 Suicide & Crisis Lifeline"
    aside_room_id: str  # prepared; "" when none
    timeline: tuple[CrisisEvent, ...]
    closed: bool


class MeetingInfo(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    title: str
    starts_at: str  # ISO 8601 UTC
    ends_at: str
    ended: bool
    facilitators: tuple[str, ...]  # first names: who will let you in
    kind: str = ""  # of programs.kinds
    breaks: tuple[Pause, ...] = ()  # as planned
    lobbies: tuple[Lobby, ...] = ("clients",)


class Room(Message, frozen=True, tag="room"):
    """The whole state as this reader may see it. Replaces every earlier one."""

    seq: int
    server_time: str  # ISO 8601 UTC
    you: You
    meeting: MeetingInfo
    members: tuple[Member, ...]  # empty unless the reader is in the room
    waiting: tuple[Waiter, ...]  # empty unless the reader is staff of the meeting
    staff_present: bool
    breakouts: Breakouts | None = None
    asides: tuple[SideRoom, ...] = ()  # empty unless the reader is staff
    away: tuple[Away, ...] = ()  # empty unless the reader is staff
    locked: bool = False
    auto_admit: bool = False
    screens: Literal["staff", "everyone"] = "staff"
    spotlight: str = ""  # person id, in the reader's room
    lead: str = ""  # person id of the facilitator who leads
    pause: Pause | None = None
    agenda: Agenda | None = None
    hold: Hold | None = None
    crises: tuple[Crisis, ...] = ()  # empty unless the reader is staff
    help_since: str | None = None  # the reader's own breakout room has asked for help
    may_take_over: bool = False  # the reader is on call and nobody leads


class ChatLine(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    line_id: int  # grows
    at: str  # ISO 8601 UTC
    person_id: str
    name: str
    to: ChatTo
    text: str
    person_name: str = ""  # of whom a `person` line is for


class Chat(Message, frozen=True, tag="chat"):
    """Lines the reader may see, oldest first: those of the rooms and times they were there for.

    `reset`: forget the earlier ones first (sent after every connect and every move).
    """

    lines: tuple[ChatLine, ...]
    reset: bool


class Seat(Message, frozen=True, tag="seat"):
    """A media ticket: connect with livekit-client within `expires_in` seconds."""

    url: str  # WebSocket URL, or a path of this origin
    token: str
    identity: str
    expires_in: int


class Done(Message, frozen=True, tag="done"):
    """The command with this id is in the log (or was already)."""

    command_id: str
    seq: int


class Refused(Message, frozen=True, tag="refused"):
    """Declined. `code` is stable; `text` is safe to show."""

    code: str
    text: str
    command_id: str = ""


class Pong(Message, frozen=True, tag="pong"):
    seq: int
    server_time: str


ToBrowser = Room | Chat | Seat | Done | Refused | Pong

_encoder = msgspec.json.Encoder()


def encode(message: ToBrowser) -> str:
    return _encoder.encode(message).decode()
