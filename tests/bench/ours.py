"""The load clients' way into our worker: its real RPC, its real signalling, one connection a member."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from livekit.protocol import models, rtc

from signaling.embedded import EmbeddedEngine
from signaling.media.rpc import Grants, Open
from tests.bench.leg import Leg, Remote
from tests.bench.load import AUDIO_TYPE, VIDEO_TYPE

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 30.0
AUDIO = (
    f"a=rtpmap:{AUDIO_TYPE} opus/48000/2\r\na=rtcp-fb:{AUDIO_TYPE} transport-cc\r\n"
    f"a=fmtp:{AUDIO_TYPE} minptime=10;useinbandfec=1\r\na=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
)
VIDEO = (
    f"a=rtpmap:{VIDEO_TYPE} VP8/90000\r\na=rtcp-fb:{VIDEO_TYPE} nack\r\na=rtcp-fb:{VIDEO_TYPE} nack pli\r\n"
    f"a=rtcp-fb:{VIDEO_TYPE} goog-remb\r\na=rtcp-fb:{VIDEO_TYPE} transport-cc\r\n"
    "a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
)
TRANSPORT_CC = "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"


def section(kind: str, mid: int, direction: str, leg: Leg, more: str = "") -> str:
    """One media section of a load client's offer; both servers are offered the same."""
    payload, codec = (AUDIO_TYPE, AUDIO) if kind == "audio" else (VIDEO_TYPE, VIDEO)
    return (
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload}\r\nc=IN IP4 127.0.0.1\r\na=mid:{mid}\r\na={direction}\r\n"
        f"{leg.lines}{codec}{TRANSPORT_CC}{more}"
    )


def offer(sections: list[str], version: int = 1) -> str:
    mids = " ".join(str(number) for number in range(len(sections)))
    head = f"v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
    return head + "a=msid-semantic: WMS *\r\n" + "".join(sections)


def remote_of(sdp: str) -> Remote:
    def value(name: str) -> str:
        found = re.search(rf"a={name}:(\S+)", sdp)
        assert found, f"no {name} in {sdp}"
        return found[1]

    address = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp, re.I)
    assert address, sdp
    return Remote(value("ice-ufrag"), value("ice-pwd"), address[1], int(address[2]))


class Line(Protocol):
    """A member's signal connection."""

    def send(self, data: bytes) -> None: ...

    def frames(self) -> AsyncIterator[bytes]: ...


class Way(Protocol):
    """How a member comes to its line: straight to the worker, or through the web process with a ticket."""

    async def open(self, request: Callable[[int], Open]) -> Line: ...


class Member:
    """One participant on one peer connection."""

    def __init__(self, number: int) -> None:
        self.leg = Leg()
        self.ssrcs = (1000 + 2 * number, 1001 + 2 * number)
        self._number = number
        self._kinds = ["audio", "video"]
        self._version = 0
        self._offering = self._again = False
        self._session: Line | None = None
        self.told_room = ""
        self._connecting: asyncio.Task[None] | None = None
        self._receiving = 0  # sections in which the server sends to us
        self._changed = asyncio.Event()

    async def join(self, engine: Way, room: str) -> None:
        self._session = await engine.open(
            lambda number: Open(
                number, room, f"member-{self._number}", Grants(), single=True, query={"protocol": "16"}
            )
        )
        self._reading = asyncio.create_task(self._read(self._session))

    async def _read(self, session: Line) -> None:
        async for data in session.frames():
            message = rtc.SignalResponse.FromString(data)
            match message.WhichOneof("message"):
                case "room_moved":
                    self.told_room = message.room_moved.room.name
                case "join":
                    self.told_room = message.join.room.name
                    for kind, source in (("audio", models.MICROPHONE), ("video", models.CAMERA)):
                        track = rtc.AddTrackRequest(
                            cid=f"{kind}{self._number}",
                            type=models.AUDIO if kind == "audio" else models.VIDEO,
                            source=source,
                            width=640,
                            height=360,
                        )
                        session.send(rtc.SignalRequest(add_track=track).SerializeToString())
                    self._offer()
                case "media_sections_requirement":
                    wanted = message.media_sections_requirement
                    self._kinds += ["audio"] * wanted.num_audios + ["video"] * wanted.num_videos
                    self._offer()
                case "answer":
                    self._answered(message.answer.sdp)

    def _offer(self) -> None:
        if self._offering:
            self._again = True
            return
        self._offering, self._version = True, self._version + 1
        sections = []
        for mid, kind in enumerate(self._kinds):
            more = ""
            if mid < 2:
                more = f"a=msid:s{self._number} {kind}{self._number}\r\na=ssrc:{self.ssrcs[mid]} cname:c{self._number}\r\n"
            sections.append(section(kind, mid, "sendonly" if mid < 2 else "recvonly", self.leg, more))
        description = rtc.SessionDescription(
            type="offer", sdp=offer(sections, self._version), id=self._version
        )
        assert self._session is not None
        self._session.send(rtc.SignalRequest(offer=description).SerializeToString())

    def _answered(self, sdp: str) -> None:
        self._offering = False
        self._changed.set()
        self._receiving = len(re.findall(r"^a=sendonly", sdp, re.M))
        if self._connecting is None:
            self._connecting = asyncio.create_task(self.leg.connect(remote_of(sdp)))
        if self._again:
            self._again = False
            self._offer()

    async def connected(self) -> None:
        """Wait for ICE and DTLS. Raises TimeoutError."""
        async with asyncio.timeout(WITHIN_S):
            await self._changed.wait()
            assert self._connecting is not None
            await self._connecting

    async def complete(self, sections: int) -> None:
        """Wait until the server sends in so many sections. Raises TimeoutError."""
        async with asyncio.timeout(WITHIN_S):
            while self._receiving < sections:
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def worker(
    folder: str, program: tuple[str, ...] = ("-m", "signaling.media")
) -> AsyncIterator[tuple[int, str]]:
    """Our media worker on loopback; yields its process id and the path of its RPC socket."""
    rpc = f"{folder}/media.sock"
    env = os.environ | {"VIOP_MEDIA_RPC": rpc, "VIOP_MEDIA_PORT": "0", "VIOP_MEDIA_LOG": "WARNING"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line.startswith(b"media ready"), line
        yield process.pid, rpc
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def room(rpc: str, size: int) -> AsyncIterator[list[Member]]:
    """`size` members in one room, each sending to and receiving from all others."""
    engine = EmbeddedEngine(rpc)
    members = [Member(number) for number in range(size)]
    try:
        for member in members:
            await member.join(engine, "bench")
            await member.connected()
        for member in members:
            await member.complete(2 * (size - 1))
        yield members
    finally:
        await engine.close()
        for member in members:
            member.leg.socket.close()
