"""Which breaks count: the planned ones, or those that were taken. Pure.

A break that was started in the room was taken instead of the planned one nearest to it, when their starts lie
no further apart than NEAR_S; otherwise it was one more. A planned break for which none was started counts as
planned: people went, and nobody pressed the button.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sessions.attendance.intervals import Interval, Seconds, union

NEAR_S: Final = 30 * 60


def counted(planned: Iterable[Interval], taken: Iterable[Interval]) -> Seconds:
    """In whole seconds since the epoch; disjoint and in order."""
    left = sorted(planned)
    taken = [one for one in taken if one[0] < one[1]]
    for start, _ in sorted(taken):
        near = [one for one in left if abs(one[0] - start) <= NEAR_S]
        if near:
            left.remove(min(near, key=lambda one: (abs(one[0] - start), one)))
    return union(left, taken)
