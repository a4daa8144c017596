"""A meeting as a picture of time: one ribbon a person, stays on a track, breaks marked. Pure geometry.

Positions are in thousandths of the shown time, for an SVG of viewBox 0 0 1000 HEIGHT stretched to its frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sessions.core.span import Span

WIDTH: Final = 1000
SLIVER: Final = 3  # a stay of a minute is still seen
_STEPS: Final = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 360))
_MOST_MARKS: Final = 6


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Scale:
    """What the pictures of one meeting share: where a moment lies."""

    shown: Span

    @classmethod
    def over(cls, scheduled: Span, others: Iterable[Span]) -> Scale:
        """The scheduled time, stretched so that nothing of `others` is cut off."""
        spans = [scheduled, *others]
        return cls(Span(min(span.start for span in spans), max(span.end for span in spans)))

    def x(self, moment: datetime) -> int:
        """Thousandths from the left; moments outside lie on the nearest edge."""
        inside = min(max(moment, self.shown.start), self.shown.end)
        return round((inside - self.shown.start) / self.shown.length * WIDTH)

    def bar(self, span: Span) -> Bar:
        left = min(self.x(span.start), WIDTH - SLIVER)
        return Bar(left, max(self.x(span.end) - left, SLIVER))

    def marks(self) -> tuple[datetime, ...]:
        """Round times inside, at most six, for lines behind the ribbons. Quarters are round everywhere."""
        step = next((s for s in _STEPS if self.shown.length / s <= _MOST_MARKS), _STEPS[-1])
        start = self.shown.start
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight + step * (-((midnight - start) // step))
        count = max(0, (self.shown.end - first) // step + 1)
        return tuple(first + step * i for i in range(count) if start < first + step * i < self.shown.end)
