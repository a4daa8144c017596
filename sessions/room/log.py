"""The log of one room, open for writing: its row is locked until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Min

from sessions.core import chain, clock
from sessions.core.errors import Fault
from sessions.core.prepared import Prepared
from sessions.people.models import NoContact
from sessions.people.roles import RoomRole
from sessions.programs.models import Meeting
from sessions.room import bell, holds
from sessions.room.breakouts import Known
from sessions.room.decisions import consequences
from sessions.room.events import Entered, Fact, Knocked, Record, from_record, to_record
from sessions.room.floor import Floor
from sessions.room.late import NOBODY_LATE, Latecomers
from sessions.room.machine import Place, RoomState, Standing, evolve
from sessions.room.models import Connection, Placement, Room, RoomFact, SideRoom
from sessions.room.moves import HoldEnded
from sessions.room.sides import Side, Sides

_STANDING_FIELDS: Final = (
    "version",
    "line_seq",
    "knocked_at",
    "entered_at",
    "entered_seq",
    "interrupted_since",
    "heard_until",
    "room_id",
    "back_to",
)
_LOCKED: Final = Prepared(lambda meeting: Room.objects.select_for_update().filter(pk=meeting))
_PLACEMENTS: Final = Prepared(lambda meeting: Placement.objects.filter(meeting=meeting))
_OPEN: Final = Prepared(
    lambda meeting: Connection.objects.filter(meeting=meeting, closed_at=None).values_list("person_id", "pk")
)
_APART: Final = Prepared(
    lambda program: NoContact.objects.filter(program=program).values_list("lower_id", "higher_id")
)


class RoomLog:
    """Everything a decision needs, as it is under the lock. Only inside a transaction."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        self._row = _locked(meeting)
        self._placements = {row.person_id: row for row in _PLACEMENTS.models(meeting.pk)}
        self.state = _state(self._row, self._placements.values(), _open_connections(meeting.pk))

    @property
    def head(self) -> int:
        return self._row.next_seq - 1

    @property
    def facilitators(self) -> frozenset[UUID]:
        return frozenset(
            person for person, row in self._placements.items() if row.role == RoomRole.FACILITATOR
        )

    @property
    def family(self) -> frozenset[UUID]:
        """Who waits in the family's lobby."""
        return frozenset(person for person, row in self._placements.items() if row.role == RoomRole.FAMILY)

    @cached_property
    def known(self) -> Known:
        """Of those who ever came, as far as every decision needs it; see service.everything_known."""
        pairs = _APART.rows(self.meeting.program_id)
        return Known(
            people=frozenset(self._placements),
            staff=self.facilitators,
            apart=frozenset(frozenset(pair) for pair in pairs),
        )

    @property
    def latecomers(self) -> Latecomers:
        """To whom the door has closed, of all who ever came; a query only when there may be somebody."""
        return latecomers_of(self.meeting, self._placements.values())

    def key_of(self, person: UUID) -> str | None:
        """What names the person's placement elsewhere, without naming the person; None before they came."""
        row = self._placements.get(person)
        return str(row.pk) if row is not None else None

    def _placement_of(self, person: UUID) -> Placement:
        """Raises Fault for somebody who never came: no fact can be about them."""
        try:
            return self._placements[person]
        except KeyError:
            raise Fault("a fact about somebody without a placement") from None

    def welcome(self, person: UUID, role: RoomRole) -> None:
        """The person has a placement, and it carries their present role."""
        row = self._placements.get(person)
        if row is None:
            row = Placement.objects.create(meeting=self.meeting, person_id=person, role=role)
            self._placements[person] = row
        elif row.role != role:
            row.role = role
            row.save(update_fields=["role"])
        self.__dict__.pop("known", None)

    def seq_of(self, giver: UUID, command_id: str) -> int | None:
        """Where the command is in the log; None when it is not."""
        return (
            RoomFact.objects.filter(meeting=self.meeting, commanded_by=giver, command_id=command_id)
            .values_list("seq", flat=True)
            .first()
        )

    def append(self, facts: Sequence[Fact], giver: UUID | None = None, command_id: str | None = None) -> int:
        """Write `facts`, what follows from them by itself, and the room and placements they make; ring after
        commit. Returns the last seq.

        `giver` and `command_id` mark the first fact as the command's.

        Raises:
            IllegalMove: the table does not allow one of them; nothing is written.
        """
        if not facts:
            return self.head
        facts = list(facts)
        before, state = self.state, self.state
        rows: list[RoomFact] = []
        recorded_at = clock.now()
        while len(rows) < len(facts):
            fact, seq = facts[len(rows)], self._row.next_seq + len(rows)
            state = evolve(state, fact, seq)
            record = to_record(fact)
            rows.append(
                RoomFact(
                    meeting=self.meeting,
                    seq=seq,
                    kind=record.kind,
                    at=record.at,
                    recorded_at=recorded_at,
                    person_id=record.person,
                    actor_id=record.actor,
                    connection_id=record.connection,
                    data=record.data,
                )
            )
            if len(rows) == len(facts) and not state.ended_at:
                facts += self._consequences(state, fact.at)
        if command_id is not None:
            rows[0].commanded_by_id, rows[0].command_id = giver, command_id
        for row in rows:
            row.digest = self._row.digest = chain.seal(
                settings.AUDIT_KEYS[0], self._row.digest, row.content()
            )
        RoomFact.objects.bulk_create(rows)
        self._keep(before, state, facts)
        return self.head

    def _consequences(self, state: RoomState, at: datetime) -> list[Fact]:
        if not state.sides.asides and not state.inside():  # the most common: spares a query
            return [HoldEnded(at=at)] if state.sides.hold is not None else []
        grace = timedelta(seconds=self.meeting.program.rules.supervision_grace_s)
        return consequences(state, self.known, at, grace)

    def _keep(self, before: RoomState, after: RoomState, facts: Sequence[Fact]) -> None:
        self.state = after
        self._keep_sides(before, after, facts[-1].at)
        moved = False
        for person, standing in after.people.items():
            if standing == before.people.get(person):
                continue
            row = self._placement_of(person)
            moved = moved or row.place != standing.place.value
            row.place = standing.place.value
            for name in _STANDING_FIELDS:
                setattr(row, name, getattr(standing, name))
            row.save(update_fields=["place", *_STANDING_FIELDS])
        self._row.next_seq += len(facts)
        self._row.ended_at = after.ended_at
        floor_changed = after.floor != before.floor
        if floor_changed:
            self._row.floor = msgspec.to_builtins(after.floor)
            self._row.break_ends_at = after.floor.pause.ends_at if after.floor.pause else None
        self._row.uncredited = True
        if self._row.opened_at is None and any(isinstance(fact, Knocked | Entered) for fact in facts):
            self._row.opened_at = facts[0].at
        self._row.save(
            update_fields=[
                "next_seq",
                "ended_at",
                "opened_at",
                "digest",
                "uncredited",
                *(["floor", "break_ends_at"] if floor_changed else ()),
                *(["sides", "due_at", "paused_at"] if before.sides != after.sides else ()),
            ]
        )
        transaction.on_commit(partial(bell.ring, self.meeting.pk, self.head))
        if moved:
            transaction.on_commit(partial(bell.ring_program, self.meeting.program_id))

    def _keep_sides(self, before: RoomState, after: RoomState, at: datetime) -> None:
        """Rows for rooms that people can be in; they stay when the room is closed, and are used again."""
        if after.sides == before.sides:
            return
        self._row.sides = msgspec.to_builtins(after.sides)
        self._row.due_at = after.sides.due_at
        self._row.paused_at = after.sides.hold.paused_at if after.sides.hold else None
        if after.sides.hold != before.sides.hold:
            holds.changed(self.meeting, before.sides.hold, after.sides.hold, at)
        was, now = _open_sides(before.sides), _open_sides(after.sides)
        if was.keys() - now.keys():
            SideRoom.objects.filter(pk__in=was.keys() - now.keys()).update(closed_at=at)
        for side in (now[pk] for pk in now.keys() - was.keys()):
            SideRoom.objects.update_or_create(
                pk=side.id,
                meeting=self.meeting,
                defaults={"kind": side.kind, "name": side.name, "opened_at": at, "closed_at": None},
            )


