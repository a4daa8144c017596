"""What both directions of the room protocol are made of: names, limits, and how a socket ends."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

VERSION: Final = 1
MAX_FRAME_BYTES: Final = 64 * 1024

NO_NUL: Final = r"\A[^\x00]*\Z"  # PostgreSQL stores every other character
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_NUL)]
# Chosen by the client; repeats are ignored.
CommandId = Annotated[str, Meta(min_length=8, max_length=64, pattern=NO_NUL)]
Reason = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]
Name = Annotated[str, Meta(max_length=60, pattern=NO_NUL)]
Line = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]
Text = Annotated[str, Meta(min_length=1, max_length=2000, pattern=NO_NUL)]
RoomId = Annotated[str, Meta(max_length=64, pattern=NO_NUL)]  # of a side room; "" is the main room
Minutes = Annotated[int, Meta(ge=1, le=180)]
# What staff should know about somebody at the door or inside.
Flag = Literal["arrivalUnconfirmed", "otherState", "notAlone", "noIdentity"]
# Where a person is, as told to browsers. `outside`: not (or no longer) at the door.
Place = Literal["outside", "waiting", "main", "breakout", "aside", "left", "declined", "removed"]
Lobby = Literal["clients", "family"]  # family meetings have two; in others all wait in "clients"
Ask = Literal["unmute", "cameraOn", "cameraOff"]  # what staff may ask of somebody, never force
ChatTo = Literal["room", "staff", "everyone", "waiting", "person"]
# Why somebody is let in who came after the door had closed.
LateReason = Literal["told-us", "technical", "transport", "other"]
RoomRole = Literal["facilitator", "client", "family", "alumnus"]


class Part(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """One of the parts a meeting is planned to have. A break has no title: each reader has a word for it."""

    title: Name
    minutes: Minutes
    is_break: bool = False
    # Its own, given by the server, never another's in this meeting; 0: new.
    number: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


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
