"""One end of one peer connection, cheap enough that a dozen fit beside the server under test.

ICE by aioice's STUN messages, DTLS by aiortc, SRTP (AES-128-GCM) by pylibsrtp; afterwards plain sockets.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any, Final, cast

import pylibsrtp
from aioice import stun
from aiortc import rtcdtlstransport as dtls

CERTIFICATE: Final = dtls.RTCCertificate.generateCertificate()
FINGERPRINT: Final = next(f.value for f in CERTIFICATE.getFingerprints() if f.algorithm == "sha-256")
WITHIN_S: Final = 20.0
SO_TIMESTAMPNS: Final = 35
VIDEO_PT: Final = 96


class Leg:
    """A UDP socket with the keys of its connection in `outbound` and `inbound`, once connected."""

    state = "completed"

    def __init__(self, controlling: bool = True) -> None:
        self.role = "controlling" if controlling else "controlled"
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(16)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.outbound: pylibsrtp.Session
        self.inbound: pylibsrtp.Session
        self._dtls = dtls.RTCDtlsTransport(cast("Any", self), [CERTIFICATE])
        self._dtls._srtp_profiles = [dtls.SRTP_AEAD_AES_128_GCM]
        self._records: asyncio.Queue[bytes] = asyncio.Queue()
        self._checked = asyncio.Event()
        self.filmed = asyncio.Event()  # a video packet has come
        self._server: tuple[str, int] = ("127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._readable)

    @property
    def candidate(self) -> str:
        return f"candidate:1 1 UDP 2130706431 127.0.0.1 {self.socket.getsockname()[1]} typ host"

    def description(self, setup: str) -> list[str]:
        """The lines that a section of a description says about this end."""
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {FINGERPRINT}",
            f"a=setup:{setup}",
            "a=rtcp-mux",
            f"a={self.candidate}",
            "a=end-of-candidates",
        ]

    async def connect(
        self, ufrag: str, password: str, server: tuple[str, int], fingerprint: str, role: str
    ) -> None:
        """`role` is this end's in DTLS: client or server. Raises TimeoutError."""
        self._server = server
        async with asyncio.timeout(WITHIN_S):
            while not self._checked.is_set():
                self.socket.sendto(self._check(ufrag, password), server)
                await asyncio.wait([asyncio.ensure_future(self._checked.wait())], timeout=0.1)
            self._dtls._set_role(role)
            remote = dtls.RTCDtlsParameters([dtls.RTCDtlsFingerprint("sha-256", fingerprint)])
            await self._dtls.start(remote)
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS {self._dtls.state}")
        self.outbound, self.inbound = self._dtls._tx_srtp, self._dtls._rx_srtp

    def hand_over(self) -> None:
        """From here on the load generator reads the socket, not the event loop."""
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        if self._dtls._task is not None:
            self._dtls._task.cancel()
        self.socket.connect(self._server)

    def answer(self, data: bytes) -> None:
        """Reply to a connectivity check of the other end."""
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == stun.Class.REQUEST:
            reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
            reply.attributes["XOR-MAPPED-ADDRESS"] = self._server
            reply.add_message_integrity(self.password.encode())
            self.socket.sendto(bytes(reply), self._server)

    def _check(self, ufrag: str, password: str) -> bytes:
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 2130706431
        if self.role == "controlling":
            message.attributes["ICE-CONTROLLING"] = 1
            message.attributes["USE-CANDIDATE"] = None
        else:
            message.attributes["ICE-CONTROLLED"] = 1
        message.add_message_integrity(password.encode())
        return bytes(message)

    def _readable(self) -> None:
        while True:
            try:
                data = self.socket.recv(4096)
            except (BlockingIOError, ConnectionError):
                return
            if data and data[0] < 4:
                self.answer(data)
            elif data and data[0] < 64:
                self._records.put_nowait(data)
            elif data and data[1] & 0x7F == VIDEO_PT:
                self.filmed.set()

    # What RTCDtlsTransport wants of an ICE transport.

    async def _recv(self) -> bytes:
        return await self._records.get()

    async def _send(self, data: bytes) -> None:
        self.socket.sendto(data, self._server)
