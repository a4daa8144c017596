"""A stretch of time on the one clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """From `start` (included) to `end` (excluded), kept in UTC.

    Python subtracts two datetimes of one ZoneInfo by the wall clock, an hour wrong at a clock change;
    converting on entry rules that out. Raises ValueError for naive datetimes and for an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value: datetime = getattr(self, name)
            if value.utcoffset() is None:
                raise ValueError(f"{name} has no time zone")
            object.__setattr__(self, name, value.astimezone(UTC))
        if self.end < self.start:
            raise ValueError("the end lies before the start")

    @property
    def length(self) -> timedelta:
        """Elapsed time, not wall-clock time."""
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share any moment; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end
