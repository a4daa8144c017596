"""What every fact of a room's log has in common. Pure; the facts themselves: events.py, floor_facts.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

# Why somebody who came after the door had closed was let in. Codes: free words would be about health.
LateReason: TypeAlias = Literal["told-us", "technical", "transport", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """`at` is when it happened, by the server's clock, aware UTC."""

    kind: ClassVar[str]
    # Fields that are written only when there is something to say: facts older than the field have none.
    if_any: ClassVar[frozenset[str]] = frozenset()

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPerson(Base):
    person: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ByStaff(OfPerson):
    """Done to `person` by `actor`, a facilitator of the meeting."""

    actor: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMeeting(Base):
    """About the meeting as a whole. Without an `actor`, the clock did it."""

    actor: UUID | None = None
