"""Times that are offered: somebody is free, the alumnus is awake, and nobody gets all the calls."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.aftercare.slots import CELL, Caller, Hours, Slot, Wish, cells, choose, free, offers
from sessions.core import zones
from sessions.core.daytime import Quiet, at_local, is_quiet
from sessions.core.span import Span

NEW_YORK, PHOENIX = "America/New_York", "America/Phoenix"
NIGHT = Quiet(time(21), time(8))
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = Span(MONDAY, MONDAY + timedelta(days=7))
HALF = timedelta(minutes=30)


def caller(number: int, **more: Any) -> Caller:
    values: dict[str, Any] = {"zone": NEW_YORK, "hours": (Hours(0, time(9), time(11)),), **more}
    return Caller(UUID(int=number), **values)


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    return at_local(zones.local_date(MONDAY, "UTC") + timedelta(days=day), time(hour, minute), NEW_YORK)


def test_a_call_fills_quarters_of_an_hour() -> None:
    start = new_york(0, 9)
    assert cells(Span(start, start + HALF)) == (start, start + CELL)
    with pytest.raises(ValueError, match="quarter"):
        cells(Span(start + timedelta(minutes=5), start + HALF))


def test_free_is_what_is_not_booked_and_not_away() -> None:
    nine = new_york(0, 9)
    someone = caller(1, busy=frozenset({nine + CELL}), away=(Span(nine + 4 * CELL, nine + 5 * CELL),))
    assert list(free(someone, WEEK, HALF)) == [nine + 2 * CELL, nine + 5 * CELL, nine + 6 * CELL]


def test_extra_hours_and_a_shift_over_midnight() -> None:
    late = caller(
        1, hours=(Hours(0, time(23, 30), time(0, 30)),), extra=(Span(new_york(2, 12), new_york(2, 12, 30)),)
    )
    assert list(free(late, WEEK, HALF)) == [
        new_york(0, 23, 30),
        new_york(0, 23, 45),
        new_york(1, 0),
        new_york(2, 12),
    ]


def test_offers_know_the_alumnus_clock() -> None:
    """9:00 in New York is 7:00 in Phoenix, where it is still quiet."""
    found = offers([caller(1)], Wish(PHOENIX, NIGHT), WEEK, HALF)
    assert [slot.starts_at for slot in found] == [
        new_york(0, hour, minute) for hour, minute in ((10, 0), (10, 15), (10, 30))
    ]


def test_at_each_time_the_caller_with_the_fewest_calls_is_offered() -> None:
    found = offers([caller(1, load=9), caller(2, load=3)], Wish(NEW_YORK, NIGHT), WEEK, HALF)
    assert {slot.caller for slot in found} == {UUID(int=2)}


@pytest.mark.parametrize(
    ("own", "expected"), [(1, Slot(new_york(0, 10), UUID(int=1))), (None, Slot(new_york(0, 10), UUID(int=2)))]
)
def test_ones_own_caller_first_then_who_has_least(own: int | None, expected: Slot) -> None:
    callers = [caller(1, load=9), caller(2, load=3)]
    near = new_york(0, 10)
    assert (
        choose(callers, Wish(NEW_YORK, NIGHT), WEEK, HALF, near, UUID(int=own) if own else None) == expected
    )


def test_preferred_hours_and_days_are_kept() -> None:
    hours = tuple(Hours(day, time(9), time(20)) for day in range(5))
    wish = Wish(NEW_YORK, NIGHT, start=time(17), end=time(19), weekdays=frozenset({3}))
    found = offers([caller(1, hours=hours)], wish, WEEK, HALF)
    assert (found[0].starts_at, found[-1].starts_at) == (new_york(3, 17), new_york(3, 18, 45))


@given(
    st.lists(st.builds(Hours, st.integers(0, 6), st.times(), st.times()), max_size=5),
    st.sampled_from([NEW_YORK, PHOENIX, "Europe/Athens", "Pacific/Honolulu"]),
    st.sampled_from([NEW_YORK, PHOENIX, "Europe/London"]),
    st.sampled_from([datetime(2027, 3, 10, tzinfo=UTC), datetime(2027, 11, 3, tzinfo=UTC)]),
    st.sampled_from([HALF, timedelta(minutes=15), timedelta(hours=1)]),
)
def test_what_is_offered_is_awake_on_the_grid_and_inside_hours(
    hours: list[Hours], theirs: str, zone: str, start: datetime, length: timedelta
) -> None:
    week = Span(start, start + timedelta(days=8))
    for slot in offers([caller(1, zone=theirs, hours=tuple(hours))], Wish(zone, NIGHT), week, length):
        assert slot.starts_at.minute % 15 == 0
        assert not is_quiet(slot.starts_at, zone, NIGHT)
        assert not is_quiet(slot.starts_at + length - timedelta(minutes=1), zone, NIGHT)
        assert week.covers(Span(slot.starts_at, slot.starts_at + length))
