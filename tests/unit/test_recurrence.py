"""When a series takes place: by the wall clock, over every clock change, as an independent reader of RRULE says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from dateutil.tz import gettz, resolve_imaginary
from hypothesis import given
from hypothesis import strategies as st

from sessions.programs.recurrence import Pattern, normal, occurrence, occurrences, weekly

ZONES = ("America/New_York", "America/Phoenix", "America/Chicago", "Europe/Berlin", "Europe/London", "UTC")
SPRING_US, FALL_US = date(2026, 3, 8), date(2026, 11, 1)
SPRING_EU, FALL_EU = date(2026, 3, 29), date(2026, 10, 25)

patterns = st.builds(
    Pattern,
    rule=st.builds(weekly, st.sets(st.integers(0, 6), min_size=1), st.integers(1, 4)),
    starts_on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    start=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    end=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES),
)


@given(patterns)
def test_days_and_starts_are_those_dateutil_gives_for_the_local_clock(pattern: Pattern) -> None:
    last = pattern.starts_on + timedelta(weeks=30)
    local = datetime.combine(pattern.starts_on, pattern.start)
    expected = rrulestr(pattern.rule, dtstart=local).between(
        local, datetime.combine(last, time.max), inc=True
    )
    found = occurrences(pattern, pattern.starts_on, last)
    assert [one.on for one in found] == [moment.date() for moment in expected]
    zone = gettz(pattern.zone)
    for one, moment in zip(found, expected, strict=True):
        assert one.span.start == resolve_imaginary(moment.replace(tzinfo=zone)).astimezone(UTC)


@given(patterns)
def test_the_hour_on_the_wall_stays_also_over_a_clock_change(pattern: Pattern) -> None:
    for one in occurrences(pattern, pattern.starts_on, pattern.starts_on + timedelta(weeks=30)):
        local = one.span.start.astimezone(ZoneInfo(pattern.zone))
        left_out = datetime.combine(one.on, pattern.start, ZoneInfo(pattern.zone))
        exists = left_out.astimezone(UTC).astimezone(left_out.tzinfo).time() == pattern.start
        assert local.time() == pattern.start or not exists
        assert one.span.length > timedelta(0)


@given(patterns, st.dates(date(2026, 1, 1), date(2027, 3, 1)), st.integers(0, 100))
def test_any_stretch_of_a_series_is_a_part_of_the_whole(pattern: Pattern, first: date, days: int) -> None:
    last = first + timedelta(days=days)
    whole = occurrences(pattern, pattern.starts_on, date(2027, 12, 31))
    assert occurrences(pattern, first, last) == tuple(one for one in whole if first <= one.on <= last)


@pytest.mark.parametrize(
    ("on", "start", "end", "zone", "starts_utc", "minutes"),
    [
        (date(2026, 10, 26), time(18), time(21), "America/New_York", "2026-10-26T22:00", 180),
        (date(2026, 11, 2), time(18), time(21), "America/New_York", "2026-11-02T23:00", 180),
        (FALL_US, time(0, 30), time(2, 30), "America/New_York", "2026-11-01T04:30", 180),
        (SPRING_US, time(1, 30), time(3, 30), "America/New_York", "2026-03-08T06:30", 60),
        (SPRING_US, time(2, 15), time(2, 45), "America/New_York", "2026-03-08T07:15", 30),
        (SPRING_US, time(2, 0), time(3, 0), "America/New_York", "2026-03-08T07:00", 60),
        (SPRING_EU, time(1, 30), time(3, 30), "Europe/Berlin", "2026-03-29T00:30", 60),
        (FALL_EU, time(1, 30), time(3, 30), "Europe/Berlin", "2026-10-24T23:30", 180),
        (date(2026, 5, 4), time(23), time(1), "America/New_York", "2026-05-05T03:00", 120),
    ],
)
def test_clock_changes_and_midnights(
    on: date, start: time, end: time, zone: str, starts_utc: str, minutes: int
) -> None:
    found = occurrence(Pattern(weekly([on.weekday()]), on, start, end, zone), on).span
    assert found.start == datetime.fromisoformat(starts_utc).replace(tzinfo=UTC)
    assert found.length == timedelta(minutes=minutes)


def test_breaks_lie_where_the_wall_says_and_inside() -> None:
    pattern = Pattern(
        weekly([0]),
        date(2026, 3, 2),
        time(22),
        time(1),
        "America/New_York",
        breaks=((time(23, 25), time(23, 35)), (time(0, 30), time(0, 35)), (time(4), time(5))),
    )
    found = occurrence(pattern, date(2026, 3, 2))
    assert [(b.start.isoformat()[11:16], b.length) for b in found.breaks] == [
        ("04:25", timedelta(minutes=10)),
        ("05:30", timedelta(minutes=5)),
    ]
    assert all(found.span.covers(one) for one in found.breaks)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("RRULE:freq=weekly;byday=MO,WE", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("FREQ=WEEKLY;BYDAY=MO;INTERVAL=1", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=2TU"),
    ],
)
def test_one_spelling(given: str, kept: str) -> None:
    assert normal(given) == kept


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "every monday",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;COUNT=3",
        "FREQ=WEEKLY;UNTIL=20260101",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;FREQ=DAILY",
    ],
)
def test_what_is_no_rule_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError, match=r"rule|recurs|interval|invalid|bad"):
        normal(nonsense)


def test_days_left_out_and_the_last_day() -> None:
    pattern = Pattern(weekly([0, 2]), date(2026, 3, 2), time(9), time(12), "UTC", ends_on=date(2026, 3, 11))
    found = occurrences(pattern, date(2026, 1, 1), date(2026, 12, 31), {date(2026, 3, 4)})
    assert [one.on.day for one in found] == [2, 9, 11]
