"""Clients made by hand, one layer at a time, for tests below the signal protocol.

STUN is aioice's, DTLS aiortc's, SRTP pylibsrtp's: none of it is the code under test.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final, cast

import pylibsrtp
from aioice import stun
from aiortc import rtcdtlstransport

from signaling.media import rtcp, rtp
from signaling.media.ingress import Ingress
from signaling.media.track import Copy, Source
from signaling.media.transport import Transport
from signaling.media.udp import UdpMux

WITHIN_S: Final = 15.0
TWCC, LEVEL, MID, RID, ORIENTATION, SEND_TIME = 3, 1, 4, 10, 13, 2
EXTENSIONS_IN: Final = {
    rtp.URI_TRANSPORT_CC: TWCC,
    rtp.URI_AUDIO_LEVEL: LEVEL,
    rtp.URI_MID: MID,
    rtp.URI_RID: RID,
    rtp.URI_VIDEO_ORIENTATION: ORIENTATION,
}
AUDIO_PT, VIDEO_PT, REPAIR_PT = 111, 96, 97


async def until(true: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for a condition; the clock only says when to give up."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {what}")
        await asyncio.sleep(0.005)


class Client:
    """One end on the wire: a UDP socket of its own, everything that came in sorted by kind.

    `lose` decides for each datagram (either direction) whether it is lost; nothing is by default.
    """

    role = "controlling"
    state = "completed"

    def __init__(self, server: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.server = server
        self.lose: Callable[[bytes], bool] = lambda data: False
        self.answers: dict[bytes, stun.Message] = {}
        self.raw: list[bytes] = []  # SRTP as it came
        self.packets: list[rtp.Packet] = []  # RTP decrypted
        self.reports: list[rtcp.Packet] = []
        self.rejected = 0
        self._records: asyncio.Queue[bytes] = asyncio.Queue()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        self.certificate = rtcdtlstransport.RTCCertificate.generateCertificate()
        self.dtls = rtcdtlstransport.RTCDtlsTransport(cast("Any", self), [self.certificate])
        self.dtls._set_role("client")
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.socket.fileno(), self._readable)

    @property
    def fingerprint(self) -> str:
        return next(
            f"{f.algorithm} {f.value}" for f in self.certificate.getFingerprints() if f.algorithm == "sha-256"
        )

    async def close(self) -> None:
        if self.socket.fileno() >= 0:
            await self.dtls.stop()
            self._loop.remove_reader(self.socket.fileno())
            self.socket.close()

    # The socket.

    def send(self, data: bytes) -> None:
        if not self.lose(data):
            with contextlib.suppress(BlockingIOError):
                self.socket.sendto(data, self.server)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                self.take(self.socket.recv(4096))

    def take(self, data: bytes) -> None:
        if self.lose(data):
            return
        if data[0] < 4:
            message = stun.parse_message(data)
            self.answers[message.transaction_id] = message
        elif data[0] < 64:
            self._records.put_nowait(data)
        else:
            self._media(data)

    def _media(self, data: bytes) -> None:
        try:
            if 192 <= data[1] <= 223:
                self.reports += rtcp.parse(self.dtls._rx_srtp.unprotect_rtcp(data))
            else:
                self.raw.append(data)
                self.packets.append(rtp.parse(self.dtls._rx_srtp.unprotect(data)))
        except pylibsrtp.Error:
            self.rejected += 1

    # ICE and DTLS.

    def check(self, transport: Transport, *, nominate: bool = True, password: str = "") -> bytes:
        """Send one connectivity check; its transaction id."""
        ice = transport.params("passive")
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{ice.ufrag}:client"
        message.attributes["PRIORITY"] = 1
        if nominate:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity((password or ice.pwd).encode())
        self.send(bytes(message))
        return message.transaction_id

    async def checked(self, transport: Transport, *, nominate: bool = True) -> stun.Message:
        """Check until it is answered."""
        sent: list[bytes] = []

        def answered() -> bool:
            if len(sent) < 200:
                sent.append(self.check(transport, nominate=nominate))
            return any(transaction in self.answers for transaction in sent)

        await until(answered, "an answer to a check")
        return next(self.answers[t] for t in sent if t in self.answers)

    async def _recv(self) -> bytes:
        return await self._records.get()

    async def _send(self, data: bytes) -> None:
        self.send(data)

    async def handshake(self, fingerprint: str) -> None:
        remote = rtcdtlstransport.RTCDtlsParameters(
            fingerprints=[rtcdtlstransport.RTCDtlsFingerprint("sha-256", fingerprint)], role="server"
        )
        await asyncio.wait_for(self.dtls.start(remote), WITHIN_S)
        assert self.dtls.state == "connected"

    # Media.

    def protected(self, packet: bytes) -> bytes:
        return bytes(self.dtls._tx_srtp.protect(packet))

    def send_rtp(self, packet: bytes) -> None:
        self.send(self.protected(packet))

    def send_rtcp(self, packet: bytes) -> None:
        self.send(bytes(self.dtls._tx_srtp.protect_rtcp(packet)))

    def of(self, copy: Copy) -> list[rtp.Packet]:
        return [packet for packet in self.packets if packet.ssrc == copy.ssrc]


class TcpClient(Client):
    """The same over ICE-TCP."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(server)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        reader, self._writer = await asyncio.open_connection(*self.server)
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.take(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))

    def send(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(len(data).to_bytes(2, "big") + data)

    async def close(self) -> None:
        await super().close()
        if self._writer is not None and self._reading is not None:
            self._writer.close()
            self._reading.cancel()


class Member:
    """One participant: its client on the wire, and what the server keeps for it."""

    def __init__(self, mux: UdpMux, name: str) -> None:
        self.name = name
        self.ingress = Ingress(mux)
        self.connects: list[Transport] = []
        self.ends: list[Transport] = []
        self.messages: list[tuple[str, bytes]] = []
        self.transport = Transport(
            mux,
            self.ingress.on_rtp,
            self.ingress.on_rtcp,
            self.connects.append,
            lambda label, data: self.messages.append((label, data)),
            name,
            self.ends.append,
        )
        self.ingress.transport = self.transport
        self.ingress.ext = dict(EXTENSIONS_IN)
        self.client: Client
        self._seq: dict[int, int] = {}

    async def connect(self, client: Client) -> None:
        self.client = client
        await client.checked(self.transport)
        self.transport.start(client.fingerprint, with_sctp=False)
        await client.handshake(self.transport.params("passive").fingerprint)
        await until(lambda: self.transport.connected, "the server has finished DTLS too")

    def publish(
        self, kind: str, *, ssrc: int | None = None, mid: str = "0", simulcast: bool = False
    ) -> Source:
        source = Source(None, SimpleNamespace(simulcast=simulcast), kind, frozenset())
        source.transport, source.mid, source.exts = self.transport, mid, dict(EXTENSIONS_IN)
        source.codec, source.pt = ("opus", AUDIO_PT) if kind == "audio" else ("vp8", VIDEO_PT)
        source.rtx_pt = REPAIR_PT if kind == "video" else None
        self.ingress.by_mid[mid] = source
        if ssrc is not None:
            self.ingress.announce(source, [ssrc], {ssrc: ssrc + 1} if kind == "video" else {})
        return source

    def watch(self, source: Source, exts: dict[str, int] | None = None, *, rtx: bool = False) -> Copy:
        copy = Copy(source, self)
        source.copies[self] = copy
        copy.transport, copy.mid, copy.pt = self.transport, "1", source.pt
        copy.rtx_pt = REPAIR_PT if rtx else None
        copy.exts = {rtp.URI_AUDIO_LEVEL: 1, rtp.URI_VIDEO_ORIENTATION: 3} if exts is None else exts
        self.ingress.down[copy.ssrc] = copy
        copy.active = True
        copy.choose()
        return copy

    def talk(self, seq: int, *, ssrc: int = 5000, level: int = 20, payload: bytes = b"opus") -> bytes:
        """Send one microphone packet; as it was before encryption."""
        exts = [(LEVEL, bytes((0x80 | level,)))]
        block = rtp.extension_block(exts)
        packet = rtp.build(0, AUDIO_PT, seq & 0xFFFF, seq * 960 & 0xFFFFFFFF, ssrc, block, payload)
        self.client.send_rtp(packet)
        return packet

    def film(
        self,
        seq: int,
        *,
        ssrc: int = 6000,
        frame: int | None = None,
        key: bool = False,
        rid: str = "",
        mid: str = "",
        tl0: int = 0,
        payload: bytes = b"picture",
        base_ts: int = 0,
    ) -> bytes:
        """Send one camera packet, each a frame of its own; as it was before encryption."""
        number = seq if frame is None else frame
        exts = [(ident, text.encode()) for ident, text in ((MID, mid), (RID, rid)) if text]
        said = b"\x90\xe0" + (0x8000 | number & 0x7FFF).to_bytes(2, "big") + bytes((tl0 & 0xFF, 0x20))
        body = said + bytes((0 if key else 1,)) + payload
        ts = (base_ts + number * 3000) & 0xFFFFFFFF
        packet = rtp.build(rtp.MARKER, VIDEO_PT, seq & 0xFFFF, ts, ssrc, rtp.extension_block(exts), body)
        self.client.send_rtp(packet)
        return packet


class Plane:
    """One port and the members on it."""

    def __init__(self) -> None:
        self.mux = UdpMux(("127.0.0.1", 0))
        self.members: list[Member] = []
        self._clients: list[Client] = []

    def client(self, host: str = "127.0.0.1") -> Client:
        client = Client(self.mux.address, host)
        self._clients.append(client)
        return client

    async def tcp_client(self) -> TcpClient:
        client = TcpClient(self.mux.address)
        self._clients.append(client)
        await client.connect()
        return client

    def member(self, name: str) -> Member:
        member = Member(self.mux, name)
        self.members.append(member)
        return member

    async def join(self, name: str, client: Client | None = None) -> Member:
        """A connected member."""
        member = self.member(name)
        await member.connect(client or self.client())
        return member

    async def close(self) -> None:
        for member in self.members:
            await member.transport.close()
        for client in self._clients:
            await client.close()
        self.mux.close()


@contextlib.asynccontextmanager
async def plane() -> AsyncIterator[Plane]:
    wire = Plane()
    await wire.mux.serve()
    try:
        yield wire
    finally:
        await wire.close()


@contextlib.contextmanager
def stranger(server: tuple[str, int], host: str = "127.0.0.2") -> Iterator[Callable[[bytes], None]]:
    """Somebody at another address who was never told anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        yield lambda data: cast("None", sock.sendto(data, server))
