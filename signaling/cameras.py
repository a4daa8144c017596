"""Whose camera is on, as the media engine sees it: facts for attendance, never for the browser.

An engine tells every web process; the one that holds the seat writes it down, and a second writer would
change nothing.
"""

from __future__ import annotations

import asyncio
from typing import Final

from channels.db import database_sync_to_async

from sessions.core import clock
from sessions.room import service
from signaling.engines import get_engine
from signaling.local import Process
from signaling.media.rpc import EventKind
from signaling.sockets import report

SHOWS: Final = {
    EventKind.PUBLISHED: True,
    EventKind.UNMUTED: True,
    EventKind.UNPUBLISHED: False,
    EventKind.MUTED: False,
}
AGAIN_S: Final = 1.0


async def watch(process: Process) -> None:
    """Until cancelled. What cannot be written is left out: nobody loses minutes to it."""
    while True:
        try:
            async for event in get_engine().events():
                if event.source != "camera" or event.kind not in SHOWS:
                    continue
                if any(held.claims.identity == event.identity for held in process.held):
                    await database_sync_to_async(service.camera)(
                        event.identity, SHOWS[event.kind], clock.now()
                    )
        except Exception as error:  # the database or the engine is away
            report(error)
        await asyncio.sleep(AGAIN_S)
