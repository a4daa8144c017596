"""One stream as it comes in: counted, repaired, reported on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from signaling.media import layers, rtcp, rtp
from signaling.media.layers import Segment, Tail
from signaling.media.nack import Missing, Ring
from signaling.media.pump import Pump

if TYPE_CHECKING:
    from signaling.media.outgoing import Routes
    from signaling.media.track import Source

OUR_SSRC: Final = 1  # the server's own, in the RTCP it sends
CLOCK_HZ: Final = {"audio": 48000, "video": 90000}
RING: Final = {"audio": 64, "video": 512}  # packets kept for retransmission
ALIVE_S: Final = 1.5
KEYFRAME_GAP_S: Final = 0.3
FIRST_COUNT: Final = 1 << 16  # counts start here, so that late packets have one too


class Layer:
    """One incoming SSRC of a source: a simulcast layer, or the only stream there is."""

    def __init__(self, source: Source, rid: str, ssrc: int, pump: Pump) -> None:
        self.source, self.rid, self.ssrc = source, rid, ssrc
        self.quality = layers.QUALITY.get(rid, 0)
        self.clock_hz = CLOCK_HZ[source.kind]
        self.pump = pump
        self.highest: int | None = None  # count of the newest packet
        self.forwarded = 0  # count of the newest packet that was sent on, or closed up
        self.missing = Missing()
        self.ring: Ring[rtp.Packet] = Ring(RING[source.kind])
        self.ts = 0  # of that packet, like the next two
        self.picture_id = self.tl0 = 0
        self.last_at = 0.0
        self.rate_bps = 0.0  # over the last second
        self.fraction = self.fraction_before = 0  # lost, of the last two receiver reports, in 1/256
        self.report: rtcp.SenderReport | None = None  # the sender's last
        self.packets = self.octets = 0  # that went out to everybody who follows this layer
        self.pli_due = False
        self.routes: Routes | None = None  # None: to be made anew
        self._pli_at = float("-inf")
        self._lsr, self._lsr_at = 0, 0.0
        self._base = self._received = self._expected_before = self._received_before = 0
        self._jitter, self._transit = 0.0, 0.0
        self._bytes, self._rate_at = 0, time.monotonic()

    def alive(self, now: float) -> bool:
        """Whether a packet came within the last 1.5 s."""
        return now - self.last_at < ALIVE_S

    @property
    def lost_lately(self) -> int:
        """In 1/256. A subscriber's report covers another second than ours: the worse of two is meant."""
        return max(self.fraction, self.fraction_before)

    def accept(self, seq: int, ts: int, size: int, now: float) -> int | None:
        """Count a packet in; its count, or None when it is a duplicate or too late to be of use.

        `highest` tells afterwards whether it is the newest. Timing follows RFC 3550, A.8.
        """
        self._bytes += size
        highest = self.highest
        if highest is None:
            self.highest = self._base = count = FIRST_COUNT + seq
        else:
            count = rtp.unwrap(seq, highest)
            if count <= highest:
                if count <= highest - RING[self.source.kind] or self.ring.get(count) is not None:
                    return None
                self._received += 1
                self.missing.filled(count)
                return count
            if count > highest + 1 and self.source.kind == "video":
                self.missing.skipped(highest + 1, count, now)
            self.highest = count
            transit = now * self.clock_hz - ts
            change = abs(transit - self._transit)
            if change < self.clock_hz:
                self._jitter += (change - self._jitter) / 16
            self._transit = transit
        self._received += 1
        self.last_at = now
        return count

    def receiver_block(self, now: float) -> rtcp.Block | None:
        """What to report since the last report (RFC 3550, A.3); None before the first packet."""
        if self.highest is None:
            return None
        expected = self.highest - self._base + 1
        interval = expected - self._expected_before
        lost = interval - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        self.fraction_before = self.fraction
        self.fraction = min(255, (lost << 8) // interval) if interval > 0 and lost > 0 else 0
        return rtcp.Block(
            self.ssrc,
            self.fraction,
            max(0, expected - self._received),
            self.highest - FIRST_COUNT,
            int(self._jitter),
            self._lsr,
            int((now - self._lsr_at) * 65536) & 0xFFFFFFFF if self._lsr else 0,
        )

    def reported(self, report: rtcp.SenderReport, now: float) -> None:
        """A sender report has come: remember it, and pass it on to everybody who follows."""
        self.report = report
        self._lsr, self._lsr_at = report.ntp >> 16 & 0xFFFFFFFF, now
        for copy in self.source.copies.values():
            if copy.current is self:
                copy.sender_report()

    def tick_rate(self, now: float) -> None:
        passed = now - self._rate_at
        if passed >= 0.5:
            self.rate_bps, self._bytes, self._rate_at = self._bytes * 8 / passed, 0, now

    def request_keyframe(self, now: float | None = None) -> None:
        """PLI to the sender, at most one per 300 ms; one asked for too early is sent when it is due.

        Twelve viewers must not ask twelve times. Source: RFC 4585, 6.3.1.
        """
        if self.source.kind != "video":
            return
        now = time.monotonic() if now is None else now
        self.pli_due = now - self._pli_at < KEYFRAME_GAP_S
        transport = self.source.transport
        if self.pli_due or transport is None or not transport.connected:
            return
        self._pli_at = now
        self.source.plis += 1
        transport.send_rtcp(rtcp.receiver_report(OUR_SSRC) + rtcp.pli(OUR_SSRC, self.ssrc))

    def tail(self, segment: Segment[Layer]) -> Tail:
        """Where a copy that follows this layer by `segment` stands."""
        return Tail(
            self.forwarded + segment.seq_shift,
            (self.ts + segment.ts_shift) & 0xFFFFFFFF,
            self.picture_id + segment.picture_shift,
            self.tl0 + segment.tl0_shift,
            self.last_at,
        )
