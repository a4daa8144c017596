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
    """One who waits. For a `late` one with the reason, else it is refused with the code `late-door`."""

    command_id: CommandId
    person_id: Id
    reason: LateReason | None = None


class AdmitAll(Message, frozen=True, tag="admitAll"):
    """Everybody in line, or only those of one lobby; who is late stays in line."""

    command_id: CommandId
    lobby: Lobby | None = None


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


class PlannedRoom(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    room_id: RoomId  # "": a new one
    name: Name  # "": the server names it
    people: Annotated[tuple[Id, ...], Meta(max_length=40)]


class PlanBreakouts(Message, frozen=True, tag="planBreakouts"):
    """Replace the plan, before the meeting or before opening: by hand."""

    command_id: CommandId
    rooms: Annotated[tuple[PlannedRoom, ...], Meta(max_length=20)]


class ProposeBreakouts(Message, frozen=True, tag="proposeBreakouts"):
    """Replace the plan by one the server makes: a room per household, or rooms of about `size` at random."""

    command_id: CommandId
    by: Literal["household", "random"]
    size: Annotated[int, Meta(ge=2, le=12)] = 3


class OpenBreakouts(Message, frozen=True, tag="openBreakouts"):
    """Everybody who is planned goes to their room; who comes later lands there."""

    command_id: CommandId
    minutes: Minutes | None = None  # without: until recalled


class SetBreakoutTimer(Message, frozen=True, tag="setBreakoutTimer"):
    """So many minutes from now; None: until recalled."""

    command_id: CommandId
    minutes: Minutes | None


class CloseBreakouts(Message, frozen=True, tag="closeBreakouts"):
    """Recall: everybody to the main room, also who is offline, after so many seconds of notice."""

    command_id: CommandId
    in_seconds: Annotated[int, Meta(ge=0, le=120)] = 0


class Assign(Message, frozen=True, tag="assign"):
    """Put somebody into a breakout room ("": the main room); while they are closed, in the plan."""

    command_id: CommandId
    person_id: Id
    room_id: RoomId


class Visit(Message, frozen=True, tag="visit"):
    """A facilitator goes to a side room, or ("") back to the main room."""

    command_id: CommandId
    room_id: RoomId


class AskHelp(Message, frozen=True, tag="askHelp"):
    """From a breakout room: please come. `on` false takes it back."""

    command_id: CommandId
    on: bool = True


class HelpDone(Message, frozen=True, tag="helpDone"):
    command_id: CommandId
    room_id: RoomId


class StepAside(Message, frozen=True, tag="stepAside"):
    """A facilitator and one person go to a room of their own; the others go on."""

    command_id: CommandId
    person_id: Id


class ReturnFromAside(Message, frozen=True, tag="returnFromAside"):
    """Everybody of that room goes back to where they belong."""

    command_id: CommandId
    room_id: RoomId


class RaiseHand(Message, frozen=True, tag="raiseHand"):
    command_id: CommandId


class LowerHand(Message, frozen=True, tag="lowerHand"):
    """One's own; or somebody else's, by staff."""

    command_id: CommandId
    person_id: Id | None = None


class MuteAll(Message, frozen=True, tag="muteAll"):
    """Everybody in the room but staff."""

    command_id: CommandId


class AskOf(Message, frozen=True, tag="askOf"):
    """Ask somebody to unmute, or to switch the camera on or off. They decide."""

    command_id: CommandId
    person_id: Id
    ask: Ask


class AnswerAsk(Message, frozen=True, tag="answerAsk"):
    """The question is dealt with, whatever the answer was."""

    command_id: CommandId


class SetLock(Message, frozen=True, tag="setLock"):
    """While locked nobody new is let in; they wait and are told so. Who was inside returns as always."""

    command_id: CommandId
    on: bool


class SetAutoAdmit(Message, frozen=True, tag="setAutoAdmit"):
    """Let everybody on the roster in as they come, while a facilitator is there; who is late waits."""

    command_id: CommandId
    on: bool


class SetScreens(Message, frozen=True, tag="setScreens"):
    """Who may share a screen."""

    command_id: CommandId
    by: Literal["staff", "everyone"]


class Spotlight(Message, frozen=True, tag="spotlight"):
    """Large on every screen of the room; None: nobody."""

    command_id: CommandId
    person_id: Id | None


class StartBreak(Message, frozen=True, tag="startBreak"):
    command_id: CommandId
    minutes: Minutes


class EndBreak(Message, frozen=True, tag="endBreak"):
    command_id: CommandId


class VerifyIdentity(Message, frozen=True, tag="verifyIdentity"):
    """This is the person of the record; asked once in a programme (flag `noIdentity` until then)."""

    command_id: CommandId
    person_id: Id


class HandOver(Message, frozen=True, tag="handOver"):
    """Another facilitator of the meeting leads from now on; take it back with one's own id."""

    command_id: CommandId
    person_id: Id


class TakeOver(Message, frozen=True, tag="takeOver"):
    """Somebody on call comes into a room without a facilitator, as one."""

    command_id: CommandId


class Say(Message, frozen=True, tag="say"):
    """Chat. `everyone` is an announcement to every room, `waiting` to who waits: both by staff only.

    `person` is a private line to one person: by staff to anybody, by others to nobody.
    """

    command_id: CommandId
    to: ChatTo
    text: Text
    person_id: Id | None = None


class Arrive(Message, frozen=True, tag="arrive"):
    """Where the person is now, and who helps in an emergency. Confirmed at every meeting."""

    command_id: CommandId
    address: Line
    city: Line
    state: Annotated[str, Meta(min_length=2, max_length=2, pattern=r"\A[A-Z]{2}\Z")]  # US postal code
    phone: Annotated[str, Meta(max_length=32, pattern=NO_NUL)]
    emergency_name: Line
    emergency_phone: Annotated[str, Meta(max_length=32, pattern=NO_NUL)]
    alone: bool
    headphones: bool


class OpenCrisis(Message, frozen=True, tag="openCrisis"):
    """Show this person's address and helpers, page staff on call, prepare a room aside."""

    command_id: CommandId
    person_id: Id


class NoteCrisis(Message, frozen=True, tag="noteCrisis"):
    command_id: CommandId
    person_id: Id
    text: Text


class CloseCrisis(Message, frozen=True, tag="closeCrisis"):
    command_id: CommandId
    person_id: Id
    outcome: Text


class AskSeat(Message, frozen=True, tag="askSeat"):
    """Ask for a media ticket. Answered by `Seat` or `Refused`.

    With `probe` it is for a room of its own where nobody else ever is, to try the line before coming in: by
    anybody who may open the meeting's page, wherever they are. It takes no seat and is no presence.
    """

    probe: bool = False


class Ping(Message, frozen=True, tag="ping"):
    """Evidence of presence, every 5 s."""


FromBrowser = (
    Knock
    | Admit
    | AdmitAll
    | Decline
    | SendBack
    | Remove
    | MuteOther
    | Leave
    | End
    | PlanBreakouts
    | ProposeBreakouts
    | OpenBreakouts
    | SetBreakoutTimer
    | CloseBreakouts
    | Assign
    | Visit
    | AskHelp
    | HelpDone
    | StepAside
    | ReturnFromAside
    | RaiseHand
    | LowerHand
    | MuteAll
    | AskOf
    | AnswerAsk
    | SetLock
    | SetAutoAdmit
    | SetScreens
    | Spotlight
    | StartBreak
    | EndBreak
    | HandOver
    | VerifyIdentity
    | TakeOver
    | Say
    | Arrive
    | OpenCrisis
    | NoteCrisis
    | CloseCrisis
    | AskSeat
    | Ping
)

# To the browser.


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
