"""The one interface to whatever carries media: the embedded worker, or a LiveKit cluster.

The clinic decides who is where; an engine makes packets follow. Nothing of the media engine's own vocabulary
(sockets, RPC, rooms service) passes this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from signaling.media.rpc import Event, Grants

__all__ = ["Event", "Grants", "MediaEngine", "Relocated", "Ticket"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a browser needs to connect its media."""

    url: str  # "wss://…", or a path of the page's own origin
    token: str  # HS256 JWT, see signaling.tickets
    identity: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Relocated:
    """One person's change of media room."""

    identity: str
    source: str
    target: str
    token: str  # ticket for `target`


class MediaEngine(Protocol):
    """Every call is idempotent: asking twice, or for somebody who is not there, is not an error.

    Raises (all calls): signaling.engine.EngineUnavailable when the engine cannot be reached; enforcement then
    rests on tickets, which name the placement version and live at most 60 s.
    """

    url: str

    async def move(self, moves: Sequence[Relocated]) -> None: ...

    async def eject(self, room: str, identity: str) -> None: ...

    async def mute(self, room: str, identity: str, source: str = "microphone") -> None: ...

    async def regrant(self, room: str, identity: str, grants: Grants) -> None: ...

    async def close_room(self, room: str) -> None: ...

    def events(self) -> AsyncIterator[Event]:
        """What happens to participants, from now on, until the engine is closed."""
        ...


class EngineUnavailable(Exception):
    """The media engine cannot be reached now. Trying again later is right."""
