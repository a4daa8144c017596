"""Days of tests: as many as agreed, on workdays, the same for the same seed, and not to be foreseen by weekday."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.toxicology.selection import TIMES, Frequency, chosen, days

MONDAY = date(2026, 3, 2)
seeds = st.text(min_size=1, max_size=64)
weeks = st.integers(0, 500).map(lambda n: MONDAY + n * timedelta(weeks=1))


@given(seeds, st.sampled_from(list(TIMES)), weeks)
def test_as_many_workdays_of_that_week_as_agreed(seed: str, frequency: Frequency, monday: date) -> None:
    found = days(seed, frequency, monday)
    assert len(set(found)) == TIMES[frequency] == len(found)
    assert all(monday <= on < monday + timedelta(days=5) for on in found)
    assert found == days(seed, frequency, monday)


@given(seeds, weeks, st.integers(0, 6))
def test_a_day_is_chosen_when_it_is_among_the_weeks_days(seed: str, monday: date, day: int) -> None:
    on = monday + timedelta(days=day)
    assert chosen(seed, Frequency.TWICE, on) == (on in days(seed, Frequency.TWICE, monday))


@pytest.mark.parametrize("frequency", list(Frequency))
def test_over_years_every_workday_comes_about_equally_often(frequency: Frequency) -> None:
    found = Counter(
        on.weekday()
        for n in range(1000)
        for on in days("a seed that was drawn", frequency, MONDAY + n * timedelta(weeks=1))
    )
    assert set(found) == set(range(5))
    assert max(found.values()) < 1.35 * min(found.values())


def test_at_random_is_none_to_three_times() -> None:
    counts = {len(days("seed", Frequency.RANDOM, MONDAY + n * timedelta(weeks=1))) for n in range(100)}
    assert counts == {0, 1, 2, 3}
