"""RTP and RTCP that arrive on one transport: routing, statistics, feedback to the sender."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from signaling.media.track import Copy, Layer, Source
from signaling.media.udp import UdpMux

if TYPE_CHECKING:
    from signaling.media import rtcp
    from signaling.media.transport import Transport


class Ingress:
    """Wire it: `ingress = Ingress(mux); ingress.transport = Transport(mux, ingress.on_rtp, ingress.on_rtcp, …)`."""

    def __init__(self, mux: UdpMux) -> None:
        self.transport: Transport | None = None
        self.ext: dict[str, int] = {}  # uri -> id, shared by all sections of the bundle; settable
        self.by_mid: dict[str, Source] = {}
        self.by_ssrc: dict[int, tuple[Layer, bool]] = {}  # ssrc -> (layer, is RTX)
        self.down: dict[int, Copy] = {}  # ssrc -> copy that leaves on this transport; the control plane adds and pops
        self.remb_in: float | None = None  # bits per second the subscriber says it can take
        self.remb_at = 0.0
        self.loss_in = 0  # fraction lost it reports, in 1/256, worst of the last reports

    def announce(self, source: Source, ssrcs: Sequence[int], rtx: Mapping[int, int]) -> None:
        """The description names the SSRCs of `source` (primary; primary -> repair). Idempotent."""
        raise NotImplementedError

    def withdraw(self, source: Source) -> None:
        """Unpublished: its mid and SSRCs are free again."""
        raise NotImplementedError

    def layers(self) -> list[Layer]:
        raise NotImplementedError

    def on_rtp(self, packet: memoryview, arrival_s: float) -> None:
        raise NotImplementedError

    def on_rtcp(self, packets: list[rtcp.Packet]) -> None:
        raise NotImplementedError

    def fast_tick(self, now: float) -> None:
        """Every 50 ms: transport-cc feedback, NACKs, delayed PLIs."""
        raise NotImplementedError

    def slow_tick(self, now: float) -> None:
        """Every second: rates, receiver reports."""
        raise NotImplementedError

    def allocate(self, copies: Iterable[Copy], now: float) -> None:
        """Every 500 ms, on the ingress of the connection that carries `copies`: set each video copy's `cap` so that
        the sum fits what the subscriber can take; then choose(). Video gives way before audio."""
        raise NotImplementedError
