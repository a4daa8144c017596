"""Bytes from people who wish us ill: those never told anything, and members who misbehave.

While it rains, anna talks to ben; afterwards she still does, and nothing that was not hers has reached him.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from signaling.media import rtcp, rtp
from signaling.media.ingress import MAX_LAYERS
from signaling.media.track import Copy
from signaling.media.transport import MAX_SSRCS
from tests.media.wire import AUDIO_PT, Member, Plane, plane, stranger, until


class Call:
    """Anna talks, ben listens."""

    def __init__(self, wire: Plane, anna: Member, ben: Member, copy: Copy) -> None:
        self.wire, self.anna, self.ben, self.copy = wire, anna, ben, copy
        self.said = 0

    async def goes_on(self) -> None:
        """Ten more words get through, and only those."""
        before = len(self.ben.client.of(self.copy))
        for _ in range(10):
            self.said += 1
            self.anna.talk(self.said, payload=self.said.to_bytes(4, "big"))
        await until(lambda: len(self.ben.client.of(self.copy)) >= before + 10, "ben has heard anna")
        words = [int.from_bytes(packet.payload, "big") for packet in self.ben.client.packets]
        assert words == list(range(1, self.said + 1)), "something else, or something twice"
        assert self.ben.client.rejected == 0


@pytest_asyncio.fixture
async def call() -> AsyncIterator[Call]:
    async with plane() as wire:
        anna, ben = await wire.join("anna"), await wire.join("ben")
        made = Call(wire, anna, ben, ben.watch(anna.publish("audio", ssrc=5000)))
        await made.goes_on()
        yield made


CLIENT_HELLO = bytes.fromhex("16fefd000000000000000000360100002a000000000000002afefd") + bytes(44)
PLAINTEXT_ALERT = bytes.fromhex("15fefd000000000000000100020228")
UNASKED = [
    ("an empty datagram", b"", "empty"),
    ("a DTLS hello", CLIENT_HELLO, "foreign"),
    ("a fatal alert in the clear", PLAINTEXT_ALERT, "foreign"),
    ("RTP in the clear", bytes.fromhex("806f0001000003c000001388") + b"hello", "foreign"),
    ("RTCP in the clear", rtcp.pli(1, 5000), "foreign"),
    ("a STUN header and nothing", bytes.fromhex("000100002112a442") + bytes(12), "stun-malformed"),
    (
        "STUN cut off within an attribute",
        bytes.fromhex("000100042112a442") + bytes(12) + b"\0\6\xff\xff",
        "stun-malformed",
    ),
    ("one zero", b"\0", "stun-malformed"),
    ("a TURN channel", b"\x40\x00\x00\x04abcd", "foreign"),
    ("more than any packet of ours", b"\x80" * 1700, "oversize"),
    ("more than our buffer", b"\x80" * 9000, "oversize"),
]


class TestStrangers:
    @pytest.mark.parametrize(("what", "data", "cause"), UNASKED, ids=[what for what, _, _ in UNASKED])
    async def test_counted_and_dropped_is(self, call: Call, what: str, data: bytes, cause: str) -> None:
        before = call.wire.mux.dropped[cause]
        with stranger(call.wire.mux.address) as send:
            for _ in range(50):
                send(data)
            await until(lambda: call.wire.mux.dropped[cause] >= before + 50, "all looked at")
        await call.goes_on()
        assert call.wire.mux.statistics()["packet_faults"] == 0

    async def test_a_storm_of_garbage_changes_nothing(self, call: Call) -> None:
        chance = random.Random(7)
        with stranger(call.wire.mux.address) as send:
            for _ in range(60):
                for _ in range(40):
                    send(chance.randbytes(chance.randrange(0, 200)))
                await asyncio.sleep(0)
            await call.goes_on()
        assert call.wire.mux.statistics()["packet_faults"] == 0

    async def test_a_strangers_tcp_connection_that_sends_nonsense_is_closed(self, call: Call) -> None:
        reader, writer = await asyncio.open_connection(*call.wire.mux.address)
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 100)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await call.goes_on()


class TestMembers:
    async def test_corrupt_and_replayed_packets_reach_nobody(self, call: Call) -> None:
        chance, mux = random.Random(11), call.wire.mux
        spoken = [call.anna.client.protected(packet(call.said + 1 + i)) for i in range(1000)]
        for i in range(0, 5000, 50):
            for j in range(50):
                bad = bytearray(spoken[(i + j) % 1000])
                bad[chance.randrange(12, len(bad))] ^= chance.randrange(1, 256)
                call.anna.client.send(bytes(bad))
            await asyncio.sleep(0)
        await until(lambda: mux.dropped["srtp-rejected"] >= 5000, "5,000 corrupt packets refused")
        await call.goes_on()
        once = call.anna.client.protected(packet(call.said + 1, (call.said + 1).to_bytes(4, "big")))
        call.said += 1
        for i in range(1001):
            call.anna.client.send(once)
            if i % 50 == 0:
                await asyncio.sleep(0)
        await until(lambda: mux.dropped["srtp-rejected"] >= 6000, "1,000 replays refused")
        await call.goes_on()

    async def test_three_hundred_streams_are_too_many(self, call: Call) -> None:
        mux, anna = call.wire.mux, call.anna
        for ssrc in range(10_000, 10_300):
            anna.client.send_rtp(rtp.build(0, AUDIO_PT, 1, 1, ssrc, rtp.extension_block([(4, b"0")]), b"x"))
            if ssrc % 50 == 0:
                await asyncio.sleep(0)
        await until(lambda: mux.dropped["ssrc-excess"] >= 300 - MAX_SSRCS, "the rest refused")
        assert len(anna.ingress.layers()) <= MAX_LAYERS
        await asyncio.wait_for(anna.transport.close(), 2.0)
        assert anna.transport.closed

    async def test_strange_packets_of_a_member_are_passed_over(self, call: Call) -> None:
        chance, client = random.Random(13), call.anna.client
        for i in range(400):
            body = chance.randbytes(chance.randrange(0, 60))
            first = 0x80 | chance.randrange(64) & 0x2F  # without extensions libsrtp itself would refuse
            head = (
                bytes((first, AUDIO_PT))
                + (60000 - i).to_bytes(2, "big")
                + bytes(4)
                + (777).to_bytes(4, "big")
            )
            client.send_rtp(head + bytes(4 * (first & 15)) + body)
            client.send_rtcp(rtcp.receiver_report(9) + bytes((0x80 | chance.randrange(32), 205)) + body[:2])
            if i % 40 == 0:
                await asyncio.sleep(0)
        await until(lambda: call.wire.mux.dropped["rtcp-malformed"] > 100, "looked at")
        await call.goes_on()
        assert call.wire.mux.statistics()["packet_faults"] == 0

    async def test_a_flood_from_one_member_is_cut_off(self, call: Call) -> None:
        big = bytes(1200)
        for i in range(6000):
            call.anna.client.send_rtp(rtp.build(0, 50, i & 0xFFFF, 0, 777, b"", big))
            if i % 40 == 0:
                await asyncio.sleep(0)
            if call.wire.mux.dropped["flood"]:
                break
        assert call.wire.mux.dropped["flood"]

    async def test_feedback_about_others_streams_does_nothing(self, call: Call) -> None:
        carol = await call.wire.join("carol")
        before = call.anna.ingress.by_mid["0"].plis
        for _ in range(20):
            carol.client.send_rtcp(rtcp.pli(1, call.copy.ssrc) + rtcp.nack(1, call.copy.ssrc, [1, 2, 3]))
        await call.goes_on()
        assert call.anna.ingress.by_mid["0"].plis == before

    async def test_a_member_who_says_goodbye_and_goes_on_is_a_stranger(self, call: Call) -> None:
        carol = await call.wire.join("carol")
        await carol.transport.close()
        carol.client.send_rtcp(rtcp.pli(1, 2))
        await until(lambda: call.wire.mux.dropped["foreign"], "dropped")
        await call.goes_on()


def packet(seq: int, payload: bytes = b"word") -> bytes:
    return rtp.build(0, AUDIO_PT, seq & 0xFFFF, seq * 960 & 0xFFFFFFFF, 5000, b"", payload)
