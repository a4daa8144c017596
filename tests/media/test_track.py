"""A published track on its way to those who watch it: one unbroken stream each, whatever happens on the way in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signaling.media import rtcp, rtp
from signaling.media.track import Copy, Source
from tests.media.tracks import LOW, asked, steps, words
from tests.media.wire import ORIENTATION, VIDEO_PT, Member, Plane, until


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
