"""A meeting's breaks: as stored (pairs of ISO 8601 times) and as spans. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from sessions.core.span import Span


def read(stored: object, within: Span) -> tuple[Span, ...]:
    """The breaks in order. Raises ValueError unless aware, not empty, disjoint and inside the meeting."""
    if not isinstance(stored, list | tuple):
        raise ValueError("breaks are a list")
    spans = sorted(_span(pair) for pair in stored)
    for span in spans:
        if not span.length:
            raise ValueError("a break has no length")
        if not within.covers(span):
            raise ValueError("a break lies outside the meeting")
    for earlier, later in pairwise(spans):
        if earlier.overlaps(later):
            raise ValueError("two breaks overlap")
    return tuple(spans)


def write(spans: Iterable[Span]) -> list[list[str]]:
    return [[span.start.isoformat(), span.end.isoformat()] for span in sorted(spans)]


def _span(pair: object) -> Span:
    match pair:
        case [str(start), str(end)]:
            return Span(datetime.fromisoformat(start), datetime.fromisoformat(end))
    raise ValueError("a break is a pair of times")
