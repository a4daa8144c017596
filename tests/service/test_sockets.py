"""What every socket does, whatever it is for: bounded outbox, and an end with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signaling.protocol import Close
from signaling.room_consumer import RoomConsumer
from signaling.rtc_consumer import RtcConsumer
from signaling.sockets import OUTBOX_FRAMES, Socket
from tests.servers import free_port, listens, stop, wait_until
from tests.service.wire import eventually

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("kind", [RoomConsumer, RtcConsumer])
async def test_a_socket_that_ends_before_its_handshake_leaves_nothing(kind: type[Socket]) -> None:
    async def nobody_listens(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    consumer = kind()
    task = asyncio.create_task(
        consumer({"type": "websocket", "headers": [], "path": "/"}, asyncio.Queue().get, nobody_listens)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await consumer.closed(1006)  # and twice is once


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


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Running]:
    """The product's server on loopback, with an echo socket."""
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as written:
        words = ["-m", "signaling.server", "-b", "127.0.0.1", "-p", str(port)]
        application = "tests.service.echo_server:application"
        process = subprocess.Popen([sys.executable, *words, application], cwd=ROOT, stderr=written)
    try:
        wait_until(lambda: listens(port), "the server")
        yield Running(process, port, log)
    finally:
        stop(process)


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    log: Path


class TestBehindTheRealServer:
    async def test_who_does_not_read_is_closed_and_others_are_served(self, echo: Running) -> None:
        """Twisted keeps what a client does not read, for ever; our server waits instead."""
        _unread, deafs_words = await handshake(echo.port)
        before = resident_bytes(echo.process.pid)
        with contextlib.suppress(ConnectionError):
            for _ in range(40):  # 80 MB, if anybody kept them
                deafs_words.write(frame(b"250"))
                await deafs_words.drain()
                await asyncio.sleep(0.01)
        end = f"with {Close.TOO_SLOW.value}"
        await eventually(lambda: end in echo.log.read_text(), "the end of the deaf")
        assert resident_bytes(echo.process.pid) - before < 20 << 20
        other, others_words = await handshake(echo.port)
        others_words.write(frame(b"1"))
        assert len(await asyncio.wait_for(other.readexactly(8_000), 5)) == 8_000
        for words in (deafs_words, others_words):
            words.close()

    async def test_a_server_told_to_stop_tells_its_clients_to_come_back(self, echo: Running) -> None:
        """Daphne alone would only cut the connection."""
        heard, words = await handshake(echo.port)
        words.write(frame(b"1"))
        await asyncio.wait_for(heard.readexactly(4 + 8_000), 5)  # its answer: it has opened the socket too
        echo.process.terminate()
        last = await asyncio.wait_for(heard.read(), 10)
        assert last == bytes([0x88, 2]) + Close.RESTART.to_bytes(2, "big")
        words.close()


async def handshake(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket whose client reads no more than it must."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    upgrade = f"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}"
    writer.write(f"GET / HTTP/1.1\r\n{upgrade}\r\n\r\n".encode())
    assert b"101" in await reader.readline()
    while await reader.readline() != b"\r\n":
        pass
    return reader, writer


def frame(text: bytes) -> bytes:
    """A short text frame, masked with zeros. Source: RFC 6455, 5.2."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


RINGS_AS_IT_STOPS = """
import asyncio
from asgiref.sync import async_to_sync, sync_to_async
from signaling.server import Server
from twisted.internet import reactor

def work():
    reactor.callFromThread(reactor.stop)
    for _ in range(3000):
        async_to_sync(asyncio.sleep)(0)
    print("rung", flush=True)

def begin():
    kept.append(asyncio.ensure_future(sync_to_async(work)()))

kept = []
ends = ["tcp:port=0:interface=127.0.0.1"]
Server(None, endpoints=ends, ready_callable=lambda: reactor.callWhenRunning(begin), action_logger=None).run()
"""


def test_a_thread_that_rings_while_the_server_stops_is_waited_for_and_does_not_hang_it() -> None:
    """What is cancelled before it began never answers the thread that asked for it."""
    words = [sys.executable, "-c", RINGS_AS_IT_STOPS]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "rung" in ended.stdout
