"""What the Django side and a media worker say to each other. The only copy.

One stream connection (a Unix socket by default) per web process. Each message is one frame: a 4-byte
big-endian length, then a msgpack map with a `type` tag. Frames over MAX_FRAME_BYTES end the connection.
Many signal connections (one per browser, see `Open`) share the stream; `session` numbers them and is chosen
by the web process, unique for the life of the stream.

Who closes whom: a `Hangup` ends one signal connection from either side; the stream's end hangs up all of its
sessions at once (their participants keep their seats for RESUME_SECONDS and may resume through any stream).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MAX_FRAME_BYTES: Final = 1 << 20
LENGTH_BYTES: Final = 4


class Message(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="type"):
    """Base of every message on the stream."""


class Grants(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the holder of a ticket may do. Enforced in the worker, never in the browser."""

    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_own_metadata: bool = False
    sources: tuple[str, ...] = ()  # microphone, camera, screen_share, screen_share_audio; () allows all


class IceServer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


# From the web process.


class Open(Message, frozen=True, tag="open"):
    """A browser's signal connection, its ticket already verified."""

    session: int
    room: str  # opaque media room name
    identity: str  # opaque, one per person and meeting
    grants: Grants
    single: bool  # True on /rtc/v1 (one peer connection), False on /rtc (two)
    query: dict[str, str]  # of the URL, without the token: auto_subscribe, reconnect, sid, join_request, …
    token: str = ""  # sent back to the client at once as refresh_token; "" sends none
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = {}
    ice_servers: tuple[IceServer, ...] = ()


class Frame(Message, frozen=True, tag="frame"):
    """One protobuf signal message: SignalRequest towards the worker, SignalResponse from it."""

    session: int
    data: bytes


class Hangup(Message, frozen=True, tag="hangup"):
    """This signal connection is over. `code` is the WebSocket close code to use."""

    session: int
    code: int = 1000


class Refresh(Message, frozen=True, tag="refresh"):
    """Give the client of `session` this newer ticket (SignalResponse.refresh_token)."""

    session: int
    token: str


class Relocation(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    identity: str
    source: str  # media room left
    target: str  # media room entered
    token: str  # ticket for `target`, handed to the client with room_moved


class Move(Message, frozen=True, tag="move"):
    """Re-route people over the connections they have, all in one step: first every old route stops."""

    call: int
    moves: tuple[Relocation, ...]


class Eject(Message, frozen=True, tag="eject"):
    """Remove a participant; it is told and may not resume."""

    call: int
    room: str
    identity: str


class Mute(Message, frozen=True, tag="mute"):
    """Silence what `identity` publishes from `source` ("" means every source). Never un-mutes."""

    call: int
    room: str
    identity: str
    source: str = "microphone"


class Regrant(Message, frozen=True, tag="regrant"):
    """What `identity` may do from now on; what it may no longer do ends at once."""

    call: int
    room: str
    identity: str
    grants: Grants


class CloseRoom(Message, frozen=True, tag="close_room"):
    call: int
    room: str


class Stats(Message, frozen=True, tag="stats"):
    """Ask for counters; the Reply's `data` is a map (see worker.statistics)."""

    call: int


FromWeb = Open | Frame | Hangup | Refresh | Move | Eject | Mute | Regrant | CloseRoom | Stats

# From the worker. Frame and Hangup travel both ways.


class Reply(Message, frozen=True, tag="reply"):
    """Answer to a message with `call`. `error`: "" on success, else a stable code ("no-such-participant")."""

    call: int
    error: str = ""
    data: dict[str, object] = {}


class EventKind(StrEnum):
    JOINED = "joined"  # media flows: the first peer connection is up
    LEFT = "left"  # left, ejected, replaced, or not resumed in time
    REPLACED = "replaced"  # a newer connection of the same identity took the seat
    MUTED = "muted"
    UNMUTED = "unmuted"
    PUBLISHED = "published"  # a track of `source`, not muted unless a MUTED follows
    UNPUBLISHED = "unpublished"


class Event(Message, frozen=True, tag="event"):
    """Something happened to a participant; sent to every connected web process."""

    kind: EventKind
    room: str
    identity: str
    source: str = ""  # of what is about a track


FromWorker = Frame | Hangup | Reply | Event

_encoder = msgspec.msgpack.Encoder()
_from_web: msgspec.msgpack.Decoder[FromWeb] = msgspec.msgpack.Decoder(FromWeb)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def encode(message: FromWeb | FromWorker) -> bytes:
    """The frame of `message`, its length prefix included.

    Raises:
        ValueError: the frame would exceed MAX_FRAME_BYTES.
    """
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"an RPC frame of {len(body)} bytes exceeds {MAX_FRAME_BYTES}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_from_web(body: bytes) -> FromWeb:
    """Raises msgspec.DecodeError (or its ValidationError) on anything outside the protocol."""
    return _from_web.decode(body)


def decode_from_worker(body: bytes) -> FromWorker:
    """Raises msgspec.DecodeError (or its ValidationError) on anything outside the protocol."""
    return _from_worker.decode(body)
