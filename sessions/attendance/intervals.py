"""Sets of whole seconds as sorted, disjoint, half-open intervals [start, end). Pure.

An interval is a pair of integers, seconds since the epoch in UTC; a set is a tuple of them. Every function
returns sets in the same normal form: sorted, not empty, not touching.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]
Seconds: TypeAlias = tuple[Interval, ...]

NOTHING: Seconds = ()


def union(*sets: Iterable[Interval]) -> Seconds:
    """All seconds that are in any of `sets`; the input need not be in normal form."""
    merged: list[Interval] = []
    for start, end in sorted(interval for one in sets for interval in one):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersection(one: Seconds, other: Seconds) -> Seconds:
    """The seconds that are in both."""
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            found.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(one: Seconds, other: Seconds) -> Seconds:
    """The seconds of `one` that are not in `other`."""
    found: list[Interval] = []
    j = 0
    for start, end in one:
        while j < len(other) and other[j][1] <= start:
            j += 1
        at, k = start, j
        while k < len(other) and other[k][0] < end:
            if at < other[k][0]:
                found.append((at, other[k][0]))
            at = max(at, other[k][1])
            k += 1
        if at < end:
            found.append((at, end))
    return tuple(found)


def length(one: Seconds) -> int:
    """How many seconds `one` holds."""
    return sum(end - start for start, end in one)


def gaps(one: Seconds) -> Seconds:
    """What lies between the intervals of `one`."""
    return tuple((left[1], right[0]) for left, right in pairwise(one))


def close_gaps(one: Seconds, longest: int) -> Seconds:
    """`one` with its gaps of at most `longest` seconds filled."""
    return union(one, (gap for gap in gaps(one) if gap[1] - gap[0] <= longest))


def first(one: Seconds, most: int) -> Seconds:
    """The earliest `most` seconds of `one`."""
    found: list[Interval] = []
    for start, end in one:
        if most <= 0:
            break
        found.append((start, min(end, start + most)))
        most -= end - start
    return tuple(found)
