"""RTP packets and what is inside them. aiortc's own parser is the independent witness."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import rtp

GOLDEN = Path(__file__).parent / "golden"

values16 = st.integers(0, 0xFFFF)
values32 = st.integers(0, 0xFFFFFFFF)
payloads = st.binary(max_size=200)
one_byte = st.lists(
    st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=5, unique_by=lambda e: e[0]
)
any_form = st.lists(
    st.tuples(st.integers(1, 255), st.binary(max_size=40)), max_size=5, unique_by=lambda e: e[0]
)


def packet(seq: int, ts: int, ssrc: int, exts: list[tuple[int, bytes]], payload: bytes) -> bytes:
    return rtp.build(rtp.MARKER, 96, seq, ts, ssrc, rtp.extension_block(exts), payload)


class TestPackets:
    @given(values16, values32, values32, any_form, payloads)
    def test_what_is_built_is_read_back(
        self, seq: int, ts: int, ssrc: int, exts: list[tuple[int, bytes]], payload: bytes
    ) -> None:
        read = rtp.parse(packet(seq, ts, ssrc, exts, payload))
        assert (read.marker, read.pt, read.seq, read.ts, read.ssrc) == (rtp.MARKER, 96, seq, ts, ssrc)
        assert (read.exts, read.payload) == (dict(exts), payload)

    @given(values16, values32, values32, one_byte, payloads)
    def test_another_implementation_reads_the_same(
        self, seq: int, ts: int, ssrc: int, exts: list[tuple[int, bytes]], payload: bytes
    ) -> None:
        read = RtpPacket.parse(packet(seq, ts, ssrc, exts, payload), HeaderExtensionsMap())
        assert (read.sequence_number, read.timestamp, read.ssrc, read.payload) == (seq, ts, ssrc, payload)
        assert (read.marker, read.payload_type) == (1, 96)

    @given(values16, payloads, st.integers(1, 200), st.lists(values32, max_size=15))
    def test_padding_and_contributing_sources_are_left_out(
        self, seq: int, payload: bytes, padding: int, sources: list[int]
    ) -> None:
        written = RtpPacket(payload_type=96, sequence_number=seq, payload=payload)
        written.csrc, written.padding_size = sources, padding
        read = rtp.parse(written.serialize(HeaderExtensionsMap()))
        assert (read.seq, read.payload) == (seq, payload)

    @given(st.binary(max_size=120))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            read = rtp.parse(data)
        except ValueError:
            return
        assert len(read.payload) + rtp.HEADER_BYTES <= len(data)

    @given(values16, any_form, payloads, st.data())
    def test_a_changed_byte_is_read_or_refused(
        self, seq: int, exts: list[tuple[int, bytes]], payload: bytes, data: st.DataObject
    ) -> None:
        raw = bytearray(packet(seq, 0, 1, exts, payload))
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        try:
            rtp.parse(memoryview(raw)[: data.draw(st.integers(0, len(raw)))])
        except ValueError:
            return

    @pytest.mark.parametrize(
        ("flaw", "raw"),
        [
            ("is empty", b""),
            ("is shorter than a header", b"\x80" + bytes(10)),
            ("has version 1", b"\x40" + bytes(20)),
            ("promises extensions and ends", b"\x90" + bytes(12)),
            (
                "promises more extension words than it has",
                b"\x90" + bytes(11) + b"\xbe\xde\x00\x09" + bytes(4),
            ),
            ("has an element longer than its block", b"\x90" + bytes(11) + b"\xbe\xde\x00\x01\x1f\0\0\0"),
            ("has more padding than payload", b"\xa0" + bytes(11) + b"\x01\x02\x30"),
            ("pads nothing", b"\xa0" + bytes(11)),
            ("counts more sources than it has", b"\x8f" + bytes(20)),
        ],
    )
    def test_a_packet_is_refused_that(self, flaw: str, raw: bytes) -> None:
        with pytest.raises(ValueError, match=r"."):
            rtp.parse(raw)


class TestChromium:
    """Packets a Chromium sent us. Its ids: 1 audio level, 2 abs-send-time, 3 transport-cc, 4 mid, 10 rid,
    11 repaired rid."""

    def test_the_first_packet_of_a_camera_layer(self) -> None:
        read = rtp.parse((GOLDEN / "chromium_vp8_keyframe.rtp").read_bytes())
        assert (read.pt, read.exts[3], read.exts[4], read.exts[10]) == (96, b"\x00\x08", b"8", b"q")
        assert rtp.vp8(read.payload) == rtp.Vp8(
            keyframe=True, picture_id=27774, picture_at=2, wide=True, tl0=254, tl0_at=4
        )

    def test_a_microphone_in_silence(self) -> None:
        read = rtp.parse((GOLDEN / "chromium_opus.rtp").read_bytes())
        assert (read.pt, read.exts[1], read.payload) == (111, b"\xff", b"\xfc\xff\xfe")

    def test_a_probe_of_the_network_carries_nothing(self) -> None:
        read = rtp.parse((GOLDEN / "chromium_padding.rtp").read_bytes())
        assert (read.payload, read.exts[11]) == (b"", b"f")
        assert rtp.unwrap_rtx(read) is None

    def test_a_repair_packet(self) -> None:
        read = rtp.parse((GOLDEN / "chromium_vp8_repair.rtp").read_bytes())
        assert rtp.unwrap_rtx(read) == 0x1802
        assert rtp.vp8(read.payload).picture_id == 23355


class TestExtensions:
    @given(st.integers(1, 14), st.floats(0, 2e9))
    def test_the_short_cut_writes_what_the_long_way_writes(self, ident: int, wall_s: float) -> None:
        long_way = rtp.extension_block([(ident, rtp.abs_send_time(wall_s))])
        assert rtp.only_send_time(ident, wall_s) == long_way

    @given(any_form)
    def test_blocks_are_whole_words(self, exts: list[tuple[int, bytes]]) -> None:
        assert len(rtp.extension_block(exts)) % 4 == 0

    @pytest.mark.parametrize("exts", [[(256, b"a")], [(1, bytes(256))]])
    def test_what_no_form_can_carry_is_refused(self, exts: list[tuple[int, bytes]]) -> None:
        with pytest.raises(ValueError, match=r"."):
            rtp.extension_block(exts)


class TestCounts:
    @given(st.integers(0x10000, 1 << 40), st.integers(-0x8000, 0x7FFF))
    def test_a_count_near_enough_is_found_again(self, near: int, away: int) -> None:
        assert rtp.unwrap((near + away) & 0xFFFF, near) == near + away


def descriptor(picture_id: int | None, tl0: int | None, *, wide: bool, key_index: bool = False) -> bytes:
    flags = (
        (0x80 if picture_id is not None else 0)
        | (0x40 if tl0 is not None else 0)
        | (0x10 if key_index else 0)
    )
    out = bytes((0x90 if flags else 0x10,)) + (bytes((flags,)) if flags else b"")
    if picture_id is not None:
        out += (0x8000 | picture_id).to_bytes(2, "big") if wide else bytes((picture_id & 0x7F,))
    if tl0 is not None:
        out += bytes((tl0,))
    return out + (b"\x20" if key_index else b"")


class TestVp8:
    @given(
        st.one_of(st.none(), st.integers(0, 0x7FFF)),
        st.one_of(st.none(), st.integers(0, 255)),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )
    def test_descriptors_are_read(
        self, picture_id: int | None, tl0: int | None, wide: bool, key_index: bool, keyframe: bool
    ) -> None:
        frame = bytes((0 if keyframe else 1,)) + b"frame"
        said = rtp.vp8(descriptor(picture_id, tl0, wide=wide, key_index=key_index) + frame)
        assert said.keyframe is keyframe
        assert bool(said.picture_at) is (picture_id is not None)
        if picture_id is not None:
            assert said.picture_id == (picture_id if wide else picture_id & 0x7F)
        if tl0 is not None:
            assert said.tl0 == tl0

    @given(
        st.integers(0, 0x7FFF),
        st.integers(0, 255),
        st.booleans(),
        st.integers(-9999, 9999),
        st.integers(-99, 99),
    )
    def test_ids_are_moved_and_nothing_else(
        self, picture_id: int, tl0: int, wide: bool, picture_shift: int, tl0_shift: int
    ) -> None:
        mask = 0x7FFF if wide else 0x7F
        payload = descriptor(picture_id, tl0, wide=wide) + b"\x01frame"
        moved = rtp.vp8_shift(payload, rtp.vp8(payload), picture_shift, tl0_shift)
        wanted = (
            descriptor((picture_id + picture_shift) & mask, (tl0 + tl0_shift) & 0xFF, wide=wide)
            + b"\x01frame"
        )
        assert moved == wanted

    @pytest.mark.parametrize(
        ("part", "payload", "begins"),
        [
            ("the first packet of a keyframe", b"\x10\x00", True),
            ("the first packet of a delta frame", b"\x10\x01", False),
            ("a later packet of a keyframe", b"\x00\x00", False),
            ("a second partition", b"\x11\x00", False),
        ],
    )
    def test_a_keyframe_begins_with(self, part: str, payload: bytes, begins: bool) -> None:
        assert rtp.vp8(payload).keyframe is begins

    @given(st.binary(max_size=8))
    def test_any_bytes_are_read_or_refused(self, payload: bytes) -> None:
        try:
            said = rtp.vp8(payload)
        except ValueError:
            return
        assert len(rtp.vp8_shift(payload, said, 5, 5)) == len(payload)


class TestRepair:
    @given(values16, payloads)
    def test_a_repair_packet_names_the_original(self, seq: int, payload: bytes) -> None:
        sent = rtp.Packet(0, 97, 5, 0, 1, {}, seq.to_bytes(2, "big") + payload)
        assert rtp.unwrap_rtx(sent) == (seq if payload else None)

    @pytest.mark.parametrize(
        ("what", "value", "begins"),
        [
            ("too short to say", b"\x80\x00\x01", False),
            ("a structure at a frame's start", b"\x80\x00\x01\x80", True),
            ("a structure within a frame", b"\x00\x00\x01\x80", False),
            ("no structure", b"\x80\x00\x01\x40", False),
        ],
    )
    def test_a_dependency_descriptor_tells_a_beginning(self, what: str, value: bytes, begins: bool) -> None:
        assert rtp.dependency_keyframe(value) is begins
