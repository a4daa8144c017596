"""The log as other slices follow it: from their own place in it, at a cost that knows no history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, QuerySet

from sessions.core import chain
from sessions.people.roles import RoomRole
from sessions.room.events import Fact
from sessions.room.log import facts_of
from sessions.room.models import Connection, Placement, Room, RoomFact
from sessions.room.still_facts import IdentityVerified


@dataclass(frozen=True, slots=True)
class Reading:
    """What is new in one room. `heard` is the latest evidence of each connection that is open."""

    seq: int  # of the last fact
    digest: str  # of the last fact
    ended_at: datetime | None
    facts: Sequence[tuple[int, Fact]]
    heard: Mapping[UUID, datetime]
    roles: Mapping[UUID, RoomRole]  # of everybody who ever came
    identified: Set[UUID]  # of them: of whom staff of the programme have made sure, ever


# By an index of its own: it knows no history.
_IDENTIFIED: Final = RoomFact.objects.filter(
    kind=IdentityVerified.kind, person=OuterRef("person"), meeting__program=OuterRef("meeting__program")
)


def read(meeting_id: UUID, after: int = 0, *, lock: bool = False) -> Reading:
    """The facts after seq `after`, in order; empty for a room that nobody opened.

    With `lock` (inside a transaction) no fact is added before the transaction ends.
    """
    rooms = Room.objects.select_for_update(of=("self",)) if lock else Room.objects.all()
    # Evidence before the head: a connection that closes meanwhile is then closed twice, and never left open.
    heard = dict(_open().filter(meeting=meeting_id).values_list("pk", "seen_at"))
    room = rooms.filter(pk=meeting_id).first()
    if room is None:
        return Reading(0, "", None, (), {}, {}, frozenset())
    came = Placement.objects.filter(meeting=meeting_id)
    came_as = list(came.annotate(known=Exists(_IDENTIFIED)).values_list("person_id", "role", "known"))
    return Reading(
        seq=room.next_seq - 1,
        digest=room.digest,
        ended_at=room.ended_at,
        facts=[(row.seq, fact) for row, fact in facts_of(meeting_id, after) if row.seq < room.next_seq],
        heard=heard,
        roles={person: RoomRole(role) for person, role, _known in came_as},
        identified=frozenset(person for person, _role, known in came_as if known),
    )


def uncredited() -> set[UUID]:
    """Meetings whose room has facts that nobody has reported as `credited`."""
    return set(Room.objects.filter(uncredited=True).values_list("meeting_id", flat=True))


def credited(meeting_id: UUID, seq: int) -> None:
    """Attendance has read the facts up to `seq`. Changes nothing when there are newer ones."""
    Room.objects.filter(pk=meeting_id, uncredited=True, next_seq=seq + 1).update(uncredited=False)


def latest_evidence() -> dict[UUID, datetime]:
    """By meeting, for those with open connections."""
    rows = _open().values_list("meeting_id").annotate(latest=Max("seen_at")).order_by()
    return dict(rows)


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a room's log does not hold, and how it shows."""

    meeting: UUID
    seq: int
    why: str


def heads() -> dict[UUID, tuple[int, str]]:
    """Length and last digest of every room's log."""
    rooms = Room.objects.order_by("pk").values_list("meeting_id", "next_seq", "digest")
    return {meeting: (next_seq - 1, digest) for meeting, next_seq, digest in rooms}


def verify(wanted: Set[tuple[UUID, int]]) -> tuple[list[Breach], dict[tuple[UUID, int], str]]:
    """Walk every room's log. Returns what does not hold, and the digests of the `wanted` rows (meeting, seq).

    The second is for comparing with heads that were kept elsewhere.
    """
    breaches: list[Breach] = []
    kept: dict[tuple[UUID, int], str] = {}
    ends: dict[UUID, tuple[int, str]] = {}
    for row in RoomFact.objects.order_by("meeting_id", "seq").iterator():
        last, previous = ends.get(row.meeting_id, (0, ""))
        if row.seq != last + 1:
            breaches.append(Breach(row.meeting_id, last + 1, "missing"))
        elif not chain.holds(settings.AUDIT_KEYS, row.digest, previous, row.content()):
            breaches.append(Breach(row.meeting_id, row.seq, "edited, or not the fact that was written here"))
        ends[row.meeting_id] = (row.seq, row.digest)
        if (row.meeting_id, row.seq) in wanted:
            kept[row.meeting_id, row.seq] = row.digest
    for meeting, head in heads().items():
        if ends.get(meeting, (0, "")) != head:
            breaches.append(Breach(meeting, head[0], "the end differs from the head"))
    return breaches, kept


def _open() -> QuerySet[Connection]:
    return Connection.objects.filter(closed_at=None)
