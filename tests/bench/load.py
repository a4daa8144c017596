"""Python's view of loadgen.c."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pylibsrtp._binding import ffi, lib

from signaling.media import srtp
from tests.bench.leg import Leg

AUDIO_TYPE, VIDEO_TYPE = 111, 96


class _Member(ctypes.Structure):
    _fields_ = [
        ("send_fd", ctypes.c_int32),
        ("receive_fd", ctypes.c_int32),
        ("send_context", ctypes.c_void_p),
        ("receive_context", ctypes.c_void_p),
        ("audio_ssrc", ctypes.c_uint32),
        ("video_ssrc", ctypes.c_uint32),
        ("audio_type", ctypes.c_uint8),
        ("video_type", ctypes.c_uint8),
        *((name, ctypes.c_uint16) for name in ("audio_seq", "video_seq", "transport_seq", "picture")),
        *(
            (name, ctypes.c_uint32)
            for name in ("audio_time", "video_time", "frame", "audio_sent", "video_sent")
        ),
        *((name, ctypes.c_uint64) for name in ("next_audio", "next_video", "next_report")),
    ]


class _Calls(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_void_p) for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp")
    ]


_COUNTS = ("sent", "received", "received_bytes", "rejected", "foreign", "rtcp", "other", "latencies")


class _Result(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint64) for name in _COUNTS),
        ("p50_us", ctypes.c_double),
        ("p99_us", ctypes.c_double),
    ]


@dataclass(frozen=True)
class Measured:
    """One run under load."""

    seconds: float
    expected: int  # packets sent, times the other members
    received: int  # decrypted and recognised
    bad: int  # rejected by SRTP, or not what was sent
    server_cpu_s: float
    client_cpu_s: float
    p50_us: float
    p99_us: float

    @property
    def lost(self) -> float:
        return 1 - self.received / self.expected if self.expected else 1.0

    @property
    def cpu_us_per_packet(self) -> float:
        return 1e6 * self.server_cpu_s / self.received if self.received else float("inf")


class Load:
    """A room's members, connected. Keeps what the C side points to alive."""

    def __init__(
        self, library: Path, legs: Sequence[tuple[Leg, Leg]], ssrcs: Sequence[tuple[int, int]]
    ) -> None:
        """`legs`: the connection each member sends on and the one it receives on, the same where there is one."""
        self._library = ctypes.CDLL(str(library))
        self._kept: list[Any] = [legs]
        self._members = (_Member * len(legs))()
        for number, ((up, down), (audio, video)) in enumerate(zip(legs, ssrcs, strict=True)):
            sending, receiving = up.sessions()[0], down.sessions()[1]
            self._kept += [sending, receiving]
            member = self._members[number]
            member.send_fd, member.receive_fd = up.socket.fileno(), down.socket.fileno()
            member.send_context, member.receive_context = _address(sending), _address(receiving)
            member.audio_ssrc, member.video_ssrc = audio, video
            member.audio_type, member.video_type = AUDIO_TYPE, VIDEO_TYPE
            member.audio_seq, member.video_seq = 100 + number, 5000 + number
        names = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
        self._calls = _Calls(*(int(ffi.cast("uintptr_t", ffi.addressof(lib, name))) for name in names))

    def run(self, seconds: float, server_pid: int) -> Measured:
        """Blocks for `seconds` and a little more."""
        found = _Result()
        before, mine = cpu_s(server_pid), time.process_time()
        failed = self._library.load_run(
            self._members,
            len(self._members),
            ctypes.c_double(seconds),
            ctypes.byref(self._calls),
            ctypes.byref(found),
        )
        if failed:
            raise MemoryError("load_run")
        return Measured(
            seconds=seconds,
            expected=found.sent * (len(self._members) - 1),
            received=found.received,
            bad=found.rejected + found.foreign,
            server_cpu_s=cpu_s(server_pid) - before,
            client_cpu_s=time.process_time() - mine,
            p50_us=found.p50_us,
            p99_us=found.p99_us,
        )


def _address(session: Any) -> int:
    return int(ffi.cast("uintptr_t", srtp.context(session)))


def cpu_s(pid: int) -> float:
    """User and system time of a process, all of its threads."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
