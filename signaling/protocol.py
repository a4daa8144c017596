"""What a browser and the room socket may say to each other. The only copy.

`manage.py protocol_types` writes frontend/src/protocol/messages.gen.ts from this file. JSON text frames on
/ws/rooms/<meeting id>, subprotocol `viop.<VERSION>`. State travels as whole views (`Room`), made for this one
reader by the server: a view never contains what its reader may not see. `seq` is the room log's; a client
that sees a `Pong` with a newer seq than its own has missed a bell and is sent a view at once.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

VERSION: Final = 1
MAX_FRAME_BYTES: Final = 64 * 1024

NO_NUL: Final = r"\A[^\x00]*\Z"  # PostgreSQL stores every other character
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_NUL)]
# Chosen by the client; repeats are ignored.
CommandId = Annotated[str, Meta(min_length=8, max_length=64, pattern=NO_NUL)]
Reason = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]
# Where a person is, as told to browsers. `outside`: not (or no longer) at the door.
Place = Literal["outside", "waiting", "main", "left", "declined", "removed"]
RoomRole = Literal["facilitator", "client", "family", "alumnus"]


class Close(IntEnum):
    """Why the server closed a socket. A client may come back by itself only after those marked (again).

    Private codes (4000 and up) throughout: Daphne's Autobahn refuses to send the registered 1009 to 1013, and
    then sends nothing at all.
    """

    OVERSIZE = 4009  # a frame above MAX_FRAME_BYTES
    FAULT = 4011  # (again) our side broke
    RESTART = 4012  # (again) this server is going away
    BUSY = 4013  # (again) it cannot serve this now
    BAD_FRAME = 4400  # outside the protocol
    SIGNED_OUT = 4401  # no login, no longer one, or no seat for this ticket
    NOT_FOUND = 4404  # no such meeting for this person
    WRONG_VERSION = 4406  # the page is of another version: reload it
    TOO_SLOW = 4408  # (again) the client does not read what it is sent
    TOO_MANY = 4429  # (again, after a pause) more frames than anybody needs


class Message(Struct, forbid_unknown_fields=True, frozen=True, rename="camel", tag_field="type"):
    """Base of every message."""


# From the browser.


class Knock(Message, frozen=True, tag="knock"):
    """At the door: a client waits, a facilitator enters. Also right after every (re)connect."""


class Admit(Message, frozen=True, tag="admit"):
    command_id: CommandId
    person_id: Id


class AdmitAll(Message, frozen=True, tag="admitAll"):
    command_id: CommandId


class Decline(Message, frozen=True, tag="decline"):
    command_id: CommandId
    person_id: Id
    reason: Reason = ""


class SendBack(Message, frozen=True, tag="sendBack"):
    """From the room back to waiting."""

    command_id: CommandId
    person_id: Id


class Remove(Message, frozen=True, tag="remove"):
    command_id: CommandId
    person_id: Id
    reason: Reason = ""


class MuteOther(Message, frozen=True, tag="muteOther"):
    """Silence somebody's microphone. Nobody can be un-muted by another."""

    command_id: CommandId
    person_id: Id


class Leave(Message, frozen=True, tag="leave"):
    command_id: CommandId


class End(Message, frozen=True, tag="end"):
    """End the meeting for everybody."""

    command_id: CommandId


class AskSeat(Message, frozen=True, tag="askSeat"):
    """Ask for a media ticket. Answered by `Seat` or `Refused`."""


class Ping(Message, frozen=True, tag="ping"):
    """Evidence of presence, every 5 s."""


FromBrowser = (
    Knock | Admit | AdmitAll | Decline | SendBack | Remove | MuteOther | Leave | End | AskSeat | Ping
)

# To the browser.


class You(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    person_id: str
    name: str
    role: RoomRole
    place: Place
    identity: str  # your participant identity in the media room; "" while you have no seat
    position: int | None = None  # place in line, from 1, while waiting


class Member(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Somebody in the same room as the reader."""

    person_id: str
    name: str
    role: RoomRole
    identity: str
    interrupted: bool  # the connection dropped; the place is kept


class Waiter(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Somebody in the waiting room. Only staff of the meeting are told."""

    person_id: str
    name: str
    role: RoomRole
    since: str  # ISO 8601 UTC
    interrupted: bool


class MeetingInfo(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    title: str
    starts_at: str  # ISO 8601 UTC
    ends_at: str
    ended: bool
    facilitators: tuple[str, ...]  # first names: who will let you in


class Room(Message, frozen=True, tag="room"):
    """The whole state as this reader may see it. Replaces every earlier one."""

    seq: int
    server_time: str  # ISO 8601 UTC
    you: You
    meeting: MeetingInfo
    members: tuple[Member, ...]  # empty unless the reader is in the room
    waiting: tuple[Waiter, ...]  # empty unless the reader is staff of the meeting
    staff_present: bool


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


ToBrowser = Room | Seat | Done | Refused | Pong

_decoder = msgspec.json.Decoder(FromBrowser)
_encoder = msgspec.json.Encoder()


def decode(frame: str | bytes) -> FromBrowser:
    """Raises msgspec.DecodeError (ValidationError included) on anything outside the protocol."""
    try:
        message: FromBrowser = _decoder.decode(frame)
    except UnicodeEncodeError:
        raise msgspec.DecodeError("a frame is UTF-8") from None
    return message


def encode(message: ToBrowser) -> str:
    return _encoder.encode(message).decode()
