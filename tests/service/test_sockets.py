"""What every socket does, whatever it is for: bounded outbox, and an end with a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from signaling.protocol import Close
from signaling.sockets import OUTBOX_FRAMES, Socket
from tests.service.wire import eventually


class Echo(Socket):
    """Answers every frame with as many frames as it says."""

    rate, burst = 1e6, 1e6
    codes: list[int]

    async def opened(self) -> None:
        await self.welcome()

    async def heard(self, frame: str | bytes) -> None:
        if frame == "break":
            raise RuntimeError("Alice Haddad, 555-0100")
        for number in range(int(frame)):
            self.tell(str(number))

    async def closed(self, code: int) -> None:
        self.codes.append(code)


class Server:
    """An ASGI server with one client, whose socket takes `window` frames and then no more until it reads."""

    def __init__(self, window: int = 1_000_000) -> None:
        self.sent: list[dict[str, Any]] = []
        self.codes: list[int] = []
        self._room = asyncio.Semaphore(window)
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        socket = Echo()
        socket.codes = self.codes
        self.task = asyncio.create_task(
            socket({"type": "websocket", "headers": [], "path": "/"}, self._inbox.get, self._send)
        )

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await self._room.acquire()
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def say(self, frame: str) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": frame})

    @property
    def close_code(self) -> int | None:
        codes = [message["code"] for message in self.sent if message["type"] == "websocket.close"]
        return codes[0] if codes else None

    async def ended(self) -> int | None:
        await asyncio.wait_for(asyncio.gather(self.task, return_exceptions=True), 5)
        return self.close_code


async def test_a_client_that_does_not_read_is_closed_and_nobody_waits_for_it() -> None:
    server = Server(window=3)
    server.say(str(OUTBOX_FRAMES + 10))
    assert await server.ended() == Close.TOO_SLOW
    assert len([message for message in server.sent if message["type"] == "websocket.send"]) <= 3


async def test_a_client_that_reads_gets_everything_in_order() -> None:
    server = Server()
    for _ in range(10):
        server.say("100")
    await eventually(lambda: len(server.sent) == 1001, "a thousand frames")
    assert [message["text"] for message in server.sent[1:101]] == [str(number) for number in range(100)]
    server.task.cancel()
    await server.ended()


async def test_a_server_that_stops_its_applications_sends_their_clients_away_to_come_back() -> None:
    server = Server()
    server.say("1")
    await eventually(lambda: len(server.sent) == 2, "an answer")
    server.task.cancel()
    assert await server.ended() == Close.RESTART
    assert server.codes == [1006]


async def test_a_fault_ends_the_socket_and_its_words_reach_no_log(caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.say("break")
    assert await server.ended() == Close.FAULT
    assert "RuntimeError" in caplog.text
    assert "Alice" not in caplog.text


async def test_the_end_is_told_once() -> None:
    server = Server()
    server.say("break")
    server.say("break")
    await server.ended()
    assert server.codes == [Close.FAULT]
