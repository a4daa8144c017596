"""The only file that knows aiortc: DTLS and SCTP behind two small classes.

It leans on names that aiortc calls private; `tests/media/test_seam.py` states each of them, and aiortc is
pinned exactly. What it adds are limits: which suites, how much unfinished data is kept, how many streams.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, Final, cast

from aiortc import rtcdtlstransport
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport
from OpenSSL import SSL

log = logging.getLogger(__name__)

CIPHERS: Final = b":".join(
    (b"ECDHE-ECDSA-AES128-GCM-SHA256", b"ECDHE-ECDSA-CHACHA20-POLY1305", b"ECDHE-ECDSA-AES256-GCM-SHA384")
)
SRTP_PROFILES: Final = (
    rtcdtlstransport.SRTP_AEAD_AES_128_GCM,
    rtcdtlstransport.SRTP_AES128_CM_SHA1_80,
    rtcdtlstransport.SRTP_AEAD_AES_256_GCM,
)
_NO_RENEGOTIATION: Final = 0x40000000  # SSL_OP_NO_RENEGOTIATION, which pyOpenSSL does not name
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31,63}")
_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

MAX_PENDING: Final = 64  # DTLS datagrams waiting to be read
MAX_STREAMS: Final = 16  # SCTP streams a peer may open
MAX_FRAGMENTS: Final = 256  # of unfinished messages in one stream
MAX_MESSAGE_BYTES: Final = 64 << 10
MAX_UNSENT_BYTES: Final = 1 << 20
SCTP_PORT: Final = 5000


class HandshakeFailed(Exception):
    """DTLS did not come up: other suites, another certificate, or no answer in time."""


class _Certificate(rtcdtlstransport.RTCCertificate):
    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        context: SSL.Context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(CIPHERS)
        context.set_options(_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        return context


@cache
def _certificate() -> _Certificate:
    """One per process: a fingerprint says which worker, nothing about who talks to it."""
    certificate: _Certificate = _Certificate.generateCertificate()
    return certificate


@cache
def fingerprint() -> str:
    """Ours, sha-256, as a description writes it."""
    found: str = next(f.value for f in _certificate().getFingerprints() if f.algorithm == "sha-256")
    return found


def read_fingerprint(text: str) -> rtcdtlstransport.RTCDtlsFingerprint:
    """ "sha-256 AA:BB:…" as a description carries it.

    Raises:
        ValueError: another algorithm, or not its length in hex.
    """
    algorithm, _, value = text.strip().partition(" ")
    algorithm, value = algorithm.lower(), value.strip().upper()
    size = _DIGEST_BYTES.get(algorithm)
    if size is None or not _FINGERPRINT.fullmatch(value) or len(value) != 3 * size - 1:
        raise ValueError("no certificate fingerprint")
    return rtcdtlstransport.RTCDtlsFingerprint(algorithm=algorithm, value=value)


class _Wire:
    """What RTCDtlsTransport needs of an ICE transport."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._out = send
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_PENDING)
        self.begun = asyncio.Event()  # a first datagram has come

    async def _recv(self) -> bytes:
        data = await self.inbox.get()
        if data is None:
            raise ConnectionError("closed")
        return data

    async def _send(self, data: bytes) -> None:
        self._out(data)


