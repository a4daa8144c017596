"""RTCP, with aiortc's own reader and writer as the independent witness."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from aiortc import rtp as witness
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import rtcp

GOLDEN = Path(__file__).parent / "golden"

values32 = st.integers(0, 0xFFFFFFFF)
blocks = st.lists(
    st.builds(
        rtcp.Block,
        values32,
        st.integers(0, 255),
        st.integers(0, 0x7FFFFF),
        values32,
        values32,
        values32,
        values32,
    ),
    max_size=31,
)

W = TypeVar("W")


def witnessed(raw: bytes, kind: type[W]) -> W:
    """What aiortc reads in a packet we wrote."""
    [seen] = witness.RtcpPacket.parse(raw)
    assert isinstance(seen, kind)
    return seen


class TestReports:
    @given(values32, blocks)
    def test_receiver_reports_come_back(self, ssrc: int, about: list[rtcp.Block]) -> None:
        raw = rtcp.receiver_report(ssrc, about)
        assert rtcp.parse(raw) == [rtcp.ReceiverReport(ssrc, tuple(about))]
        seen = witnessed(raw, witness.RtcpRrPacket)
        assert [r.highest_sequence for r in seen.reports] == [b.highest for b in about]

    @given(values32, st.integers(0, (1 << 64) - 1), values32, values32, values32)
    def test_sender_reports_come_back(self, ssrc: int, ntp: int, ts: int, packets: int, octets: int) -> None:
        report = rtcp.SenderReport(ssrc, ntp, ts, packets, octets)
        assert rtcp.parse(rtcp.sender_report(report)) == [report]
        seen = witnessed(rtcp.sender_report(report), witness.RtcpSrPacket)
        assert (seen.sender_info.ntp_timestamp, seen.sender_info.rtp_timestamp) == (ntp, ts)

    def test_counters_wrap_on_the_wire(self) -> None:
        [read] = rtcp.parse(rtcp.sender_report(rtcp.SenderReport(1, 2, 3, 1 << 32, (1 << 32) + 5)))
        assert isinstance(read, rtcp.SenderReport)
        assert (read.packets, read.octets) == (0, 5)


class TestFeedback:
    @given(values32, st.integers(0, 0xFFFF), st.sets(st.integers(0, 300), min_size=1, max_size=80))
    def test_a_nack_names_what_is_missing_across_the_wrap(
        self, media: int, first: int, gaps: set[int]
    ) -> None:
        missing = [(first + gap) & 0xFFFF for gap in sorted(gaps)]
        raw = rtcp.nack(1, media, missing)
        assert rtcp.parse(raw) == [rtcp.Nack(media, tuple(missing))]
        seen = witnessed(raw, witness.RtcpRtpfbPacket)
        assert [seq & 0xFFFF for seq in seen.lost] == missing

    def test_a_nack_of_everything_is_cut_short(self) -> None:
        raw = rtcp.nack(1, 2, list(range(5000)))
        [read] = rtcp.parse(raw)
        assert isinstance(read, rtcp.Nack)
        assert len(read.sequences) == rtcp.MAX_NACKED

    @given(values32)
    def test_keyframe_requests(self, media: int) -> None:
        assert rtcp.parse(rtcp.pli(1, media)) == [rtcp.KeyframeRequest(media)]
        fir = witness.RtcpPsfbPacket(
            fmt=4, ssrc=1, media_ssrc=0, fci=media.to_bytes(4, "big") + b"\x07\0\0\0"
        )
        assert rtcp.parse(bytes(fir)) == [rtcp.KeyframeRequest(media)]

    @given(st.integers(0, 1 << 40))
    def test_remb_carries_18_bits_of_precision(self, bps: int) -> None:
        [read] = rtcp.parse(rtcp.remb(1, bps, [7, 8]))
        assert isinstance(read, rtcp.Remb)
        assert bps - bps / (1 << 17) <= read.bps <= bps
        seen = witnessed(rtcp.remb(1, bps, [7, 8]), witness.RtcpPsfbPacket)
        assert witness.unpack_remb_fci(seen.fci) == (read.bps, [7, 8])


class TestChromium:
    def test_a_keyframe_is_asked_for(self) -> None:
        report, request = rtcp.parse((GOLDEN / "chromium_receiver_report_pli.rtcp").read_bytes())
        assert isinstance(report, rtcp.ReceiverReport)
        assert [block.ssrc for block in report.blocks] == [0xF5E99104]
        assert request == rtcp.KeyframeRequest(0xF5E99104)

    def test_a_sender_that_also_receives(self) -> None:
        report, estimate = rtcp.parse((GOLDEN / "chromium_sender_report_remb.rtcp").read_bytes())
        assert isinstance(report, rtcp.SenderReport)
        assert (report.ssrc, report.packets, report.octets) == (0xBCD24DC3, 224, 191758)
        assert estimate == rtcp.Remb(160976.0)


class TestHostile:
    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            rtcp.parse(data)
        except ValueError:
            return

    @given(blocks, st.data())
    def test_a_changed_byte_is_read_or_refused(self, about: list[rtcp.Block], data: st.DataObject) -> None:
        raw = bytearray(
            rtcp.receiver_report(1, about) + rtcp.nack(1, 2, [3, 4, 90]) + rtcp.remb(1, 99999, [1])
        )
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        try:
            rtcp.parse(raw)
        except ValueError:
            return

    def test_types_without_use_are_passed_over(self) -> None:
        sdes, bye = b"\x81\xca\x00\x01\x00\x00\x00\x01", b"\x81\xcb\x00\x01\x00\x00\x00\x01"
        assert rtcp.parse(sdes + rtcp.pli(1, 5) + bye) == [rtcp.KeyframeRequest(5)]

    def test_a_compound_without_end_is_refused(self) -> None:
        with pytest.raises(ValueError, match="too many"):
            rtcp.parse(rtcp.pli(1, 2) * 33)
