"""Between the words of the wire (signaling.protocol) and those of the room (sessions.room). Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from sessions.core.errors import IllegalMove, NotFound
from sessions.people.roles import RoomRole
from sessions.room import care_commands as care
from sessions.room import chat, commands, crisis, views
from sessions.room import floor_commands as floor
from sessions.room import side_commands as sides
from sessions.room.agenda import Agenda
from sessions.room.arrival import Told
from sessions.room.floor import Pause
from sessions.room.floor_facts import Part
from sessions.room.sides import Hold, Phase
from signaling import protocol
from signaling.protocol import asked, basics, told

ROLES: Final[dict[RoomRole, basics.RoomRole]] = {
    RoomRole.FACILITATOR: "facilitator",
    RoomRole.CLIENT: "client",
    RoomRole.FAMILY: "family",
    RoomRole.ALUMNUS: "alumnus",
}


def command_of(message: protocol.FromBrowser) -> commands.Command:
    """The command a message asks for.

    Raises:
        IllegalMove: nothing can be done about it here.
        NotFound: it names somebody by something that is no id.
    """
    match message:
        case asked.Knock():
            return commands.Knock()
        case asked.Admit(person_id=person, reason=why):
            return commands.Admit(_id(person), why)
        case asked.AdmitAll(lobby=lobby):
            return commands.AdmitAll(lobby)
        case asked.Decline(person_id=person, reason=reason):
            return commands.Decline(_id(person), reason)
        case asked.SendBack(person_id=person):
            return commands.SendBack(_id(person))
        case asked.Remove(person_id=person, reason=reason):
            return commands.Remove(_id(person), reason)
        case asked.MuteOther(person_id=person):
            return commands.MuteOther(_id(person))
        case asked.Leave():
            return commands.Leave()
        case asked.End():
            return commands.End()
        case asked.RaiseHand():
            return floor.RaiseHand()
        case asked.LowerHand(person_id=whose):
            return floor.LowerHand(None if whose is None else _id(whose))
        case asked.MuteAll():
            return floor.MuteAll()
        case asked.AskOf(person_id=person, ask=ask):
            return floor.AskOf(_id(person), ask)
        case asked.AnswerAsk():
            return floor.AnswerAsk()
        case asked.SetLock(on=on):
            return floor.SetLock(on)
        case asked.SetAutoAdmit(on=on):
            return floor.SetAutoAdmit(on)
        case asked.SetScreens(by=by):
            return floor.SetScreens(by)
        case asked.Spotlight(person_id=whom):
            return floor.Spotlight(None if whom is None else _id(whom))
        case asked.StartBreak(minutes=minutes):
            return floor.StartBreak(timedelta(minutes=minutes))
        case asked.EndBreak():
            return floor.EndBreak()
        case asked.SetAgenda(parts=parts, version=version):
            return floor.SetAgenda(tuple(_part(one) for one in parts), version)
        case asked.BeginPart(part=number):
            return floor.BeginPart(number)
        case asked.HandOver(person_id=person):
            return floor.HandOver(_id(person))
        case asked.PlanBreakouts(rooms=rooms):
            return sides.PlanBreakouts(tuple(_wish(room) for room in rooms))
        case asked.ProposeBreakouts(by=by, size=size):
            return sides.ProposeByHousehold() if by == "household" else sides.ProposeAtRandom(size)
        case asked.OpenBreakouts(minutes=minutes):
            return sides.OpenBreakouts(_minutes(minutes))
        case asked.SetBreakoutTimer(minutes=minutes):
            return sides.SetBreakoutTimer(_minutes(minutes))
        case asked.CloseBreakouts(in_seconds=notice):
            return sides.CloseBreakouts(timedelta(seconds=notice))
        case asked.Assign(person_id=person, room_id=room):
            return sides.Assign(_id(person), _room(room))
        case asked.Visit(room_id=room):
            return sides.Visit(_room(room))
        case asked.AskHelp(on=on):
            return sides.AskHelp(on)
        case asked.HelpDone(room_id=room):
            return sides.HelpDone(_id(room))
        case asked.StepAside(person_id=person):
            return sides.StepAside(_id(person))
        case asked.ReturnFromAside(room_id=room):
            return sides.ReturnFromAside(_id(room))
        case asked.TakeOver():
            return commands.TakeOver()
        case asked.VerifyIdentity(person_id=person):
            return floor.VerifyIdentity(_id(person))
        case asked.Arrive():
            names = (field.name for field in dataclasses.fields(care.Details))
            return care.Arrive(care.Details(**{name: getattr(message, name) for name in names}))
        case asked.Say(to=to, text=text, person_id=whom):
            return care.Say(to, text, None if whom is None else _id(whom))
        case asked.OpenCrisis(person_id=person):
            return care.OpenCrisis(_id(person))
        case asked.NoteCrisis(person_id=person, text=text):
            return care.NoteCrisis(_id(person), text)
        case asked.CloseCrisis(person_id=person, outcome=outcome):
            return care.CloseCrisis(_id(person), outcome)
        case _:
            raise IllegalMove("That is not possible yet.")


def room_of(view: views.RoomView) -> told.Room:
    """A reader's view as it travels."""
    you, meeting = view.you, view.meeting
    return told.Room(
        seq=view.seq,
        server_time=moment(view.server_time),
        you=told.You(
            person_id=str(you.person_id),
            name=you.name,
            role=ROLES[you.role],
            place=you.place.value,
            identity=you.identity,
            position=you.position,
            hand=view.floor.hands.get(you.person_id),
            ask=view.floor.ask,
            may_share_screen=view.floor.may_share_screen,
            room_id=str(you.room_id or ""),
            room_name=you.room_name,
            arrival=_arrival(view.arrival),
            late=you.late,
        ),
        meeting=told.MeetingInfo(
            title=meeting.title,
            starts_at=moment(meeting.starts_at),
            ends_at=moment(meeting.ends_at),
            ended=meeting.ended,
            facilitators=meeting.facilitators,
            kind=meeting.kind.value,
            breaks=tuple(told.Pause(moment(b.start), moment(b.end)) for b in meeting.breaks),
            lobbies=meeting.lobbies,
        ),
        members=tuple(_member(member, view) for member in view.members),
        waiting=tuple(
            told.Waiter(
                person_id=str(waiter.person_id),
                name=waiter.name,
                role=ROLES[waiter.role],
                since=moment(waiter.since),
                interrupted=waiter.interrupted,
                lobby=waiter.lobby,
                flags=view.flags.get(waiter.person_id, ()),
                late=waiter.late,
                minutes_late=waiter.minutes_late,
            )
            for waiter in view.waiting
        ),
        staff_present=view.staff_present,
        away=tuple(
            told.Away(
                person_id=str(one.person_id),
                name=one.name,
                role=ROLES[one.role],
                place=one.place.value,
                reason=one.reason,
                until=None if one.until is None else moment(one.until),
                waited=one.waited,
            )
            for one in view.away
        ),
        locked=view.floor.locked,
        auto_admit=view.floor.auto_admit,
        screens=view.floor.screens,
        spotlight=str(view.floor.spotlight or ""),
        lead=str(view.floor.lead or ""),
        pause=_pause(view.floor.pause),
        agenda=_agenda(view.floor.agenda),
        breakouts=_breakouts(view) if view.breakouts else None,
        asides=tuple(_side(side, view) for side in view.asides),
        help_since=moment(view.help_since) if view.help_since else None,
        hold=_hold(view.hold, view.paused),
        may_take_over=view.may_take_over,
        crises=tuple(_crisis(one) for one in view.crises),
    )


