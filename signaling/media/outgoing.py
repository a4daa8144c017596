"""One source as its subscribers get it: rewritten copies, and the routes that batch them.

Nothing per subscriber is written per packet: where a copy stands follows from its layer and its numbering.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from signaling.media import layers, rtcp, rtp
from signaling.media.incoming import FIRST_COUNT, Layer
from signaling.media.layers import Numbering, Segment, Tail
from signaling.media.pump import Leg

if TYPE_CHECKING:
    from signaling.media.track import Source
    from signaling.media.transport import Transport

RESENDS_PER_TICK: Final = 100


class Recipe(tuple[tuple[tuple[int, int], ...], int]):
    """Which extensions to carry over (their id here, their id there), and the id of abs-send-time or 0."""

    __slots__ = ()

    def block(self, exts: dict[int, bytes], wall_s: float) -> bytes:
        """The extension block of one packet leaving at `wall_s`."""
        pairs, send_time = self
        out = [(to, exts[here]) for here, to in pairs if here in exts]
        if not send_time:
            return rtp.extension_block(out)
        if not out and send_time < 15:
            return rtp.only_send_time(send_time, wall_s)
        out.append((send_time, rtp.abs_send_time(wall_s)))
        return rtp.extension_block(out)


class Routes:
    """Who gets a layer's packets, ready for the pump. Legs with the same recipe share one packet body."""

    __slots__ = ("epoch", "groups", "slow", "waiting")

    def __init__(self, layer: Layer) -> None:
        self.epoch = layer.pump.epoch
        self.groups: list[
            tuple[Recipe, list[Leg], list[Leg]]
        ] = []  # legs without and with shifted picture ids
        self.slow: list[Copy] = []  # what does not leave by UDP
        self.waiting: list[Copy] = []  # for a packet of this layer to begin with
        by_recipe: dict[Recipe, tuple[list[Leg], list[Leg]]] = {}
        for copy in layer.source.copies.values():
            transport = copy.transport
            if not copy.flows or transport is None:
                copy.leave()
                continue
            if copy.target is None:
                copy.choose()
            segment = copy.numbering.last
            if copy.current is not layer or segment is None:
                if copy.target is layer:
                    self.waiting.append(copy)
            elif transport.path is None or not transport.path.udp:
                self.slow.append(copy)
            else:
                plain, shifted = by_recipe.setdefault(copy.recipe(), ([], []))
                (shifted if segment.picture_shift or segment.tl0_shift else plain).append(
                    (
                        segment.seq_shift,
                        segment.ts_shift,
                        copy.pt,
                        copy.ssrc,
                        transport.outbound,
                        transport.destination.address,
                        segment.picture_shift,
                        segment.tl0_shift,
                    )
                )
        self.groups = [(recipe, plain, shifted) for recipe, (plain, shifted) in by_recipe.items()]


