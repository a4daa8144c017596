"""The embedded media engine, seen from a web process: one stream to the worker for all of its browsers.

Connects when somebody needs it and again whenever it was lost. When the worker is gone all sessions end at
once with Close.RESTART, so that livekit-client comes back by itself. Knows nothing of Django.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from signaling.engine import EngineUnavailable, Relocated
from signaling.media import rpc
from signaling.protocol import Close

log = logging.getLogger(__name__)

CONNECT_WITHIN_S: Final = 2.0
ANSWER_WITHIN_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
INBOX_FRAMES: Final = 256  # for one browser that does not read
EVENT_BACKLOG: Final = 4096  # for one listener that does not listen
UNSENT_BYTES: Final = 8 << 20  # to a worker that does not read
ALREADY_SO: Final = frozenset({"", "no-such-participant", "no-such-room"})  # asking twice is not an error


class Session:
    """One browser's signal connection to the worker."""

    def __init__(self, stream: _Stream, number: int) -> None:
        self._stream = stream
        self._number = number
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue(INBOX_FRAMES + 1)  # one place for the end
        self.close_code: int | None = None  # set once the session is over

    def send(self, data: bytes) -> None:
        """One protobuf SignalRequest to the worker. Dropped once the session is over."""
        self._tell(rpc.Frame(self._number, data))

    def refresh(self, token: str) -> None:
        """Hand the browser a newer ticket."""
        self._tell(rpc.Refresh(self._number, token))

    def hang_up(self, code: int = 1000) -> None:
        """End it from this side. The participant keeps its seat in the worker for a while, and may resume."""
        self._tell(rpc.Hangup(self._number, code))
        self.over(code)

    async def frames(self) -> AsyncIterator[bytes]:
        """SignalResponses for the browser, until the session is over (see close_code)."""
        while (data := await self._inbox.get()) is not None:
            yield data

    def deliver(self, data: bytes) -> None:
        if self.close_code is not None:
            return
        if self._inbox.qsize() >= INBOX_FRAMES:
            self.hang_up(Close.TOO_SLOW)
        else:
            self._inbox.put_nowait(data)

    def over(self, code: int) -> None:
        """The session ended; what was delivered before may still be read."""
        if self.close_code is None:
            self.close_code = code
            self._stream.sessions.pop(self._number, None)
            self._inbox.put_nowait(None)

    def _tell(self, message: rpc.Frame | rpc.Refresh | rpc.Hangup) -> None:
        if self.close_code is None:
            self._stream.write(message)


