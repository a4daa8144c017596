"""Weeks, clock changes and midnight: elapsed time counts, the programme's calendar names the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance import case
from sessions.attendance.weeks import week_of, week_span

ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Phoenix",
]
NIGHTS = [
    # local start, local end, elapsed minutes where clocks change, where they do not (Phoenix)
    ("spring", "2026-03-08T01:30", "2026-03-08T03:30", 60, 120),
    ("autumn", "2026-11-01T00:30", "2026-11-01T02:30", 180, 120),
    ("midnight", "2026-03-04T22:30", "2026-03-05T00:30", 120, 120),
]


def attended(starts_at: datetime, ends_at: datetime, zone: str) -> dict[str, object]:
    """Alice and Dana, there from the start to the end."""

    def iso(at: datetime) -> str:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stay(person: str, role: str) -> str:
        common = f'"person": "{person}", "role": "{role}", "connection": "{person}"'
        return (
            f'{{"at": "{iso(starts_at)}", "kind": "connected", "room": "main", {common}}},'
            f'{{"at": "{iso(ends_at)}", "kind": "disconnected", {common}}}'
        )

    text = f"""{{
        "meeting": {{"starts_at": "{iso(starts_at)}", "ends_at": "{iso(ends_at)}", "time_zone": "{zone}"}},
        "facts": [{stay("alice", "client")}, {stay("dana", "facilitator")}]
    }}"""
    return case.run(case.decode(text))["alice"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("night", "start", "end", "changing", "steady"), NIGHTS, ids=[n[0] for n in NIGHTS])
def test_minutes_are_elapsed_minutes(
    night: str, start: str, end: str, changing: int, steady: int, zone: str
) -> None:
    local = ZoneInfo(zone)
    starts_at, ends_at = (datetime.fromisoformat(at).replace(tzinfo=local) for at in (start, end))
    found = attended(starts_at, ends_at, zone)
    assert found["credited_minutes"] == (steady if zone == "America/Phoenix" else changing)
    assert found["eligible_seconds"] == found["credited_seconds"]


@pytest.mark.parametrize(
    ("starts_at", "zone", "monday"),
    [
        ("2026-03-02T05:00:00Z", "America/New_York", date(2026, 3, 2)),  # Monday 0:00 there
        ("2026-03-02T04:59:59Z", "America/New_York", date(2026, 2, 23)),  # still Sunday
        ("2026-03-09T03:30:00Z", "America/New_York", date(2026, 3, 2)),  # Sunday 23:30, after the change
        ("2026-03-09T04:00:00Z", "America/New_York", date(2026, 3, 9)),  # Monday 0:00, after the change
        ("2026-03-09T04:00:00Z", "America/Los_Angeles", date(2026, 3, 2)),
        ("2026-11-02T04:30:00Z", "America/New_York", date(2026, 10, 26)),  # Sunday 23:30, winter time
        ("2027-01-01T12:00:00Z", "UTC", date(2026, 12, 28)),
    ],
)
def test_a_meeting_belongs_to_the_week_of_its_start(starts_at: str, zone: str, monday: date) -> None:
    assert week_of(datetime.fromisoformat(starts_at), ZoneInfo(zone)) == monday


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 2), 167), (date(2026, 3, 9), 168), (date(2026, 10, 26), 169)]
)
def test_a_week_lasts_an_hour_less_or_more_at_a_clock_change(monday: date, hours: int) -> None:
    assert week_span(monday, ZoneInfo("America/New_York")).length == timedelta(hours=hours)


@given(
    st.datetimes(
        datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-01-01"), timezones=st.just(UTC)
    ),
    st.sampled_from([ZoneInfo(zone) for zone in ZONES]),
)
def test_a_moment_lies_in_the_span_of_its_week(moment: datetime, zone: ZoneInfo) -> None:
    assert moment in week_span(week_of(moment, zone), zone)