class Copy:
    """One source as one subscriber gets it: own SSRC, sequence, timestamp and picture id space.

    Setting any of `transport`, `pt`, `exts`, `active`, `disabled` takes effect with the next packet; what
    stops, stops at once.
    """

    def __init__(self, source: Source, subscriber: Any) -> None:
        self.source, self.subscriber = source, subscriber
        self.ssrc = secrets.randbelow(0xFFFFFFFF - 2) + 2
        self.rtx_ssrc = secrets.randbelow(0xFFFFFFFF - 2) + 2
        self.rtx_pt: int | None = None  # retransmissions go out as RTX on rtx_ssrc (RFC 4588)
        self.mid: str | None = None
        self.want = self.cap = layers.HIGHEST  # highest quality asked for; highest the bandwidth allows
        self.current: Layer | None = None  # the layer being forwarded
        self.target: Layer | None = None  # the layer waited for, or the current one
        self.numbering: Numbering[Layer] = Numbering()
        self.resent = 0  # since the last tick
        self._transport: Transport | None = None
        self._pt = -1
        self._exts: dict[str, int] = {}
        self._active = self._disabled = False
        self._tail: Tail | None = None
        self._clock: tuple[int, int] | None = None  # an instant as NTP and on our outgoing clock
        self._packets = self._octets = 0  # sent before the current layer; what it sent is counted there
        self._mark = (0, 0)
        self._rtx_seq = secrets.randbits(15)

    def __repr__(self) -> str:
        return f"Copy({self.ssrc:08x} {self.source.kind})"

    @property
    def transport(self) -> Transport | None:
        return self._transport

    @transport.setter
    def transport(self, transport: Transport | None) -> None:
        if transport is not self._transport:
            self._reroute()
            self._transport = transport
            self._reroute()

    @property
    def pt(self) -> int:
        return self._pt

    @pt.setter
    def pt(self, pt: int) -> None:
        if pt != self._pt:
            self._pt = pt
            self._reroute()

    @property
    def exts(self) -> dict[str, int]:
        """uri -> id agreed with the subscriber. Set it whole."""
        return self._exts

    @exts.setter
    def exts(self, exts: dict[str, int]) -> None:
        if exts != self._exts:
            self._exts = exts
            self._reroute()

    @property
    def active(self) -> bool:
        """The subscriber has answered."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        self._flow_changed()

    @property
    def disabled(self) -> bool:
        """The subscriber does not want it now."""
        return self._disabled

    @disabled.setter
    def disabled(self, disabled: bool) -> None:
        self._disabled = disabled
        self._flow_changed()

    @property
    def flows(self) -> bool:
        transport = self._transport
        return self._active and not self._disabled and transport is not None and transport.connected

    def _flow_changed(self) -> None:
        if not self._active or self._disabled:
            self.leave()
        self._reroute()

    def _reroute(self) -> None:
        if self._transport is not None:
            self._transport.mux.pump.epoch += 1

    def recipe(self) -> Recipe:
        here, there = self.source.exts, self._exts
        carried = (rtp.URI_AUDIO_LEVEL, rtp.URI_VIDEO_ORIENTATION)
        pairs = tuple((here[uri], there[uri]) for uri in carried if uri in here and uri in there)
        return Recipe((pairs, there.get(rtp.URI_ABS_SEND_TIME, 0)))

    # Which layer.

    def choose(self, now: float | None = None) -> None:
        """Pick the target anew from want, cap and what is alive; ask for a keyframe when it changes."""
        now = time.monotonic() if now is None else now
        if self._disabled:
            return
        alive = {layer.quality: layer for layer in self.source.layers.values() if layer.alive(now)}
        quality = layers.pick(alive, self.want, self.cap)
        if quality is None:
            return
        target = alive[quality]
        if target is not self.target:
            self.target = target
            target.routes = None
        if self.current is not target and self._active:
            target.request_keyframe(now)

    def follow(self, layer: Layer, count: int, packet: rtp.Packet, said: rtp.Vp8 | None) -> None:
        """From this packet on, forward `layer`."""
        self.leave()
        tail = self._tail
        if tail is None:
            segment = Segment(layer, count, 0, FIRST_COUNT + secrets.randbits(15) - count, 0)
        else:
            ts_shift = layers.follow(
                tail, packet.ts, layer.last_at, layer.clock_hz, self._aligned(layer, packet.ts)
            )
            segment = Segment(layer, count, 0, tail.seq + 1 - count, ts_shift)
            if said is not None and said.picture_at:
                segment.picture_shift = tail.picture_id + 1 - said.picture_id
                segment.tl0_shift = tail.tl0 + 1 - said.tl0 if said.tl0_at else 0
        segment.out_start = count + segment.seq_shift
        self.numbering.begin(segment)
        self.current = layer
        self._mark = (layer.packets, layer.octets)

    def leave(self) -> None:
        """Stop forwarding the current layer, and remember where the stream stands."""
        layer, segment = self.current, self.numbering.last
        if layer is None or segment is None:
            return
        self._tail = layer.tail(segment)
        if layer.report is not None:
            self._clock = (layer.report.ntp, (layer.report.rtp_ts + segment.ts_shift) & 0xFFFFFFFF)
        self._packets, self._octets = self._sent()
        self.current = None
        layer.routes = None

    def _sent(self) -> tuple[int, int]:
        if self.current is None:
            return self._packets, self._octets
        packets, octets = self._mark
        return self._packets + self.current.packets - packets, self._octets + self.current.octets - octets

    def _aligned(self, layer: Layer, ts: int) -> int | None:
        """`ts` of `layer` on our outgoing clock, by sender reports of the layer before and of this one."""
        if self._clock is None or layer.report is None:
            return None
        ntp, out_ts = self._clock
        passed = (layer.report.ntp - ntp) * layer.clock_hz >> 32
        return (out_ts + passed + ts - layer.report.rtp_ts) & 0xFFFFFFFF

    # Sending one by one: what is late, what is asked for again, what does not leave by UDP.

    def emit(self, packet: rtp.Packet, count: int, segment: Segment[Layer], *, again: bool = False) -> None:
        if not self.flows or self._transport is None:
            return
        payload = packet.payload
        if (segment.picture_shift or segment.tl0_shift) and self.source.codec == "vp8" and payload:
            payload = rtp.vp8_shift(payload, rtp.vp8(payload), segment.picture_shift, segment.tl0_shift)
        seq, pt, ssrc = (count + segment.seq_shift) & 0xFFFF, self._pt, self.ssrc
        if again and self.rtx_pt is not None:
            payload = seq.to_bytes(2, "big") + payload
            self._rtx_seq = (self._rtx_seq + 1) & 0xFFFF
            seq, pt, ssrc = self._rtx_seq, self.rtx_pt, self.rtx_ssrc
        block = self.recipe().block(packet.exts, time.time())
        ts = (packet.ts + segment.ts_shift) & 0xFFFFFFFF
        self._transport.send_rtp(rtp.build(packet.marker, pt, seq, ts, ssrc, block, payload))

    def nack(self, sequences: tuple[int, ...] | list[int]) -> None:
        """Send again what the subscriber misses, if we still have it and it does not ask too often."""
        self.source.nacked += len(sequences)
        segment = self.numbering.last
        if segment is None:
            return
        tail = self._tail if self.current is None else self.current.tail(segment)
        if tail is None:
            return
        last = tail.seq
        for seq in sequences:
            if self.resent >= RESENDS_PER_TICK:
                return
            out = rtp.unwrap(seq, last)
            segment = self.numbering.backward(out)
            if segment is None or out > last:
                continue
            packet = segment.layer.ring.get(out - segment.seq_shift)
            if packet is not None:
                self.resent += 1
                self.emit(packet, out - segment.seq_shift, segment, again=True)

    def keyframe(self) -> None:
        """Ask the sender for one (throttled per layer)."""
        layer = self.target or self.current
        if layer is not None:
            layer.request_keyframe()

    def sender_report(self) -> None:
        """Pass on the layer's last sender report, in our numbers."""
        layer, segment = self.current, self.numbering.last
        if (
            layer is None
            or segment is None
            or layer.report is None
            or not self.flows
            or self._transport is None
        ):
            return
        packets, octets = self._sent()
        self._transport.send_rtcp(
            rtcp.sender_report(
                rtcp.SenderReport(
                    self.ssrc,
                    layer.report.ntp,
                    (layer.report.rtp_ts + segment.ts_shift) & 0xFFFFFFFF,
                    packets,
                    octets,
                )
            )
        )
