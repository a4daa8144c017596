"""RTP and RTCP that arrive on one transport: routing, statistics, feedback to the sender."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from signaling.media import rtcp, rtp
from signaling.media.bandwidth import Allocator, ArrivalLog, Heard, View
from signaling.media.incoming import OUR_SSRC
from signaling.media.track import Copy, Layer, Source
from signaling.media.udp import UdpMux

if TYPE_CHECKING:
    from signaling.media.transport import Transport

MAX_LAYERS: Final = 8  # media streams of one peer: microphone, camera, screen with its sound, each layer one
NEVER: Final = float("-inf")
LOSS_FRESH_S: Final = 15.0  # browsers report on sound alone every 2.5 to 7.5 s, on nothing never


class Ingress:
    """Made before its transport, whose callbacks it is: `Transport(mux, ingress.on_rtp, ingress.on_rtcp, …)`.

    `ingress.transport` is set then.
    """

    def __init__(self, mux: UdpMux) -> None:
        self.mux = mux
        self.transport: Transport | None = None
        self.ext: dict[
            str, int
        ] = {}  # uri -> id, shared by all sections of the bundle; the control plane fills it
        self.by_mid: dict[str, Source] = {}  # the control plane adds
        self.by_ssrc: dict[int, tuple[Layer, bool]] = {}  # ssrc -> (layer, is RTX)
        self.down: dict[
            int, Copy
        ] = {}  # ssrc -> copy that leaves on this transport; the control plane adds and pops
        self.remb_in: float | None = None  # bits per second the subscriber says it can take
        self.counts: Counter[str] = Counter()
        self._loss_in, self._loss_at = 0, NEVER
        self._remb_at = self._heard_at = NEVER
        self._arrivals = ArrivalLog()
        self._allocator = Allocator()

    # Who sends what.

    def announce(self, source: Source, ssrcs: Sequence[int], rtx: Mapping[int, int]) -> None:
        """The description names the SSRCs of `source` (primary; primary -> repair). Idempotent."""
        if not ssrcs:
            return
        primary = ssrcs[0]
        layer = source.layers.get("")
        if layer is None or layer.ssrc != primary:
            layer = self._add(source, "", primary)
        if layer is not None and primary in rtx and rtx[primary] not in self.by_ssrc:
            self.by_ssrc[rtx[primary]] = (layer, True)

    def withdraw(self, source: Source) -> None:
        """Unpublished: its mid and SSRCs are free again."""
        if source.mid is not None and self.by_mid.get(source.mid) is source:
            del self.by_mid[source.mid]
        for layer in list(source.layers.values()):
            self._remove(layer)

    def _add(self, source: Source, rid: str, ssrc: int) -> Layer | None:
        """A new stream of `source`, in place of the one that had its rid; None when the peer has too many."""
        before = source.layers.get(rid)
        if ssrc in self.by_ssrc or (before is None and len(self.layers()) >= MAX_LAYERS):
            self.counts["ssrc-refused"] += 1
            return None
        if before is not None:
            self._remove(before)
        layer = source.layers[rid] = Layer(source, rid, ssrc, self.mux.pump)
        self.by_ssrc[ssrc] = (layer, False)
        for copy in source.copies.values():
            if copy.current is None and copy.target is None:
                copy.target = layer
        return layer

    def _remove(self, layer: Layer) -> None:
        for ssrc in [ssrc for ssrc, (found, _) in self.by_ssrc.items() if found is layer]:
            del self.by_ssrc[ssrc]
            if self.transport is not None:
                self.transport.forget_ssrc(ssrc)
        if layer.source.layers.get(layer.rid) is layer:
            del layer.source.layers[layer.rid]
        for copy in layer.source.copies.values():
            if copy.current is layer:
                copy.leave()
            if copy.target is layer:
                copy.target = None

    def layers(self) -> list[Layer]:
        return [layer for layer, is_rtx in self.by_ssrc.values() if not is_rtx]

    def _resolve(self, packet: rtp.Packet, now: float) -> tuple[Layer, bool] | None:
        """Whose a new SSRC is, by its mid and rid (RFC 8843, 9.2; RFC 8852)."""
        exts, ext = packet.exts, self.ext
        source = self.by_mid.get(_text(exts.get(ext.get(rtp.URI_MID, 0))))
        if source is None:
            return None
        repaired = _text(exts.get(ext.get(rtp.URI_REPAIRED_RID, 0)))
        rid = _text(exts.get(ext.get(rtp.URI_RID, 0)))
        if repaired or packet.pt == source.rtx_pt:
            layer = source.layers.get(repaired or rid)
            if layer is None or any(found is layer and is_rtx for found, is_rtx in self.by_ssrc.values()):
                return None
            entry = self.by_ssrc[packet.ssrc] = (layer, True)
            return entry
        if packet.pt != source.pt or (source.info.simulcast and not rid and source.kind == "video"):
            return None
        before = source.layers.get(rid)
        if before is not None and before.alive(now):
            self.counts["ssrc-refused"] += 1
            return None  # it may be replaced once it is over, or by a new description
        added = self._add(source, rid, packet.ssrc)
        return None if added is None else (added, False)

    # Packets.

    def on_rtp(self, data: memoryview, now: float) -> None:
        """One decrypted packet, valid during the call."""
        try:
            packet = rtp.parse(data)
        except ValueError:
            self.counts["malformed"] += 1
            return
        value = packet.exts.get(self.ext.get(rtp.URI_TRANSPORT_CC, 0))
        if value is not None and len(value) == 2:
            self._arrivals.add(value[0] << 8 | value[1], now)
        entry = self.by_ssrc.get(packet.ssrc) or self._resolve(packet, now)
        if entry is None:
            self.counts["unbound"] += 1
            return
        layer, is_rtx = entry
        source = layer.source
        if is_rtx:
            original = rtp.unwrap_rtx(packet)
            if original is None or layer.highest is None:
                return  # padding, or repair of what never came
            packet.seq, packet.ssrc, packet.pt = original, layer.ssrc, source.pt
            if rtp.unwrap(original, layer.highest) not in layer.missing:
                return  # probing with a packet we have
            self.counts["recovered"] += 1
        elif packet.pt != source.pt:
            self.counts["payload-type"] += 1
            return
        count = layer.accept(packet.seq, packet.ts, len(data), now)
        if count is None:
            self.counts["duplicate"] += 1
            return
        source.forward(layer, count, packet, now)

    def on_rtcp(self, packets: list[rtcp.Packet]) -> None:
        now = time.monotonic()
        for packet in packets:
            match packet:
                case rtcp.SenderReport():
                    entry = self.by_ssrc.get(packet.ssrc)
                    if entry is not None and not entry[1]:
                        entry[0].reported(packet, now)
                    self._receiver(packet.blocks, now)
                case rtcp.ReceiverReport():
                    self._receiver(packet.blocks, now)
                case rtcp.Nack():
                    self._heard_at = now
                    if (copy := self.down.get(packet.media_ssrc)) is not None:
                        copy.nack(packet.sequences)
                case rtcp.KeyframeRequest():
                    self._heard_at = now
                    if (copy := self.down.get(packet.media_ssrc)) is not None:
                        copy.keyframe()
                case rtcp.Remb():
                    self.remb_in, self._remb_at, self._heard_at = packet.bps, now, now

    def _receiver(self, blocks: tuple[rtcp.Block, ...], now: float) -> None:
        losses = [
            max(0, block.fraction - (copy.current.lost_lately if copy.current is not None else 0))
            for block in blocks
            if (copy := self.down.get(block.ssrc)) is not None
        ]
        if losses:
            self._loss_in, self._loss_at, self._heard_at = max(losses), now, now

    def loss_in(self, now: float) -> int:
        """The worst fraction lost on the way to the subscriber, in 1/256, by its own reports.

        What was lost on the publisher's way to us is no fault of this line.
        """
        return self._loss_in if now - self._loss_at < LOSS_FRESH_S else 0

    # The beat.

    def fast_tick(self, now: float) -> None:
        """Every 50 ms: transport-cc feedback, NACKs, delayed PLIs."""
        transport = self.transport
        for copy in self.down.values():
            copy.resent = 0
        if transport is None or not transport.connected:
            return
        for feedback in self._arrivals.feedback(OUR_SSRC, next(iter(self.by_ssrc), 0)):
            transport.send_rtcp(feedback)
        for layer in self.layers():
            if layer.pli_due:
                layer.request_keyframe(now)
            if layer.missing:
                lost = layer.missing.due(now)
                if lost:
                    transport.send_rtcp(rtcp.nack(OUR_SSRC, layer.ssrc, [count & 0xFFFF for count in lost]))

    def slow_tick(self, now: float) -> None:
        """Every second: rates, receiver reports."""
        blocks = []
        for layer in self.layers():
            layer.tick_rate(now)
            if layer.alive(now):
                block = layer.receiver_block(now)
                if block is not None:
                    blocks.append(block)
            else:
                layer.fraction = layer.fraction_before = 0
        if blocks and self.transport is not None and self.transport.connected:
            self.transport.send_rtcp(rtcp.receiver_report(OUR_SSRC, blocks))

    def allocate(self, copies: Iterable[Copy], now: float) -> None:
        """Every 500 ms, on the ingress of the connection that carries `copies`: set each video copy's `cap`
        so that the sum fits what the subscriber can take, and let every video choose anew.

        Video gives way before audio.
        """
        flowing = [copy for copy in copies if copy.flows]
        watched = [copy for copy in flowing if copy.source.kind == "video" and copy.current is not None]
        audio_bps = sum(
            copy.current.rate_bps
            for copy in flowing
            if copy.source.kind == "audio" and copy.current is not None and copy.current.alive(now)
        )
        heard = Heard(self.remb_in, now - self._remb_at, self.loss_in(now), now - self._heard_at)
        caps = self._allocator.caps([_view(copy, now) for copy in watched], audio_bps, heard, now)
        for copy, cap in zip(watched, caps, strict=True):
            copy.cap = cap
        for copy in flowing:
            copy.choose(now)


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("ascii", "replace")


def _view(copy: Copy, now: float) -> View:
    rates = {layer.quality: layer.rate_bps for layer in copy.source.layers.values() if layer.alive(now)}
    low, middle, high = (
        max((bps for q, bps in rates.items() if q <= most), default=0.0) for most in range(3)
    )
    return View(copy.want, copy.cap, (low, middle, high), copy.current.rate_bps if copy.current else 0.0)
