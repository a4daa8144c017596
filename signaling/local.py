"""What this process holds open: sockets into rooms and seats in media rooms. One Process per event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from sessions.core.ids import token
from sessions.room.reading import Actor
from signaling.logins import Login
from signaling.tickets import Claims


class RoomSocket(Protocol):
    """A browser's socket into a meeting's room."""

    actor: Actor
    login: Login
    connection_id: UUID
    last_heard: datetime

    def wake(self) -> None:
        """The room may look different: read it again."""
        ...

    def end(self, code: int) -> None: ...


class MediaSocket(Protocol):
    """A browser's signal connection to the media engine."""

    def refresh(self, ticket: str) -> None: ...

    def dismiss(self) -> None:
        """The seat is no longer theirs. What the engine had to say about it is still passed on."""
        ...

    def end(self, code: int) -> None: ...


class Bell(Protocol):
    """Somebody who listens for one meeting's bell (signaling.watch)."""

    head: int
    changes_at: datetime | None

    def ring(self) -> None: ...

    async def renew(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(eq=False, slots=True)
class Held:
    """A media seat taken through this process.

    It outlives its socket for as long as the engine lets the participant resume: until then media flows
    without signaling, and the seat must still be checked.
    """

    claims: Claims
    login: Login
    socket: MediaSocket | None
    ticket_at: datetime  # when its browser last got a ticket
    gone_at: datetime | None = None  # when its socket was lost

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.claims.meeting_id, self.claims.person_id


@dataclass(eq=False, slots=True)
class Process:
    rooms: set[RoomSocket] = field(default_factory=set)
    held: set[Held] = field(default_factory=set)
    bells: dict[UUID, Bell] = field(default_factory=dict)  # by meeting
    rounds: asyncio.Task[None] | None = None
    evidence: deque[dict[UUID, datetime]] = field(default_factory=deque)  # not yet on record, oldest first
    name: str = field(default_factory=token)  # opaque; connections are on record under it

    @property
    def busy(self) -> bool:
        return bool(self.rooms or self.held)

    def rooms_of(self, meeting_id: UUID) -> list[RoomSocket]:
        return [socket for socket in self.rooms if socket.actor.meeting_id == meeting_id]

    def held_in(self, meeting_id: UUID) -> list[Held]:
        return [held for held in self.held if held.claims.meeting_id == meeting_id]

    def meetings(self) -> set[UUID]:
        return {socket.actor.meeting_id for socket in self.rooms} | {
            held.claims.meeting_id for held in self.held
        }


_processes: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Process]] = WeakKeyDictionary()


def process() -> Process:
    """The Process of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _processes.get(loop)
    if found is None:
        found = _processes[loop] = Process()
    return found
