"""Receiving and sending in batches on one IPv4 socket.

Everything is allocated once. A slot of the outgoing batch is filled with a rewritten header and the packet's
body, then encrypted where it lies; the length libsrtp leaves behind is the length sendmmsg reads.
"""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, TypeAlias

from signaling.media import srtp
from signaling.media.pump.libc import address, ffi, lib
from signaling.media.rtp import HEADER_BYTES, Vp8, packer

SLOT_BYTES: Final = 2048
MAX_DATAGRAM: Final = 1600  # larger ones are no media of ours
IN, OUT = 64, 512
_NAME_BYTES, _CONTROL_BYTES = 16, 64
_SO_TIMESTAMPNS: Final = 35  # <asm-generic/socket.h>; its control message has the same number
_CONTROL: Final = Struct("@QiiQQ")  # cmsghdr, timespec
_SOCKADDR: Final = Struct("=H2s4s8x")
_MSG_TRUNC, _MSG_DONTWAIT = 0x20, 0x40
_LITTLE: Final = sys.byteorder == "little"

# What makes a packet one subscriber's: what to add to seq and timestamp, payload type, SSRC, its SRTP context
# and where the kernel finds its address, what to add to picture id and TL0PICIDX.
Leg: TypeAlias = tuple[int, int, int, int, Any, int, int, int]


def udp_address(key: int) -> tuple[str, int]:
    raw = key.to_bytes(8, sys.byteorder)
    return socket.inet_ntoa(raw[4:]), int.from_bytes(raw[2:4], "big")


def _sockaddr(host: str, port: int) -> bytes:
    return _SOCKADDR.pack(socket.AF_INET, port.to_bytes(2, "big"), socket.inet_aton(host))


class Destination:
    """A peer's address where the kernel finds it; `move` changes it in place, for all that point to it."""

    __slots__ = ("_cdata", "address")

    def __init__(self) -> None:
        self._cdata = ffi.new("char[]", _NAME_BYTES)
        self.address = address(self._cdata)

    def move(self, host: str, port: int) -> None:
        ffi.memmove(self._cdata, _sockaddr(host, port), _NAME_BYTES)


