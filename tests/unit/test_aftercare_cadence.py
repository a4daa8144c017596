"""When alumni are called: the published cadence, changed for one person, and never at a bad hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sessions.aftercare import cadence
from sessions.aftercare.cadence import Day, Pause, Plan, add_months, counted, days, following
from sessions.aftercare.policy import DEFAULT, FORTNIGHTLY, MONTHLY, WEEKLY, Phase
from sessions.core.daytime import Quiet, at_local, awake_after, awake_before, is_quiet

# All that the tz database has for the United States, and the territories that people are discharged to.
US_ZONES = [
    "America/New_York",
    "America/Detroit",
    "America/Kentucky/Louisville",
    "America/Kentucky/Monticello",
    *(
        f"America/Indiana/{city}"
        for city in (
            "Indianapolis",
            "Knox",
            "Marengo",
            "Petersburg",
            "Tell_City",
            "Vevay",
            "Vincennes",
            "Winamac",
        )
    ),
    "America/Chicago",
    "America/Menominee",
    *(f"America/North_Dakota/{city}" for city in ("Beulah", "Center", "New_Salem")),
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Juneau",
    "America/Metlakatla",
    "America/Sitka",
    "America/Yakutat",
    "America/Nome",
    "America/Adak",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Thomas",
    "Pacific/Guam",
    "Pacific/Saipan",
    "Pacific/Pago_Pago",
]
EUROPE = ["Europe/London", "Europe/Berlin", "Europe/Athens"]
ZONES = US_ZONES + EUROPE
NIGHT = Quiet(time(21), time(8))
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)  # the United States change their clocks


def plan(began_on: date = date(2026, 11, 20), **more: Any) -> Plan:
    values: dict[str, Any] = {
        "phases": DEFAULT.phases,
        "first_after": timedelta(days=DEFAULT.first_after_days),
        "first_within": timedelta(days=DEFAULT.first_within_days),
        "floor": timedelta(days=DEFAULT.floor_days),
        **more,
    }
    return Plan(began_on=began_on, **values)


def on(some: Plan, until: date | None = None, **more: Any) -> list[date]:
    return [day.on for day in days(some, None, until or some.ends_on, **more)]


def test_the_default_is_weekly_to_week_8_fortnightly_to_month_12_monthly_to_month_18() -> None:
    found = on(plan(date(2026, 1, 5)))
    assert found[0] - date(2026, 1, 5) <= timedelta(days=7)
    gaps = [(later - earlier).days for earlier, later in pairwise(found)]
    weekly = sum(1 for gap in gaps if gap == 7)
    fortnightly = sum(1 for gap in gaps if gap == 14)
    assert (weekly, fortnightly, len(gaps) - weekly - fortnightly) == (8, 22, 5)
    assert found[-1] < date(2027, 7, 5)
    assert len(found) == 36  # the trial's 36 calls, and each is planned


@pytest.mark.parametrize(
    ("begins", "weekdays", "holidays", "first"),
    [
        pytest.param(date(2026, 11, 20), range(7), (), date(2026, 11, 23), id="three days after discharge"),
        pytest.param(
            date(2026, 11, 20), range(5), (date(2026, 11, 23),), date(2026, 11, 24), id="past a holiday"
        ),
        pytest.param(date(2026, 11, 19), [0], (), date(2026, 11, 23), id="on the one day wished"),
        pytest.param(
            date(2026, 11, 17), [2], (), date(2026, 11, 18), id="earlier when that is the day within 7"
        ),
        pytest.param(
            date(2026, 11, 20),
            [0],
            (date(2026, 11, 23),),
            date(2026, 11, 30),
            id="later than 7 days only when no day within them is open",
        ),
    ],
)
def test_the_first_call(begins: date, weekdays: Any, holidays: tuple[date, ...], first: date) -> None:
    some = plan(begins, weekdays=frozenset(weekdays), holidays=frozenset(holidays))
    assert on(some)[0] == first


def test_a_holiday_moves_one_call_and_not_the_rest() -> None:
    plain, moved = plan(), plan(holidays=frozenset({date(2026, 11, 30)}))
    assert [day for day in on(moved) if day not in on(plain)] == [date(2026, 12, 1)]


def test_a_pause_leaves_its_calls_out_and_keeps_the_weekday() -> None:
    paused = plan(pauses=(Pause(date(2026, 12, 1), date(2026, 12, 20)),))
    assert on(paused, date(2027, 1, 8)) == [
        date(2026, 11, 23),
        date(2026, 11, 30),
        date(2026, 12, 20),
        date(2026, 12, 28),
        date(2027, 1, 4),
    ]
    assert list(days(plan(pauses=(Pause(date(2026, 11, 1)),)), None, date(2028, 1, 1))) == []


def test_monthly_calls_know_short_months_leap_days_and_the_end_of_the_year() -> None:
    monthly = plan(date(2027, 10, 28), phases=(Phase(months=1, until_months=7),))
    assert on(monthly) == [
        date(2027, 10, 31),
        date(2027, 11, 30),
        date(2027, 12, 31),
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
    ]


@pytest.mark.parametrize(
    ("phase", "denser", "every"),
    [
        (MONTHLY, 0, (0, 1)),
        (MONTHLY, 1, (2, 0)),
        (MONTHLY, 2, (1, 0)),
        (MONTHLY, 9, (1, 0)),
        (FORTNIGHTLY, 1, (1, 0)),
        (WEEKLY, 1, (1, 0)),
    ],
)
def test_one_step_denser(phase: Phase, denser: int, every: tuple[int, int]) -> None:
    some = plan(date(2026, 1, 1))
    when = {WEEKLY: date(2026, 1, 10), FORTNIGHTLY: date(2026, 6, 1), MONTHLY: date(2027, 3, 1)}[phase]
    found = cadence.interval(some, when, denser)
    assert (found.weeks, found.months) == every


DATES = st.dates(date(2024, 1, 1), date(2040, 12, 31))
PHASES = st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=3).map(
    lambda weeks: tuple(Phase(weeks=w, until_months=3 * (n + 1)) for n, w in enumerate(weeks))
)
PLANS = st.builds(
    plan,
    DATES,
    phases=st.one_of(st.just(DEFAULT.phases), PHASES),
    floor=st.integers(1, 10).map(lambda n: timedelta(days=n)),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2024, 1, 1), date(2027, 12, 31)), max_size=20),
)


@given(PLANS, st.integers(0, 3))
def test_calls_are_never_nearer_than_the_floor_and_only_on_open_days(some: Plan, denser: int) -> None:
    found = on(some, denser=denser)
    assert found == sorted(set(found))
    assert all(later - earlier >= some.floor for earlier, later in pairwise(found))
    assert all(some.open_on(day) and some.began_on < day < some.ends_on for day in found)


@given(PLANS)
def test_the_first_call_is_within_a_week_whenever_a_day_of_it_is_open(some: Plan) -> None:
    week = [some.began_on + timedelta(days=n) for n in range(1, 8)]
    open_days = [day for day in week if some.open_on(day)]
    first = following(some, None)
    if open_days:
        assert first is not None
        assert first.on in open_days


@given(st.builds(plan, DATES, phases=st.one_of(st.just(DEFAULT.phases), PHASES)), st.integers(0, 2))
def test_denser_never_means_fewer_calls(some: Plan, denser: int) -> None:
    assert len(on(some, denser=denser + 1)) >= len(on(some, denser=denser))


@given(PLANS, st.integers(0, 30))
def test_planned_in_pieces_is_planned_at_once(some: Plan, many: int) -> None:
    first = list(islice(days(some, None, some.ends_on), many))
    rest = list(days(some, first[-1] if first else None, some.ends_on))
    assert first + rest == list(days(some, None, some.ends_on))


@given(DATES, st.integers(1, 6), st.integers(1, 7), st.frozensets(st.integers(0, 6), min_size=1))
def test_monthly_calls_keep_the_day_of_the_month_counted_from_the_calls_before(
    begins: date, months: int, after: int, weekdays: frozenset[int]
) -> None:
    """As they are kept: the days alone, the latest four."""
    some = plan(
        begins,
        first_after=timedelta(days=after),
        weekdays=weekdays,
        phases=(Phase(months=months, until_months=30),),
    )
    found = list(days(some, None, some.ends_on))
    meant = found[0].nominal.day if found else 0
    for done, upcoming in enumerate(found[1:], start=1):
        kept = [Day(one.nominal, one.on) for one in reversed(found[:done])][:4]
        assert following(some, counted(kept)) == upcoming
        assert upcoming.nominal == add_months(upcoming.nominal, 0, meant)


def test_a_call_that_was_meant_for_the_end_of_a_short_month_stays_there() -> None:
    apart = [Day(on, on) for on in (date(2027, 2, 28), date(2027, 2, 14), date(2027, 1, 31))]
    assert [counted(apart[n:]) for n in range(2)] == [
        Day(date(2027, 2, 28), date(2027, 2, 28), 28),
        Day(date(2027, 2, 14), date(2027, 2, 14), 14),
    ]
    assert counted([]) is None


@given(PLANS, st.integers(1, 20), st.integers(0, 200))
def test_days_that_have_passed_are_not_planned_again(some: Plan, done: int, later: int) -> None:
    told = list(islice(days(some, None, some.ends_on), done))
    assume(told)
    today = told[-1].on + timedelta(days=later)
    upcoming: Day | None = following(some, told[-1], not_before=today)
    assert upcoming is None or upcoming.on >= today


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 8, 9, 18, 20])
def test_calendar_weeks_keep_their_hour_through_every_clock_change(zone: str, hour: int) -> None:
    weekly = plan(date(2026, 12, 31), phases=(Phase(weeks=1, until_months=18),))
    found = on(weekly)
    assert all(later - earlier == timedelta(days=7) for earlier, later in pairwise(found))
    for day in found:
        moment = at_local(day, time(hour, 30), zone)
        shown = moment.astimezone(ZoneInfo(zone))
        assert (shown.date(), shown.minute) == (day, 30)
        assert shown.hour in (hour, hour + 1)
        # Only a time that clocks skip is another hour.
        there = datetime.combine(day, time(hour, 30), ZoneInfo(zone))
        skipped = there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != there.replace(
            tzinfo=None
        )
        assert (shown.hour == hour) is not skipped


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
CHANGES = st.builds(
    lambda day, minutes: datetime.combine(day, time(0), UTC) + timedelta(minutes=minutes),
    st.sampled_from([SPRING, AUTUMN, date(2027, 3, 28), date(2027, 10, 31)]),
    st.integers(-600, 2400),
)
QUIETS = st.one_of(st.just(NIGHT), st.builds(Quiet, st.times(), st.times()))


@given(st.one_of(MOMENTS, CHANGES), st.sampled_from(ZONES), QUIETS)
def test_nothing_is_moved_into_quiet_hours(moment: datetime, zone: str, quiet: Quiet) -> None:
    later, earlier = awake_after(moment, zone, quiet), awake_before(moment, zone, quiet)
    assert not is_quiet(later, zone, quiet)
    assert not is_quiet(earlier, zone, quiet)
    assert earlier <= moment <= later
    if not is_quiet(moment, zone, quiet):
        assert earlier == moment == later


@given(st.one_of(MOMENTS, CHANGES), st.sampled_from(ZONES))
def test_nobody_waits_longer_than_the_night(moment: datetime, zone: str) -> None:
    assert awake_after(moment, zone, NIGHT) - moment <= timedelta(hours=12)
    assert moment - awake_before(moment, zone, NIGHT) <= timedelta(hours=12, minutes=1)


@pytest.mark.parametrize(
    ("local", "after", "before"),
    [
        ("2027-03-13T20:59", "2027-03-13T20:59", "2027-03-13T20:59"),
        ("2027-03-13T21:00", "2027-03-14T08:00", "2027-03-13T20:59"),
        ("2027-03-14T03:30", "2027-03-14T08:00", "2027-03-13T20:59"),
        ("2027-03-14T08:00", "2027-03-14T08:00", "2027-03-14T08:00"),
        ("2027-11-07T07:59", "2027-11-07T08:00", "2027-11-06T20:59"),
    ],
)
def test_the_night_of_a_clock_change(local: str, after: str, before: str) -> None:
    zone = ZoneInfo("America/New_York")
    moment = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    shown = [
        found.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
        for found in (awake_after(moment, zone.key, NIGHT), awake_before(moment, zone.key, NIGHT))
    ]
    assert shown == [after, before]


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 11, 23), 2, date(2026, 11, 25)),
        (date(2026, 11, 20), 2, date(2026, 11, 24)),
        (date(2026, 12, 30), 2, date(2027, 1, 4)),
    ],
)
def test_business_days(start: date, count: int, end: date) -> None:
    assert cadence.business_days_after(start, count, frozenset({date(2027, 1, 1)})) == end
