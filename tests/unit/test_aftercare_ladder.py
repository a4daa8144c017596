"""Who cannot be reached is tried again, at other hours and by other ways, and never at night."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.aftercare.ladder import TRIES, Measure, given_up_at, measures, next_try, retries
from sessions.core import zones
from sessions.core.daytime import Quiet, is_quiet

ZONE = "America/New_York"
NIGHT = Quiet(time(21), time(8))
QUARTER = timedelta(minutes=15)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@pytest.mark.parametrize(
    ("done", "last", "due", "other"),
    [
        pytest.param(0, "2026-11-23T10:00", "2026-11-23T10:15", False, id="the first call of the day"),
        pytest.param(1, "2026-11-23T10:00", "2026-11-23T10:15", False, id="a quarter of an hour later"),
        pytest.param(2, "2026-11-23T10:15", "2026-11-24T14:00", False, id="the next day at another hour"),
        pytest.param(3, "2026-11-24T14:00", "2026-11-25T10:00", True, id="the third day by another channel"),
    ],
)
def test_the_ladder(done: int, last: str, due: str, other: bool) -> None:
    found = next_try(done, local("2026-11-23T10:00"), local(last), ZONE, NIGHT, QUARTER)
    assert found is not None
    assert (found.at, found.other_channel) == (local(due), other)


def test_after_the_fourth_try_the_call_is_missed() -> None:
    start = local("2026-11-23T10:00")
    assert next_try(TRIES, start, start, ZONE, NIGHT, QUARTER) is None


def test_an_evening_call_is_tried_earlier_the_next_day() -> None:
    found = next_try(2, local("2026-11-23T18:00"), local("2026-11-23T18:15"), ZONE, NIGHT, QUARTER)
    assert found is not None
    assert found.at == local("2026-11-24T14:00")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.lists(st.timedeltas(timedelta(), timedelta(days=3)), min_size=3, max_size=3),
    st.sampled_from(
        ["America/New_York", "America/Phoenix", "America/Adak", "Pacific/Honolulu", "Europe/Berlin"]
    ),
)
def test_tries_go_forward_and_never_into_the_night(first: datetime, late: list[timedelta], zone: str) -> None:
    tries = [first]
    for done, delay in enumerate(late, start=1):
        found = next_try(done, tries[0], tries[-1], zone, NIGHT, QUARTER)
        assert found is not None
        assert found.at > tries[-1]
        assert not is_quiet(found.at, zone, NIGHT)
        tries.append(found.at + delay)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_a_call_is_given_up_no_earlier_than_the_third_day(due: datetime) -> None:
    end = given_up_at(due, ZONE, NIGHT)
    assert timedelta(days=3) <= end - due <= timedelta(days=4)
    assert zones.local_date(end, ZONE) >= zones.local_date(due, ZONE) + timedelta(days=3)


@pytest.mark.parametrize(
    ("in_a_row", "then"),
    [
        (0, set()),
        (1, {Measure.REMIND_BY_CALL}),
        (2, {Measure.REMIND_BY_CALL, Measure.COORDINATOR, Measure.ALTERNATE_CONTACT}),
        (3, {Measure.REMIND_BY_CALL, Measure.LETTER, Measure.CLINICIAN_REVIEW}),
        (4, {Measure.REMIND_BY_CALL, Measure.COORDINATOR}),
    ],
)
def test_what_missed_calls_lead_to(in_a_row: int, then: set[Measure]) -> None:
    assert set(measures(in_a_row)) == then


def test_one_letter_only() -> None:
    assert [n for n in range(1, 50) if Measure.LETTER in measures(n)] == [3]


def test_who_was_lost_is_called_once_a_month_for_half_a_year() -> None:
    assert retries(date(2026, 8, 31), 6) == (
        date(2026, 9, 30),
        date(2026, 10, 31),
        date(2026, 11, 30),
        date(2026, 12, 31),
        date(2027, 1, 31),
        date(2027, 2, 28),
    )
