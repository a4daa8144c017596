"""A media worker of one's own, a web process that speaks its RPC, and browsers that only signal.

No media flows here: the descriptions are real browsers' (descriptions/*.sdp), their ends do not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import rpc

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 10.0


def description(name: str) -> str:
    """A real client's offer or answer, its line ends as sent."""
    return (Path(__file__).parent / "descriptions" / f"{name}.sdp").read_bytes().decode()


async def until(true: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for a condition. Raises AssertionError naming `what` when it does not come true in time."""
    end = asyncio.get_running_loop().time() + within_s
    while not true():
        assert asyncio.get_running_loop().time() < end, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(0.01)  # the poll itself


class WorkerProcess:
    def __init__(self, process: asyncio.subprocess.Process, path: Path, ready: str) -> None:
        self.process, self.path, self.ready = process, path, ready

    @property
    def port(self) -> int:
        return int(self.ready.split("udp=")[1].split()[0])

    async def ended(self, within_s: float = WITHIN_S) -> int:
        return await asyncio.wait_for(self.process.wait(), within_s)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextlib.asynccontextmanager
async def worker(path: Path | None = None, **environment: str) -> AsyncIterator[WorkerProcess]:
    """`python -m signaling.media`, ended at the latest when the block ends."""
    with tempfile.TemporaryDirectory(prefix="viop-rpc-") as folder:
        path = path or Path(folder) / "media.sock"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "signaling.media",
            cwd=ROOT,
            env=os.environ | {"VIOP_MEDIA_RPC": str(path), "VIOP_MEDIA_LOG": "WARNING"} | environment,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            ready = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
            yield WorkerProcess(process, path, ready.strip())
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class WebProcess:
    """One stream to a worker. What the worker says is sorted into `clients`, `events` and replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.clients: dict[int, Client] = {}
        self.events: list[rpc.Event] = []
        self._replies: dict[int, asyncio.Future[rpc.Reply]] = {}
        self._numbers = 0
        self.ended = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(rpc.LENGTH_BYTES), "big")
                self._sort(rpc.decode_from_worker(await self._reader.readexactly(size)))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended.set()

    def _sort(self, message: rpc.FromWorker) -> None:
        match message:
            case rpc.Frame():
                self.clients[message.session].took(rtc.SignalResponse.FromString(message.data))
            case rpc.Hangup():
                self.clients[message.session].hung_up = message.code
            case rpc.Event():
                self.events.append(message)
            case rpc.Reply():
                self._replies.pop(message.call).set_result(message)

    def send(self, message: rpc.FromWeb) -> None:
        self.writer.write(rpc.encode(message))

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def ask(self, build: Callable[[int], rpc.FromWeb]) -> rpc.Reply:
        call = self.number()
        self._replies[call] = asyncio.get_running_loop().create_future()
        self.send(build(call))
        return await asyncio.wait_for(self._replies[call], WITHIN_S)

    async def statistics(self) -> dict[str, Any]:
        return (await self.ask(lambda call: rpc.Stats(call))).data

    async def open(self, identity: str, room: str = "red", **fields: Any) -> Client:
        """A browser connects; nothing is awaited of the worker."""
        query = {k: str(v) for k, v in fields.pop("query", {}).items()}
        opening: dict[str, Any] = {"grants": rpc.Grants(), "single": True} | fields
        client = Client(self, self.number(), identity)
        self.clients[client.session] = client
        self.send(rpc.Open(session=client.session, room=room, identity=identity, query=query, **opening))
        return client

    async def join(self, identity: str, room: str = "red", **fields: Any) -> Client:
        client = await self.open(identity, room, **fields)
        await client.got("join")
        return client

    def heard_of(self, kind: rpc.EventKind, identity: str) -> bool:
        return any(e.kind == kind and e.identity == identity for e in self.events)

    async def close(self) -> None:
        self.writer.close()
        await asyncio.wait_for(self.ended.wait(), WITHIN_S)
        self._task.cancel()


@contextlib.asynccontextmanager
async def web_process(path: Path) -> AsyncIterator[WebProcess]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    web = WebProcess(reader, writer)
    try:
        yield web
    finally:
        await web.close()


class Client:
    """A browser's signal connection."""

    def __init__(self, web: WebProcess, session: int, identity: str) -> None:
        self.web, self.session, self.identity = web, session, identity
        self.responses: list[rtc.SignalResponse] = []
        self.hung_up: int | None = None
        self.answered: set[int] = set()  # ids of offers

    def took(self, response: rtc.SignalResponse) -> None:
        self.responses.append(response)

    def all(self, kind: str) -> list[Any]:
        """What came of one kind, oldest first."""
        return [getattr(r, kind) for r in self.responses if r.WhichOneof("message") == kind]

    def order(self, *kinds: str) -> list[str]:
        """The kinds of what came, in order, as far as they are among `kinds`."""
        names = [response.WhichOneof("message") or "" for response in self.responses]
        return [name for name in names if name in kinds]

    async def got(self, kind: str, count: int = 1) -> Any:
        """The newest of a kind, once there are `count` of it."""
        await until(lambda: len(self.all(kind)) >= count, f"{self.identity} gets {kind} ({count})")
        return self.all(kind)[-1]

    def say(self, **message: Any) -> None:
        self.say_bytes(rtc.SignalRequest(**message).SerializeToString())

    def say_bytes(self, data: bytes) -> None:
        self.web.send(rpc.Frame(self.session, data))

    def hang_up(self) -> None:
        self.web.send(rpc.Hangup(self.session))

    async def settled(self) -> None:
        """All that was said before has been handled: a ping came back."""
        count = len(self.all("pong_resp"))
        self.say(ping_req=rtc.Ping(timestamp=1))
        await self.got("pong_resp", count + 1)

    @property
    def sid(self) -> str:
        return str(self.all("join")[0].participant.sid)

    def offer(self, text: str = "") -> None:
        text = text or description("chromium-one-connection")
        self.say(offer=rtc.SessionDescription(type="offer", sdp=text, id=1))

    async def publish(self, source: str = "microphone", text: str = "") -> lk.TrackInfo:
        """Announce a track and offer it; the answer is in."""
        count = len(self.all("track_published"))
        self.add_track(source)
        published = await self.got("track_published", count + 1)
        answers = len(self.all("answer"))
        self.offer(text)
        await self.got("answer", answers + 1)
        info: lk.TrackInfo = published.track
        return info

    def add_track(self, source: str = "microphone", **fields: Any) -> None:
        kind = lk.TrackType.AUDIO if source in ("microphone", "screen_share_audio") else lk.TrackType.VIDEO
        values: dict[str, Any] = {
            "type": kind,
            "cid": secrets.token_hex(4),
            "source": lk.TrackSource.Value(source.upper()),
        }
        self.say(add_track=rtc.AddTrackRequest(**(values | fields)))

    def sees(self) -> dict[str, Any]:
        """identity -> the newest that is known of each participant, those gone left out."""
        known: dict[str, Any] = {}
        for response in self.responses:
            kind = response.WhichOneof("message")
            if kind in ("join", "room_moved"):
                known = {p.identity: p for p in getattr(response, kind).other_participants}
            elif kind == "update":
                known |= {p.identity: p for p in response.update.participants}
        gone = lk.ParticipantInfo.State.DISCONNECTED
        return {i: p for i, p in known.items() if p.state != gone and i != self.identity}
