"""A published track on its way to those who watch it: one unbroken stream each, whatever happens on the way in."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
import pytest_asyncio

from signaling.media import rtcp, rtp
from signaling.media.ingress import LOSS_FRESH_S
from signaling.media.track import Copy, Source
from tests.media.wire import (
    LEVEL,
    ORIENTATION,
    REPAIR_PT,
    VIDEO_PT,
    Member,
    Plane,
    plane,
    until,
)

LOW, MIDDLE, HIGH = 6000, 6100, 6200  # ssrc by layer
RIDS = {LOW: "q", MIDDLE: "h", HIGH: "f"}


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Plane]:
    async with plane() as made:
        yield made


@pytest_asyncio.fixture
async def anna(wire: Plane) -> Member:
    return await wire.join("anna")


@pytest_asyncio.fixture
async def ben(wire: Plane) -> Member:
    return await wire.join("ben")


def words(member: Member, copy: Copy) -> list[bytes]:
    return [packet.payload for packet in member.client.of(copy)]


def steps(packets: list[rtp.Packet]) -> list[int]:
    return [(b.seq - a.seq) & 0xFFFF for a, b in itertools.pairwise(packets)]


def _loses(member: Member, of_256: int) -> bool:
    return member.ingress.loss_in(time.monotonic()) == of_256


async def asked(member: Member, ssrc: int) -> None:
    await until(lambda: rtcp.KeyframeRequest(ssrc) in member.client.reports, "a keyframe was asked for")


class TestSound:
    async def test_it_arrives_as_it_was_spoken_under_the_listeners_own_ids(
        self, anna: Member, ben: Member
    ) -> None:
        copy = ben.watch(anna.publish("audio", ssrc=5000), {rtp.URI_AUDIO_LEVEL: 7, rtp.URI_ABS_SEND_TIME: 9})
        for seq in range(1, 6):
            anna.talk(seq, level=33, payload=b"word %d" % seq)
        await until(lambda: len(ben.client.of(copy)) == 5, "five words")
        heard = ben.client.of(copy)
        assert [p.payload for p in heard] == [b"word %d" % seq for seq in range(1, 6)]
        assert steps(heard) == [1, 1, 1, 1]
        assert [p.ts - heard[0].ts for p in heard] == [0, 960, 1920, 2880, 3840]
        assert all(p.exts[7] == bytes((0x80 | 33,)) and len(p.exts[9]) == 3 for p in heard)
        assert all(p.exts.keys() == {7, 9} for p in heard)

    async def test_loudness_is_known_without_opening_the_sound(self, anna: Member, ben: Member) -> None:
        source = anna.publish("audio", ssrc=5000)
        copy = ben.watch(source)
        anna.talk(1, level=10)
        await until(lambda: ben.client.of(copy), "a loud word")
        assert source.level == 10
        anna.talk(2, level=100)
        await until(lambda: len(ben.client.of(copy)) == 2, "a pause between words")
        assert 10 < source.level < 20, "it falls slowly"

    async def test_late_words_keep_their_place(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("audio", ssrc=5000))
        for seq in (1, 2, 4, 3, 5):
            anna.talk(seq, payload=b"%d" % seq)
        await until(lambda: len(ben.client.of(copy)) == 5, "all words")
        in_order = sorted(ben.client.of(copy), key=lambda p: p.seq)
        assert [p.payload for p in in_order] == [b"1", b"2", b"3", b"4", b"5"]
        assert steps(in_order) == [1, 1, 1, 1]


STOPS: list[tuple[str, Callable[[Source, Copy], None], Callable[[Source, Copy], None]]] = [
    (
        "the listener does not want it",
        lambda s, c: setattr(c, "disabled", True),
        lambda s, c: setattr(c, "disabled", False),
    ),
    (
        "the server mutes it",
        lambda s, c: setattr(s, "halted", True),
        lambda s, c: setattr(s, "halted", False),
    ),
    (
        "its section is gone",
        lambda s, c: setattr(c, "active", False),
        lambda s, c: setattr(c, "active", True),
    ),
]


class TestStopping:
    @pytest.mark.parametrize(("why", "stop", "go_on"), STOPS, ids=[why for why, _, _ in STOPS])
    async def test_not_one_packet_comes_while(
        self,
        wire: Plane,
        anna: Member,
        ben: Member,
        why: str,
        stop: Callable[[Source, Copy], None],
        go_on: Callable[[Source, Copy], None],
    ) -> None:
        source = anna.publish("audio", ssrc=5000)
        copy = ben.watch(source)
        for seq in range(1, 4):
            anna.talk(seq, payload=b"before")
        await until(lambda: len(ben.client.of(copy)) == 3, "three words")
        stop(source, copy)
        received = wire.mux.pump.received
        for seq in range(4, 30):
            anna.talk(seq, payload=b"unheard")
        await until(lambda: wire.mux.pump.received >= received + 26, "they have come to the server")
        go_on(source, copy)
        for seq in range(30, 33):
            anna.talk(seq, payload=b"after")
        await until(lambda: len(ben.client.of(copy)) == 6, "three more")
        assert words(ben, copy) == [b"before"] * 3 + [b"after"] * 3
        assert steps(ben.client.of(copy)) == [1] * 5, "no hole the listener would wait for"

    async def test_a_listener_who_is_gone_costs_the_others_nothing(
        self, wire: Plane, anna: Member, ben: Member
    ) -> None:
        source = anna.publish("audio", ssrc=5000)
        copy = ben.watch(source)
        carol = await wire.join("carol")
        carol.watch(source)
        anna.talk(1)
        await until(lambda: ben.client.of(copy), "flows")
        await carol.transport.close()
        anna.talk(2)
        await until(lambda: len(ben.client.of(copy)) == 2, "still flows")
        assert wire.mux.statistics()["packet_faults"] == 0


class TestPicture:
    async def test_it_begins_with_a_keyframe_that_is_asked_for(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        anna.film(1)
        await asked(anna, LOW)
        anna.film(2)
        anna.film(3, key=True)
        anna.film(4)
        await until(lambda: len(ben.client.of(copy)) == 2, "from the keyframe on")
        assert [rtp.vp8(p.payload).picture_id for p in ben.client.of(copy)] == [3, 4]

    async def test_twelve_viewers_ask_once(self, wire: Plane, anna: Member) -> None:
        source = anna.publish("video", ssrc=LOW)
        anna.film(1, key=True)
        await until(lambda: source.layers[""].highest, "it flows")
        viewers = [await wire.join(f"viewer {i}") for i in range(4)]
        copies = [viewer.watch(source) for viewer in viewers for _ in range(3)]
        for copy in copies:
            copy.keyframe()
        await asked(anna, LOW)
        assert source.plis == 1

    async def test_a_viewers_request_reaches_the_sender(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        anna.film(1, key=True)
        await until(lambda: ben.client.of(copy), "it flows")
        ben.client.send_rtcp(rtcp.pli(1, copy.ssrc))
        await asked(anna, LOW)

    async def test_one_too_soon_is_asked_for_on_a_later_beat(self, anna: Member, ben: Member) -> None:
        source = anna.publish("video", ssrc=LOW)
        copy = ben.watch(source)
        anna.film(1, key=True)
        await until(lambda: ben.client.of(copy), "it flows")
        layer = source.layers[""]
        before, now = source.plis, layer.last_at + 100
        layer.request_keyframe(now)
        layer.request_keyframe(now + 0.1)
        assert (source.plis, layer.pli_due) == (before + 1, True)
        anna.ingress.fast_tick(now + 0.2)
        assert source.plis == before + 1
        anna.ingress.fast_tick(now + 0.4)
        assert (source.plis, layer.pli_due) == (before + 2, False)

    async def test_padding_leaves_no_hole(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        anna.film(1, key=True)
        for seq in (2, 3):
            anna.client.send_rtp(
                bytes((0xA0, VIDEO_PT))
                + seq.to_bytes(2, "big")
                + bytes(4)
                + LOW.to_bytes(4, "big")
                + b"\0\0\0\4"
            )
        anna.film(4)
        await until(lambda: len(ben.client.of(copy)) == 2, "two frames")
        assert steps(ben.client.of(copy)) == [1]

    async def test_orientation_is_passed_on(self, anna: Member, ben: Member) -> None:
        copy = ben.watch(anna.publish("video", ssrc=LOW))
        block = rtp.extension_block([(ORIENTATION, b"\x01")])
        anna.client.send_rtp(rtp.build(rtp.MARKER, VIDEO_PT, 9, 3000, LOW, block, b"\x10\x00key"))
        await until(lambda: ben.client.of(copy), "a frame of a phone held upright")
        [packet] = ben.client.of(copy)
        assert packet.exts == {3: b"\x01"}

    async def test_what_ends_within_its_descriptor_is_dropped(self, anna: Member, ben: Member) -> None:
        source = anna.publish("video", ssrc=LOW)
        copy = ben.watch(source)
        anna.film(1, key=True)
        anna.client.send_rtp(rtp.build(0, VIDEO_PT, 2, 1, LOW, b"", b"\x90\x80"))
        anna.film(3)
        await until(lambda: len(ben.client.of(copy)) == 2, "the good ones")
        assert source.malformed == 1


class Camera:
    """Three simulcast layers of one camera, each on clocks and numbers of its own."""

    def __init__(self, anna: Member) -> None:
        self.anna = anna
        self.source = anna.publish("video", mid="0", simulcast=True)
        self.frame = 0

    def shoot(self, *layers: int, key: bool = False) -> None:
        """One frame of each layer."""
        self.frame += 1
        for ssrc in layers or RIDS:
            self.anna.film(
                ssrc + self.frame,
                ssrc=ssrc,
                frame=self.frame + ssrc,
                key=key,
                rid=RIDS[ssrc],
                mid="0",
                tl0=self.frame + ssrc,
                payload=self.word(ssrc),
                base_ts=ssrc * 1_000_003,
            )

    def word(self, ssrc: int) -> bytes:
        return f"{self.frame:015}{RIDS[ssrc]}".encode()

    def last_word(self, rid: str) -> bytes:
        return f"{self.frame:015}{rid}".encode()


async def shows(member: Member, copy: Copy, rid: str, camera: Camera, *layers: int) -> None:
    """Shoot keyframes until `rid` comes through."""

    def there() -> bool:
        camera.shoot(*layers, key=True)
        copy.choose()
        return bool(words(member, copy)) and words(member, copy)[-1].endswith(rid.encode())

    await until(there, f"layer {rid} is shown")
    await until(lambda: camera.last_word(rid) == words(member, copy)[-1][-16:], "all that was shot has come")


class TestLayers:
    async def test_each_viewer_gets_its_own_and_changes_leave_no_seam(
        self, wire: Plane, anna: Member, ben: Member
    ) -> None:
        camera = Camera(anna)
        carol = await wire.join("carol")
        small, large = ben.watch(camera.source), carol.watch(camera.source)
        small.want = 0
        await shows(ben, small, "q", camera)
        await shows(carol, large, "f", camera)
        small.want, large.want = 2, 0
        await shows(ben, small, "f", camera)
        await shows(carol, large, "q", camera)
        small.want = 1
        await shows(ben, small, "h", camera)
        for member, copy in ((ben, small), (carol, large)):
            packets = member.client.of(copy)
            said = [rtp.vp8(p.payload) for p in packets]
            assert {s.keyframe for s in said} == {True}
            assert steps(packets) == [1] * (len(packets) - 1)
            assert all((b.ts - a.ts) & 0xFFFFFFFF < 90_000 * 5 for a, b in itertools.pairwise(packets))
            assert all((b.ts - a.ts) & 0xFFFFFFFF > 0 for a, b in itertools.pairwise(packets))
            ids = [s.picture_id for s in said]
            assert [(b - a) & 0x7FFF for a, b in itertools.pairwise(ids)] == [1] * (len(ids) - 1)
            assert [(b.tl0 - a.tl0) & 0xFF for a, b in itertools.pairwise(said)] == [1] * (len(ids) - 1)

    async def test_it_changes_at_a_keyframe_and_not_before(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        copy = ben.watch(camera.source)
        copy.want = 0
        await shows(ben, copy, "q", camera)
        copy.want = 2
        copy.choose()
        await asked(anna, HIGH)
        before = len(ben.client.of(copy))
        for _ in range(5):
            camera.shoot()
        await until(lambda: len(ben.client.of(copy)) == before + 5, "goes on meanwhile")
        assert {word[-1:] for word in words(ben, copy)[before:]} == {b"q"}
        camera.shoot(key=True)
        await until(
            lambda: words(ben, copy)[-1] and words(ben, copy)[-1][-16:] == camera.last_word("f"), "changed"
        )

    async def test_a_layer_that_ends_is_replaced_by_another(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        copy = ben.watch(camera.source)
        await shows(ben, copy, "f", camera)
        await shows(ben, copy, "h", camera, LOW, MIDDLE)

    async def test_packets_without_a_layers_name_are_not_accepted(self, anna: Member, ben: Member) -> None:
        camera = Camera(anna)
        anna.film(1, ssrc=LOW, mid="0", key=True)
        await until(lambda: anna.ingress.counts["unbound"], "looked at")
        assert not camera.source.layers


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


class TestUnpublishing:
    async def test_nothing_of_a_withdrawn_track_remains(self, anna: Member, ben: Member) -> None:
        source = anna.publish("video", ssrc=LOW)
        copy = ben.watch(source)
        anna.film(1, key=True)
        await until(lambda: ben.client.of(copy), "it flows")
        anna.ingress.withdraw(source)
        assert not anna.ingress.by_ssrc
        assert not anna.ingress.by_mid
        assert not source.layers
        assert copy.current is None
        anna.film(2)
        await until(lambda: anna.ingress.counts["unbound"], "its packets have no home")

    async def test_publishing_again_and_again_finds_room(self, anna: Member, ben: Member) -> None:
        for turn in range(30):
            ssrc = 7000 + 10 * turn
            source = anna.publish("audio", ssrc=ssrc)
            copy = ben.watch(source)
            anna.talk(turn, ssrc=ssrc)
            before = len(ben.client.packets)
            await until(lambda already=before: len(ben.client.packets) > already, "heard")  # type: ignore[misc]
            anna.ingress.withdraw(source)
            ben.ingress.down.pop(copy.ssrc)
