"""Loss and its repair: what to ask a sender for again, and what a subscriber may ask us for again. Pure.

Sequence numbers here are counts (`rtp.unwrap`): they never wrap.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

REORDER_S: Final = 0.01  # a packet this late is late, not lost
RETRY_S: Final = 0.06
MAX_TRIES: Final = 8
MAX_GAP: Final = 200  # a larger hole is an outage: a keyframe mends it, not retransmission
MAX_MISSING: Final = 400
MAX_ASKED: Final = 128  # sequence numbers in one round

T = TypeVar("T")


class Missing:
    """The holes in one incoming stream (RFC 4585, 6.2.1): asked for a few times, then given up."""

    __slots__ = ("_holes",)

    def __init__(self) -> None:
        self._holes: dict[int, tuple[int, float]] = {}  # count -> (tries, when next)

    def __bool__(self) -> bool:
        return bool(self._holes)

    def __contains__(self, count: int) -> bool:
        return count in self._holes

    def skipped(self, first: int, after: int, now: float) -> None:
        """The stream went on at `after`; first … after - 1 have not come."""
        if after - first > MAX_GAP:
            self._holes.clear()
            return
        for count in range(first, after):
            self._holes[count] = (0, now + REORDER_S)
        while len(self._holes) > MAX_MISSING:
            del self._holes[next(iter(self._holes))]

    def filled(self, count: int) -> bool:
        """`count` has come after all; whether it was missing."""
        return self._holes.pop(count, None) is not None

    def due(self, now: float) -> list[int]:
        """What to ask for now, in order. Each answer counts as one try."""
        asked: list[int] = []
        for count, (tries, at) in list(self._holes.items()):
            if tries >= MAX_TRIES:
                del self._holes[count]
            elif now >= at and len(asked) < MAX_ASKED:
                self._holes[count] = (tries + 1, now + RETRY_S)
                asked.append(count)
        asked.sort()
        return asked


class Ring(Generic[T]):
    """The last `size` packets of a stream, by count. `size` is a power of two."""

    __slots__ = ("_mask", "_slots")

    def __init__(self, size: int) -> None:
        if size < 1 or size & (size - 1):
            raise ValueError("a ring's size must be a power of two")
        self._mask = size - 1
        self._slots: list[tuple[int, T] | None] = [None] * size

    def put(self, count: int, packet: T) -> None:
        self._slots[count & self._mask] = (count, packet)

    def get(self, count: int) -> T | None:
        slot = self._slots[count & self._mask]
        return slot[1] if slot is not None and slot[0] == count else None
