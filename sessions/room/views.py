"""The room as one reader may see it. What a reader may not see is not in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sessions.core import clock
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room.decisions import door_closed
from sessions.room.log import state_of
from sessions.room.machine import SEATED, Place, RoomState
from sessions.room.models import Placement, Room
from sessions.room.reading import Actor, entrant


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


def view(actor: Actor) -> RoomView:
    """The room as `actor` may see it now.

    Raises NotFound without a right to the room.
    """
    meeting, person, role = entrant(actor)
    now = clock.now()
    staff = role == RoomRole.FACILITATOR
    # The row with the seq first: what is read after it can only be newer than that seq says.
    room = Room.objects.filter(pk=meeting.pk).first()
    rows = list(Placement.objects.filter(meeting=meeting).select_related("person"))
    state = state_of(room) if room else RoomState()
    mine = next((row for row in rows if row.person_id == person.pk), None)
    place = Place(mine.place) if mine else Place.OUTSIDE
    inside = place in SEATED
    line = sorted(
        (row for row in rows if row.place == Place.WAITING.value), key=lambda row: row.line_seq or 0
    )
    seated = [row for row in rows if Place(row.place) in SEATED]
    return RoomView(
        seq=room.next_seq - 1 if room else 0,
        server_time=now,
        you=You(
            person_id=person.pk,
            name=_shown_name(person, staff),
            role=role,
            place=place,
            identity=mine.identity if mine and inside else "",
            position=line.index(mine) + 1 if mine in line else None,
        ),
        meeting=MeetingInfo(
            title=meeting.shown_title,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            ended=door_closed(state, meeting.ends_at, meeting.cancelled_at is not None, now),
            facilitators=_facilitators(meeting),
        ),
        members=tuple(
            Member(
                person_id=row.person_id,
                name=_shown_name(row.person, staff),
                role=RoomRole(row.role),
                identity=row.identity,
                interrupted=row.interrupted_since is not None,
            )
            for row in sorted(seated, key=lambda row: (row.entered_at or now, row.pk))
            if inside and row.person_id != person.pk
        ),
        waiting=tuple(
            Waiter(
                person_id=row.person_id,
                name=_shown_name(row.person, staff),
                role=RoomRole(row.role),
                since=row.knocked_at or now,
                interrupted=row.interrupted_since is not None,
            )
            for row in line
            if staff
        ),
        staff_present=any(
            row.role == RoomRole.FACILITATOR.value and row.interrupted_since is None for row in seated
        ),
    )


def _shown_name(person: Person, to_staff: bool) -> str:
    """Full names for staff of the meeting only; first name and initial for everybody else."""
    return person.name if to_staff else person.short_name


def _facilitators(meeting: Meeting) -> tuple[str, ...]:
    people = [entry.person for entry in programs.roster(meeting) if entry.role == RoomRole.FACILITATOR]
    return tuple(person.given_name for person in people)
