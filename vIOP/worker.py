"""The media worker as a supervised child of the one-machine server."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import Final

from django.conf import settings

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
STEADY_S: Final = 10.0  # a worker that lived this long starts the pauses anew
STOP_GRACE_S: Final = 2.5


async def supervise(port: int, host: str) -> None:
    """Keep one `python -m signaling.media` alive until cancelled; then stop it, at the latest by force."""
    pause_s = FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    env = os.environ | {
        "VIOP_MEDIA_RPC": settings.MEDIA_RPC,
        "VIOP_MEDIA_HOST": host,
        "VIOP_MEDIA_PORT": str(port),
        "VIOP_MEDIA_PARENT_PID": str(os.getpid()),
    }
    while True:
        started = loop.time()
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "signaling.media",
            cwd=settings.BASE_DIR,
            env=env,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _stop(child)
            raise
        if loop.time() - started > STEADY_S:
            pause_s = FIRST_PAUSE_S
        log.warning("media worker ended code=%s, starting another in %.1f s", code, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), STOP_GRACE_S)
    except TimeoutError:
        child.kill()
        await child.wait()
