"""One UDP port, and TCP on the same number, for every peer of a worker.

Demultiplexes STUN by user fragment and everything else by the address a check has come from (RFC 7983).
Nothing is sent to, and nothing but STUN accepted from, an address that has not proved it knows a peer's
password. IPv4 only: who has none reaches us through TURN.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from signaling.media import ice
from signaling.media.pump import Pump
from signaling.media.pump.batch import MAX_DATAGRAM, udp_address

if TYPE_CHECKING:
    from signaling.media.transport import Transport

log = logging.getLogger(__name__)

SOCKET_BUFFER_BYTES: Final = 4 << 20
MAX_TCP: Final = 512  # connections in all
MAX_TCP_UNSENT_BYTES: Final = 256 << 10  # drop rather than queue without end
TCP_PROOF_S: Final = 10.0  # a connection that has shown no valid check by then is closed
PORT_TRIES: Final = 20


class UdpPath:
    """A remote UDP address that has passed a check."""

    __slots__ = ("address", "key", "mux", "transport")
    udp = True

    def __init__(self, mux: UdpMux, key: int, transport: Transport) -> None:
        self.mux, self.key, self.transport = mux, key, transport
        self.address = udp_address(key)

    def send(self, data: bytes) -> None:
        self.mux.pump.send(data, self.address)

    def close(self) -> None:
        if self.mux.paths.get(self.key) is self:
            del self.mux.paths[self.key]


class TcpPath:
    """One ICE-TCP connection (RFC 6544, passive): datagrams behind two bytes of length (RFC 4571)."""

    __slots__ = ("address", "mux", "transport", "writer")
    udp = False

    def __init__(self, mux: UdpMux, writer: asyncio.StreamWriter) -> None:
        self.mux, self.writer = mux, writer
        self.transport: Transport | None = None
        host, port = writer.get_extra_info("peername")[:2]
        self.address: tuple[str, int] = (host, port)

    def send(self, data: bytes) -> None:
        if self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > MAX_TCP_UNSENT_BYTES:
            self.mux.dropped["tcp-buffer-full"] += 1
            return
        self.writer.write(len(data).to_bytes(2, "big") + data)

    def close(self) -> None:
        self.writer.close()


class UdpMux:
    """`address` is (host, port) to bind; port 0 takes any number free for UDP and TCP. `advertise` is the
    host written into candidates when it is not the one bound (behind a one-to-one NAT).

    Promise: no bytes from the wire raise out of a callback; what is not served is counted in `dropped`, by
    cause.
    """

    def __init__(self, address: tuple[str, int], advertise: str | None = None) -> None:
        self.address = address  # the one bound, after serve()
        self.candidates: tuple[str, ...] = ()  # values of a=candidate, UDP first, after serve()
        self.dropped: Counter[str] = Counter()
        self.pump: Pump
        self.by_ufrag: dict[str, Transport] = {}
        self.paths: dict[int, UdpPath] = {}  # by Pump.key
        self._advertise = advertise
        self._udp: socket.socket | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[TcpPath] = set()
        self._faults = 0

    async def serve(self) -> None:
        """Bind and start reading.

        Raises:
            OSError: the address cannot be had.
        """
        host, port = self.address
        for attempt in range(PORT_TRIES):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.setblocking(False)
                udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
                udp.bind((host, port))
                self.address = (host, udp.getsockname()[1])
                self._tcp = await asyncio.start_server(self._accepted, *self.address, limit=MAX_DATAGRAM * 4)
            except OSError:
                udp.close()
                if port or attempt == PORT_TRIES - 1:
                    raise
            else:
                break
        self._udp = udp
        self.pump = Pump(udp)
        shown, number = self._advertise or host, self.address[1]
        self.candidates = (
            f"1 1 udp 2130706431 {shown} {number} typ host",
            f"2 1 tcp 1671430143 {shown} {number} typ host tcptype passive",
        )
        asyncio.get_running_loop().add_reader(udp.fileno(), self._readable)

    def close(self) -> None:
        """Stop reading and close the sockets. Transports are their owners' to close first."""
        if self._udp is None:
            return
        asyncio.get_running_loop().remove_reader(self._udp.fileno())
        self._udp.close()
        self._udp = None
        if self._tcp is not None:
            self._tcp.close()
        for path in list(self._connections):
            path.close()

    def statistics(self) -> dict[str, object]:
        """Counters for Stats."""
        return {
            "transports": len(set(self.by_ufrag.values())),
            "paths": len(self.paths) + len(self._connections),
            "received": self.pump.received,
            "sent": self.pump.sent,
            "dropped": dict(self.dropped + self.pump.dropped),
            "packet_faults": self._faults,
        }

    # UDP.

    def _readable(self) -> None:
        pump = self.pump
        now = time.monotonic()
        for i in range(pump.receive()):
            try:
                self._datagram(i, now)
            except Exception:
                self._fault()
        pump.flush()

    def _fault(self) -> None:
        self._faults += 1
        if self._faults < 100 or self._faults % 1000 == 0:
            log.exception("a datagram could not be served")

    def _datagram(self, i: int, now: float) -> None:
        pump = self.pump
        size = pump.size(i)
        if not 0 < size <= MAX_DATAGRAM:
            self.dropped["empty" if size == 0 else "oversize"] += 1
            return
        view = pump.views[i]
        key = pump.key(i)
        if view[0] < 4:
            self._udp_check(view[:size], key, now)
            return
        path = self.paths.get(key)
        if path is None:
            self.dropped["foreign"] += 1
            return
        path.transport.receive(path, i, size, pump.arrival(i, now))

    def _udp_check(self, data: memoryview, key: int, now: float) -> None:
        found = self._checked(data)
        if found is None:
            return
        transport, request = found
        path = self.paths.get(key)
        if path is None or path.transport is not transport:
            path = self.paths[key] = UdpPath(self, key, transport)
        self._answer(path, transport, request, now)

    def _checked(self, data: memoryview) -> tuple[Transport, ice.BindingRequest] | None:
        """The check in `data`, when somebody we wait for sent it."""
        try:
            request = ice.read_request(data)
        except ValueError:
            self.dropped["stun-malformed"] += 1
            return None
        transport = self.by_ufrag.get(request.ufrag)
        if transport is None or not request.authentic(transport.passwords[request.ufrag]):
            self.dropped["stun-foreign"] += 1
            return None
        return transport, request

    def _answer(
        self, path: UdpPath | TcpPath, transport: Transport, request: ice.BindingRequest, now: float
    ) -> None:
        path.send(ice.success(request, transport.passwords[request.ufrag], *path.address))
        transport.checked(path, request.nominates, now)

    # TCP.

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_TCP:
            self.dropped["tcp-excess"] += 1
            writer.close()
            return
        path = TcpPath(self, writer)
        self._connections.add(path)
        unproved = asyncio.get_running_loop().call_later(TCP_PROOF_S, self._prove_or_close, path)
        try:
            while not writer.is_closing():
                size = int.from_bytes(await reader.readexactly(2), "big")
                if not 0 < size <= MAX_DATAGRAM:
                    self.dropped["oversize" if size else "empty"] += 1
                    break
                self._frame(path, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, OSError):
            pass  # the peer is gone
        except Exception:
            self._fault()
        finally:
            unproved.cancel()
            self._connections.discard(path)
            if path.transport is not None:
                path.transport.lost(path)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _prove_or_close(self, path: TcpPath) -> None:
        if path.transport is None:
            self.dropped["tcp-unproved"] += 1
            path.close()

    def _frame(self, path: TcpPath, data: bytes) -> None:
        now = time.monotonic()
        if data[0] < 4:
            found = self._checked(memoryview(data))
            if found is None:
                return
            transport, request = found
            if path.transport is not None and path.transport is not transport:
                path.transport.lost(path)
            path.transport = transport
            self._answer(path, transport, request, now)
        elif path.transport is None:
            self.dropped["foreign"] += 1
        else:
            path.transport.receive(path, self.pump.borrow(data), len(data), now)
            self.pump.flush()