class _Stream:
    """One life of the connection to the worker."""

    def __init__(self, writer: asyncio.StreamWriter, heard: Callable[[rpc.Event], None]) -> None:
        self._writer = writer
        self._heard = heard
        self._answers: dict[int, asyncio.Future[rpc.Reply]] = {}
        self._numbers = itertools.count(1)
        self.sessions: dict[int, Session] = {}
        self.alive = True

    def open(self, request: Callable[[int], rpc.Open]) -> Session:
        number = next(self._numbers)
        session = self.sessions[number] = Session(self, number)
        self.write(request(number))
        return session

    async def ask(self, request: Callable[[int], rpc.FromWeb]) -> rpc.Reply:
        number = next(self._numbers)
        answer: asyncio.Future[rpc.Reply] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self.write(request(number))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await answer
        except TimeoutError:
            raise EngineUnavailable("the media worker does not answer") from None
        finally:
            del self._answers[number]
        return answer.result()

    def write(self, message: rpc.FromWeb) -> None:
        if not self.alive:
            return
        self._writer.write(rpc.encode(message))
        if self._writer.transport.get_write_buffer_size() > UNSENT_BYTES:
            log.error("media worker does not read: giving its stream up")
            self.abort()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Serve what the worker says until the stream ends; then everything on it is over."""
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(rpc.LENGTH_BYTES), "big")
                if size > rpc.MAX_FRAME_BYTES:
                    log.error("media worker sent a frame of %d bytes", size)
                    return
                self._take(rpc.decode_from_worker(await reader.readexactly(size)))
        except (asyncio.IncompleteReadError, ConnectionError):
            log.warning("media worker gone")
        except msgspec.DecodeError:
            log.error("media worker spoke outside the protocol")
        finally:
            self.abort()

    def _take(self, message: rpc.FromWorker) -> None:
        match message:
            case rpc.Frame(session=number, data=data):
                if (session := self.sessions.get(number)) is not None:
                    session.deliver(data)
            case rpc.Hangup(session=number, code=code):
                if (session := self.sessions.get(number)) is not None:
                    session.over(code)
            case rpc.Reply(call=number):
                answer = self._answers.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case rpc.Event():
                self._heard(message)

    def abort(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self._writer.transport.abort()
        for session in list(self.sessions.values()):
            session.over(Close.RESTART)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(EngineUnavailable("the media worker is gone"))


class EmbeddedEngine:
    """signaling.engine.MediaEngine over a worker's Unix socket. Belongs to the loop that first uses it."""

    url: str = "/"  # the media sockets are on the page's own origin

    def __init__(self, path: str) -> None:
        self._path = path
        self._stream: _Stream | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._listeners: set[asyncio.Queue[rpc.Event | None]] = set()

    async def open(self, request: Callable[[int], rpc.Open]) -> Session:
        """Open a browser's signal connection; `request` gets the session number to put into its Open.

        Raises EngineUnavailable.
        """
        return (await self._connected()).open(request)

    async def move(self, moves: Sequence[Relocated]) -> None:
        told = tuple(rpc.Relocation(move.identity, move.source, move.target, move.token) for move in moves)
        await self._ask(lambda call: rpc.Move(call, told))

    async def eject(self, room: str, identity: str) -> None:
        await self._ask(lambda call: rpc.Eject(call, room, identity))

    async def mute(self, room: str, identity: str, source: str = "microphone") -> None:
        await self._ask(lambda call: rpc.Mute(call, room, identity, source))

    async def regrant(self, room: str, identity: str, grants: rpc.Grants) -> None:
        await self._ask(lambda call: rpc.Regrant(call, room, identity, grants))

    async def close_room(self, room: str) -> None:
        await self._ask(lambda call: rpc.CloseRoom(call, room))

    async def statistics(self) -> dict[str, object]:
        """The worker's counters."""
        return (await self._ask(rpc.Stats)).data

    async def events(self) -> AsyncIterator[rpc.Event]:
        """Until the engine is closed. Nothing is heard while the worker is away; it goes on after that."""
        inbox: asyncio.Queue[rpc.Event | None] = asyncio.Queue()
        self._listeners.add(inbox)
        try:
            while inbox in self._listeners:
                try:
                    await self._connected()
                except EngineUnavailable:
                    continue
                while (event := await inbox.get()) is not None:
                    yield event
        finally:
            self._listeners.discard(inbox)

    async def close(self) -> None:
        """Hang up everything. The engine may be used again afterwards."""
        listeners, self._listeners = self._listeners, set()
        for inbox in listeners:
            inbox.put_nowait(None)
        if self._stream is not None:
            self._stream.abort()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        self._stream = self._reading = None

    async def _ask(self, request: Callable[[int], rpc.FromWeb]) -> rpc.Reply:
        reply = await (await self._connected()).ask(request)
        if reply.error not in ALREADY_SO:
            raise EngineUnavailable(f"the media worker refused: {reply.error}")
        return reply

    async def _connected(self) -> _Stream:
        """The stream, made anew when there is none; tries for CONNECT_WITHIN_S."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S), self._connecting:
                pause_s = FIRST_PAUSE_S
                while self._stream is None or not self._stream.alive:
                    try:
                        reader, writer = await asyncio.open_unix_connection(self._path)
                    except OSError:
                        await asyncio.sleep(pause_s)
                        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                        continue
                    self._stream = _Stream(writer, self._announce)
                    self._reading = asyncio.create_task(
                        self._serve(self._stream, reader), name="media-stream"
                    )
                return self._stream
        except TimeoutError:
            raise EngineUnavailable("no media worker answers") from None

    async def _serve(self, stream: _Stream, reader: asyncio.StreamReader) -> None:
        await stream.read(reader)
        for inbox in self._listeners:
            inbox.put_nowait(None)  # wakes it, to connect again

    def _announce(self, event: rpc.Event) -> None:
        for inbox in self._listeners:
            if inbox.qsize() < EVENT_BACKLOG:
                inbox.put_nowait(event)
            else:
                log.error("a listener to media events does not keep up")
