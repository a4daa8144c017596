"""One peer connection of one client, seen from the server: ICE-lite, DTLS, SRTP, data channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from signaling.media import rtcp
from signaling.media.udp import UdpMux

OnRtp: TypeAlias = Callable[[memoryview, float], None]
OnRtcp: TypeAlias = Callable[[list["rtcp.Packet"]], None]
OnData: TypeAlias = Callable[[str, bytes | str], None]


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
    `on_connected(transport)`: DTLS is up, once. `on_closed(transport)`: DTLS failed, timed out, or was ended by the
    peer; not called for our own close(). `on_data(label, payload)`: a data channel message.
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

    def new_credentials(self) -> None:
        """ICE restart: a new ufrag and password. The old ones stay valid (Chromium may nominate with them)."""
        raise NotImplementedError

    def params(self, setup: str) -> IceParameters:
        """For the description to send now; `setup` is actpass or passive."""
        raise NotImplementedError

    def start(self, fingerprint: str, with_sctp: bool) -> None:
        """Begin DTLS (as server) with a peer of this "<algorithm> <value>". Later calls do nothing.

        The handshake has 10 s. Raises ValueError for a fingerprint that cannot be one.
        """
        raise NotImplementedError

    def open_channel(self, label: str, ordered: bool, max_retransmits: int | None) -> None:
        """Open a data channel from our side. Does nothing without SCTP."""
        raise NotImplementedError

    def send_data(self, label: str, payload: bytes) -> bool:
        """Send on an open channel; False when there is none or the peer has stopped reading (1 MiB waits)."""
        raise NotImplementedError

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send; dropped and counted when not connected."""
        raise NotImplementedError

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send; dropped and counted when not connected."""
        raise NotImplementedError

    async def close(self) -> None:
        """Free everything in less than 2 s, whatever the peer does. Idempotent."""
        raise NotImplementedError
