"""A published track.

A packet's way: Ingress finds its Layer, `Layer.accept` counts it in, `Source.forward` sends it on. What goes
to whom is kept per layer as `Routes`, ready for the pump, and made anew when the pump's epoch or the layer
says so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from signaling.media import rtp
from signaling.media.incoming import Layer
from signaling.media.outgoing import Copy, Routes

if TYPE_CHECKING:
    from signaling.media.transport import Transport

__all__ = ["Copy", "Layer", "Source"]

LEVEL_DECAY: Final = 2  # dB a packet: a pause between words is not silence


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
