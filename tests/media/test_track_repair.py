"""What was lost on the way is sent again, and each side hears how its packets fare."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from signaling.media import rtcp, rtp
from signaling.media.ingress import LOSS_FRESH_S
from tests.media.tracks import LOW, Camera, shows, steps
from tests.media.wire import LEVEL, REPAIR_PT, VIDEO_PT, Member, Plane, until


def _loses(member: Member, of_256: int) -> bool:
    return member.ingress.loss_in(time.monotonic()) == of_256


class TestRepair:
    @pytest.mark.parametrize("shape", ["sound", "picture", "picture after a change of layer"])
    async def test_what_is_sent_again_is_what_was_sent_first(
        self, anna: Member, ben: Member, shape: str
    ) -> None:
        """The batch and the single way out make the same bytes, encryption included."""
        if shape == "sound":
            copy = ben.watch(anna.publish("audio", ssrc=5000))
            for seq in range(1, 6):
                anna.talk(seq, payload=b"word %d" % seq)
            await until(lambda: len(ben.client.raw) == 5, "five words")
        else:
            camera = Camera(anna)
            copy = ben.watch(camera.source)
            await shows(ben, copy, "f", camera)
            if shape.endswith("layer"):
                copy.want = 0
                await shows(ben, copy, "q", camera)
        first = list(ben.client.raw)
        for raw in first:
            copy.resent = 0
            copy.nack([int.from_bytes(raw[2:4], "big")])
        await until(lambda: len(ben.client.raw) == 2 * len(first), "all of them again")
        assert ben.client.raw[len(first) :] == first

    async def test_repair_goes_out_as_rtx_where_that_was_agreed(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW), rtx=True)
        anna.film(1, key=True)
        anna.film(2)
        await until(lambda: len(ben.client.of(copy)) == 2, "two frames")
        wanted = ben.client.of(copy)[1]
        ben.client.send_rtcp(rtcp.nack(1, copy.ssrc, [wanted.seq]))
        await until(lambda: ben.client.packets[-1].ssrc == copy.rtx_ssrc, "the repair")
        repair = ben.client.packets[-1]
        assert repair.pt == REPAIR_PT
        assert rtp.unwrap_rtx(repair) == wanted.seq
        assert (repair.payload, repair.ts, repair.marker) == (wanted.payload, wanted.ts, wanted.marker)

    async def test_what_was_lost_on_the_way_in_is_asked_for_and_keeps_its_place(
        self, anna: Member, ben: Member
    ) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        anna.film(1, key=True)
        anna.film(3)
        await until(lambda: len(ben.client.of(copy)) == 2, "two of three")
        anna.ingress.fast_tick(asyncio.get_running_loop().time() + 1)
        await until(lambda: rtcp.Nack(LOW, (2,)) in anna.client.reports, "the second was asked for")
        frame = rtp.build(rtp.MARKER, VIDEO_PT, 2, 6000, LOW, b"", b"\x10\x01second")
        lost = frame[12:]
        anna.client.send_rtp(rtp.build(rtp.MARKER, REPAIR_PT, 77, 6000, LOW + 1, b"", b"\x00\x02" + lost))
        await until(lambda: len(ben.client.of(copy)) == 3, "the second after all")
        in_order = sorted(ben.client.of(copy), key=lambda p: p.seq)
        assert [p.payload[-6:] for p in in_order][1] == b"second"
        assert steps(in_order) == [1, 1]

    async def test_nobody_can_make_us_send_without_end(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        anna.film(1, key=True)
        await until(lambda: ben.client.of(copy), "a frame")
        seq = ben.client.of(copy)[0].seq
        for _ in range(1000):
            copy.nack([seq])
        assert copy.resent <= 100
        ben.ingress.fast_tick(1.0)
        assert copy.resent == 0


class TestReports:
    async def test_a_senders_clock_is_passed_on_in_the_viewers_numbers(
        self, anna: Member, ben: Member
    ) -> None:
        copy = ben.watch(anna.publish("audio", ssrc=5000))
        for seq in range(1, 4):
            anna.talk(seq)
        await until(lambda: len(ben.client.of(copy)) == 3, "three words")
        anna.client.send_rtcp(rtcp.sender_report(rtcp.SenderReport(5000, 123 << 32, 960, 9, 9)))
        await until(lambda: ben.client.reports, "a report")
        [report] = ben.client.reports
        assert isinstance(report, rtcp.SenderReport)
        assert (report.ssrc, report.ntp, report.rtp_ts) == (copy.ssrc, 123 << 32, ben.client.of(copy)[0].ts)
        assert (report.packets, report.octets) == (3, 12)

    async def test_a_sender_is_told_what_was_lost(self, anna: Member, ben: Member) -> None:
        source = anna.publish("audio", ssrc=5000)
        ben.watch(source)
        for seq in (1, 2, 3, 4, 6, 7, 8, 9):
            anna.talk(seq)
        await until(lambda: source.layers[""].highest == 0x10000 + 9, "all have come")
        anna.ingress.slow_tick(source.layers[""].last_at)
        await until(lambda: anna.client.reports, "a report")
        [report] = anna.client.reports
        assert isinstance(report, rtcp.ReceiverReport)
        [block] = report.blocks
        assert (block.ssrc, block.highest, block.lost, block.fraction) == (5000, 9, 1, 256 // 9)

    async def test_what_a_speaker_lost_on_the_way_here_is_no_loss_of_the_listeners(
        self, anna: Member, ben: Member
    ) -> None:
        source = anna.publish("audio", ssrc=5000)
        copy = ben.watch(source)
        for seq in (1, 2, 3, 5, 6, 7, 8, 10):
            anna.talk(seq)
        await until(lambda: len(ben.client.of(copy)) == 8, "eight of ten words")
        now = source.layers[""].last_at
        anna.ingress.slow_tick(now)
        for reported, own in ((51, 0), (102, 51), (3, 0)):
            block = rtcp.Block(copy.ssrc, reported, 9, 10, 0, 0, 0)
            ben.client.send_rtcp(rtcp.receiver_report(1, [block]))
            await until(partial(_loses, ben, own), f"{own} of 256 is its own part")

    async def test_a_loss_that_is_not_reported_again_is_over_some_time(
        self, anna: Member, ben: Member
    ) -> None:
        copy = ben.watch(anna.publish("audio", ssrc=5000))
        ben.client.send_rtcp(rtcp.receiver_report(1, [rtcp.Block(copy.ssrc, 128, 9, 10, 0, 0, 0)]))
        await until(partial(_loses, ben, 128), "half is lost")
        assert ben.ingress.loss_in(time.monotonic() + LOSS_FRESH_S) == 0

    async def test_arrivals_are_reported_to_the_sender(self, wire: Plane, anna: Member) -> None:
        anna.publish("audio", ssrc=5000)
        for number in range(5):
            block = rtp.extension_block([(3, number.to_bytes(2, "big")), (LEVEL, b"\x80")])
            anna.client.send_rtp(rtp.build(0, 111, number, 0, 5000, block, b"x"))
        before = wire.mux.pump.received
        await until(lambda: anna.ingress.by_mid["0"].layers[""].highest == 0x10000 + 4, "all have come")
        anna.ingress.fast_tick(1.0)
        assert wire.mux.pump.received >= before

    async def test_the_downlink_is_shared_by_what_the_viewer_says(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        copy = ben.watch(camera.source)
        await shows(ben, copy, "f", camera)
        for rate, layer in zip((100e3, 400e3, 2e6), ("q", "h", "f"), strict=True):
            camera.source.layers[layer].rate_bps = rate
        ben.client.send_rtcp(rtcp.remb(1, 600_000, [copy.ssrc]))
        await until(lambda: ben.ingress.remb_in == pytest.approx(600_000, rel=0.01), "its estimate is known")
        ben.ingress.allocate([copy], asyncio.get_running_loop().time())
        assert copy.cap == 1
        await shows(ben, copy, "h", camera)
