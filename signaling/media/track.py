"""Published tracks, their simulcast layers, and the rewritten copies that subscribers get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signaling.media.transport import Transport


class Layer:
    """One incoming SSRC of a source: a simulcast layer, or the only stream there is."""

    source: Source
    rid: str  # "" without simulcast
    quality: int  # 0 low, 1 medium, 2 high
    ssrc: int
    rate_bps: float  # over the last second
    fraction: int  # lost, of the last receiver report, in 1/256

    def alive(self, now: float) -> bool:
        """Whether a packet came within the last 1.5 s."""
        raise NotImplementedError

    def request_keyframe(self, now: float | None = None) -> None:
        """PLI to the sender, at most one per 300 ms; one asked for too early is sent when it is due."""
        raise NotImplementedError


class Source:
    """One published track.

    The control plane makes it at add_track, and fills in what the description says (`exts`, `pt`, `rtx_pt`,
    `codec`, `mid`, then Ingress.bind) when a section carries it.
    """

    def __init__(self, owner: Any, info: Any, kind: str, cids: frozenset[str]) -> None:
        self.owner = owner  # the control plane's participant; the data plane never looks at it
        self.info = info  # livekit TrackInfo; the data plane reads .simulcast only
        self.kind = kind  # "audio" or "video"
        self.cids = cids
        self.demand: int | None = None  # the control plane's: highest quality the publisher was told of
        self.transport: Transport | None = None
        self.mid: str | None = None
        self.codec: str = ""  # "opus", "vp8"
        self.pt: int = -1
        self.rtx_pt: int | None = None
        self.exts: dict[str, int] = {}  # uri -> id as the publisher's section has them
        self.layers: dict[str, Layer] = {}  # rid -> Layer
        self.copies: dict[Any, Copy] = {}  # subscriber -> Copy; the control plane adds and pops
        self.halted = False  # muted by the server: nothing is forwarded
        self.level = 127  # audio level, -dBov: 0 is loudest, 127 silence (RFC 6464)
        self.level_at = 0.0  # monotonic s of the packet that carried it
        self.plis = 0
        self.nacked = 0


class Copy:
    """One source as one subscriber gets it: own SSRC, sequence, timestamp and picture id space."""

    source: Source
    subscriber: Any
    ssrc: int
    rtx_ssrc: int
    mid: str | None
    pt: int
    active: bool  # settable: the subscriber has answered; False stops forwarding at once
    disabled: bool  # settable: the subscriber does not want it now
    want: int  # settable: highest quality asked for, 0..2
    cap: int  # settable: highest quality the bandwidth allows, 0..2
    current: Layer | None  # the layer being forwarded
    target: Layer | None  # the layer waited for

    transport: Transport | None  # settable, like pt and exts (uri -> id agreed with the subscriber)
    exts: dict[str, int]
    rtx_pt: int | None  # settable: retransmissions go out as RTX (RFC 4588) on rtx_ssrc (announce ssrc-group FID)

    def __init__(self, source: Source, subscriber: Any) -> None:
        raise NotImplementedError

    def choose(self, now: float | None = None) -> None:
        """Pick the target layer anew from want, cap and what is alive; asks for a keyframe when it changes."""
        raise NotImplementedError

    def keyframe(self) -> None:
        """Ask the sender for one (throttled per layer)."""
        raise NotImplementedError

    def nack(self, sequences: list[int]) -> None:
        """Send again what the subscriber misses, if we still have it."""
        raise NotImplementedError
