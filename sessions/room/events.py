"""What a room's log can say. Past tense, ids instead of names, never edited. Pure.

A fact is written once, in the order of the room's `seq`, and read back exactly as it was written: `to_record`
and `from_record` are strict, because a log that is read leniently is a log that can be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Final, TypeAlias, get_args
from uuid import UUID

import msgspec

from sessions.core.errors import Fault
from sessions.room.fact import ByStaff, LateReason, OfMeeting, OfPerson
from sessions.room.floor_facts import FloorFact
from sessions.room.moves import KeptApart, Recalled, SentToBreakout, SideFact, SteppedAside, TookOver
from sessions.room.still_facts import StillFact


class CorruptLog(Fault):
    """A stored fact is not one of ours, or not in the shape it was written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocked(OfPerson):
    """Came to the door and waits to be let in."""

    kind = "knocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered(OfPerson):
    """A facilitator of the meeting walked in. Nobody else ever does."""

    kind = "entered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted(ByStaff):
    kind = "admitted"
    if_any: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: LateReason | None = None  # exactly when the door had closed to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(ByStaff):
    kind = "declined"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBack(ByStaff):
    """Back to the waiting room: out of the room, or from being declined or removed by mistake."""

    kind = "sent_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(ByStaff):
    kind = "removed"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted(ByStaff):
    """Somebody's microphone was silenced for them. There is no fact that un-mutes."""

    kind = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(OfPerson):
    """Went away on purpose."""

    kind = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed(OfPerson):
    """Was gone for longer than the reconnect grace; the place is given up."""

    kind = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(OfPerson):
    """A device opened its connection."""

    kind = "connected"

    connection: UUID
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected(OfPerson):
    """A device's connection is over. `at` is its last evidence, never the moment of detection.

    `clean`: the device said goodbye (a reload, a closed tab); otherwise it fell silent.
    """

    kind = "disconnected"

    connection: UUID
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(OfMeeting):
    """The meeting is over for everybody."""

    kind = "ended"


# A fact about one person's connection or place.
PersonFact: TypeAlias = (
    Knocked
    | Entered
    | Admitted
    | Declined
    | SentBack
    | Removed
    | Muted
    | Left
    | Lapsed
    | Connected
    | Disconnected
    | SentToBreakout
    | Recalled
    | SteppedAside
    | KeptApart
    | TookOver
)
Fact: TypeAlias = PersonFact | Ended | FloorFact | SideFact | StillFact

KINDS: Final[dict[str, type[Fact]]] = {fact.kind: fact for fact in get_args(Fact)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One fact as the log's table holds it: what is searched for in columns, the rest as JSON in `data`."""

    kind: str
    at: datetime
    person: UUID | None
    actor: UUID | None
    connection: UUID | None
    data: dict[str, Any]


_COLUMNS: Final = ("at", "person", "actor", "connection")


def person_of(fact: Fact) -> UUID | None:
    """Whom the fact is about; None for the meeting as a whole."""
    return getattr(fact, "person", None)


def to_record(fact: Fact) -> Record:
    values = {field.name: getattr(fact, field.name) for field in fields(fact)}
    return Record(
        kind=fact.kind,
        at=fact.at,
        person=values.get("person"),
        actor=values.get("actor"),
        connection=values.get("connection"),
        data=msgspec.to_builtins(
            {
                name: value
                for name, value in values.items()
                if name not in _COLUMNS and not (value is None and name in fact.if_any)
            }
        ),
    )


def from_record(record: Record) -> Fact:
    """The very fact that `to_record` was given.

    Raises:
        CorruptLog: unknown kind, a missing or foreign field, a wrong type, a naive or non-UTC time.
    """
    fact = KINDS.get(record.kind)
    if fact is None:
        raise CorruptLog(f"unknown kind of fact {record.kind!r}")
    known = {field.name for field in fields(fact)}
    columns: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS if name in known}
    foreign = [name for name in _COLUMNS if name not in known and getattr(record, name) is not None]
    left_out = {name for name in fact.if_any if record.data.get(name) is None}  # None itself is never written
    if foreign or set(record.data) != known - set(_COLUMNS) - left_out:
        raise CorruptLog(f"{record.kind}: fields {sorted(record.data)} and {foreign} do not fit")
    if record.at.utcoffset() is None:
        raise CorruptLog(f"{record.kind}: a time without a zone")
    values: dict[str, Any] = {**columns, **record.data}
    try:
        return msgspec.convert(values, fact, strict=True)
    except msgspec.ValidationError as error:
        raise CorruptLog(f"{record.kind}: {error}") from error
