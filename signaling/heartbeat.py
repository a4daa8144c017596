"""Evidence of presence: when each socket of this process was last heard, written in one UPDATE."""

from __future__ import annotations

from channels.db import database_sync_to_async

from sessions.room import service
from signaling.local import Process
from signaling.protocol import Close


async def beat(process: Process) -> None:
    """Put on record when each room socket was last heard. A failed beat loses nothing: the next tells all.

    Sockets whose connection is no longer open on record (silent for too long, or swept while this process
    stood still) are closed, so that the browser connects anew.
    """
    sockets = {socket.connection_id: socket for socket in process.rooms}
    if not sockets:
        return
    heard = {connection_id: socket.last_heard for connection_id, socket in sockets.items()}
    for connection_id in await database_sync_to_async(service.seen)(heard):
        sockets[connection_id].end(Close.RESTART)
