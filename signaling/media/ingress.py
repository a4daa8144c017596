"""RTP and RTCP that arrive on one transport: routing, statistics, feedback to the sender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from signaling.media.track import Copy, Layer, Source

if TYPE_CHECKING:
    from signaling.media import rtcp
    from signaling.media.transport import Transport


class Ingress:
    """Wire it: `ingress = Ingress(); ingress.transport = Transport(mux, ingress.on_rtp, ingress.on_rtcp, …)`."""

    def __init__(self) -> None:
        self.transport: Transport | None = None
        self.ext: dict[str, int] = {}  # uri -> id, shared by all sections of the bundle; settable
        self.by_mid: dict[str, Source] = {}
        self.by_ssrc: dict[int, tuple[Layer, bool]] = {}  # ssrc -> (layer, is RTX)
        self.down: dict[int, Copy] = {}  # ssrc -> copy that leaves on this transport
        self.remb_in: float | None = None  # bits per second the subscriber says it can take
        self.remb_at = 0.0
        self.loss_in = 0  # fraction lost it reports, in 1/256, worst of the last reports

    def bind(self, source: Source, ssrcs: Sequence[int] = (), rtx: dict[int, int] | None = None) -> None:
        """Expect `source` under its mid; `ssrcs` (primary) and `rtx` (primary -> repair) when the description
        announces them. Call again after each negotiation; it changes nothing that is already so."""
        raise NotImplementedError

    def forget(self, source: Source) -> None:
        """Unpublished: its mid and SSRCs are free again."""
        raise NotImplementedError

    def bind_down(self, copy: Copy) -> None:
        """Feedback about copy.ssrc arrives here (call after copy.bind)."""
        raise NotImplementedError

    def forget_down(self, copy: Copy) -> None:
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
