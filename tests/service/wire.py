"""Browsers as the wire sees them: a login's cookie, an Origin, frames; everything received is kept."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client

from sessions.people.models import Person
from signaling.protocol.told import Room
from signaling.shutdown import close_all
from tests.servers import stop, wait_until
from vIOP.asgi import application

ROOT: Final = Path(__file__).parents[2]
WITHIN_S: Final = 10.0
HOST: Final = "localhost:8000"


async def eventually(
    true: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = WITHIN_S
) -> None:
    """Wait for a condition. Fails naming `what` when it does not come about."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + within_s
    while True:
        found = true()
        if not isinstance(found, bool):
            found = await found
        if found:
            return
        assert loop.time() < end_s, f"never happened: {what}"
        await asyncio.sleep(0.02)


async def sign_in(person: Person) -> str:
    """The cookie of a fresh login."""

    def login() -> str:
        client = Client()
        client.force_login(person)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    return str(await database_sync_to_async(login)())


def headers(cookie: str = "", origin: str = f"http://{HOST}", host: str = HOST) -> list[tuple[bytes, bytes]]:
    sent = {"host": host, "origin": origin, "cookie": cookie}
    return [(name.encode(), value.encode()) for name, value in sent.items() if value]


class Page:
    """A browser's room page: one socket, and all it was told."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self._socket = socket
        self.frames: list[str] = []
        self.close_code: int | None = None
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self._socket.output_queue.get()
            if message["type"] == "websocket.close":
                self.close_code = message.get("code", 1000)
                await self._socket.send_input({"type": "websocket.disconnect", "code": self.close_code})
                return
            self.frames.append(message["text"])

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in map(json.loads, self.frames) if message["type"] == kind]

    @property
    def room(self) -> dict[str, Any]:
        views = self.told("room")
        return views[-1] if views else {}

    def typed_room(self) -> Room | None:
        """The latest view, as a message of the protocol."""
        frames = [frame for frame in self.frames if json.loads(frame)["type"] == "room"]
        return msgspec.json.decode(frames[-1], type=Room) if frames else None

    @property
    def place(self) -> str:
        return str(self.room["you"]["place"]) if self.room else ""

    @property
    def position(self) -> int | None:
        """In line, while waiting."""
        return self.room["you"]["position"] if self.room else None

    async def say(self, kind: str, **fields: object) -> str:
        """Send a message; the id of its command."""
        command_id = ""
        if kind not in ("knock", "ping", "askSeat"):
            command_id = str(fields.setdefault("commandId", str(uuid4())))
        await self.send(json.dumps({"type": kind, **fields}))
        return command_id

    async def send(self, frame: str | bytes) -> None:
        key = "text" if isinstance(frame, str) else "bytes"
        await self._socket.send_input({"type": "websocket.receive", key: frame})

    async def answer(self, command_id: str) -> dict[str, Any]:
        """The `done` or `refused` of a command."""

        def found() -> list[dict[str, Any]]:
            return [m for m in self.told("done") + self.told("refused") if m["commandId"] == command_id]

        await eventually(lambda: bool(found()), "an answer to the command")
        return found()[0]

    async def refusal(self) -> dict[str, Any]:
        """The last refusal, once there is one."""
        await eventually(lambda: bool(self.told("refused")), "a refusal")
        return self.told("refused")[-1]

    async def comes_to(self, place: str) -> None:
        await eventually(lambda: self.place == place, f"being in {place}, not {self.place!r}")

    async def closes(self) -> int:
        await eventually(lambda: self.close_code is not None, "the socket's end")
        await self._socket.wait(WITHIN_S)
        assert self.close_code is not None
        return self.close_code

    async def leave_page(self, code: int = 1001) -> None:
        """The tab is closed; 1006 when the connection just breaks."""
        if self.close_code is None:
            self.close_code = code
            await self._socket.send_input({"type": "websocket.disconnect", "code": code})
            await self._socket.wait(WITHIN_S)
        self._reading.cancel()


async def open_page(
    meeting_id: UUID | str, cookie: str = "", subprotocols: tuple[str, ...] = ("viop.1",), **words: str
) -> Page | None:
    """Open a meeting's room socket; None when the handshake is refused."""
    socket = WebsocketCommunicator(
        application, f"/ws/rooms/{meeting_id}", headers(cookie, **words), list(subprotocols)
    )
    accepted, _ = await socket.connect(WITHIN_S)
    if not accepted:
        await socket.send_input({"type": "websocket.disconnect", "code": 1006})
        await socket.wait(WITHIN_S)
        return None
    return Page(socket)


@contextmanager
def worker(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real media worker that serves `path`."""
    path.unlink(missing_ok=True)  # of a worker that was killed
    environment = os.environ | {"VIOP_MEDIA_RPC": str(path), "VIOP_MEDIA_PARENT_PID": str(os.getpid())}
    process = subprocess.Popen(
        [sys.executable, "-m", "signaling.media"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(path.is_socket, "the media worker")
        yield process
    finally:
        stop(process)


async def everything_stopped() -> None:
    """Close what is open here, and wait for what still reads or writes in the database's thread."""
    await close_all()
    await database_sync_to_async(connections.close_all)()


Visit = Callable[..., Awaitable[Page]]


@asynccontextmanager
async def pages() -> AsyncIterator[Visit]:
    """Opens pages for people; closes them all at the end."""
    opened: list[Page] = []

    async def visit(person: Person, meeting_id: UUID | str, *, cookie: str | None = None) -> Page:
        page = await open_page(meeting_id, cookie or await sign_in(person))
        assert page is not None, "the handshake was refused"
        opened.append(page)
        return page

    try:
        yield visit
    finally:
        for page in opened:
            await page.leave_page()
        await everything_stopped()
