"""One peer connection of one client, seen from the server: ICE-lite, DTLS, SRTP, data channels."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from signaling.media import rtcp, seam, srtp
from signaling.media.pump.batch import Destination
from signaling.media.udp import TcpPath, UdpMux, UdpPath

log = logging.getLogger(__name__)

OnRtp: TypeAlias = Callable[[memoryview, float], None]
OnRtcp: TypeAlias = Callable[[list[rtcp.Packet]], None]
OnData: TypeAlias = Callable[[str, bytes], None]
Path: TypeAlias = UdpPath | TcpPath

HANDSHAKE_S: Final = 10.0
CLOSE_S: Final = 1.5
SILENT_PATH_S: Final = 1.0  # a checked address that sends while the chosen one is silent this long takes over
MAX_PATHS: Final = 16  # addresses of one peer
MAX_CREDENTIALS: Final = 4  # ufrags of one peer that still count, newest first
MAX_SSRCS: Final = 16  # 8 media streams, each with its repair stream, see ingress.MAX_LAYERS
MAX_RTCP_SSRCS: Final = 8
MAX_BYTES_PER_S: Final = (
    4_000_000  # what one peer may send; far above three layers, a screen and their repair
)


@dataclass(frozen=True, slots=True)
class IceParameters:
    """What a description says about one of our ends (RFC 8839, RFC 8122)."""

    ufrag: str
    pwd: str
    fingerprint: str  # sha-256, colon separated upper case hex, without the algorithm's name
    setup: str
    candidates: tuple[str, ...]


class Transport:
    """Callbacks run on the event loop; an exception out of one is logged and counted, never fatal.

    `on_rtp(packet, arrival_s)`: a decrypted RTP packet; the view is valid only during the call.
    `on_rtcp(packets)`: one decrypted, parsed compound packet.
    `on_connected(transport)`: DTLS is up, once.
    `on_closed(transport)`: DTLS failed, timed out, or was ended by the peer; not called for our own close().
    `on_data(label, payload)`: a binary data channel message.
    `label` names the peer in log lines: an opaque id.
    """

    def __init__(
        self,
        mux: UdpMux,
        on_rtp: OnRtp,
        on_rtcp: OnRtcp,
        on_connected: Callable[[Transport], None],
        on_data: OnData | None = None,
        label: str = "",
        on_closed: Callable[[Transport], None] | None = None,
    ) -> None:
        self.mux = mux
        self.label = label
        self.connected = False  # DTLS is up and close() has not begun
        self.closed = False
        self.validated = False  # an ICE check with our password has arrived
        self.has_sctp = False
        self.passwords: dict[str, str] = {}
        self.path: Path | None = None  # where we send
        self.destination = Destination()  # its address, while it is UDP
        self.outbound: Any = None  # libsrtp context to encrypt with, once connected
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        self._on_connected, self._on_closed, self._on_data = on_connected, on_closed, on_data
        self._paths: dict[Path, None] = {}
        self._heard_at = time.monotonic()  # on the chosen path
        self._dtls = seam.Dtls(self._send, self._ended)
        self._sctp: seam.Sctp | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._sessions: tuple[Any, Any] | None = None  # keeps the contexts below alive
        self._inbound: Any = None
        self._ssrcs: set[int] = set()
        self._rtcp_ssrcs: set[int] = set()
        self._window_from, self._window_bytes = 0.0, 0
        self.new_credentials()

    # ICE.

    def new_credentials(self) -> None:
        """ICE restart: a new ufrag and password. The old stay valid (Chromium may nominate with them)."""
        if self.closed or self._closing is not None:
            return
        ufrag, password = secrets.token_hex(4), secrets.token_hex(12)
        self.passwords[ufrag] = password
        self.mux.by_ufrag[ufrag] = self
        while len(self.passwords) > MAX_CREDENTIALS:
            oldest = next(iter(self.passwords))
            del self.passwords[oldest]
            self.mux.by_ufrag.pop(oldest, None)

    def params(self, setup: str) -> IceParameters:
        """For the description to send now; `setup` is actpass or passive."""
        ufrag = next(reversed(self.passwords))
        return IceParameters(ufrag, self.passwords[ufrag], seam.fingerprint(), setup, self.mux.candidates)

    def checked(self, path: Path, nominated: bool, now: float) -> None:
        """A check with one of our passwords came over `path`."""
        if self.closed:
            return
        self.validated = True
        self._paths[path] = None
        if self.path is None or nominated:
            self._choose(path)
        if path is self.path:
            self._heard_at = now
        while len(self._paths) > MAX_PATHS:
            self.lost(next(p for p in self._paths if p is not self.path))

    def lost(self, path: Path) -> None:
        """`path` is gone."""
        if path not in self._paths:
            return
        del self._paths[path]
        path.close()
        if path is self.path:
            self.path = None
            self.mux.pump.epoch += 1
            if self._paths:
                self._choose(next(reversed(self._paths)))

    def _choose(self, path: Path) -> None:
        if path is self.path:
            return
        self.path = path
        if isinstance(path, UdpPath):
            self.destination.move(*path.address)
        self.mux.pump.epoch += 1

    # DTLS.

    def start(self, fingerprint: str, with_sctp: bool) -> None:
        """Begin DTLS (as server) with a peer of this "<algorithm> <value>". Later calls do nothing.

        Raises:
            ValueError: that cannot be a fingerprint.
        """
        if self._task is not None or self._closing is not None:
            return
        seam.read_fingerprint(fingerprint)
        self.has_sctp = with_sctp
        self._task = asyncio.get_running_loop().create_task(self._run(fingerprint))

    async def _run(self, fingerprint: str) -> None:
        try:
            inbound, outbound = await self._dtls.handshake(fingerprint, HANDSHAKE_S)
            self._sessions = (inbound, outbound)
            self._inbound, self.outbound = srtp.context(inbound), srtp.context(outbound)
            self.connected = True
            self.mux.pump.epoch += 1
            if self.has_sctp:
                self._sctp = await self._dtls.start_sctp(self._message, self.mux.dropped)
            self._on_connected(self)
        except seam.HandshakeFailed as problem:
            self.mux.dropped["dtls-failed"] += 1
            log.info("%s: DTLS %s", self.label, problem)
            self._ended()
        except Exception:
            log.exception("%s: DTLS", self.label)
            self._ended()

    def _ended(self) -> None:
        if self._closing is not None or self.closed:
            return
        self.connected = False
        self.mux.pump.epoch += 1
        if self._on_closed is not None:
            on_closed, self._on_closed = self._on_closed, None
            on_closed(self)

    def _message(self, label: str, message: bytes | str) -> None:
        if self._on_data is None or isinstance(message, str):
            self.mux.dropped["data-text"] += 1
            return
        try:
            self._on_data(label, message)
        except Exception:
            log.exception("%s: data", self.label)

    def open_channel(self, label: str, ordered: bool, max_retransmits: int | None) -> None:
        """Open a data channel from our side. Does nothing without SCTP."""
        if self._sctp is not None:
            self._sctp.open(label, ordered, max_retransmits)

    def send_data(self, label: str, payload: bytes) -> bool:
        """Send on an open channel; False when there is none or the peer has stopped reading (1 MiB waits)."""
        if self._sctp is None or not self.connected:
            return False
        sent = self._sctp.send(label, payload)
        if not sent:
            self.mux.dropped["data-unsent"] += 1
        return sent

    # Datagrams.

    def receive(self, path: Path, i: int, size: int, arrival: float) -> None:
        """Datagram `i` of the pump, from an address that has passed a check. Not STUN, not empty."""
        if self.closed:
            return
        view = self.mux.pump.views[i]
        kind = view[0]
        if path is not self.path and arrival - self._heard_at > SILENT_PATH_S:
            self._choose(path)
        if path is self.path:
            self._heard_at = arrival
        if 127 < kind < 192:
            self._media(view, i, size, arrival)
        elif 19 < kind < 64:
            if not self._dtls.feed(bytes(view[:size])):
                self.mux.dropped["dtls-excess"] += 1
        else:
            self.mux.dropped["unknown"] += 1

    def _media(self, view: memoryview, i: int, size: int, arrival: float) -> None:
        dropped = self.mux.dropped
        inbound = self._inbound
        if inbound is None or not self.connected or size < 12:
            dropped["srtp-early" if size >= 12 else "srtp-short"] += 1
            return
        self._window_bytes += size
        if arrival - self._window_from > 1:
            self._window_from, self._window_bytes = arrival, size
        elif self._window_bytes > MAX_BYTES_PER_S:
            dropped["flood"] += 1
            return
        pump = self.mux.pump
        length = pump.length
        length[0] = size
        if 192 <= view[1] <= 223:
            known, most, at, unprotect = self._rtcp_ssrcs, MAX_RTCP_SSRCS, 4, srtp.unprotect_rtcp
        else:
            known, most, at, unprotect = self._ssrcs, MAX_SSRCS, 8, srtp.unprotect
        ssrc = int.from_bytes(view[at : at + 4], "big")
        fresh = ssrc not in known
        if fresh and len(known) >= most:
            dropped["ssrc-excess"] += 1
            return
        if unprotect(inbound, pump.pointers[i], length):
            dropped["srtp-rejected"] += 1
            return
        if fresh:
            known.add(ssrc)
        packet = view[: length[0]]
        if at == 8:
            self._on_rtp(packet, arrival)
            return
        try:
            packets = rtcp.parse(packet)
        except ValueError:
            dropped["rtcp-malformed"] += 1
            return
        self._on_rtcp(packets)

    def forget_ssrc(self, ssrc: int) -> None:
        """The stream is over: its place is free for another."""
        if ssrc in self._ssrcs and self._sessions is not None:
            self._ssrcs.discard(ssrc)
            srtp.forget(self._sessions[0], ssrc)

    def _send(self, data: bytes) -> None:
        if self.path is not None and not self.closed:
            self.path.send(data)

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send; dropped and counted when not connected."""
        self._protected(packet, srtp.protect)

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send; dropped and counted when not connected."""
        self._protected(packet, srtp.protect_rtcp)

    def _protected(self, packet: bytes, protect: Any) -> None:
        if not self.connected or self.path is None:
            self.mux.dropped["unconnected"] += 1
            return
        data = self.mux.pump.protected(packet, self.outbound, protect)
        if data is None:
            self.mux.dropped["protect"] += 1
        else:
            self.path.send(data)

    # The end.

    async def close(self) -> None:
        """Free everything in less than 2 s, whatever the peer does. Idempotent."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self.connected = False
        self.mux.pump.epoch += 1
        for ufrag in self.passwords:
            self.mux.by_ufrag.pop(ufrag, None)
        if self._task is not None:
            self._task.cancel()
        try:
            await asyncio.wait_for(self._dtls.close(), CLOSE_S)
        except TimeoutError:
            log.info("%s: DTLS did not close in time", self.label)
        except Exception:
            log.exception("%s: closing DTLS", self.label)
        self.closed = True
        for path in list(self._paths):
            path.close()
        self._paths.clear()
        self.path = None
