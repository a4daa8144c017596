"""What may be read of a room, and by whom. Writes nothing but audit rows: of refusals, of attendance read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, NotAllowed, NotFound
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room import presence
from sessions.room.decisions import door_closed
from sessions.room.events import (
    Declined,
    Ended,
    Entered,
    Fact,
    Knocked,
    Lapsed,
    Left,
    Muted,
    Removed,
    SentBack,
)
from sessions.room.log import facts_of, state_of
from sessions.room.machine import SEATED, Place, RoomState
from sessions.room.models import Connection, Placement, Room
from sessions.room.presence import Stay


class NoSeat(IllegalMove):
    code = "no-seat"
    text = "You are not in the room now."


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, in one meeting. Always from the login of the connection, never from a message."""

    person_id: UUID
    meeting_id: UUID


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


@dataclass(frozen=True, slots=True)
class Seat:
    media_room: str
    identity: str
    version: int
    role: RoomRole


@dataclass(frozen=True, slots=True)
class CurrentSeat:
    media_room: str
    identity: str
    version: int


@dataclass(frozen=True, slots=True)
class Eject:
    media_room: str
    identity: str


@dataclass(frozen=True, slots=True)
class Mute:
    media_room: str
    identity: str


@dataclass(frozen=True, slots=True)
class CloseRoom:
    media_room: str


Effect: TypeAlias = Eject | Mute | CloseRoom


@dataclass(frozen=True, slots=True)
class Recorded:
    seq: int
    fact: Fact
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    waiting: int
    present: int


@dataclass(frozen=True, slots=True)
class PersonStays:
    person_id: UUID
    name: str
    role: RoomRole  # as of the person's last act, or on the roster
    arrived_at: datetime | None  # first at the door or, for facilitators, in the room
    stays: tuple[Stay, ...]
    minutes: int  # whole minutes of the stays' union


def entrant(actor: Actor) -> tuple[Meeting, Person, RoomRole]:
    """The meeting, the person and their part in its room.

    Raises NotFound without a part in it, in the same words for strangers and for who may see the meeting.
    Call it before opening a transaction: a refusal leaves an audit row.
    """
    meeting = programs.meeting(actor.meeting_id)
    person = Person.objects.filter(pk=actor.person_id).first()
    if person is None:
        raise NotFound
    try:
        require(person, Act.ENTER_ROOM, meeting)
    except NotAllowed:
        raise NotFound from None
    role = programs.role_in(meeting, person)
    if role is None:  # lost between the two questions
        raise NotFound
    return meeting, person, role


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


def seat(actor: Actor) -> Seat:
    """The media seat of somebody in the room.

    Raises:
        NotFound: no right to the room.
        NoSeat (code "no-seat"): not in the room now.
    """
    meeting, person, role = entrant(actor)
    current = seats([(meeting.pk, person.pk)])[meeting.pk, person.pk]
    if current is None:
        raise NoSeat
    return Seat(current.media_room, current.identity, current.version, role)


def seats(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], CurrentSeat | None]:
    """Current seats of many (meeting id, person id) in one query; None for who has none (any more).

    A disabled account has none. That somebody lost their part in the meeting is seen by `seat` only.
    """
    wanted = list(pairs)
    rows = Placement.objects.filter(
        meeting__in={meeting for meeting, _ in wanted},
        person__in={person for _, person in wanted},
        person__is_active=True,
        place__in=[place.value for place in SEATED],
        meeting__room__ended_at=None,
    ).values_list("meeting_id", "person_id", "meeting__room__media_name", "identity", "version")
    current = {(row[0], row[1]): CurrentSeat(row[2], row[3], row[4]) for row in rows}
    return {pair: current.get(pair) for pair in wanted}


def effects_since(meeting_id: UUID, seq: int) -> tuple[int, tuple[Effect, ...]]:
    """The head seq, and what the media engine must do for the facts after `seq`. Doing it twice is harmless.

    Nobody who has a seat again by now is ejected: their old media session is told from the new by the
    placement version, not by the identity.
    """
    room = Room.objects.filter(pk=meeting_id).first()
    if room is None:
        return 0, ()
    rows = {row.person_id: row for row in Placement.objects.filter(meeting=meeting_id)}
    effects: dict[Effect, None] = {}
    for row, fact in facts_of(meeting_id, after=seq):
        if row.seq >= room.next_seq:
            break
        match fact:
            case Ended():
                effects[CloseRoom(room.media_name)] = None
            case Muted(person=person):
                effects[Mute(room.media_name, rows[person].identity)] = None
            case Declined() | SentBack() | Removed() | Left() | Lapsed():
                if Place(rows[fact.person].place) not in SEATED:
                    effects[Eject(room.media_name, rows[fact.person].identity)] = None
    return room.next_seq - 1, tuple(effects)


