"""What can be done to a room. Synchronous; sockets call it through database_sync_to_async.

Every change is one transaction that locks the meeting's room, decides, appends facts and audit rows; on
commit the bell rings. Who hears it reads again from here: the bell carries nothing but a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction

from sessions.audit import service as audit
from sessions.audit.models import Outcome as AuditOutcome
from sessions.core import clock
from sessions.core.errors import NotFound, Refusal
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room import arrival, chat, crisis, telling
from sessions.room.arrival import erase as erase_arrivals
from sessions.room.breakouts import Known
from sessions.room.care_commands import Arrive, CareCommand, CloseCrisis, NoteCrisis, OpenCrisis, Say
from sessions.room.chat import forget as forget_chat
from sessions.room.chat import lines_since
from sessions.room.commands import Admit, AdmitAll, Command, TakeOver
from sessions.room.connections import connect, disconnect, seen
from sessions.room.decisions import Asker, MeetingEnded, check_asker, decide, door_closed
from sessions.room.events import Admitted, Entered, Fact, person_of
from sessions.room.floor_commands import SetAutoAdmit
from sessions.room.floor_facts import AskAnswered, HandLowered, HandRaised
from sessions.room.late import NOBODY_LATE, LateDoor
from sessions.room.log import RoomLog
from sessions.room.machine import SEATED, room_key
from sessions.room.models import Placement
from sessions.room.moves import SteppedAside
from sessions.room.reading import (
    Actor,
    Counts,
    Held,
    PersonStays,
    Recorded,
    ended_among,
    entrant,
    facts_since,
    head,
    held_for,
    language_of,
    on_call,
    stays,
    waiting_now,
)
from sessions.room.seats import (
    CloseRoom,
    CurrentSeat,
    Effect,
    Eject,
    Mute,
    NoSeat,
    Relocate,
    Seat,
    effects_since,
    next_change,
    seat,
    seats,
    seats_in,
)
from sessions.room.side_commands import Assign, PlanBreakouts, ProposeAtRandom, ProposeByHousehold, StepAside
from sessions.room.still_facts import CameraOff, CameraOn, Said
from sessions.room.upkeep import DEAD_AFTER, RECONNECT_GRACE, close_due, end_overdue, settle, sweep
from sessions.room.views import MeetingInfo, Member, RoomView, Waiter, You, view

# In the log, and no more to remark: everybody in the room saw it.
UNREMARKABLE: Final = (HandRaised, HandLowered, AskAnswered, Said)


@dataclass(frozen=True, slots=True)
class Outcome:
    seq: int  # of the command's last fact; the head of the log when there was nothing to do
    repeated: bool  # this command id was carried out before


def handle(actor: Actor, command: Command, command_id: str | None = None) -> Outcome:
    """Carry out `command`, exactly once per (meeting, actor, command id).

    A Knock needs no id: who is inside stays where they are, and declined, removed or too late stays so; the
    view says it.

    Raises:
        NotFound: no such meeting, or the actor has no part in its room.
        NotAllowed, IllegalMove: see decisions.decide. A refusal leaves an audit row and changes nothing else.
    """
    stand_in = on_call(actor)
    if stand_in is not None:
        meeting, role = stand_in[0], RoomRole.FACILITATOR
    else:
        meeting, _, role = entrant(actor)
    try:
        with transaction.atomic():
            outcome = _carry_out(actor, role, meeting, command, command_id, on_call=stand_in is not None)
            if stand_in is not None and isinstance(command, TakeOver):
                programs.add_facilitator(*stand_in, by=stand_in[1])
            return outcome
    except Refusal as refusal:
        audit.record(
            actor_id=actor.person_id,
            act=f"room.{_name(command)}",
            subject_type="meeting",
            subject_id=meeting.pk,
            scope=meeting.program_id,
            outcome=AuditOutcome.REFUSED,
            reason=refusal.code,
        )
        raise


def _carry_out(
    actor: Actor,
    role: RoomRole,
    meeting: Meeting,
    command: Command,
    command_id: str | None,
    *,
    on_call: bool = False,
) -> Outcome:
    room = RoomLog(meeting)
    if command_id is not None and (seq := room.seq_of(actor.person_id, command_id)) is not None:
        return Outcome(seq, repeated=True)
    now = clock.now()  # under the lock, so that the order of times is the order of seqs
    room.welcome(actor.person_id, role)
    settle(room, now, actor.person_id)
    opens = isinstance(command, SetAutoAdmit) or room.state.floor.auto_admit is not None
    staff = role == RoomRole.FACILITATOR and not on_call
    closed = door_closed(room.state, meeting.ends_at, meeting.cancelled_at is not None, now)
    facts: Sequence[Fact]
    if isinstance(command, CareCommand):
        facts = _care(room, actor.person_id, staff, command, closed, now)
    else:
        facts = decide(
            room.state,
            command,
            Asker(
                actor.person_id,
                staff=staff,
                on_call=on_call,
                called=on_call and bool(crisis.rooms_apart(room.meeting)),
            ),
            room.facilitators,
            now,
            everything_known(room) if isinstance(command, ASKING_MORE) else room.known,
            closed=closed,
            family=room.family,
            roster={entry.person.pk for entry in programs.roster(meeting)} if opens else frozenset(),
            latecomers=room.latecomers if opens or isinstance(command, Admit | AdmitAll) else NOBODY_LATE,
        )
    seq = room.append(facts, actor.person_id, command_id)
    telling.told(room, facts, now)
    for fact in facts:
        if isinstance(fact, Entered):
            crisis.came(room, fact.person, now)
        if isinstance(fact, SteppedAside) and fact.person != fact.actor:
            crisis.went_aside(room, fact.actor, fact.person, now)
        if not isinstance(fact, UNREMARKABLE):
            _audit(actor, meeting, room, fact)
    return Outcome(seq, repeated=False)


# Commands that are about people who may not have come yet.
ASKING_MORE: Final = (PlanBreakouts, ProposeByHousehold, ProposeAtRandom, Assign, StepAside)


def everything_known(room: RoomLog) -> Known:
    """What the clinic knows about everybody who is expected, come or not, and about who sits there besides.

    The seed is another with every fact, so that the same log and the same question have the same answer.
    """
    parts = {entry.person.pk: entry.role for entry in programs.roster(room.meeting)}
    staff = {pk for pk, role in parts.items() if role == RoomRole.FACILITATOR}
    families = programs.guests_of(room.meeting, parts)
    return replace(
        room.known,
        people=frozenset(parts) | room.state.inside().keys(),
        staff=room.known.staff | staff,
        families=families,
        family_meeting=bool(families),
        rooms_apart=crisis.rooms_apart(room.meeting),
        seed=uuid5(room.meeting.pk, str(room.head)),
    )


def _care(
    room: RoomLog, asker: UUID, staff: bool, command: CareCommand, closed: bool, now: datetime
) -> Sequence[Fact]:
    """What carries words about people: kept by its own module, told to the log without them.

    A crisis is noted and closed also when the meeting is over.
    """
    check_asker(command, staff)
    if closed and not isinstance(command, NoteCrisis | CloseCrisis):
        raise MeetingEnded
    match command:
        case Arrive(details=details):
            return arrival.arrive(room, asker, details, now)
        case Say():
            return chat.say(room, asker, staff, command, now)
        case OpenCrisis(person=person):
            return crisis.open_(room, asker, person, now)
        case NoteCrisis(person=person, text=text):
            return crisis.note(room, asker, person, text, now)
        case CloseCrisis(person=person, outcome=outcome):
            return crisis.close(room, asker, person, outcome, now)


def _audit(actor: Actor, meeting: Meeting, room: RoomLog, fact: Fact) -> None:
    """One row per fact: about the placement of the person concerned, or about the meeting.

    By whoever did it: an open door lets people in in the name of the facilitator who opened it.
    """
    person = person_of(fact)
    subject = ("meeting", str(meeting.pk))
    if person is not None and (key := room.key_of(person)) is not None:
        subject = ("placement", key)
    audit.record(
        actor_id=getattr(fact, "actor", None) or actor.person_id,
        act=f"room.{fact.kind}",
        subject_type=subject[0],
        subject_id=subject[1],
        scope=meeting.program_id,
        reason=(fact.reason or "") if isinstance(fact, Admitted) else "",
    )


def _name(command: Command) -> str:
    return type(command).__name__.lower()


def camera(identity: str, on: bool, at: datetime) -> None:
    """The media engine saw somebody's camera go on or off. Idempotent, also by several processes at once.

    Facts for attendance: a camera counts while its owner is in a room of the meeting, and is off before.
    """
    seated = [place.value for place in SEATED]
    row = Placement.objects.select_related("meeting").filter(identity=identity, place__in=seated).first()
    if row is None:
        return
    with transaction.atomic():
        room = RoomLog(row.meeting)
        there = room_key(room.state.of(row.person_id)) is not None
        if there and (row.person_id in room.state.floor.cameras) != on:
            fact = CameraOn if on else CameraOff
            room.append([fact(at=min(at, clock.now()), person=row.person_id)])


def may_come(actor: Actor) -> bool:
    """Whether the actor has a part in the meeting's room, or is on call for it."""
    if on_call(actor) is not None:
        return True
    try:
        entrant(actor)
    except NotFound:
        return False
    return True


__all__ = [
    "DEAD_AFTER",
    "RECONNECT_GRACE",
    "Actor",
    "CloseRoom",
    "Counts",
    "CurrentSeat",
    "Effect",
    "Eject",
    "Held",
    "LateDoor",
    "MeetingEnded",
    "MeetingInfo",
    "Member",
    "Mute",
    "NoSeat",
    "Outcome",
    "PersonStays",
    "Recorded",
    "Relocate",
    "RoomView",
    "Seat",
    "Waiter",
    "You",
    "camera",
    "close_due",
    "connect",
    "disconnect",
    "effects_since",
    "end_overdue",
    "ended_among",
    "erase_arrivals",
    "facts_since",
    "forget_chat",
    "handle",
    "head",
    "held_for",
    "language_of",
    "lines_since",
    "may_come",
    "next_change",
    "on_call",
    "seat",
    "seats",
    "seats_in",
    "seen",
    "stays",
    "sweep",
    "view",
    "waiting_now",
]
