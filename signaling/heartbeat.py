"""Evidence of presence: when each socket of this process was last heard.

Noted every few seconds and written in one UPDATE. While the database is away the notes wait, at most a minute
of them, and are handed in afterwards one by one: a gap in them would be silence.
"""

from __future__ import annotations

from typing import Final

from channels.db import database_sync_to_async

from sessions.room import service
from signaling.local import Process
from signaling.protocol import Close

NOTES_KEPT: Final = 15


async def note(process: Process) -> None:
    """Take down when each room socket was last heard."""
    if process.rooms:
        process.evidence.append({socket.connection_id: socket.last_heard for socket in process.rooms})
    while len(process.evidence) > NOTES_KEPT:
        process.evidence.popleft()


async def write(process: Process) -> None:
    """Put the notes on record, oldest first; what fails stays and is tried again.

    Sockets whose connection is no longer open on record (silent for too long, or swept while this process
    stood still) are closed, so that the browser connects anew.
    """
    while process.evidence:
        unknown = await database_sync_to_async(service.seen)(process.evidence[0])
        process.evidence.popleft()
        for socket in list(process.rooms):
            if socket.connection_id in unknown:
                socket.end(Close.RESTART)
