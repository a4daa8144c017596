"""What every fact of a room's log has in common. Pure; the facts themselves: events.py, floor_facts.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """`at` is when it happened, by the server's clock, aware UTC."""

    kind: ClassVar[str]

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