class Pump:
    """`epoch` changes whenever a route may have: what was computed under another is stale."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._fd = sock.fileno()
        self.epoch = 0
        self.sent = self.received = 0
        self.dropped: Counter[str] = Counter()
        self._length = ffi.new("int *")
        self.length = srtp.length_pointer(address(self._length))
        self._clock_offset = time.monotonic() - time.time()
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

        self._in_memory = ffi.new(
            "char[]", (IN + 1) * SLOT_BYTES
        )  # the last slot is for packets from elsewhere
        whole = memoryview(ffi.buffer(self._in_memory))
        base = address(self._in_memory)
        self.views = [whole[i * SLOT_BYTES : (i + 1) * SLOT_BYTES] for i in range(IN + 1)]
        self.pointers = [srtp.pointer(base + i * SLOT_BYTES) for i in range(IN + 1)]
        self._in_names = ffi.new("char[]", IN * _NAME_BYTES)
        self._in_control = ffi.new("char[]", IN * _CONTROL_BYTES)
        self._control = memoryview(ffi.buffer(self._in_control))
        self._names_in = memoryview(ffi.buffer(self._in_names)).cast("Q")
        self._in_vectors, self._in = self._headers(IN, base, names=self._in_names, control=self._in_control)
        self._in_image = bytes(ffi.buffer(self._in))
        words = memoryview(ffi.buffer(self._in)).cast("I")
        self._in_words = words
        self._stride = ffi.sizeof("struct mmsghdr") // 4
        self._len_at = ffi.offsetof("struct mmsghdr", "len") // 4
        self._flags_at = ffi.offsetof("struct msghdr", "flags") // 4

        self._out_memory = ffi.new("char[]", (OUT + 1) * SLOT_BYTES)
        whole = memoryview(ffi.buffer(self._out_memory))
        base = address(self._out_memory)
        self._out_views = [whole[i * SLOT_BYTES : (i + 1) * SLOT_BYTES] for i in range(OUT)]
        self._out_pointers = [srtp.pointer(base + i * SLOT_BYTES) for i in range(OUT)]
        self._spare_view = whole[OUT * SLOT_BYTES :]
        self._spare_pointer = srtp.pointer(base + OUT * SLOT_BYTES)
        self._out_vectors, self._out = self._headers(OUT, base)
        self._out_lengths = memoryview(ffi.buffer(self._out_vectors)).cast("Q")
        self._out_names = memoryview(ffi.buffer(self._out)).cast("Q")
        self._name_stride = ffi.sizeof("struct mmsghdr") // 8
        shift = ffi.offsetof("struct iovec", "len") + (0 if _LITTLE else 4)
        step, first = ffi.sizeof("struct iovec"), address(self._out_vectors)
        self._out_length_pointers = [srtp.length_pointer(first + i * step + shift) for i in range(OUT)]
        self._queued = 0

    @staticmethod
    def _headers(count: int, base: int, names: Any = None, control: Any = None) -> tuple[Any, Any]:
        vectors = ffi.new("struct iovec[]", count)
        headers = ffi.new("struct mmsghdr[]", count)
        for i in range(count):
            vectors[i].base = ffi.cast("void *", base + i * SLOT_BYTES)
            vectors[i].len = SLOT_BYTES
            header = headers[i].header
            header.iov = ffi.addressof(vectors, i)
            header.iovlen = 1
            header.namelen = _NAME_BYTES
            if names is not None:
                header.name = ffi.cast("void *", address(names) + i * _NAME_BYTES)
            if control is not None:
                header.control = ffi.cast("void *", address(control) + i * _CONTROL_BYTES)
                header.controllen = _CONTROL_BYTES
        return vectors, headers

    # In.

    def receive(self) -> int:
        """Read what is there, at most IN datagrams; how many. They stay until the next call."""
        ffi.memmove(self._in, self._in_image, len(self._in_image))
        count: int = lib.recvmmsg(self._fd, self._in, IN, _MSG_DONTWAIT, ffi.NULL)
        if count < 0:
            return 0
        self.received += count
        return count

    def size(self, i: int) -> int:
        """Bytes of datagram `i`; -1 when it did not fit its slot."""
        words, at = self._in_words, i * self._stride
        return -1 if words[at + self._flags_at] & _MSG_TRUNC else words[at + self._len_at]

    def key(self, i: int) -> int:
        """Where datagram `i` came from, see udp_address."""
        return self._names_in[2 * i]

    def arrival(self, i: int, now: float) -> float:
        """When the kernel took datagram `i`, monotonic seconds.

        Chromium's estimator reads queueing delay out of arrival times; the time at which a busy event loop
        gets round to a packet would look like congestion.
        """
        size, level, kind, seconds, nanoseconds = _CONTROL.unpack_from(self._control, i * _CONTROL_BYTES)
        if size != _CONTROL.size or level != socket.SOL_SOCKET or kind != _SO_TIMESTAMPNS:
            return now
        at: float = seconds + nanoseconds * 1e-9 + self._clock_offset
        if 0 <= now - at < 1:
            return at
        self._clock_offset = time.monotonic() - time.time()  # the wall clock was stepped
        return now

    def borrow(self, data: bytes) -> int:
        """Put a packet that came another way into the spare slot; its index."""
        self.views[IN][: len(data)] = data
        return IN

    # Out.

    def fan_out(
        self,
        legs: Sequence[Leg],
        marker: int,
        count: int,
        ts: int,
        first: int,
        body: bytes,
        said: Vp8 | None,
        at: int,
    ) -> None:
        """Send one packet to every leg, at the next flush.

        `body` is all that follows the fixed header, `first` the header's first byte. With `said`, the VP8
        descriptor at byte `at` of the packet, picture ids are moved on as the legs tell.
        """
        size = HEADER_BYTES + len(body)
        if size + srtp.TRAILER_BYTES > SLOT_BYTES:
            self.dropped["oversize"] += len(legs)
            return
        if len(legs) > OUT:
            self.fan_out(legs[OUT:], marker, count, ts, first, body, said, at)
            legs = legs[:OUT]
        q = self._queued
        if q + len(legs) > OUT:
            self.flush()
            q = 0
        pack = packer(len(body)).pack_into
        views, pointers, length_pointers = self._out_views, self._out_pointers, self._out_length_pointers
        lengths, names, stride, protect = self._out_lengths, self._out_names, self._name_stride, srtp.protect
        for seq_shift, ts_shift, pt, ssrc, context, destination, picture_shift, tl0_shift in legs:
            seq, out_ts = (count + seq_shift) & 0xFFFF, (ts + ts_shift) & 0xFFFFFFFF
            view = views[q]
            pack(view, 0, first, marker | pt, seq, out_ts, ssrc, body)
            if said is not None:
                if said.wide:
                    moved = (said.picture_id + picture_shift) & 0x7FFF
                    view[at + said.picture_at] = 0x80 | moved >> 8
                    view[at + said.picture_at + 1] = moved & 0xFF
                else:
                    view[at + said.picture_at] = (said.picture_id + picture_shift) & 0x7F
                if said.tl0_at:
                    view[at + said.tl0_at] = (said.tl0 + tl0_shift) & 0xFF
            lengths[2 * q + 1] = size
            if protect(context, pointers[q], length_pointers[q]):
                self.dropped["protect"] += 1
                continue
            names[stride * q] = destination
            q += 1
        self._queued = q

    def flush(self) -> None:
        """Hand the kernel what waits. What it does not take now is dropped: late media is worth nothing."""
        count, at = self._queued, 0
        self._queued = 0
        while at < count:
            done: int = lib.sendmmsg(self._fd, self._out + at, count - at, _MSG_DONTWAIT)
            if done > 0:
                at += done
                self.sent += done
            elif ffi.errno == errno.EINTR:
                continue
            elif ffi.errno in (errno.EAGAIN, errno.ENOBUFS):
                self.dropped["send-buffer-full"] += count - at
                return
            else:
                self.dropped["send-refused"] += 1
                at += 1

    def protected(self, packet: bytes, context: Any, protect: Any) -> bytes | None:
        """`packet` encrypted by `protect`, one of libsrtp's; None when it refuses. For what goes singly."""
        if len(packet) + srtp.TRAILER_BYTES > SLOT_BYTES:
            return None
        view = self._spare_view
        view[: len(packet)] = packet
        self.length[0] = len(packet)
        if protect(context, self._spare_pointer, self.length):
            return None
        return bytes(view[: self.length[0]])

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """One datagram, at once."""
        try:
            self._socket.sendto(data, to)
        except OSError as problem:
            full = problem.errno in (errno.EAGAIN, errno.ENOBUFS)
            self.dropped["send-buffer-full" if full else "send-refused"] += 1
        else:
            self.sent += 1
