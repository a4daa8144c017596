"""When absences ask for a review. Pure. Nothing here discharges anybody, or counts against them anywhere
else.

Source: DOMAIN 3, "Weekly view": absences are excused (notice of 48 h or more, default) or not; thresholds
raise a review and never discharge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sessions.programs.settings import DEFAULT, ProgramSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """A programme's thresholds; 0 switches one off."""

    notice: timedelta = timedelta(hours=DEFAULT.absence_notice_hours)  # told so long before: excused
    in_a_row: int = DEFAULT.absences_in_a_row
    in_days: int = DEFAULT.absences_in_days
    days: int = DEFAULT.absence_days

    @classmethod
    def of(cls, settings: ProgramSettings) -> Rules:
        return cls(
            timedelta(hours=settings.absence_notice_hours),
            settings.absences_in_a_row,
            settings.absences_in_days,
            settings.absence_days,
        )


@dataclass(frozen=True, slots=True)
class Attended:
    """One signed meeting of one client, as it holds now."""

    record: UUID
    on: date
    absent: bool
    excused: bool

    @property
    def unexcused(self) -> bool:
        return self.absent and not self.excused


class Asks(StrEnum):
    UNEXCUSED = "unexcused"
    IN_A_ROW = "absences-in-a-row"
    IN_DAYS = "absences-in-days"


@dataclass(frozen=True, slots=True)
class Review:
    """Why somebody should look. `since` names the case: the same absences raise the same review."""

    why: Asks
    since: UUID
    count: int
    on: date  # the last of them


def reviews(history: Sequence[Attended], rules: Rules) -> tuple[Review, ...]:
    """What the last meeting of `history` (in order of time) raises; nothing unless it was missed, unexcused.

    An excused absence neither adds to a run of unexcused ones nor ends it; having been there, even for a
    part, ends it.
    """
    if not history or not history[-1].unexcused:
        return ()
    last = history[-1]
    found = [Review(Asks.UNEXCUSED, last.record, 1, last.on)]
    run: list[Attended] = []
    for one in reversed(history):
        if not one.absent:
            break
        if one.unexcused:
            run.append(one)
    if rules.in_a_row and len(run) >= rules.in_a_row:
        found.append(Review(Asks.IN_A_ROW, run[-1].record, len(run), last.on))
    within = [one for one in history if one.unexcused and (last.on - one.on).days < rules.days]
    if rules.in_days and len(within) >= rules.in_days:
        found.append(Review(Asks.IN_DAYS, within[0].record, len(within), last.on))
    return tuple(found)


def excused_by_notice(given_at: datetime | None, starts_at: datetime, rules: Rules) -> bool:
    """Whether a notice came early enough."""
    return given_at is not None and starts_at - given_at >= rules.notice
