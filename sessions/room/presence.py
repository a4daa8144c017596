"""From facts and evidence to presence. Pure.

A stay is one unbroken evidenced presence of one device in the room: the time its person was in the main room
while this device was connected. Nothing is bridged and nothing is capped here; crediting is a policy of its
own. Every bound is a server time backed by evidence, so a killed process, a silent device or a clock that
jumps can shorten a stay but never lengthen one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sessions.room.events import (
    Connected,
    Disconnected,
    Ended,
    Fact,
    Lapsed,
    Left,
    Removed,
    SentBack,
)
from sessions.room.machine import SEATED, RoomState, evolve
from sessions.room.moves import KeptApart


class Ending(StrEnum):
    STILL_HERE = "still here"
    LEFT = "left"
    SENT_BACK = "sent back"
    REMOVED = "removed"
    MEETING_ENDED = "meeting ended"
    CLOSED = "closed"  # the device said goodbye: a reload, a closed tab
    LOST = "lost"  # the device fell silent


@dataclass(frozen=True, slots=True)
class Stay:
    """`starts_at` < `ends_at`, aware UTC; the end of an open stay is its latest evidence."""

    connection: UUID
    device: str
    starts_at: datetime
    ends_at: datetime
    ending: Ending


@dataclass(frozen=True, slots=True)
class _Span:
    starts_at: datetime
    ends_at: datetime
    ending: Ending


def stays_of(
    facts: Iterable[tuple[int, Fact]], seen: Mapping[UUID, datetime]
) -> dict[UUID, tuple[Stay, ...]]:
    """Everybody's stays, in order of their start; people who were never in the room are left out.

    Args:
        facts: the whole log of one room, pairs of (seq, fact).
        seen: latest evidence of the connections that are still open.
    """
    room = RoomState()
    connected: dict[UUID, Connected] = {}
    lines: dict[UUID, _Span] = {}  # by connection, from opening to last evidence
    seated: dict[UUID, list[_Span]] = {}  # by person
    came: dict[UUID, datetime] = {}
    for seq, fact in facts:
        before, room = room, evolve(room, fact, seq)
        match fact:
            case Connected():
                connected[fact.connection] = fact
            case Disconnected():
                ending = Ending.CLOSED if fact.clean else Ending.LOST
                lines[fact.connection] = _Span(connected[fact.connection].at, fact.at, ending)
        for person, standing in room.people.items():
            inside, was_inside = standing.place in SEATED, before.of(person).place in SEATED
            if inside and not was_inside:
                came[person] = fact.at
            elif was_inside and not inside:
                span = _Span(came.pop(person), fact.at, ENDINGS[type(fact)])
                seated.setdefault(person, []).append(span)
    for connection, opening in connected.items():
        if connection not in lines:
            lines[connection] = _Span(opening.at, seen.get(connection, opening.at), Ending.STILL_HERE)
    stays: dict[UUID, list[Stay]] = {}
    for connection, line in lines.items():
        person = connected[connection].person
        spans = list(seated.get(person, []))
        if person in came:
            spans.append(_Span(came[person], line.ends_at, line.ending))
        for span in spans:
            starts_at = max(span.starts_at, line.starts_at)
            ends_at, ending = min(
                (line.ends_at, line.ending), (span.ends_at, span.ending), key=lambda e: e[0]
            )
            if starts_at < ends_at:
                stay = Stay(connection, connected[connection].device, starts_at, ends_at, ending)
                stays.setdefault(person, []).append(stay)
    return {
        person: tuple(sorted(theirs, key=lambda stay: (stay.starts_at, stay.ends_at)))
        for person, theirs in stays.items()
    }


# Every fact that takes somebody out of the rooms.
ENDINGS: Final[dict[type[Fact], Ending]] = {
    Left: Ending.LEFT,
    SentBack: Ending.SENT_BACK,
    Removed: Ending.REMOVED,
    KeptApart: Ending.SENT_BACK,  # and never why
    Lapsed: Ending.LOST,
    Ended: Ending.MEETING_ENDED,
}


def time_present(stays: Sequence[Stay]) -> timedelta:
    """The length of the union: two devices at once count once."""
    total = timedelta()
    covered_until: datetime | None = None
    for stay in sorted(stays, key=lambda stay: stay.starts_at):
        starts_at = stay.starts_at if covered_until is None else max(stay.starts_at, covered_until)
        if stay.ends_at > starts_at:
            total += stay.ends_at - starts_at
            covered_until = stay.ends_at
    return total


def whole_minutes(length: timedelta) -> int:
    """Floored; DOMAIN, section 3, rule 7."""
    return length // timedelta(minutes=1)