def _open_sides(sides: Sides) -> dict[UUID, Side]:
    """The side rooms that people can be in."""
    return {side.id: side for side in (*(sides.breakouts if sides.running else ()), *sides.asides)}


def state_of(room: Room, rows: Sequence[Placement] | None = None) -> RoomState:
    """The room as its tables have it now, without the lock. `rows`: its placements, when read already."""
    placements = _PLACEMENTS.models(room.meeting_id) if rows is None else rows
    return _state(room, placements, _open_connections(room.meeting_id))


def latecomers_of(meeting: Meeting, rows: Iterable[Placement]) -> Latecomers:
    """To whom of `rows` the door of their meeting has closed.

    It closes `door_minutes` after the scheduled start, and not before a facilitator was there: clients never
    lose by staff who are late themselves (DOMAIN 3.9). Groups only, clients only; docs/room.md says why.
    """
    minutes = meeting.program.rules.door_minutes
    if not minutes or not meeting.kind_defaults.by_cohort:
        return NOBODY_LATE
    closes_at, now = meeting.starts_at + timedelta(minutes=minutes), clock.now()
    clients = frozenset(
        row.person_id
        for row in rows  # the first knock was at the present one or before it; who never did may do so now
        if row.role == RoomRole.CLIENT and row.entered_at is None and (row.knocked_at or now) > closes_at
    )
    if not clients:
        return NOBODY_LATE
    facts = RoomFact.objects.filter(meeting=meeting, kind__in=(Knocked.kind, Entered.kind))
    first = facts.values_list("kind", "person").annotate(first=Min("at")).order_by()
    led_since: datetime | None = None
    came: dict[UUID, datetime] = {}
    for kind, person, at in first:
        if kind == Knocked.kind:
            came[person] = at
        else:
            led_since = min(led_since or at, at)
    return NOBODY_LATE if led_since is None else Latecomers(max(closes_at, led_since), clients, came)