class Dtls:
    """The server's end of one DTLS association. `on_ended` is called once when the peer ends it."""

    def __init__(self, send: Callable[[bytes], None], on_ended: Callable[[], None]) -> None:
        self._wire = _Wire(send)
        self._transport = rtcdtlstransport.RTCDtlsTransport(cast("Any", self._wire), [_certificate()])
        self._transport._set_role("server")
        self._transport._srtp_profiles = list(SRTP_PROFILES)
        self._transport.on("statechange", self._state_changed)
        self._on_ended: Callable[[], None] | None = on_ended
        self.sctp: Sctp | None = None

    def _state_changed(self) -> None:
        if self._transport.state == "closed" and self._on_ended is not None:
            on_ended, self._on_ended = self._on_ended, None
            on_ended()

    def feed(self, datagram: bytes) -> bool:
        """A DTLS record from the wire; False when too many wait already."""
        try:
            self._wire.inbox.put_nowait(datagram)
        except asyncio.QueueFull:
            return False
        self._wire.begun.set()
        return True

    async def handshake(self, fingerprint: str, limit_s: float) -> tuple[Any, Any]:
        """Returns the pylibsrtp sessions (inbound, outbound).

        Waits for the peer's first datagram without limit: how long ICE takes is the peer's affair.

        Raises:
            HandshakeFailed: within `limit_s` of that datagram at the latest.
        """
        remote = rtcdtlstransport.RTCDtlsParameters(
            fingerprints=[read_fingerprint(fingerprint)], role="client"
        )
        await self._wire.begun.wait()
        try:
            await asyncio.wait_for(self._transport.start(remote), limit_s)
        except TimeoutError:
            raise HandshakeFailed("no handshake in time") from None
        if self._transport.state != "connected":
            raise HandshakeFailed("refused")
        return self._transport._rx_srtp, self._transport._tx_srtp

    @property
    def srtp_profile(self) -> str:
        """Name of the SRTP profile in use; "" before the handshake."""
        ssl = self._transport._ssl
        return "" if ssl is None else bytes(ssl.get_selected_srtp_profile()).decode()

    async def start_sctp(self, on_message: Callable[[str, bytes | str], None], dropped: Counter[str]) -> Sctp:
        """Bring up data channels; `dropped` counts what was refused, by cause."""
        self.sctp = Sctp(_BoundedSctp(self._transport, dropped), on_message)
        await self.sctp.start()
        return self.sctp

    async def close(self) -> None:
        """Tell the peer and free everything. May take as long as its caller lets it."""
        self._on_ended = None
        try:
            if self.sctp is not None:
                await self.sctp.stop()
            await self._transport.stop()
        finally:
            while not self._wire.inbox.empty():
                self._wire.inbox.get_nowait()
            self._wire.inbox.put_nowait(None)


class _BoundedSctp(RTCSctpTransport):
    """RTCSctpTransport keeps whatever a peer sends in pieces, and ends its reader at the first surprise."""

    def __init__(self, transport: Any, dropped: Counter[str]) -> None:
        super().__init__(transport, SCTP_PORT)
        self._refused = dropped

    async def _handle_data(self, data: bytes) -> None:
        try:
            await super()._handle_data(data)
        except ConnectionError:
            raise
        except Exception:
            self._refused["sctp-malformed"] += 1

    async def _receive_data_chunk(self, chunk: Any) -> None:
        stream = self._inbound_streams.get(chunk.stream_id)
        if (
            (stream is None and len(self._inbound_streams) >= MAX_STREAMS)
            or (stream is not None and len(stream.reassembly) >= MAX_FRAGMENTS)
            or self._advertised_rwnd < len(chunk.user_data)
        ):
            self._refused["sctp-excess"] += 1
            return
        await super()._receive_data_chunk(chunk)

    def _get_inbound_stream(self, stream_id: int) -> Any:
        if stream_id not in self._inbound_streams and len(self._inbound_streams) >= MAX_STREAMS:
            raise ValueError("too many streams")
        return super()._get_inbound_stream(stream_id)

    async def _receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        if len(data) > MAX_MESSAGE_BYTES:
            self._refused["sctp-oversize"] += 1
            return
        await super()._receive(stream_id, pp_id, data)


class Sctp:
    """Data channels of one peer, by label."""

    def __init__(self, transport: _BoundedSctp, on_message: Callable[[str, bytes | str], None]) -> None:
        self._transport = transport
        self._on_message = on_message
        self._channels: dict[str, Any] = {}
        transport.on("datachannel", self._adopt)

    async def start(self) -> None:
        await self._transport.start(RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE_BYTES), SCTP_PORT)

    async def stop(self) -> None:
        await self._transport.stop()

    def _adopt(self, channel: Any) -> None:
        label = str(channel.label)
        self._channels[label] = channel
        channel.on("message", lambda message: self._on_message(label, message))

    def open(self, label: str, ordered: bool, max_retransmits: int | None) -> None:
        channel = RTCDataChannel(
            self._transport,
            RTCDataChannelParameters(label=label, ordered=ordered, maxRetransmits=max_retransmits),
        )
        self._adopt(channel)

    def send(self, label: str, payload: bytes) -> bool:
        """False when no such channel is open or too much waits to be sent already."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount + len(payload) > MAX_UNSENT_BYTES or len(payload) > MAX_MESSAGE_BYTES:
            return False
        channel.send(payload)
        return True
