"""Networks that misbehave on purpose, on loopback: a cable to cut and a line that loses, delays and reorders."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit


class Cable:
    """A TCP relay to one address. `cut` ends what runs over it; while `held`, new connections hang unanswered."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.url = ""

    def cut(self) -> int:
        """Drop every connection at once, without a goodbye. Returns how many there were."""
        pairs = list(self._pairs)
        for pair in pairs:
            for writer in pair:
                writer.transport.abort()
        return len(pairs)

    def hold(self) -> None:
        """Drop every connection; whoever connects from now on waits for `release`."""
        self._open.clear()
        self.cut()

    def release(self) -> None:
        self._open.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        sink.write_eof()


@contextlib.asynccontextmanager
async def cable(url: str) -> AsyncIterator[Cable]:
    """A cable to the server of a ws:// URL; `cable.url` is the same server seen through it."""
    parts = urlsplit(url)
    relay = Cable(parts.hostname or "127.0.0.1", parts.port or 80)
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    relay.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        relay.release()
        relay.cut()


HEADERS_BYTES = 28  # IP and UDP: they take their part of a narrow line too


@dataclass
class Weather:
    """What a line does to datagrams, the same for the same seed and traffic."""

    lost: float = 0.0  # fraction, 0 to 1
    burst: int = 1  # datagrams lost in a row each time
    delay_s: float = 0.0
    jitter_s: float = 0.0  # added to the delay, uniformly; datagrams overtake each other
    rate_bps: float | None = None  # of each direction; what does not fit waits in line
    queue_s: float = 0.3  # how much may wait; what would wait longer is lost
    seed: int = 1
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)


class _Lane:
    """One direction of a line: when its last datagram will be through."""

    def __init__(self) -> None:
        self.free_at_s = 0.0

    def wait_s(self, size: int, weather: Weather, now_s: float) -> float | None:
        """How long until a datagram of `size` bytes is through; None: the queue is full, it is lost."""
        if weather.rate_bps is None:
            return 0.0
        start_s = max(now_s, self.free_at_s)
        if start_s - now_s > weather.queue_s:
            return None
        self.free_at_s = start_s + (size + HEADERS_BYTES) * 8 / weather.rate_bps
        return self.free_at_s - now_s


class _Far(asyncio.DatagramProtocol):
    """The line's end towards the server, one for each client address."""

    def __init__(self, line: Line, client: tuple[str, int]) -> None:
        self._line, self._client = line, client
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        line = self._line
        line.carry(data, lambda: line.to_client(data, self._client), line.down)

    def send(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data)


class Line(asyncio.DatagramProtocol):
    """A UDP relay to `server` for any number of clients, under `weather`, which may change at any time."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._far: dict[tuple[str, int], _Far] = {}
        self._waiting: dict[tuple[str, int], list[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._drop_next = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.weather = Weather()
        self.up, self.down = _Lane(), _Lane()
        self.carried = self.dropped = 0
        self._gone = asyncio.Event()

    def connection_lost(self, _error: Exception | None) -> None:
        self._gone.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        far = self._far.get(client)
        if far is not None:
            self.carry(data, lambda: far.send(data), self.up)
        elif client in self._waiting:
            self._waiting[client].append(data)
        else:
            self._waiting[client] = [data]
            task = asyncio.ensure_future(self._connect(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        _, far = await loop.create_datagram_endpoint(lambda: _Far(self, client), remote_addr=self._server)
        self._far[client] = far
        for data in self._waiting.pop(client):
            self.datagram_received(data, client)

    def carry(self, data: bytes, deliver: Callable[[], None], lane: _Lane) -> None:
        weather = self.weather
        if self._drop_next == 0 and weather.lost and weather.random.random() < weather.lost / weather.burst:
            self._drop_next = weather.burst
        if self._drop_next:
            self._drop_next -= 1
            self.dropped += 1
            return
        loop = asyncio.get_running_loop()
        wait_s = lane.wait_s(len(data), weather, loop.time())
        if wait_s is None:
            self.dropped += 1
            return
        self.carried += 1
        delay_s = wait_s + weather.delay_s + weather.random.random() * weather.jitter_s
        if delay_s:
            loop.call_later(delay_s, deliver)
        else:
            deliver()

    def to_client(self, data: bytes, client: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, client)

    async def close(self) -> None:
        """The address is free again afterwards."""
        for task in self._tasks:
            task.cancel()
        for far in self._far.values():
            if far.transport is not None:
                far.transport.close()
        if self._transport is not None:
            self._transport.close()
            await self._gone.wait()


@contextlib.asynccontextmanager
async def line(host: str, port: int) -> AsyncIterator[Line]:
    """A line that clients find at host:port (an engine told to advertise `host`) and that ends at 127.0.0.1:port."""
    loop = asyncio.get_running_loop()
    _, relay = await loop.create_datagram_endpoint(lambda: Line(("127.0.0.1", port)), local_addr=(host, port))
    try:
        yield relay
    finally:
        await relay.close()