def chat_of(lines: Sequence[chat.Line], reset: bool) -> told.Chat:
    return told.Chat(
        lines=tuple(
            told.ChatLine(
                line_id=line.number,
                at=moment(line.at),
                person_id=str(line.person_id or ""),
                name=line.name,
                to=line.to,
                text=line.text,
                person_name=line.person_name,
            )
            for line in lines
        ),
        reset=reset,
    )


def _arrival(given: Told | None) -> told.Arrival | None:
    if given is None:
        return None
    return told.Arrival(**dataclasses.asdict(given.details), confirmed=given.confirmed)


def _crisis(seen: crisis.Seen) -> told.Crisis:
    return told.Crisis(
        person_id=str(seen.person_id),
        name=seen.name,
        arrival=_arrival(seen.told),
        contacts=seen.contacts,
        numbers=seen.numbers,
        aside_room_id=str(seen.aside or ""),
        timeline=tuple(
            told.CrisisEvent(at=moment(entry.at), by=entry.by, kind=entry.kind, text=entry.text)
            for entry in seen.timeline
        ),
        closed=seen.closed,
    )


PHASES: Final[dict[Phase, Literal["planned", "open", "closing"]]] = {
    Phase.PLANNED: "planned",
    Phase.OPEN: "open",
    Phase.CLOSING: "closing",
}


