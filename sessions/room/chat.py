"""Chat: lines that only those read who were there when they were said.

Who was there is decided once, under the room's lock, when the line is said, and kept with it: no later move
opens an old line to anybody (SAFETY, invariant 2). The log keeps that somebody said something; the text is
encrypted, and erased when the meeting is over unless the programme keeps it (`settings["chat_keep_days"]`).

to         by whom                      read by
room       who is inside                everybody in the same room
staff      who is inside; who waits     the meeting's facilitators and the one who wrote
           and was written to
everyone   staff                        everybody inside, in whichever room
waiting    staff                        everybody who waits (or the one named), and the facilitators
person     staff                        that person, inside or waiting, and the facilitators
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from sessions.core import encryption
from sessions.core.errors import IllegalMove, Invalid, NotAllowed
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.models import Program
from sessions.room.care_commands import Say
from sessions.room.chat_models import ChatLine
from sessions.room.log import RoomLog
from sessions.room.machine import HELD, SEATED, Place, room_key
from sessions.room.models import Placement, Room
from sessions.room.reading import Actor, entrant
from sessions.room.still_facts import ChatTo, Said

LONGEST: Final = 2_000  # characters
MOST: Final = 10  # lines of one person
WITHIN: Final = timedelta(seconds=15)
KEEP_DAYS: Final = "chat_keep_days"  # of Program.settings: 0 (default) to 30
KEEP_DAYS_MOST: Final = 30


class TooFast(IllegalMove):
    code = "too-fast"
    text = "That was a lot at once. Please wait a few seconds."


@dataclass(frozen=True, slots=True)
class Line:
    """As one reader sees it. `person_id` is None for who is outside: no id of others leaves the room."""

    number: int
    at: datetime
    person_id: UUID | None
    name: str
    to: ChatTo
    text: str
    person_name: str  # of whom a `person` line is for


def say(room: RoomLog, asker: UUID, staff: bool, command: Say, now: datetime) -> list[Said]:
    """Keep the line, in the caller's transaction.

    Raises:
        Invalid: an empty or too long text.
        NotAllowed: not to these readers by this person.
        IllegalMove: not from where they are, or nobody is there to read it.
        TooFast: MOST lines within WITHIN.
    """
    text = command.text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid("A line has between 1 and 2000 characters.")
    recipient = command.person if command.to in ("person", "waiting") else None
    readers = _readers(room, asker, staff, command.to, recipient)
    recent = ChatLine.objects.filter(meeting=room.meeting, person=asker, at__gt=now - WITHIN, at__lte=now)
    if recent.count() >= MOST:
        raise TooFast
    number = room.state.floor.lines + 1
    ChatLine.objects.create(
        meeting=room.meeting,
        number=number,
        at=now,
        person_id=asker,
        to=command.to,
        recipient_id=recipient,
        readers=sorted(str(reader) for reader in readers | {asker}),
        ciphertext=encryption.encrypt(text, _place(room.meeting.pk, number)),
    )
    return [Said(at=now, person=asker, line=number, to=command.to)]


def _readers(room: RoomLog, asker: UUID, staff: bool, to: ChatTo, recipient: UUID | None) -> Set[UUID]:
    people = room.state.people
    here = room_key(room.state.of(asker))
    leaders = room.facilitators | set(room.meeting.facilitators.values_list("pk", flat=True))
    if to in ("everyone", "waiting", "person") and not staff:
        raise NotAllowed("Only a facilitator of this meeting can do that.")
    match to:
        case "room":
            _inside(here)
            return {person for person, one in people.items() if room_key(one) == here}
        case "staff":
            if here is None and not (staff or _was_written_to(room, asker)):
                raise IllegalMove("You are not in the room now.")
            return leaders
        case "everyone":
            readers = {person for person, one in people.items() if room_key(one) is not None}
        case "waiting":
            waiting = set(room.state.at(Place.WAITING))
            readers = waiting if recipient is None else waiting & {recipient}
        case "person":
            place = room.state.of(recipient).place if recipient is not None else Place.OUTSIDE
            readers = {recipient} if recipient is not None and place in HELD else set()
    if not readers - {asker}:
        raise IllegalMove("Nobody is there to read it.")
    return readers | (leaders if to in ("waiting", "person") else set())


def _was_written_to(room: RoomLog, person: UUID) -> bool:
    """Staff have begun: one who waits may answer."""
    if room.state.of(person).place is not Place.WAITING:
        return False
    lines = ChatLine.objects.filter(meeting=room.meeting, to__in=("waiting", "person"))
    return any(str(person) in readers for readers in lines.values_list("readers", flat=True))


def lines_since(actor: Actor, number: int) -> list[Line]:
    """The lines after `number` that the actor may read, oldest first.

    Raises NotFound without a right to the room.
    """
    meeting, person, role = entrant(actor)
    rows = ChatLine.objects.filter(meeting=meeting, number__gt=number).select_related("person", "recipient")
    staff = role == RoomRole.FACILITATOR
    seated = Placement.objects.filter(meeting=meeting, person=person, place__in=[p.value for p in SEATED])
    inside = staff or seated.exists()
    return [
        Line(
            number=row.number,
            at=row.at,
            person_id=row.person_id if inside or row.person_id == person.pk else None,
            name=_name(row.person, person, staff, inside),
            to=msgspec.convert(row.to, ChatTo),
            text=encryption.decrypt(row.ciphertext, _place(meeting.pk, row.number)),
            person_name=_name(row.recipient, person, staff, inside) if row.recipient is not None else "",
        )
        for row in rows.order_by("number")
        if str(person.pk) in row.readers
    ]


def forget(now: datetime) -> int:
    """Erase the lines of meetings that are over, as soon as their programme allows; returns how many.

    Safe to run late: what an outage left is erased by the next run.
    """
    gone = 0
    over = Room.objects.filter(
        ended_at__isnull=False, meeting__in=ChatLine.objects.values("meeting")
    ).select_related("meeting__program")
    for room in over:
        if room.ended_at is not None and room.ended_at + keep(room.meeting.program) <= now:
            deleted, _ = ChatLine.objects.filter(meeting=room.meeting_id).delete()
            gone += deleted
    return gone


def keep(program: Program) -> timedelta:
    """How long the programme keeps lines after a meeting's end. A value that makes no sense keeps nothing."""
    days = program.settings.get(KEEP_DAYS, 0)
    whole = isinstance(days, int) and not isinstance(days, bool) and 0 <= days <= KEEP_DAYS_MOST
    return timedelta(days=days if whole else 0)


def _inside(here: str | None) -> None:
    if here is None:
        raise IllegalMove("You are not in the room now.")


def _name(whom: Person, reader: Person, staff: bool, inside: bool) -> str:
    if staff or whom.pk == reader.pk:
        return whom.name
    return whom.short_name if inside else whom.given_name


def _place(meeting_id: UUID, number: int) -> str:
    return f"chat {meeting_id} {number}"
