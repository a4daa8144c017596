"""What a browser may say on the room socket."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from signaling.protocol.basics import (
    NO_NUL,
    Ask,
    ChatTo,
    CommandId,
    Id,
    LateReason,
    Line,
    Lobby,
    Message,
    Minutes,
    Name,
    Part,
    Reason,
    RoomId,
    Text,
)


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


class SetAgenda(Message, frozen=True, tag="setAgenda"):
    """What the meeting is planned to have, in order; nothing: no agenda.

    `version` is that of the agenda it was written from, 0 without one: refused with the code `agenda-changed`
    when another has been written meanwhile.
    """

    command_id: CommandId
    parts: Annotated[tuple[Part, ...], Meta(max_length=12)]
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)]


class BeginPart(Message, frozen=True, tag="beginPart"):
    """The part of the agenda with this number of its own is on; a break begins with it. None: no part is."""

    command_id: CommandId
    part: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None


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
    | SetAgenda
    | BeginPart
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

_decoder = msgspec.json.Decoder(FromBrowser)


def decode(frame: str | bytes) -> FromBrowser:
    """Raises msgspec.DecodeError (ValidationError included) on anything outside the protocol."""
    try:
        message: FromBrowser = _decoder.decode(frame)
    except UnicodeEncodeError:
        raise msgspec.DecodeError("a frame is UTF-8") from None
    return message
