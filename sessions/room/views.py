"""The room as one reader may see it. What a reader may not see is not in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext, override

from sessions.core import clock
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.room import arrival, crisis
from sessions.room.arrival import Flag, Told
from sessions.room.commands import Lobby
from sessions.room.decisions import door_closed
from sessions.room.floor_view import FloorSeen, floor_seen
from sessions.room.late import Latecomers
from sessions.room.log import latecomers_of, state_of
from sessions.room.machine import HELD, SEATED, Place, RoomState
from sessions.room.models import Placement, Room, RoomFact
from sessions.room.partings import TOLD_BY, Parting, partings
from sessions.room.reading import Actor, entrant, on_call
from sessions.room.sides import Hold, Phase, Side, SideKind, Sides


@dataclass(frozen=True, slots=True)
class You:
    person_id: UUID
    name: str
    role: RoomRole
    place: Place
    identity: str  # "" without a seat
    position: int | None  # place in line, from 1, while waiting
    late: bool = False  # waits, and the door has closed to them
    room_id: UUID | None = None  # of the side room they are in
    room_name: str = ""


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
    lobby: Lobby
    late: bool = False  # the door has closed to them: let in with a reason
    minutes_late: int = 0  # whole ones, from the scheduled start to when a late one first came


@dataclass(frozen=True, slots=True)
class Away:
    """On the roster or once here, and not inside or waiting now."""

    person_id: UUID
    name: str
    role: RoomRole
    place: Place
    reason: str  # that a facilitator gave for declining or removing them
    until: datetime | None = None  # when they were last here or at the door; None: they never were
    waited: bool = False  # were at the door then, and not in the room


@dataclass(frozen=True, slots=True)
class Named:
    person_id: UUID
    name: str
    role: RoomRole


@dataclass(frozen=True, slots=True)
class SideRoom:
    """A breakout room or a room aside, as staff see it."""

    room_id: UUID
    name: str
    kind: SideKind
    members: tuple[Member, ...]  # who is in it now
    assigned: tuple[Named, ...]  # who belongs there, wherever they are
    help_since: datetime | None


@dataclass(frozen=True, slots=True)
class Breakouts:
    phase: Phase
    ends_at: datetime | None
    rooms: tuple[SideRoom, ...]  # empty unless the reader is staff
    unassigned: tuple[Named, ...]  # inside and without a room; empty unless the reader is staff


@dataclass(frozen=True, slots=True)
class MeetingInfo:
    title: str
    starts_at: datetime
    ends_at: datetime
    ended: bool
    facilitators: tuple[str, ...]  # first names
    kind: MeetingKind
    breaks: tuple[Span, ...]  # as planned
    lobbies: tuple[Lobby, ...]


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
    floor: FloorSeen
    away: tuple[Away, ...] = ()  # empty unless the reader is staff of the meeting
    breakouts: Breakouts | None = None  # for who is inside while they are open; for staff also while planned
    asides: tuple[SideRoom, ...] = ()  # empty unless the reader is staff
    help_since: datetime | None = None  # the reader's own breakout room has asked for help
    hold: Hold | None = None
    paused: bool = False  # by the hold, now
    may_take_over: bool = False
    arrival: Told | None = None  # the reader's own
    flags: Mapping[UUID, tuple[Flag, ...]] = field(default_factory=dict)  # of others; empty unless for staff
    crises: tuple[crisis.Seen, ...] = ()  # empty unless the reader is staff
    lines: int = 0  # of chat, so far; chat.lines_since says which of them the reader may read


def view(actor: Actor) -> RoomView:
    """The room as `actor` may see it now, in their language.

    Raises NotFound without a right to the room.
    """
    stand_in = on_call(actor)
    if stand_in is not None:
        with override(stand_in[1].language):
            return _from_the_door(*stand_in)
    meeting, person, role = entrant(actor)
    with override(person.language):
        return _inside_or_waiting(meeting, person, role)


def _inside_or_waiting(meeting: Meeting, person: Person, role: RoomRole) -> RoomView:
    now = clock.now()
    staff = role == RoomRole.FACILITATOR
    # The row with the seq first: what is read after it can only be newer than that seq says.
    room = Room.objects.filter(pk=meeting.pk).first()
    rows = list(Placement.objects.filter(meeting=meeting).select_related("person"))
    state = state_of(room, rows) if room else RoomState()
    sides = state.sides
    mine = next((row for row in rows if row.person_id == person.pk), None)
    place = Place(mine.place) if mine else Place.OUTSIDE
    inside = place in SEATED
    room_id = mine.room_id if mine else None
    line = sorted(
        (row for row in rows if row.place == Place.WAITING.value), key=lambda row: row.line_seq or 0
    )
    seated = sorted(
        (row for row in rows if Place(row.place) in SEATED), key=lambda row: (row.entered_seq or 0, row.pk)
    )
    roster = programs.roster(meeting)
    facilitators = {entry.person.pk for entry in roster if entry.role == RoomRole.FACILITATOR}
    lobbies = _lobbies(meeting)
    latecomers = latecomers_of(meeting, line if staff else (row for row in line if row is mine))
    my_line = [row for row in line if _lobby(row.role, lobbies) == _lobby(role, lobbies)]
    names = _SideNames(roster, rows, staff)
    side = sides.side(room_id)
    hold = sides.hold if inside or staff else None
    return RoomView(
        seq=room.next_seq - 1 if room else 0,
        server_time=now,
        you=You(
            person_id=person.pk,
            name=_shown_name(person, staff),
            role=role,
            place=place,
            identity=mine.identity if mine and inside else "",
            position=my_line.index(mine) + 1 if mine in my_line else None,
            late=latecomers.late(state, person.pk),
            room_id=room_id,
            room_name=names.of(side) if side else "",
        ),
        meeting=_info(meeting, roster, lobbies, state, now),
        members=tuple(
            _member(row, staff)
            for row in seated
            if inside and row.person_id != person.pk and row.room_id == room_id
        ),
        waiting=tuple(
            Waiter(
                person_id=row.person_id,
                name=_shown_name(row.person, staff),
                role=RoomRole(row.role),
                since=row.knocked_at or now,
                interrupted=row.interrupted_since is not None,
                lobby=_lobby(row.role, lobbies),
                late=latecomers.late(state, row.person_id),
                minutes_late=_minutes_late(latecomers, state, row.person_id, meeting),
            )
            for row in line
            if staff
        ),
        staff_present=any(
            row.role == RoomRole.FACILITATOR.value and row.interrupted_since is None for row in seated
        ),
        floor=floor_seen(state, person.pk, staff, facilitators, now),
        arrival=arrival.told(meeting, person.pk) if role in arrival.ASKED else None,
        flags=arrival.flags(meeting, {row.person_id: RoomRole(row.role) for row in (*seated, *line)})
        if staff
        else {},
        crises=crisis.seen_by(person, meeting, state) if staff else (),
        lines=state.floor.lines,
        away=_away(meeting, roster, rows, person.pk) if staff else (),
        breakouts=names.breakouts(sides, seated) if staff or (inside and sides.running) else None,
        asides=tuple(names.room(one, seated) for one in sides.asides if staff),
        help_since=side.help_since if side else None,
        hold=hold,
        paused=hold is not None and hold.paused_at <= now,
    )


def _minutes_late(latecomers: Latecomers, state: RoomState, person: UUID, meeting: Meeting) -> int:
    came = latecomers.first(state, person) if latecomers.late(state, person) else None
    return 0 if came is None else (came - meeting.starts_at) // timedelta(minutes=1)


def _lobbies(meeting: Meeting) -> tuple[Lobby, ...]:
    """Where people wait: families apart from clients wherever families may come."""
    return ("clients", "family") if RoomRole.FAMILY in meeting.kind_defaults.attend else ("clients",)


def _lobby(role: str, lobbies: tuple[Lobby, ...]) -> Lobby:
    return "family" if role == RoomRole.FAMILY.value and "family" in lobbies else "clients"


def _away(
    meeting: Meeting, roster: Sequence[programs.RosterEntry], rows: Sequence[Placement], reader: UUID
) -> tuple[Away, ...]:
    """Sorted by name. From the tables, so that who was sent out can be asked back also after a reload."""
    people = {entry.person.pk: (entry.person, entry.role, Place.OUTSIDE) for entry in roster}
    for row in rows:
        people[row.person_id] = (row.person, RoomRole(row.role), Place(row.place))
    people.pop(reader, None)
    gone = {pk: one for pk, one in people.items() if one[2] not in HELD}
    came = {row.person_id: row for row in rows if row.person_id in gone and row.version}
    went: dict[UUID, Parting] = {}
    if came:
        told = RoomFact.objects.filter(meeting=meeting, person__in=came, kind__in=TOLD_BY).order_by("seq")
        went = partings(told.values_list("kind", "person_id", "at", "data"))
    found = []
    for pk, (person, role, place) in gone.items():
        parting = went.get(pk)
        if parting is None:  # never came, or was here to the end
            found.append(Away(pk, person.name, role, place, ""))
            continue
        # Who was lost is given up a while after they were last heard of.
        heard = came[pk].heard_until if place is Place.OUTSIDE else None
        until = parting.at if heard is None else min(heard, parting.at)
        found.append(Away(pk, person.name, role, place, parting.reason, until, parting.waited))
    return tuple(sorted(found, key=lambda one: (one.name, one.person_id)))


def _from_the_door(meeting: Meeting, person: Person) -> RoomView:
    """For somebody on call, who has no part in the meeting yet: that it calls for staff, and no name."""
    room = Room.objects.get(pk=meeting.pk)
    now, state = clock.now(), state_of(room)
    hold = state.sides.hold
    return RoomView(
        seq=room.next_seq - 1,
        server_time=now,
        you=You(person.pk, person.name, RoomRole.FACILITATOR, Place.OUTSIDE, "", None),
        meeting=_info(meeting, programs.roster(meeting), _lobbies(meeting), state, now),
        members=(),
        waiting=(),
        staff_present=hold is None,
        floor=FloorSeen(),
        hold=hold,
        paused=hold is not None and hold.paused_at <= now,
        may_take_over=True,
    )


def _info(
    meeting: Meeting,
    roster: Sequence[programs.RosterEntry],
    lobbies: tuple[Lobby, ...],
    state: RoomState,
    now: datetime,
) -> MeetingInfo:
    return MeetingInfo(
        title=meeting.shown_title,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        ended=door_closed(state, meeting.ends_at, meeting.cancelled_at is not None, now),
        facilitators=tuple(entry.person.given_name for entry in roster if entry.role == RoomRole.FACILITATOR),
        kind=MeetingKind(meeting.kind),
        breaks=meeting.break_spans,
        lobbies=lobbies,
    )


def _member(row: Placement, to_staff: bool) -> Member:
    return Member(
        person_id=row.person_id,
        name=_shown_name(row.person, to_staff),
        role=RoomRole(row.role),
        identity=row.identity,
        interrupted=row.interrupted_since is not None,
    )


class _SideNames:
    """How side rooms and the people who belong there are called, also who has not come."""

    def __init__(
        self, roster: Sequence[programs.RosterEntry], rows: Sequence[Placement], to_staff: bool
    ) -> None:
        self._staff = to_staff
        self._people = {entry.person.pk: (entry.person, entry.role) for entry in roster}
        for row in rows:
            self._people.setdefault(row.person_id, (row.person, RoomRole(row.role)))

    def of(self, side: Side) -> str:
        """In the reader's language; a family's room by its client."""
        if side.kind is SideKind.ASIDE:
            return gettext("Room aside")
        if side.name:
            return side.name
        if side.household in self._people:
            return _shown_name(self._people[side.household][0], self._staff)
        return gettext("Room %(number)d") % {"number": side.number}

    def breakouts(self, sides: Sides, seated: Sequence[Placement]) -> Breakouts | None:
        """Who is where is for staff."""
        if sides.phase is Phase.NONE:
            return None
        return Breakouts(
            phase=sides.phase,
            ends_at=sides.ends_at,
            rooms=tuple(self.room(one, seated) for one in sides.breakouts if self._staff),
            unassigned=self._named(
                row.person_id
                for row in seated
                if self._staff
                and row.role != RoomRole.FACILITATOR.value
                and sides.assigned(row.person_id) is None
            ),
        )

    def room(self, side: Side, seated: Sequence[Placement]) -> SideRoom:
        return SideRoom(
            room_id=side.id,
            name=self.of(side),
            kind=side.kind,
            members=tuple(_member(row, self._staff) for row in seated if row.room_id == side.id),
            assigned=self._named(side.people),
            help_since=side.help_since,
        )

    def _named(self, people: Iterable[UUID]) -> tuple[Named, ...]:
        return tuple(
            Named(pk, _shown_name(self._people[pk][0], self._staff), self._people[pk][1])
            for pk in people
            if pk in self._people
        )


def _shown_name(person: Person, to_staff: bool) -> str:
    """Full names for staff of the meeting only; first name and initial for everybody else."""
    return person.name if to_staff else person.short_name
