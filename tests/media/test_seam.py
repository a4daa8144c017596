"""The private names of aiortc and pylibsrtp that signaling.media leans on. When one of these fails after an update, look
at seam.py and srtp.py before anything else."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import Any

import google_crc32c
import pylibsrtp
import pytest
from aiortc import rtcdtlstransport, rtcsctptransport
from OpenSSL import SSL
from pylibsrtp import _binding

from signaling.media import seam


class TestAiortc:
    @pytest.mark.parametrize(
        ("owner", "name", "is_coroutine"),
        [
            (rtcdtlstransport.RTCDtlsTransport, "_set_role", False),
            (rtcdtlstransport.RTCDtlsTransport, "_recv_next", True),
            (rtcdtlstransport.RTCDtlsTransport, "start", True),
            (rtcdtlstransport.RTCDtlsTransport, "stop", True),
            (rtcdtlstransport.RTCCertificate, "_create_ssl_context", False),
            (rtcsctptransport.RTCSctpTransport, "_handle_data", True),
            (rtcsctptransport.RTCSctpTransport, "_receive_data_chunk", True),
            (rtcsctptransport.RTCSctpTransport, "_get_inbound_stream", False),
            (rtcsctptransport.RTCSctpTransport, "_receive", True),
        ],
    )
    def test_it_has(self, owner: type, name: str, is_coroutine: bool) -> None:
        assert inspect.iscoroutinefunction(getattr(owner, name)) is is_coroutine

    async def test_a_dtls_transport_asks_for_no_more_than_we_give(self) -> None:
        transport = seam.Dtls(lambda data: None, lambda: None)._transport
        assert {"_rx_srtp", "_tx_srtp", "_srtp_profiles", "_ssl"} <= vars(transport).keys()
        assert (transport.state, transport._role) == ("new", "server")

    async def test_an_association_keeps_its_books_where_we_look(self) -> None:
        dtls = seam.Dtls(lambda data: None, lambda: None)
        sctp = rtcsctptransport.RTCSctpTransport(dtls._transport)
        assert {"_inbound_streams", "_advertised_rwnd"} <= vars(sctp).keys()
        assert vars(rtcsctptransport.InboundStream()).keys() >= {"reassembly"}

    def test_an_ssl_context_takes_our_suites(self) -> None:
        context = seam._certificate()._create_ssl_context(list(seam.SRTP_PROFILES))
        assert isinstance(context, SSL.Context)
        suites = SSL.Connection(context).get_cipher_list()
        dtls12 = [suite for suite in suites if not suite.startswith("TLS_")]
        assert dtls12 == [name.decode() for name in seam.CIPHERS.split(b":")]


class TestLibsrtp:
    @pytest.mark.parametrize(
        "name", ["srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp"]
    )
    def test_its_binding_has(self, name: str) -> None:
        function = getattr(_binding.lib, name)
        assert _binding.ffi.typeof(function).kind == "function"

    def test_a_session_shows_its_context(self) -> None:
        session = pylibsrtp.Session()
        assert _binding.ffi.typeof(session._srtp[0]).kind == "pointer"


class TestFingerprints:
    GOOD = ":".join(["0A"] * 32)

    @pytest.mark.parametrize(
        "text", [f"sha-256 {GOOD}", f"SHA-256 {GOOD.lower()}", "sha-512 " + ":".join(["FF"] * 64)]
    )
    def test_a_fingerprint_is_read(self, text: str) -> None:
        assert seam.read_fingerprint(text).value == text.split(" ")[1].upper()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "sha-256",
            "md5 AA:BB",
            "sha-256 AA",
            f"sha-512 {GOOD}",
            f"sha-256 {GOOD}:0A",
            f"sha-256 {GOOD[:-1]}G",
        ],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="fingerprint"):
            seam.read_fingerprint(text)


class Chunk:
    """What the reader of an SCTP packet makes of one DATA chunk."""

    def __init__(self, stream: int, tsn: int, data: bytes, flags: int = 0) -> None:
        self.stream_id, self.tsn, self.user_data, self.flags = stream, tsn, data, flags
        self.stream_seq = self.protocol = 0


class TestSctpLimits:
    async def association(self) -> tuple[Any, Counter[str]]:
        dropped: Counter[str] = Counter()
        dtls = seam.Dtls(lambda data: None, lambda: None)
        sctp = seam._BoundedSctp(dtls._transport, dropped)
        sctp._last_received_tsn = 0
        return sctp, dropped

    async def test_a_peer_opens_no_more_streams_than_allowed(self) -> None:
        sctp, dropped = await self.association()
        for stream in range(seam.MAX_STREAMS + 20):
            await sctp._receive_data_chunk(Chunk(stream, stream + 1, b"x"))
        assert len(sctp._inbound_streams) == seam.MAX_STREAMS
        assert dropped["sctp-excess"] == 20

    async def test_unfinished_messages_are_kept_within_bounds(self) -> None:
        sctp, dropped = await self.association()
        for tsn in range(1, seam.MAX_FRAGMENTS * 3):
            await sctp._receive_data_chunk(Chunk(0, tsn, b"piece"))
        assert len(sctp._inbound_streams[0].reassembly) == seam.MAX_FRAGMENTS
        assert dropped["sctp-excess"] > seam.MAX_FRAGMENTS

    @pytest.mark.parametrize(
        "tail", [b"\x01\x00\x00\x14" + bytes(16), b"\x00\x03\x00\x10" + bytes(12), bytes(40)]
    )
    async def test_no_packet_ends_the_reader(self, tail: bytes) -> None:
        """A well-formed packet with a tag of its own choosing, as only a member could send."""
        sctp, _ = await self.association()
        body = bytearray(
            (5000).to_bytes(2, "big") * 2 + sctp._local_verification_tag.to_bytes(4, "big") + bytes(4) + tail
        )
        body[8:12] = google_crc32c.value(bytes(body)).to_bytes(4, "little")
        await sctp._handle_data(bytes(body))
