"""Headless members whose every packet says who sent it and when: a thousand moves of them cost little.

Real ICE, DTLS, SRTP and signalling (ours.py); the payload is a mark in place of sound and picture. Video begins
with a keyframe and then sends another only when the server asks for one, as browsers do.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import pylibsrtp

from signaling.embedded import EmbeddedEngine
from signaling.engine import Relocated
from signaling.media import rtp
from tests.bench import ours
from tests.bench.load import AUDIO_TYPE, VIDEO_TYPE

_MARK: Final = struct.Struct("!4sBI")
_TONE: Final = b"TONE"
KEYFRAME, DELTA = b"\x10\x00", b"\x10\x01"  # VP8 descriptor, and the frame's first byte
PICTURE_LOSS: Final = (206, 1)  # RTCP type and format of a PLI
RTCP_TYPES: Final = range(192, 224)


@dataclass(frozen=True, slots=True)
class Heard:
    sender: int
    epoch: int
    video: bool
    keyframe: bool


class Marked:
    """One member, connected. `heard` is called for every packet of media that arrives."""

    def __init__(self, number: int, engine: ours.Way, room: str) -> None:
        self.number, self.room = number, room
        self.identity = f"member-{number}"
        self.heard: Callable[[Heard], None] = lambda _: None
        self.rejected = 0
        self._engine = engine
        self._member = ours.Member(number)
        self._keyframe_due = True
        self._audio_seq, self._video_seq, self._ticks = 100, 5000, 0

    async def join(self) -> None:
        await self._member.join(self._engine, self.room)
        await self._member.connected()
        self._sending, self._receiving = self._member.leg.sessions()
        asyncio.get_running_loop().add_reader(self._member.leg.socket.fileno(), self._read)

    async def receives(self, others: int) -> None:
        """Wait until the server has negotiated audio and video of so many others."""
        await self._member.complete(2 * others)

    @property
    def told_room(self) -> str:
        """The media room in which the server last said that this member is."""
        return self._member.told_room

    def leave(self) -> None:
        asyncio.get_running_loop().remove_reader(self._member.leg.socket.fileno())
        self._member.leg.socket.close()

    def say(self, epoch: int) -> None:
        """20 ms of sound."""
        self._audio_seq, self._ticks = self._audio_seq + 1, self._ticks + 960
        self._send(AUDIO_TYPE, self._audio_seq, self._ticks, self._member.ssrcs[0], b"", epoch)

    def show(self, epoch: int) -> None:
        """A frame."""
        frame, self._keyframe_due = KEYFRAME if self._keyframe_due else DELTA, False
        self._video_seq, self._ticks = self._video_seq + 1, self._ticks + 3000
        self._send(VIDEO_TYPE, self._video_seq, self._ticks, self._member.ssrcs[1], frame, epoch)

    def _send(self, kind: int, seq: int, ticks: int, ssrc: int, head: bytes, epoch: int) -> None:
        payload = head + _MARK.pack(_TONE, self.number, epoch)
        marker = rtp.MARKER if kind == VIDEO_TYPE else 0
        packet = rtp.build(marker, kind, seq & 0xFFFF, ticks & 0xFFFFFFFF, ssrc, b"", payload)
        with contextlib.suppress(BlockingIOError):
            self._member.leg.socket.send(self._sending.protect(packet))

    def _read(self) -> None:
        while True:
            try:
                data = self._member.leg.socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if data[0] < 4:
                self._member.leg._stun(data)
            elif data[0] >> 6 == 2:
                try:
                    self._took(data)
                except pylibsrtp.Error:
                    self.rejected += 1

    def _took(self, data: bytes) -> None:
        if data[1] in RTCP_TYPES:
            self._keyframe_due |= PICTURE_LOSS in _reports(self._receiving.unprotect_rtcp(data))
            return
        payload = bytes(rtp.parse(self._receiving.unprotect(data)).payload)
        at = payload.find(_TONE)
        if at < 0:
            return  # padding, probes
        _, sender, epoch = _MARK.unpack_from(payload, at)
        self.heard(Heard(sender, epoch, at > 0, at > 0 and not payload[at - 1] & 1))


class Watching:
    """Who is where by epoch, and what each heard."""

    def __init__(self, people: Sequence[Marked], muted: Collection[int] = ()) -> None:
        self.muted = muted
        self.history = [[one.room for one in people]]
        self.epoch = 0
        self.heard: Counter[tuple[int, int]] = Counter()  # (listener, sender), in the newest epoch
        self.all = 0
        self.foreign: list[tuple[int, Heard]] = []
        self.of_muted = 0
        for one in people:
            one.heard = lambda packet, listener=one.number: self.took(listener, packet)  # type: ignore[misc]

    def took(self, listener: int, packet: Heard) -> None:
        self.all += 1
        if not any(places[listener] == places[packet.sender] for places in self.history[packet.epoch :]):
            self.foreign.append((listener, packet))
        self.of_muted += packet.sender in self.muted and not packet.video
        if packet.epoch == self.epoch:
            self.heard[listener, packet.sender] += 1

    def mates(self) -> set[tuple[int, int]]:
        """Everybody who should hear somebody now."""
        places = self.history[-1]
        numbers = range(len(places))
        return {
            (a, b)
            for a in numbers
            for b in numbers
            if a != b and places[a] == places[b] and b not in self.muted
        }


def _reports(data: bytes) -> list[tuple[int, int]]:
    """Type and format of each packet of a compound."""
    found = []
    while len(data) >= 4:
        found.append((data[1], data[0] & 31))
        data = data[4 * (int.from_bytes(data[2:4], "big") + 1) :]
    return found


@contextlib.asynccontextmanager
async def members(rpc: str, rooms: Sequence[str]) -> AsyncIterator[tuple[EmbeddedEngine, list[Marked]]]:
    """A member for each name in `rooms`, in that media room, receiving everybody else there."""
    engine = EmbeddedEngine(rpc)
    people = [Marked(number, engine, room) for number, room in enumerate(rooms)]
    try:
        for one in people:
            await one.join()
        for one in people:
            await one.receives(rooms.count(one.room) - 1)
        yield engine, people
    finally:
        await engine.close()
        for one in people:
            one.leave()


async def move(engine: EmbeddedEngine, going: dict[Marked, str]) -> None:
    """All of them in one step; returns when the worker has done it."""
    await engine.move([Relocated(one.identity, one.room, target, "ticket") for one, target in going.items()])
    for one, target in going.items():
        one.room = target
