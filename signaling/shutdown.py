"""Going away in good order."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from signaling.engines import get_engine
from signaling.local import process
from signaling.protocol import Close

WITHIN_S: Final = 2.0
LOOK_EVERY_S: Final = 0.02


async def close_all() -> None:
    """Close every socket of this process with Close.RESTART, so that browsers come back to the next one.

    Returns when their connections are on record as closed, at the latest after WITHIN_S.
    """
    here = process()
    for socket in list(here.rooms):
        socket.end(Close.RESTART)
    for held in list(here.held):
        if held.socket is not None:
            held.socket.end(Close.RESTART)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            while here.rooms or any(  # noqa: ASYNC110 - for at most WITHIN_S, once
                held.socket is not None for held in here.held
            ):
                await asyncio.sleep(LOOK_EVERY_S)
    here.rooms.clear()
    here.held.clear()
    if here.rounds is not None:
        here.rounds.cancel()
        await asyncio.gather(here.rounds, return_exceptions=True)
    await get_engine().close()
