"""Which layer a subscriber gets, and how several layers become one unbroken stream. Pure.

Sequence numbers here are counts (`rtp.unwrap`): they never wrap; the wire carries their low 16 bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

HIGHEST: Final = 2
QUALITY: Final = {
    "q": 0,
    "h": 1,
    "f": 2,
}  # by rid, as livekit-client names them; "" is the only layer there is
MAX_JUMP_S: Final = (
    2.0  # how far a sender report's clock may disagree with arrival times before it is not believed
)

L = TypeVar("L")


def pick(alive: Iterable[int], want: int, cap: int) -> int | None:
    """The quality to send: the best that flows within both limits, else the lowest that flows."""
    flowing = sorted(alive)
    limit = min(want, cap)
    return max((q for q in flowing if q <= limit), default=flowing[0] if flowing else None)


@dataclass(slots=True)
class Segment(Generic[L]):
    """A run of `layer`'s packets from count `start` on, and what is added to each on its way out."""

    layer: L
    start: int
    out_start: int
    seq_shift: int
    ts_shift: int
    picture_shift: int = 0
    tl0_shift: int = 0


@dataclass(frozen=True, slots=True)
class Tail:
    """Where an outgoing stream stopped."""

    seq: int  # count
    ts: int
    picture_id: int
    tl0: int
    at_s: float  # arrival of its last packet


class Numbering(Generic[L]):
    """Maps packets of changing layers into one stream without holes, and back again for retransmission.

    Promise: two packets never get the same outgoing count; a later packet of a segment gets a later count.
    """

    __slots__ = ("_segments",)
    KEPT: Final = 64

    def __init__(self) -> None:
        self._segments: deque[Segment[L]] = deque(maxlen=self.KEPT)

    @property
    def last(self) -> Segment[L] | None:
        return self._segments[-1] if self._segments else None

    def begin(self, segment: Segment[L]) -> None:
        self._segments.append(segment)

    def close_up(self, count: int) -> None:
        """Packet `count`, just after the last one forwarded, carries nothing: the next takes its place.

        Raises ValueError before the first segment.
        """
        last = self.last
        if last is None:
            raise ValueError("nothing has been forwarded yet")
        if last.start == count:
            last.start += 1
            last.seq_shift -= 1
            return
        self._segments.append(
            Segment(
                last.layer,
                count + 1,
                count + last.seq_shift,
                last.seq_shift - 1,
                last.ts_shift,
                last.picture_shift,
                last.tl0_shift,
            )
        )

    def forward(self, layer: L, count: int) -> Segment[L] | None:
        """The segment a late packet of the current layer belongs to; None when its place is gone."""
        end: int | None = None
        for segment in reversed(self._segments):
            if segment.layer is not layer:
                return None
            if count >= segment.start:
                return segment if end is None or count + segment.seq_shift < end else None
            end = segment.out_start
        return None

    def backward(self, out: int) -> Segment[L] | None:
        """The segment that made outgoing count `out`; its original is `out - seq_shift`."""
        for segment in reversed(self._segments):
            if out >= segment.out_start:
                return segment
        return None


def follow(
    tail: Tail,
    ts: int,
    arrival_s: float,
    clock_hz: int,
    aligned_ts: int | None,
) -> int:
    """The timestamp shift with which a new layer's packet (at its `ts`) continues the stream that ended at
    `tail`.

    `aligned_ts`: what the packet's time is on the outgoing clock by the sender reports of both layers, if
    known; it is believed when it lies after the tail and within MAX_JUMP_S of what the arrival times say.
    """
    gap = max(1, int((arrival_s - tail.at_s) * clock_hz))
    out = tail.ts + gap
    if aligned_ts is not None:
        ahead = (aligned_ts - tail.ts + 0x80000000) % 0x100000000 - 0x80000000
        if ahead > 0 and abs(ahead - gap) < MAX_JUMP_S * clock_hz:
            out = tail.ts + ahead
    return (out - ts) & 0xFFFFFFFF
