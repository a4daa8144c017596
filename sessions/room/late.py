"""To whom the door has closed: clients who first come to a group long after its start (DOMAIN 3.8).

They are let in one by one, by a facilitator who says why. Pure: what was read comes in as values.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sessions.core.errors import IllegalMove
from sessions.room.machine import Place, RoomState


class LateDoor(IllegalMove):
    code = "late-door"
    text = "They came after the door had closed. Let them in one by one, and say why."


@dataclass(frozen=True, slots=True)
class Latecomers:
    """`came`: when those of `clients` who have knocked did so first; later knocks need not be in it."""

    closed_at: datetime | None = None  # None: never, or not yet
    clients: Set[UUID] = frozenset()
    came: Mapping[UUID, datetime] = field(default_factory=dict)

    def first(self, room: RoomState, person: UUID) -> datetime | None:
        """When the person came to the door first; None before they did."""
        knocked_at = room.of(person).knocked_at
        known = [at for at in (self.came.get(person), knocked_at) if at is not None]
        return min(known, default=None)

    def late(self, room: RoomState, person: UUID) -> bool:
        """Whether the door has closed to somebody who waits. Who was inside before returns as always."""
        standing = room.of(person)
        if self.closed_at is None or person not in self.clients:
            return False
        if standing.place is not Place.WAITING or standing.entered_at is not None:
            return False
        first = self.first(room, person)
        return first is not None and first > self.closed_at


NOBODY_LATE: Final = Latecomers()