def _part(part: basics.Part) -> Part:
    return Part("" if part.is_break else part.title.strip(), part.minutes, part.is_break, part.number)


def _agenda(agenda: Agenda) -> told.Agenda | None:
    if not agenda.parts:
        return None
    parts = (basics.Part(part.title, part.minutes, part.is_break, part.number) for part in agenda.parts)
    return told.Agenda(
        parts=tuple(parts),
        now=agenda.now,
        since=None if agenda.since is None else moment(agenda.since),
        next=agenda.next,
        version=agenda.version,
    )


def _pause(pause: Pause | None) -> told.Pause | None:
    return None if pause is None else told.Pause(moment(pause.started_at), moment(pause.ends_at))


def _hold(hold: Hold | None, paused: bool) -> told.Hold | None:
    return None if hold is None else told.Hold(moment(hold.since), moment(hold.paused_at), paused)


def _member(member: views.Member, view: views.RoomView) -> told.Member:
    return told.Member(
        person_id=str(member.person_id),
        name=member.name,
        role=ROLES[member.role],
        identity=member.identity,
        interrupted=member.interrupted,
        hand=view.floor.hands.get(member.person_id),
        flags=view.flags.get(member.person_id, ()),
    )


def _breakouts(view: views.RoomView) -> told.Breakouts | None:
    breakouts = view.breakouts
    if breakouts is None:
        return None
    return told.Breakouts(
        state=PHASES[breakouts.phase],
        ends_at=moment(breakouts.ends_at) if breakouts.ends_at else None,
        rooms=tuple(_side(side, view) for side in breakouts.rooms),
        unassigned=tuple(_person(one) for one in breakouts.unassigned),
    )


def _side(side: views.SideRoom, view: views.RoomView) -> told.SideRoom:
    return told.SideRoom(
        room_id=str(side.room_id),
        name=side.name,
        kind=side.kind.value,
        members=tuple(_member(member, view) for member in side.members),
        assigned=tuple(_person(one) for one in side.assigned),
        help_since=moment(side.help_since) if side.help_since else None,
    )


def _person(one: views.Named) -> told.Person:
    return told.Person(person_id=str(one.person_id), name=one.name, role=ROLES[one.role])


def _wish(room: asked.PlannedRoom) -> sides.RoomWish:
    return sides.RoomWish(_room(room.room_id), room.name, tuple(_id(person) for person in room.people))


def _room(text: str) -> UUID | None:
    """Of a side room; the main room has none."""
    return _id(text) if text else None


def _minutes(number: int | None) -> timedelta | None:
    return timedelta(minutes=number) if number is not None else None


def same(one: told.Room, other: told.Room) -> bool:
    """Whether two views show a reader the same; how far the log has grown meanwhile does not show."""
    return msgspec.structs.replace(one, seq=other.seq, server_time=other.server_time) == other


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
