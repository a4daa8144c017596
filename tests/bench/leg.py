"""One WebRTC connection of a load client: a UDP socket, ICE as the controlling side, DTLS as the client.

After `connect` the socket and the SRTP keys belong to the load generator (load.py).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aioice import stun
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Session

from signaling.media import srtp

PROFILE = b"SRTP_AEAD_AES_128_GCM"
KEY_BYTES, SALT_BYTES = 16, 12
WITHIN_S = 20.0
RETRY_S = 0.1


@dataclass(frozen=True)
class Remote:
    """What the server's description says."""

    ufrag: str
    pwd: str
    host: str
    port: int


def certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A throw-away certificate, as browsers make one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "load")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made, key


CERTIFICATE, KEY = certificate()
FINGERPRINT = CERTIFICATE.fingerprint(hashes.SHA256()).hex(":").upper()


class Leg:
    """Made before signalling: its credentials go into the offer."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(16)
        self.keys = (b"", b"")  # sending, receiving

    @property
    def lines(self) -> str:
        """The transport's attributes for a description of ours."""
        port = self.socket.getsockname()[1]
        return (
            f"a=ice-ufrag:{self.ufrag}\r\na=ice-pwd:{self.pwd}\r\na=fingerprint:sha-256 {FINGERPRINT}\r\n"
            f"a=setup:active\r\na=rtcp-mux\r\na=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r\n"
            "a=end-of-candidates\r\n"
        )

    async def connect(self, remote: Remote, *, controlling: bool = True) -> None:
        """ICE, DTLS, keys. Raises TimeoutError, or SSL.Error when the handshake fails."""
        self.socket.connect((remote.host, remote.port))
        async with asyncio.timeout(WITHIN_S):
            await self._check(remote, controlling)
            await self._handshake()

    async def _check(self, remote: Remote, controlling: bool) -> None:
        while True:
            request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
            request.attributes["USERNAME"] = f"{remote.ufrag}:{self.ufrag}"
            request.attributes["PRIORITY"] = 2130706431
            if controlling:
                request.attributes["ICE-CONTROLLING"] = 1
                request.attributes["USE-CANDIDATE"] = None
            else:
                request.attributes["ICE-CONTROLLED"] = 1
            request.add_message_integrity(remote.pwd.encode())
            request.add_fingerprint()
            self.socket.send(bytes(request))
            async for data in self._datagrams(RETRY_S):
                if data[0] < 4 and self._stun(data):
                    return

    def _stun(self, data: bytes) -> bool:
        """Answer a check; True when the datagram is the answer to ours."""
        try:
            message = stun.parse_message(data)
        except ValueError:
            return False
        if message.message_class == stun.Class.REQUEST:
            answer = stun.Message(
                stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=message.transaction_id
            )
            answer.attributes["XOR-MAPPED-ADDRESS"] = self.socket.getpeername()
            answer.add_message_integrity(self.pwd.encode())
            answer.add_fingerprint()
            self.socket.send(bytes(answer))
        return message.message_class == stun.Class.RESPONSE

    async def _handshake(self) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(CERTIFICATE)
        context.use_privatekey(KEY)
        context.set_verify(SSL.VERIFY_NONE, lambda *_: True)  # the server is ours, on loopback
        context.set_tlsext_use_srtp(PROFILE)
        connection = SSL.Connection(context, None)
        connection.set_connect_state()
        connection.set_ciphertext_mtu(1200)
        while not self._advance(connection):
            async for data in self._datagrams(RETRY_S):
                if 20 <= data[0] <= 63:
                    connection.bio_write(data)
                    break
                if data[0] < 4:
                    self._stun(data)
            else:
                connection.DTLSv1_handle_timeout()
        material = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (KEY_BYTES + SALT_BYTES))
        salts = material[2 * KEY_BYTES :]
        ours = material[:KEY_BYTES] + salts[:SALT_BYTES]
        theirs = material[KEY_BYTES : 2 * KEY_BYTES] + salts[SALT_BYTES:]
        self.keys = (ours, theirs)

    def _advance(self, connection: SSL.Connection) -> bool:
        """Let the handshake go as far as it can and send what it says; True once it is done."""
        done = False
        try:
            connection.do_handshake()
            done = True
        except SSL.WantReadError:
            pass
        while True:
            try:
                said = connection.bio_read(65536)
            except SSL.WantReadError:
                return done
            for record in _records(said):
                self.socket.send(record)

    async def _datagrams(self, within_s: float) -> AsyncIterator[bytes]:
        """What arrives until nothing has come for `within_s`."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await asyncio.wait_for(loop.sock_recv(self.socket, 4096), within_s)
            except TimeoutError:
                return
            if data:
                yield data

    def sessions(self) -> tuple[Session, Session]:
        """SRTP sessions for sending and for receiving."""
        return srtp.session(self.keys[0], inbound=False), srtp.session(self.keys[1], inbound=True)


def _records(data: bytes) -> list[bytes]:
    """Datagrams of whole DTLS records, each at most 1,200 bytes (RFC 6347, 4.1)."""
    found: list[bytes] = []
    while data:
        size = 13 + int.from_bytes(data[11:13], "big")
        record, data = data[:size], data[size:]
        if found and len(found[-1]) + len(record) <= 1200:
            found[-1] += record
        else:
            found.append(record)
    return found
