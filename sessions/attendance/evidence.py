"""From facts to where each person was, second by second. Pure, independent of the order of arrival.

What the server recorded becomes, for every person, the seconds in each room, the seconds in the waiting room
and the moments at which they went on purpose. Nothing is bridged or cut here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal, TypeAlias

from sessions.attendance.intervals import NOTHING, Interval, Seconds, union

Kind: TypeAlias = Literal["connected", "seen", "disconnected", "left", "removed", "moved"]
Role: TypeAlias = Literal["client", "facilitator", "family"]

SILENCE_S: Final = (
    30  # a connection that gave evidence and then none for longer is dead since its last evidence
)
WAITING: Final = "waiting"
# Facts of one second in the order in which they can have happened.
_ORDER: Final[dict[Kind, int]] = {
    "connected": 0,
    "moved": 1,
    "seen": 2,
    "disconnected": 3,
    "left": 4,
    "removed": 5,
}
_CLOSING: Final = ("disconnected", "left")


@dataclass(frozen=True, slots=True)
class Observation:
    """One recorded fact. `at` in whole seconds since the epoch; `room` is waiting, main, breakout:N or aside.

    `room` counts for connected and moved; an empty `connection` means every device of the person.
    """

    at: int
    kind: Kind
    person: str
    role: Role
    connection: str = ""
    room: str = ""


@dataclass(slots=True)
class Whereabouts:
    """Where one person was."""

    role: Role
    arrived_at: int | None = None  # first at the door, waiting room included
    rooms: dict[str, Seconds] = field(default_factory=dict)  # rooms of the meeting, without the waiting room
    waiting: Seconds = NOTHING
    farewells: dict[int, Kind] = field(default_factory=dict)  # left or removed, by moment

    @property
    def present(self) -> Seconds:
        """The union over rooms and devices."""
        return union(*self.rooms.values())


@dataclass(slots=True)
class _Line:
    """One open connection while the facts are read."""

    room: str
    since: int
    evidence_at: int
    heartbeats: bool = False  # has given evidence of its own since it opened


class _Reader:
    """Reads one person's facts, in order."""

    def __init__(self) -> None:
        self.lines: dict[str, _Line] = {}
        self.found: dict[str, list[Interval]] = defaultdict(list)

    def silent(self, line: _Line, at: int, *, cut: bool = False) -> bool:
        """Whether nothing had been heard for too long by `at`; `cut`: the server closed it then.

        Evidence in the very last second is in time; a connection closed in it was closed for its silence.
        """
        # A summary without heartbeats (connected, then disconnected) is trusted: the server closed it.
        return line.heartbeats and at - line.evidence_at > SILENCE_S - cut

    def stay(self, line: _Line, until: int) -> None:
        self.found[line.room].append((line.since, until))

    def read(self, fact: Observation) -> None:
        match fact.kind:
            case "connected":
                old = self.lines.pop(fact.connection, None)
                if old is not None:
                    self.stay(old, old.evidence_at if self.silent(old, fact.at) else fact.at)
                self.lines[fact.connection] = _Line(fact.room, fact.at, fact.at)
            case "seen":
                line = self.lines.get(fact.connection)
                if line is None:
                    return  # evidence for a connection that nobody opened, or that is closed, proves nothing
                if self.silent(line, fact.at):
                    self.stay(line, line.evidence_at)
                    line.since = fact.at
                line.evidence_at, line.heartbeats = fact.at, True
            case "moved":
                for line in self._of(fact):
                    if self.silent(line, fact.at):
                        self.stay(line, line.evidence_at)
                    else:
                        self.stay(line, fact.at)
                        line.evidence_at = max(line.evidence_at, fact.at)
                    line.room, line.since = fact.room, fact.at
            case "disconnected" | "left" | "removed":
                for line in self._of(fact):
                    silent = self.silent(line, fact.at, cut=fact.kind == "disconnected")
                    self.stay(line, line.evidence_at if silent else fact.at)
                closed = list(self.lines) if self._all(fact) else [fact.connection]
                for connection in closed:
                    self.lines.pop(connection, None)

    def _all(self, fact: Observation) -> bool:
        return not fact.connection or fact.kind == "removed"  # a removal is of the person, on every device

    def _of(self, fact: Observation) -> list[_Line]:
        if self._all(fact):
            return list(self.lines.values())
        line = self.lines.get(fact.connection)
        return [line] if line is not None else []

    def close(self) -> None:
        """Connections without an end are over at their last evidence."""
        for line in self.lines.values():
            self.stay(line, line.evidence_at)
        self.lines.clear()


def whereabouts(facts: Iterable[Observation]) -> dict[str, Whereabouts]:
    """Where everybody was, by person. A repeated fact changes nothing."""
    by_person: dict[str, set[Observation]] = defaultdict(set)
    for fact in facts:
        by_person[fact.person].add(fact)
    return {person: _of_person(theirs) for person, theirs in by_person.items()}


def _closed_before_opened(moment: list[Observation], open_before: Set[str]) -> list[Observation]:
    """Facts of one second: of a connection that was open, and is opened in it, the end comes first.

    It is the same device, back within the second; the other way round it would be gone until heard again.
    """
    again = {fact.connection for fact in moment if fact.kind == "connected"} & open_before
    if not again:
        return moment
    return sorted(moment, key=lambda fact: not (fact.kind in _CLOSING and fact.connection in again))


def _of_person(facts: set[Observation]) -> Whereabouts:
    ordered = sorted(facts, key=lambda fact: (fact.at, _ORDER[fact.kind], fact.connection, fact.room))
    reader = _Reader()
    for _, moment in groupby(ordered, key=lambda fact: fact.at):
        for fact in _closed_before_opened(list(moment), reader.lines.keys()):
            reader.read(fact)
    reader.close()
    visited = {room: union(found) for room, found in reader.found.items() if room != WAITING}
    rooms = {room: seconds for room, seconds in visited.items() if seconds}
    return Whereabouts(
        role=ordered[0].role,
        arrived_at=next((fact.at for fact in ordered if fact.kind == "connected"), None),
        rooms=rooms,
        waiting=union(reader.found.get(WAITING, ())),
        farewells={fact.at: fact.kind for fact in ordered if fact.kind in ("left", "removed")},
    )
