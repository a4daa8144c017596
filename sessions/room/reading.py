"""What may be read of a room, and by whom. Writes nothing but audit rows: of refusals, of attendance read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions.audit import service as audit
from sessions.core.errors import NotAllowed, NotFound
from sessions.core.prepared import Prepared
from sessions.people import standing
from sessions.people.access import RULES, Act, may, require, wherever
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room import presence
from sessions.room.crisis_models import Crisis
from sessions.room.events import (
    Ended,
    Entered,
    Fact,
    Knocked,
)
from sessions.room.log import facts_of
from sessions.room.machine import SEATED, Place
from sessions.room.models import Connection, Placement, Room
from sessions.room.presence import Stay
from sessions.room.sides import Sides


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, in one meeting. Always from the login of the connection, never from a message."""

    person_id: UUID
    meeting_id: UUID


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
class Held:
    """A meeting that calls for staff on call."""

    meeting: Meeting
    since: datetime
    led: bool  # has a facilitator, who asks for help in a crisis


@dataclass(frozen=True, slots=True)
class PersonStays:
    person_id: UUID
    name: str
    role: RoomRole  # as of the person's last act, or on the roster
    arrived_at: datetime | None  # first at the door or, for facilitators, in the room
    stays: tuple[Stay, ...]
    minutes: int  # whole minutes of the stays' union


# Asked at every command and every look.
_PERSON: Final = Prepared(lambda pk: Person.objects.filter(pk=pk))
_CALLING: Final = Prepared(lambda pk: _calling().filter(pk=pk).values_list("pk"))
_NEXT_SEQ: Final = Prepared(lambda pk: Room.objects.filter(pk=pk).values_list("next_seq"))


def entrant(actor: Actor) -> tuple[Meeting, Person, RoomRole]:
    """The meeting, the person and their part in its room.

    Raises NotFound without a part in it, in the same words for strangers and for who may see the meeting.
    Call it before opening a transaction: a refusal leaves an audit row.
    """
    meeting = programs.meeting(actor.meeting_id)
    person = _PERSON.model(actor.person_id)
    if person is None:
        raise NotFound
    role = programs.role_in(meeting, person)
    if role is None or role not in RULES[Act.ENTER_ROOM].room or not person.is_active:
        with contextlib.suppress(NotAllowed):
            require(person, Act.ENTER_ROOM, meeting)  # leaves the trace of a refusal
        raise NotFound
    return meeting, person, role


def on_call(actor: Actor) -> tuple[Meeting, Person] | None:
    """The meeting and the person, for somebody on call while it is live and has no facilitator, or those it
    has call for help in a crisis: they may stand at its door, see that, and take over. None for everybody
    else, and leaves no trace."""
    if not _CALLING.rows(actor.meeting_id):
        return None
    person = _PERSON.model(actor.person_id)
    if person is None:
        return None
    meeting = programs.meeting(actor.meeting_id)
    stranger = programs.role_in(meeting, person) is None
    return (meeting, person) if stranger and may(person, Act.TAKE_OVER, meeting) else None


def held_for(person: Person) -> list[Held]:
    """Live meetings that call for staff and that this person, who is on call, may go to; first those that
    have waited longest."""
    standby = {row.program_id for row in standing.memberships(person) if row.on_call}
    rows = _calling().filter(meeting__program__in=standby)  # nothing is asked for who is on call nowhere
    found: list[Held] = []
    for row in rows.select_related("meeting__program"):
        if on_call(Actor(person.pk, row.pk)) is not None:
            hold = msgspec.convert(row.sides, Sides).hold
            opened = Crisis.objects.filter(meeting=row.pk, closed_at=None).order_by("opened_at").first()
            since = hold.since if hold is not None else opened.opened_at if opened is not None else None
            if since is not None:
                found.append(Held(row.meeting, since, led=hold is None))
    return sorted(found, key=lambda one: (one.since, one.meeting.pk))


def _calling() -> QuerySet[Room]:
    """Live rooms without a facilitator, or with an open crisis."""
    crises = Crisis.objects.filter(meeting=OuterRef("pk"), closed_at=None)
    return Room.objects.filter(Q(paused_at__isnull=False) | Exists(crises), ended_at=None)


def language_of(actor: Actor) -> str:
    """In which the person wants to read."""
    return Person.objects.filter(pk=actor.person_id).values_list("language", flat=True).first() or "en"


def head(meeting_id: UUID) -> int:
    """The last seq of the meeting's log; 0 before anything happened (and for no meeting at all)."""
    return (_NEXT_SEQ.value(meeting_id) or 1) - 1


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
    wanted = set(meeting_ids)
    reader = Person.objects.filter(pk=reader_id).first() if wanted else None
    if reader is None:
        return {}
    asked = Meeting.objects.filter(pk__in=wanted)
    all_of = wherever(reader, Act.SEE_WAITING)
    counts = {
        meeting.pk: Counts(0, 0)
        for meeting in asked
        if meeting.program_id in all_of or may(reader, Act.SEE_WAITING, meeting)
    }
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
        found = _stays(meeting)
        audit.record_look(
            actor_id=reader.pk,
            act=Act.SEE_ATTENDANCE,
            subject_type="meeting",
            subject_id=meeting.pk,
            people=[entry.person_id for entry in found if entry.role != RoomRole.FACILITATOR],
            scope=meeting.program_id,
        )
        return found
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
