"""The evening group as a series on Mondays and Wednesdays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest
import time_machine

from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.recurrence import weekly
from sessions.programs.series import Draft
from tests.cast import MORNING, Cast, assemble

MONDAY = date(2026, 3, 9)
NEXT_EVENING = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)  # 18:00, a day after the clocks changed


@pytest.fixture
def monday_morning(db: None) -> Iterator[Cast]:
    """Everybody, on Monday 2026-03-02. Test modules give it the name that they use."""
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def draft(cast: Cast, **changes: object) -> Draft:
    values: dict[str, object] = {
        "kind": MeetingKind.PROCESS_GROUP,
        "rule": weekly([0, 2]),
        "starts_on": MONDAY,
        "start": time(18),
        "end": time(21),
        "facilitators": [cast.mina],
        "cohort": cast.evening,
        "breaks": [(time(19, 25), time(19, 35))],
        **changes,
    }
    return Draft(**values)  # type: ignore[arg-type]


def group(cast: Cast, **changes: object) -> Series:
    return calendar.create(cast.north, draft(cast, **changes), cast.carol)


def starts(row: Series) -> list[str]:
    standing = row.meetings.standing()
    return [one.starts_at.strftime("%m-%d %H:%M") for one in standing]
