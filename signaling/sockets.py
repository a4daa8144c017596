"""What both kinds of socket have in common: limits, an outbox of its own, and an end with a reason.

Handlers of one socket run one at a time, so none of them waits for a client. A socket uses no channel layer:
bells reach it through signaling.watch, and so a layer that is away takes no socket down.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from datetime import datetime
from typing import Any, Final

from channels.generic.websocket import AsyncWebsocketConsumer

from sessions.core import clock
from signaling.media.limits import TokenBucket
from signaling.protocol import MAX_FRAME_BYTES, Close

log = logging.getLogger(__name__)

OUTBOX_FRAMES: Final = 256
FLUSH_S: Final = 0.1  # for a last frame to leave the process


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Subclasses say what happens in `opened`, `heard` and `closed`."""

    channel_layer_alias = ""  # none
    rate: float = 20
    burst: float = 40
    largest_frame_bytes: int = MAX_FRAME_BYTES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last_heard: datetime = clock.now()
        self.closing: int | None = None  # close code, once it is decided to end
        self.accepted = False
        self._bucket = TokenBucket(self.rate, self.burst, self.burst, asyncio.get_running_loop().time())
        self._outbox: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    # For subclasses.

    async def opened(self) -> None:
        """The handshake came in. Answer with `welcome` or `end`."""
        raise NotImplementedError

    async def heard(self, frame: str | bytes) -> None:
        """One frame, within the limits."""
        raise NotImplementedError

    async def closed(self, code: int) -> None:
        """The socket is gone; `code` is the client's, or 1006 when it did not say goodbye. Called once."""
        raise NotImplementedError

    async def welcome(self, subprotocol: str | None = None) -> None:
        await self.accept(subprotocol=subprotocol)
        self.accepted = True
        self.spawn(self._write())

    def tell(self, frame: str | bytes) -> None:
        """Queue one frame. A client that lets OUTBOX_FRAMES pile up is closed instead."""
        if self.closing is not None:
            return
        if self._outbox.qsize() >= OUTBOX_FRAMES:
            self.end(Close.TOO_SLOW)
        else:
            self._outbox.put_nowait(frame)

    def end(self, code: int) -> None:
        """Close with `code`, after what is queued; TOO_SLOW and RESTART do not wait for the queue."""
        if self.closing is not None:
            return
        code = self.closing = sendable(code)
        if not self.accepted or code in (Close.TOO_SLOW, Close.RESTART):
            self.spawn(self._hang_up(code))
        else:
            self._outbox.put_nowait(None)

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """A task that lives no longer than the socket."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Of Channels.

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        code = 1006
        try:
            await super().__call__(scope, receive, send)
            code = self._said
        except asyncio.CancelledError:
            # The server stops: it cancels its applications and tells their clients nothing.
            if self.accepted and self.closing is None:
                with contextlib.suppress(Exception):
                    await self.close(code=int(Close.RESTART))
                    await asyncio.sleep(FLUSH_S)
            raise
        finally:
            for task in list(self._tasks):
                task.cancel()
            await self.closed(code)

    _said = 1006

    async def connect(self) -> None:
        try:
            await self.opened()
        except Exception as error:
            report(error)
            self.end(Close.FAULT)

    async def disconnect(self, code: int | None) -> None:
        self._said = 1005 if code is None else code

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closing is not None:
            return
        frame = text_data if text_data is not None else bytes_data or b""
        if oversize(frame, self.largest_frame_bytes):
            self.end(Close.OVERSIZE)
        elif not self._bucket.take(1, asyncio.get_running_loop().time()):
            self.end(Close.TOO_MANY)
        else:
            self.last_heard = clock.now()
            try:
                await self.heard(frame)
            except Exception as error:
                report(error)
                self.end(Close.FAULT)

    async def _write(self) -> None:
        try:
            while (frame := await self._outbox.get()) is not None:
                if isinstance(frame, str):
                    await self.send(text_data=frame)
                else:
                    await self.send(bytes_data=frame)
        except Exception as error:  # whatever this server raises for a peer that is gone
            log.info("socket not writable: %s", type(error).__name__)
        await self._hang_up(self.closing or 1000)

    async def _hang_up(self, code: int) -> None:
        with contextlib.suppress(Exception):
            await self.close(code=int(code))  # Daphne refuses what is not exactly an int


def sendable(code: int) -> int:
    """`code` as it can be sent: Autobahn takes 1000 and 3000 to 4999 only. The worker's 1012 becomes 4012."""
    return code if code == 1000 or 3000 <= code <= 4999 else 3000 + code


def oversize(frame: str | bytes, largest_bytes: int = MAX_FRAME_BYTES) -> bool:
    """Whether a frame is above `largest_bytes`. A character is one to four bytes: most are not encoded."""
    if isinstance(frame, bytes) or len(frame) > largest_bytes:
        return len(frame) > largest_bytes
    return len(frame) > largest_bytes // 4 and len(frame.encode()) > largest_bytes


def report(error: BaseException) -> None:
    """Log a fault of ours by its kind and place. Never its text, which may quote what people wrote."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("fault %s at %s", type(error).__name__, " > ".join(places[-4:]))
