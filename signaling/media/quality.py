"""How good a connection is, in the three steps a person can use. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

GOOD_LOSS: Final = 8  # of 256: 3 %
POOR_LOSS: Final = 26  # 10 %


class Quality(IntEnum):
    """Values are those of livekit.ConnectionQuality."""

    POOR = 0
    GOOD = 1
    EXCELLENT = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class Rating:
    quality: Quality
    score: float  # 5.0 best, 0.0 worst


def rate(losses: Iterable[int], *, connected: bool) -> Rating:
    """Rate by the worst loss in either direction, each in 1/256 as RTCP reports it (RFC 3550, 6.4.1)."""
    if not connected:
        return Rating(Quality.LOST, 0.0)
    worst = min(255, max(losses, default=0))
    score = 5.0 - worst / 51
    if worst < GOOD_LOSS:
        return Rating(Quality.EXCELLENT, score)
    return Rating(Quality.GOOD if worst < POOR_LOSS else Quality.POOR, score)
