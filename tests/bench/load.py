"""Real SRTP from and to a room of legs: every packet stamped when sent, and decrypted, checked and timed by the kernel
when received. One thread; the server under test has the other core."""

from __future__ import annotations

import asyncio
import heapq
import select
import socket
import statistics
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pylibsrtp

from tests.bench.leg import SO_TIMESTAMPNS, VIDEO_PT, Leg

AUDIO_PT: Final = 111
AUDIO_EVERY_S: Final = 0.020  # Opus, 20 ms
VIDEO_EVERY_S: Final = 1 / 60
AUDIO_BYTES: Final = 90
VIDEO_BYTES: Final = 1_100
MAGIC: Final = 0x5649_4F50_6265_6E63
HEADER: Final = struct.Struct("!BBHLL")
STAMP: Final = struct.Struct("!QQ")  # magic, nanoseconds
STAMP_TIME: Final = struct.Struct("@qq")
# VP8: start of a partition with a 15 bit picture id; the first payload bit says key frame.
PICTURE: Final = struct.Struct("!BBHB")


@dataclass
class Member:
    """One participant: what it sends on `up`, and the socket on which it hears the others."""

    up: Leg
    down: Leg
    audio_ssrc: int
    video_ssrc: int
    sequences: dict[int, int] = field(default_factory=dict)

    def packet(self, video: bool) -> bytes:
        ssrc = self.video_ssrc if video else self.audio_ssrc
        number = self.sequences[ssrc] = self.sequences.get(ssrc, 0) + 1
        step, kind, size = (1500, VIDEO_PT, VIDEO_BYTES) if video else (960, AUDIO_PT, AUDIO_BYTES)
        head = HEADER.pack(
            0x80, kind | (0x80 if video else 0), number & 0xFFFF, number * step & 0xFFFFFFFF, ssrc
        )
        lead = PICTURE.pack(0x90, 0x80, 0x8000 | number & 0x7FFF, 0x10) if video else b""
        body = lead + STAMP.pack(MAGIC, time.time_ns())
        return head + body + bytes(size - len(body))


@dataclass
class Result:
    """Of one run. Latencies in microseconds, from the sender's stamp to the kernel's receive time."""

    seconds: float
    sent: int
    received: int
    expected: int
    refused: int  # did not decrypt, or was not ours
    server_cpu_s: float
    own_cpu_s: float
    latencies_us: list[float]

    @property
    def loss_percent(self) -> float:
        return 100 * (1 - self.received / self.expected) if self.expected else 0.0

    @property
    def packets_per_cpu_s(self) -> float:
        return self.received / self.server_cpu_s if self.server_cpu_s else 0.0

    def latency_us(self, percentile: int) -> float:
        return (
            statistics.quantiles(self.latencies_us, n=100)[percentile - 1]
            if len(self.latencies_us) > 1
            else 0.0
        )


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


async def talk(members: list[Member]) -> None:
    """Send at the same rates until cancelled, and hear nothing: sockets that nobody reads overflow by themselves."""
    while True:
        for member in members:
            member.up.socket.send(member.up.outbound.protect(member.packet(video=True)))
            member.up.socket.send(member.up.outbound.protect(member.packet(video=False)))
        await asyncio.sleep(VIDEO_EVERY_S)


def run(members: list[Member], server_pid: int, seconds: float) -> Result:
    """Send for `seconds`, then drain; the server's CPU time is taken around the sending."""
    poll = select.epoll()
    by_fd = {member.down.socket.fileno(): member.down for member in members}
    by_fd |= {member.up.socket.fileno(): member.up for member in members}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    start = time.monotonic()
    due: list[tuple[float, int, bool]] = []
    for i in range(len(members)):
        spread = i / len(members)
        due.append((start + spread * AUDIO_EVERY_S, i, False))
        due.append((start + spread * VIDEO_EVERY_S, i, True))
    heapq.heapify(due)
    found = Result(seconds, 0, 0, 0, 0, cpu_s(server_pid), time.process_time(), [])
    ends, taken = start + seconds, False
    while True:
        now = time.monotonic()
        if now >= ends and not taken:
            found.server_cpu_s = cpu_s(server_pid) - found.server_cpu_s
            found.own_cpu_s = time.process_time() - found.own_cpu_s
            taken = True
        if now >= ends + 0.5:
            break
        while not taken and due[0][0] <= now:
            at, i, video = heapq.heappop(due)
            member = members[i]
            member.up.socket.send(member.up.outbound.protect(member.packet(video)))
            found.sent += 1
            heapq.heappush(due, (at + (VIDEO_EVERY_S if video else AUDIO_EVERY_S), i, video))
        for fd, _ in poll.poll(max(0.0, (ends + 0.5 if taken else due[0][0]) - time.monotonic())):
            _drain(by_fd[fd], found)
    poll.close()
    found.expected = found.sent * (len(members) - 1)
    return found


def _drain(leg: Leg, found: Result) -> None:
    receive, unprotect = leg.socket.recvmsg, leg.inbound.unprotect
    for _ in range(64):
        try:
            data, extra, _flags, _from = receive(2048, 64)
        except (BlockingIOError, ConnectionError):
            return
        if data[0] < 4:
            leg.answer(data)
            continue
        if not 128 <= data[0] < 192 or 192 <= data[1] <= 223:
            continue  # DTLS, or RTCP
        try:
            packet = unprotect(data)
        except pylibsrtp.Error:
            found.refused += 1
            continue
        first = 12 + 4 * (packet[0] & 15)
        if packet[0] & 0x10:
            first += 4 + 4 * int.from_bytes(packet[first + 2 : first + 4], "big")
        if packet[1] & 0x7F != AUDIO_PT:
            first += PICTURE.size
        magic, sent_ns = STAMP.unpack_from(packet, first)
        if magic != MAGIC:
            found.refused += 1
            continue
        found.received += 1
        for level, kind, value in extra:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                second, nano = STAMP_TIME.unpack(value)
                found.latencies_us.append((second * 1_000_000_000 + nano - sent_ns) / 1000)
