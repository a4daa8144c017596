"""Encryption in place, where sequence numbers wrap and packets are sent again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from signaling.media import rtp, srtp
from signaling.media.layers import Segment
from tests.media.wire import Plane, until


class TestInPlace:
    @pytest.mark.parametrize("profile", [srtp.PROFILE_GCM_128, srtp.PROFILE_SHA1_80])
    async def test_what_the_pump_encrypts_a_session_decrypts(self, wire: Plane, profile: int) -> None:
        key = bytes(range(srtp.KEY_BYTES[profile]))
        ours, theirs = (srtp.session(key, inbound=inbound, profile=profile) for inbound in (False, True))
        packet = rtp.build(0, 96, 7, 8, 9, b"", b"payload")
        secret = wire.mux.pump.protected(packet, srtp.context(ours), srtp.protect)
        assert secret is not None
        assert b"payload" not in secret
        assert theirs.unprotect(secret) == packet

    async def test_packets_larger_than_pylibsrtp_takes_go_through(self, wire: Plane) -> None:
        key = bytes(range(28))
        ours = srtp.session(key, inbound=False)
        packet = rtp.build(0, 96, 7, 8, 9, b"", bytes(1400))
        secret = wire.mux.pump.protected(packet, srtp.context(ours), srtp.protect)
        assert secret is not None
        assert len(secret) == len(packet) + 16

    async def test_what_fits_no_slot_is_refused(self, wire: Plane) -> None:
        ours = srtp.session(bytes(range(28)), inbound=False)
        assert wire.mux.pump.protected(bytes(2040), srtp.context(ours), srtp.protect) is None


class TestWrap:
    async def test_media_flows_on_where_sequence_numbers_wrap_on_both_sides(self, wire: Plane) -> None:
        anna, ben = await wire.join("anna"), await wire.join("ben")
        source = anna.publish("audio", ssrc=5000)
        copy = ben.watch(source)
        start = 65500
        anna.talk(start)
        await until(lambda: ben.client.of(copy), "the first packet")
        segment = copy.numbering.last
        assert segment is not None
        down = 65520 - (start + 0x10000 + segment.seq_shift) % 0x10000  # wraps elsewhere than the uplink
        copy.numbering.begin(
            Segment(segment.layer, segment.start, segment.out_start, segment.seq_shift + down, 0)
        )
        [layer] = source.layers.values()
        layer.routes = None
        ben.client.packets.clear()
        for seq in range(start + 1, start + 200):
            anna.talk(seq, payload=seq.to_bytes(4, "big"))
            await asyncio.sleep(0)
        await until(lambda: len(ben.client.of(copy)) == 199, "all of them")
        assert ben.client.rejected == 0
        numbers = [packet.seq for packet in ben.client.of(copy)]
        assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers))

    async def test_a_packet_from_before_the_wrap_is_sent_again_after_it(self, wire: Plane) -> None:
        anna, ben = await wire.join("anna"), await wire.join("ben")
        source = anna.publish("video", ssrc=6000)
        copy = ben.watch(source)
        anna.film(65530, key=True)
        await until(lambda: ben.client.of(copy), "the first packet")
        ben.client.packets.clear()
        pending = [True]
        ben.client.lose = lambda data: 128 <= data[0] < 192 and bool(pending) and pending.pop()
        for seq in range(65531, 65545):
            anna.film(seq)
        await until(lambda: len(ben.client.of(copy)) == 13, "all but the lost one")
        first = min(ben.client.of(copy), key=lambda p: p.ts)
        copy.nack([(first.seq - 1) & 0xFFFF])
        await until(lambda: len(ben.client.of(copy)) == 14, "the lost one again")
        assert ben.client.rejected == 0