def head(meeting_id: UUID) -> int:
    """The last seq of the meeting's log; 0 before anything happened (and for no meeting at all)."""
    next_seq = Room.objects.filter(pk=meeting_id).values_list("next_seq", flat=True).first()
    return (next_seq or 1) - 1


def ended_among(meeting_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of the meetings whose room has been ended."""
    return frozenset(
        Room.objects.filter(pk__in=meeting_ids, ended_at__isnull=False).values_list("pk", flat=True)
    )


def facts_since(meeting_id: UUID, seq: int, actor: Actor) -> Sequence[Recorded]:
    """Facts after `seq`: all for staff of the meeting, for others those about themselves.

    Raises NotFound without a right to the room.
    """
    meeting, person, role = entrant(Actor(actor.person_id, meeting_id))
    return [
        Recorded(row.seq, fact, row.recorded_at)
        for row, fact in facts_of(meeting.pk, after=seq)
        if role == RoomRole.FACILITATOR or row.person_id == person.pk or isinstance(fact, Ended)
    ]


def waiting_now(reader_id: UUID, meeting_ids: Iterable[UUID]) -> Mapping[UUID, Counts]:
    """People waiting and in the room, by meeting, for those of the meetings whose facilitator or programme's
    coordinator the reader is; the others are left out."""
    reader = Person.objects.filter(pk=reader_id).first()
    if reader is None:
        return {}
    asked = Meeting.objects.filter(pk__in=set(meeting_ids))
    counts = {meeting.pk: Counts(0, 0) for meeting in asked if may(reader, Act.SEE_WAITING, meeting)}
    held = Placement.objects.filter(meeting__in=counts, meeting__room__ended_at=None)
    for meeting_id, place in held.values_list("meeting_id", "place"):
        before = counts[meeting_id]
        counts[meeting_id] = Counts(
            waiting=before.waiting + (place == Place.WAITING.value),
            present=before.present + (Place(place) in SEATED),
        )
    return counts


def stays(actor: Actor) -> Sequence[PersonStays]:
    """Who was in the room, and when.

    Everybody for facilitators and the programme's coordinators (full names, sorted; who is on the roster but
    never came included), themselves for clients, nobody for family guests and alumni. Reading others'
    attendance writes an audit row first.

    Raises NotFound without a right to see the meeting.
    """
    meeting = programs.meeting(actor.meeting_id)
    reader = Person.objects.filter(pk=actor.person_id).first()
    if reader is None:
        raise NotFound
    require(reader, Act.SEE_MEETING, meeting)
    if may(reader, Act.SEE_ATTENDANCE, meeting):
        audit.record(
            actor_id=reader.pk,
            act=Act.SEE_ATTENDANCE,
            subject_type="meeting",
            subject_id=meeting.pk,
            scope=meeting.program_id,
        )
        return _stays(meeting)
    if may(reader, Act.SEE_OWN_ATTENDANCE, meeting):
        return [entry for entry in _stays(meeting) if entry.person_id == reader.pk]
    return []


def _stays(meeting: Meeting) -> list[PersonStays]:
    facts = [(row.seq, fact) for row, fact in facts_of(meeting.pk)]
    opened = Connection.objects.filter(meeting=meeting, closed_at=None).values_list("pk", "seen_at")
    theirs = presence.stays_of(facts, dict(opened))
    arrivals: dict[UUID, datetime] = {}
    for _, fact in facts:
        if isinstance(fact, Knocked | Entered):
            arrivals.setdefault(fact.person, fact.at)
    people = {entry.person.pk: (entry.person, entry.role) for entry in programs.roster(meeting)}
    for row in Placement.objects.filter(meeting=meeting).select_related("person"):
        people.setdefault(row.person_id, (row.person, RoomRole(row.role)))
    entries = [
        PersonStays(
            person_id=person.pk,
            name=person.name,
            role=role,
            arrived_at=arrivals.get(person.pk),
            stays=theirs.get(person.pk, ()),
            minutes=presence.whole_minutes(presence.time_present(theirs.get(person.pk, ()))),
        )
        for person, role in people.values()
    ]
    return sorted(
        entries, key=lambda entry: (entry.role != RoomRole.FACILITATOR, entry.name, entry.person_id)
    )


def _shown_name(person: Person, to_staff: bool) -> str:
    """Full names for staff of the meeting only; first name and initial for everybody else."""
    return person.name if to_staff else person.short_name


def _facilitators(meeting: Meeting) -> tuple[str, ...]:
    people = [entry.person for entry in programs.roster(meeting) if entry.role == RoomRole.FACILITATOR]
    return tuple(person.given_name for person in people)
