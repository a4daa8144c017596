"""From a room's log to what counts for attendance, fact by fact, so that a cursor need not begin anew. Pure.

A person's place decides the room: what is kept is which device was where from when to when. Every device and
room gets a line of its own, so that facts of one second need no order among each other. A device that closes
(a reload, a closed tab) or falls silent ends without a word; leaving, being sent away and being removed are
said. A line that was ended for somebody (moved, ended with the meeting) is cut back to the last evidence when
it later turns out that the device was silent by then: a crash never gains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from sessions.attendance.evidence import WAITING, Observation, Role
from sessions.attendance.intervals import Interval, Seconds, union
from sessions.room.events import Connected, Declined, Disconnected, Ended, Fact, Left, PersonFact, Removed
from sessions.room.floor_facts import BreakEnded, BreakStarted, FloorFact
from sessions.room.machine import Place, RoomState, Standing, evolve
from sessions.room.still_facts import CameraOff, CameraOn

END_OF_TIME: Final = 2**40  # seconds since the epoch; after every meeting

How: TypeAlias = Literal["disconnected", "left", "removed"]


class Line(Struct):
    """One device in one room. Times in whole seconds since the epoch."""

    name: str
    person: UUID
    connection: UUID
    room: str
    since: int
    until: int | None = None
    how: How = "disconnected"


class Farewell(Struct):
    """Left or was removed while no device was connected."""

    person: UUID
    at: int
    how: How


class Camera(Struct):
    """One stretch with a camera on. Times in whole seconds since the epoch."""

    person: UUID
    since: int
    until: int | None = None


class Observed(Struct):
    """What the facts so far have shown."""

    room: RoomState = RoomState()
    lines: list[Line] = []
    farewells: list[Farewell] = []
    cameras: list[Camera] = []
    breaks: list[tuple[int, int]] = []  # as they were taken

    def read(self, seq: int, fact: Fact) -> None:
        """Raises IllegalMove for a fact that cannot follow those before it."""
        before, self.room = self.room, evolve(self.room, fact, seq)
        if isinstance(fact, FloorFact):  # moves nobody
            self._pause(fact)
            return
        match fact:
            case Ended():
                self._stop_break(_seconds(fact.at))
                for person in before.people:
                    self._moved(person, before.of(person), fact, seq)
            case Disconnected(connection=connection):
                self._silent(connection, _seconds(fact.at))
            case Connected(person=person, connection=connection):
                if (room := room_of(self.room.of(person))) is not None:
                    self._open(person, connection, room, fact, seq)
            case CameraOn(person=person):
                self._camera(person, _seconds(fact.at), on=True)
            case CameraOff(person=person):
                self._camera(person, _seconds(fact.at), on=False)
            case _ if isinstance(fact, PersonFact):
                self._moved(fact.person, before.of(fact.person), fact, seq)

    def _camera(self, person: UUID, at: int, *, on: bool) -> None:
        for one in self.cameras:
            if one.person == person and one.until is None:
                one.until = max(at, one.since)
        if on:
            self.cameras.append(Camera(person, at))

    def camera_on(self) -> dict[str, Seconds]:
        """By person, when a camera was on; empty when no camera was ever seen, as with an engine that does
        not tell. A stretch without an end goes on for ever: presence ends it."""
        found: dict[str, list[Interval]] = defaultdict(list)
        for one in self.cameras:
            found[str(one.person)].append((one.since, END_OF_TIME if one.until is None else one.until))
        return {person: union(stretches) for person, stretches in found.items()}

    def _pause(self, fact: FloorFact) -> None:
        match fact:
            case BreakStarted(at=at, until=until):
                self._stop_break(_seconds(at))
                self.breaks.append((_seconds(at), _seconds(until)))
            case BreakEnded(at=at):
                self._stop_break(_seconds(at))

    def _stop_break(self, at: int) -> None:
        if self.breaks and self.breaks[-1][1] > at:
            start, _ = self.breaks.pop()
            self.breaks.append((start, max(start, at)))

    def _moved(self, person: UUID, before: Standing, fact: Fact, seq: int) -> None:
        after = self.room.of(person)
        source, target = room_of(before), room_of(after)
        if source == target:
            return
        at, how = _seconds(fact.at), _how(fact)
        if source is not None:
            if how != "disconnected" and not before.connections:
                self.farewells.append(Farewell(person, at, how))
            for line in self._of(before.connections):
                line.until, line.how = at, how
        if target is not None:
            for connection in sorted(after.connections):
                self._open(person, connection, target, fact, seq)

    def _open(self, person: UUID, connection: UUID, room: str, fact: Fact, seq: int) -> None:
        self.lines.append(Line(f"{seq}.{len(self.lines)}", person, connection, room, _seconds(fact.at)))

    def _of(self, connections: Iterable[UUID]) -> list[Line]:
        wanted = frozenset(connections)
        return [line for line in self.lines if line.until is None and line.connection in wanted]

    def _silent(self, connection: UUID, at: int) -> None:
        """The connection is over since `at`; what was taken for its time after that is not."""
        for line in self.lines:
            if line.connection == connection and (line.until is None or line.until > at):
                line.until = max(at, line.since)

    def complete(self, heard: Mapping[UUID, datetime]) -> bool:
        """Whether no evidence can come any more that changes what was before the meeting's end."""
        ended_at = self.room.ended_at
        return ended_at is not None and all(
            heard.get(connection, ended_at) >= ended_at
            for standing in self.room.people.values()
            for connection in standing.connections
        )

    def facts(self, heard: Mapping[UUID, datetime], roles: Mapping[UUID, Role]) -> list[Observation]:
        """For hours.credit; devices that are still open count up to their latest evidence in `heard`."""
        found: list[Observation] = []
        for line in self.lines:
            person, role = str(line.person), roles[line.person]
            until = line.until
            if until is None:
                until = _seconds(heard[line.connection]) if line.connection in heard else line.since
            found.append(Observation(line.since, "connected", person, role, line.name, line.room))
            found.append(Observation(max(until, line.since), line.how, person, role, line.name))
        return found + [
            Observation(one.at, one.how, str(one.person), roles[one.person], "none") for one in self.farewells
        ]


def room_of(standing: Standing) -> str | None:
    """The room as attendance knows it: waiting, main, breakout:ID, aside:ID, or None for nowhere."""
    match standing.place:
        case Place.WAITING:
            return WAITING
        case Place.MAIN:
            return "main"
        case Place.BREAKOUT | Place.ASIDE:
            return f"{standing.place}:{standing.room_id}"
        case _:
            return None


def dump(observed: Observed) -> bytes:
    return msgspec.msgpack.encode(observed)


def load(stored: bytes | memoryview) -> Observed | None:
    """None when another version of this program wrote it: read the log from its beginning then."""
    try:
        return msgspec.msgpack.decode(bytes(stored), type=Observed)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _how(fact: Fact) -> How:
    match fact:
        case Left():
            return "left"
        case Removed() | Declined():
            return "removed"
        case _:
            return "disconnected"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
