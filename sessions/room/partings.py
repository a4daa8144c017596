"""How people who are not here went, as the log tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sessions.room.events import Admitted, Declined, Entered, Knocked, Lapsed, Left, Removed, SentBack
from sessions.room.moves import KeptApart

_WAITS: Final = frozenset({Knocked.kind, SentBack.kind, KeptApart.kind})
_IN: Final = frozenset({Admitted.kind, Entered.kind})
_GOES: Final = frozenset({Left.kind, Lapsed.kind, Declined.kind, Removed.kind})
TOLD_BY: Final = _WAITS | _IN | _GOES  # kinds of facts


@dataclass(frozen=True, slots=True)
class Parting:
    """The last one of somebody who has not come back since."""

    at: datetime
    waited: bool  # was at the door when they went, and not (or no longer) let in
    reason: str  # that a facilitator gave for declining or removing them


def partings(facts: Iterable[tuple[str, UUID, datetime, dict[str, Any]]]) -> dict[UUID, Parting]:
    """By person.

    Args:
        facts: (kind, person, at, data) of those of TOLD_BY, in the order of their log.
    """
    waiting: set[UUID] = set()
    gone: dict[UUID, Parting] = {}
    for kind, person, at, data in facts:
        if kind in _GOES:
            gone[person] = Parting(at, person in waiting, data.get("reason", ""))
            continue
        gone.pop(person, None)
        if kind in _WAITS:
            waiting.add(person)
        else:
            waiting.discard(person)
    return gone
