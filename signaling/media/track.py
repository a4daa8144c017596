"""Published tracks, their simulcast layers, and the rewritten copies that subscribers get.

A packet's way: Ingress finds its Layer, `Layer.accept` counts it, `Source.forward` sends it on. What goes to
whom is kept per layer as `Routes`, ready for the pump, and made anew when the pump's epoch or the layer says
so. Nothing per subscriber is written per packet: where a copy stands follows from its layer and its
numbering.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from signaling.media import layers, rtcp, rtp
from signaling.media.layers import Numbering, Segment, Tail
from signaling.media.nack import Missing, Ring
from signaling.media.pump import Leg, Pump

if TYPE_CHECKING:
    from signaling.media.transport import Transport

OUR_SSRC: Final = 1  # the server's own, in the RTCP it sends
CLOCK_HZ: Final = {"audio": 48000, "video": 90000}
RING: Final = {"audio": 64, "video": 512}  # packets kept for retransmission
ALIVE_S: Final = 1.5
KEYFRAME_GAP_S: Final = 0.3
FIRST_COUNT: Final = 1 << 16  # counts start here, so that late packets have one too
RESENDS_PER_TICK: Final = 100
LEVEL_DECAY: Final = 2  # dB a packet: a pause between words is not silence


def _now() -> float:
    return time.monotonic()


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
        self.fraction = 0  # lost, of the last receiver report, in 1/256
        self.report: rtcp.SenderReport | None = None  # the sender's last
        self.packets = self.octets = 0  # that went out to everybody who follows this layer
        self.pli_due = False
        self.routes: Routes | None = None  # None: to be made anew
        self._pli_at = float("-inf")
        self._lsr, self._lsr_at = 0, 0.0
        self._base = self._received = self._expected_before = self._received_before = 0
        self._jitter, self._transit = 0.0, 0.0
        self._bytes, self._rate_at = 0, _now()

    def alive(self, now: float) -> bool:
        """Whether a packet came within the last 1.5 s."""
        return now - self.last_at < ALIVE_S

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
        now = _now() if now is None else now
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


class Source:
    """One published track.

    The control plane makes it at add_track, and fills in what the description says (`exts`, `pt`, `rtx_pt`,
    `codec`, `mid`, `transport`) when a section carries it.
    """

    def __init__(self, owner: Any, info: Any, kind: str, cids: frozenset[str]) -> None:
        self.owner = owner  # the control plane's participant; nothing here looks at it
        self.info = info  # livekit TrackInfo; only .simulcast is read here
        self.kind = kind  # "audio" or "video"
        self.cids = cids
        self.demand: int | None = None  # the control plane's: highest quality the publisher was told of
        self.transport: Transport | None = None
        self.mid: str | None = None
        self.codec = ""  # "opus", "vp8"
        self.pt = -1
        self.rtx_pt: int | None = None
        self.exts: dict[str, int] = {}  # uri -> id as the publisher's section has them
        self.layers: dict[str, Layer] = {}  # rid -> Layer
        self.copies: dict[Any, Copy] = {}  # subscriber -> Copy; the control plane adds and pops
        self.halted = False  # muted by the server: nothing is forwarded
        self.level = 127  # audio level, -dBov: 0 is loudest, 127 silence (RFC 6464)
        self.level_at = 0.0  # monotonic s of the packet that carried it
        self.plis = 0
        self.nacked = 0
        self.malformed = 0  # packets whose codec header ends too early

    def forward(self, layer: Layer, count: int, packet: rtp.Packet, now: float) -> None:
        """Send an accepted packet on to everybody whose turn it is."""
        if self.kind == "audio":
            self._hear(packet, now)
        if self.halted:
            for copy in self.copies.values():
                copy.leave()
            return
        said: rtp.Vp8 | None = None
        if self.codec == "vp8" and packet.payload:
            try:
                said = rtp.vp8(packet.payload)
            except ValueError:
                self.malformed += 1
                return
        layer.ring.put(count, packet)
        if count != layer.highest:
            self._forward_late(layer, count, packet)
            return
        routes = layer.routes
        if routes is None or routes.epoch != layer.pump.epoch:
            routes = layer.routes = Routes(layer)
        if routes.waiting and packet.payload and self._begin(layer, routes.waiting, count, packet, said, now):
            routes = layer.routes = Routes(layer)
        layer.forwarded = count
        if not packet.payload and self._close_up(layer, count):
            return
        layer.ts = packet.ts
        layer.packets += 1
        layer.octets += len(packet.payload)
        if said is not None:
            layer.picture_id, layer.tl0 = said.picture_id, said.tl0
        send, ts, marker, payload = layer.pump.fan_out, packet.ts, packet.marker, packet.payload
        for recipe, plain, shifted in routes.groups:
            block = recipe.block(packet.exts, time.time())
            first, body = rtp.first_byte(block), block + payload
            if plain:
                send(plain, marker, count, ts, first, body, None, 0)
            if shifted:
                at = rtp.HEADER_BYTES + len(block)
                send(shifted, marker, count, ts, first, body, said if said and said.picture_at else None, at)
        for copy in routes.slow:
            segment = copy.numbering.last
            if segment is not None:
                copy.emit(packet, count, segment)

    def _hear(self, packet: rtp.Packet, now: float) -> None:
        value = packet.exts.get(self.exts.get(rtp.URI_AUDIO_LEVEL, 0))
        if value:
            level = value[0] & 0x7F
            self.level = min(level, self.level + LEVEL_DECAY) if level > self.level else level
            self.level_at = now

    def _forward_late(self, layer: Layer, count: int, packet: rtp.Packet) -> None:
        if count > layer.forwarded:
            return  # between the last packet sent on and one that could not be: a switch may take its number
        for copy in self.copies.values():
            if copy.current is layer and copy.flows:
                segment = copy.numbering.forward(layer, count)
                if segment is not None:
                    copy.emit(packet, count, segment)

    def _begin(
        self,
        layer: Layer,
        waiting: list[Copy],
        count: int,
        packet: rtp.Packet,
        said: rtp.Vp8 | None,
        now: float,
    ) -> bool:
        """Whether this packet is one that those who wait for the layer can begin with; then they have."""
        if self.kind == "video" and not self._decodable_from(layer, packet, said):
            layer.request_keyframe(now)
            return False
        for copy in waiting:
            copy.follow(layer, count, packet, said)
        return True

    def _decodable_from(self, layer: Layer, packet: rtp.Packet, said: rtp.Vp8 | None) -> bool:
        if said is not None:
            return said.keyframe
        descriptor = packet.exts.get(self.exts.get(rtp.URI_DEPENDENCY, 0))
        if descriptor is not None:
            return rtp.dependency_keyframe(descriptor)
        return packet.ts != layer.ts  # nothing can be read: at least begin with a whole frame

    def _close_up(self, layer: Layer, count: int) -> bool:
        """A padding packet is left out and the numbers after it closed up, if nothing before it is missing.

        Else it is sent on without its padding, as a packet that carries nothing.
        """
        if count - 1 in layer.missing or layer.ring.get(count - 1) is None:
            return False
        for copy in self.copies.values():
            if copy.current is layer and copy.flows:
                copy.numbering.close_up(count)
        layer.routes = None
        return True


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
        now = _now() if now is None else now
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