def facts_of(meeting_id: UUID, after: int = 0) -> list[tuple[RoomFact, Fact]]:
    """The stored rows after seq `after` with what they say, in order. Raises events.CorruptLog."""
    rows = RoomFact.objects.filter(meeting=meeting_id, seq__gt=after).order_by("seq")
    return [(row, _fact(row)) for row in rows]


def _fact(row: RoomFact) -> Fact:
    return from_record(
        Record(
            kind=row.kind,
            at=row.at,
            person=row.person_id,
            actor=row.actor_id,
            connection=row.connection_id,
            data=row.data,
        )
    )


def _locked(meeting: Meeting) -> Room:
    room = _LOCKED.model(meeting.pk)
    if room is None:
        Room.objects.get_or_create(meeting=meeting)
        room = Room.objects.select_for_update().get(pk=meeting.pk)
    return room


def _open_connections(meeting_id: UUID) -> list[tuple[UUID, UUID]]:
    """(person, connection) of every one that is open."""
    return [(person, connection) for person, connection in _OPEN.rows(meeting_id)]


def _state(room: Room, rows: Iterable[Placement], opened: Iterable[tuple[UUID, UUID]]) -> RoomState:
    connections: dict[UUID, set[UUID]] = {}
    for person, connection in opened:
        connections.setdefault(person, set()).add(connection)
    people = {
        row.person_id: Standing(
            place=Place(row.place),
            connections=frozenset(connections.get(row.person_id, ())),
            **{name: getattr(row, name) for name in _STANDING_FIELDS},
        )
        for row in rows
    }
    return RoomState(
        people, room.ended_at, msgspec.convert(room.floor, Floor), msgspec.convert(room.sides, Sides)
    )
