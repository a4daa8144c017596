"""Published tracks, their simulcast layers, and the rewritten copies that subscribers get."""

from __future__ import annotations

from collections.abc import Hashable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signaling.media.transport import Transport


class Kind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Layer:
    """One incoming SSRC of a source: a simulcast layer, or the only stream there is."""

    source: Source
    rid: str  # "" without simulcast
    quality: int  # 0 low, 1 medium, 2 high
    ssrc: int
    rate_bps: float  # over the last second
    fraction_lost: int  # of the last receiver report, in 1/256

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

    def __init__(self, kind: Kind, *, simulcast: bool = False) -> None:
        self.kind = kind
        self.simulcast = simulcast  # packets without a rid are not accepted
        self.transport: Transport | None = None
        self.mid: str | None = None
        self.codec: str = ""  # "opus", "vp8"
        self.pt: int = -1
        self.rtx_pt: int | None = None
        self.exts: dict[str, int] = {}  # uri -> id as the publisher's section has them
        self.layers: dict[str, Layer] = {}  # rid -> Layer
        self.copies: dict[Hashable, Copy] = {}  # subscriber -> Copy
        self.blocked = False  # muted by the server: nothing is forwarded
        self.level = 127  # audio level, -dBov: 0 is loudest, 127 silence (RFC 6464)
        self.level_at = 0.0  # monotonic s of the packet that carried it
        self.plis = 0
        self.nacked = 0

    def attach(self, subscriber: Hashable) -> Copy:
        """A new, inactive copy for `subscriber`, or the one it has."""
        raise NotImplementedError

    def detach(self, subscriber: Hashable) -> Copy | None:
        """Stop forwarding to `subscriber` at once."""
        raise NotImplementedError

    @property
    def max_wanted(self) -> int:
        """Highest quality that any enabled copy asks for, -1 when nobody watches (Dynacast)."""
        raise NotImplementedError


class Copy:
    """One source as one subscriber gets it: own SSRC, sequence, timestamp and picture id space."""

    source: Source
    subscriber: Hashable
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

    def bind(self, transport: Transport, mid: str, pt: int, exts: dict[str, int], rtx_pt: int | None = None) -> None:
        """Where and how it leaves. `exts`: uri -> id agreed with the subscriber. With `rtx_pt`, retransmissions go
        out as RTX (RFC 4588) on `rtx_ssrc`, which the description must then announce (ssrc-group FID)."""
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
