"""Calendar feeds, read by two libraries that did not write them: the same moments, nothing said about why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
import vobject
from dateutil.rrule import rrulestr
from dateutil.tz import gettz, resolve_imaginary
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.core.errors import NotFound
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.service import disable
from sessions.programs import feeds, ics, service
from sessions.programs import series as calendar
from sessions.programs.calendar_models import CalendarFeed
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import Pattern, occurrences, weekly
from tests.cast import HOUR, MORNING, Cast, assemble

ANCHOR = Pattern("FREQ=WEEKLY;BYDAY=MO,WE,FR", date(2026, 2, 2), time(18), time(21), "America/New_York")


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def moments(text: bytes) -> list[datetime]:
    """Every start that a reader of this calendar shows, in UTC: rules expanded, exceptions and moves applied.

    Lines are read by vobject, days are counted by dateutil, zones are those of the system.
    """
    whole: Any = vobject.readOne(text.decode(), transform=False)
    events = whole.contents.get("vevent", [])
    moved = {(one.uid.value, moment(one.recurrence_id)) for one in events if hasattr(one, "recurrence_id")}
    found: list[datetime] = []
    for event in events:
        if hasattr(event, "status") and event.status.value == "CANCELLED":
            continue
        starts = [moment(event.dtstart)]
        if hasattr(event, "rrule"):
            left_out = {moment(one) for one in getattr(event, "exdate_list", [])}
            starts = [
                one for one in expanded(event) if one not in left_out and (event.uid.value, one) not in moved
            ]
        found += starts
    return sorted(found)


def moment(line: Any) -> datetime:
    if line.value.endswith("Z"):
        return datetime.strptime(line.value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    local = datetime.strptime(line.value, "%Y%m%dT%H%M%S").replace(tzinfo=gettz(line.params["TZID"][0]))
    return resolve_imaginary(local).astimezone(UTC)


def expanded(event: Any) -> list[datetime]:
    zone = gettz(event.dtstart.params["TZID"][0]) if "TZID" in event.dtstart.params else UTC
    start = datetime.strptime(event.dtstart.value.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    return [resolve_imaginary(one).astimezone(UTC) for one in rrulestr(event.rrule.value, dtstart=start)]


def own(person: Person) -> list[datetime]:
    return sorted(Meeting.objects.all().attended_by(person).standing().values_list("starts_at", flat=True))


def group(cast: Cast) -> Any:
    return calendar.create(
        cast.north,
        calendar.Draft(
            kind=MeetingKind.PROCESS_GROUP,
            rule=weekly([0, 2, 4]),
            starts_on=date(2026, 3, 4),
            start=time(18),
            end=time(21),
            facilitators=[cast.mina],
            cohort=cast.evening,
        ),
    )


def test_a_feed_says_what_the_calendar_says_after_every_kind_of_change(cast: Cast) -> None:
    row = group(cast)
    calendar.rest_on(cast.north, date(2026, 3, 9), "Rest")
    third, fourth, fifth = row.meetings.standing()[2:5]
    service.cancel(third)
    service.move(fourth, Span(fourth.starts_at + 2 * HOUR, fourth.ends_at + 2 * HOUR))
    service.move(fifth, Span(fifth.starts_at + timedelta(days=1), fifth.ends_at + timedelta(days=1)))
    for person in (cast.alice, cast.mina):
        assert moments(feeds.of(person, "Appointment", MORNING)) == own(person)
    row.refresh_from_db()
    text = feeds.of(cast.alice, "Appointment", MORNING).decode()
    assert f"SEQUENCE:{row.sequence}" in text
    assert row.sequence == 4
    assert "DTSTART;TZID=America/New_York:20260304T180000" in text
    assert "BEGIN:VTIMEZONE" in text
    assert "EXDATE;TZID=America/New_York:20260309T180000" in text


def test_who_leaves_and_who_comes_has_only_their_own_stretch(cast: Cast) -> None:
    group(cast)
    cast.bruno.enrollments.update(ended_on=date(2026, 3, 11), status="left")
    cast.alice.enrollments.update(starts_on=date(2026, 3, 11))
    for person in (cast.alice, cast.bruno, cast.chidi):
        assert moments(feeds.of(person, "Appointment", MORNING)) == own(person)


def test_a_feed_gives_nothing_away(cast: Cast) -> None:
    group(cast)
    for person in (cast.alice, cast.omar, cast.mina):
        text = feeds.of(person, "Appointment", MORNING).decode().lower()
        for word in ("group", "therapy", "north", "evening", "mina", "alice", "family", "recovery"):
            assert word not in text


@pytest.mark.django_db
def test_the_address_is_a_secret_of_its_own_and_can_be_taken_back(cast: Cast, client: Client) -> None:
    token = feeds.renew(cast.alice)
    answer = client.get(f"/calendar/{token}.ics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert len(moments(answer.content)) == len(own(cast.alice))
    other = feeds.renew(cast.alice)
    assert client.get(f"/calendar/{token}.ics").status_code == 404
    assert client.get(f"/calendar/{other}.ics").status_code == 200
    assert not CalendarFeed.objects.filter(token_hash__contains=other).exists()
    disable(cast.alice)
    with pytest.raises(NotFound):
        feeds.read(other, "Appointment", MORNING)
    feeds.revoke(cast.alice)
    assert feeds.active(cast.alice) is None


stretches = st.lists(st.booleans(), min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    kept=stretches,
    shifts=st.dictionaries(st.integers(0, 39), st.integers(-600, 600).filter(bool), max_size=5),
    zone=st.sampled_from(["America/New_York", "Europe/Berlin", "UTC"]),
    days=st.sets(st.integers(0, 6), min_size=1),
    every=st.integers(1, 3),
    hour=st.integers(4, 22),
    start=st.dates(date(2026, 1, 5), date(2026, 12, 1)),
)
def test_whatever_is_left_out_or_moved_readers_show_the_same_moments(
    kept: list[bool],
    shifts: dict[int, int],
    zone: str,
    days: set[int],
    every: int,
    hour: int,
    start: date,
) -> None:
    pattern = Pattern(weekly(days, every), start, time(hour), time(hour, 50), zone)
    all_of_it = occurrences(pattern, start, start + timedelta(weeks=30))[: len(kept)]
    entries = []
    for index, (one, stays) in enumerate(zip(all_of_it, kept, strict=False)):
        shift = timedelta(minutes=shifts.get(index, 0))
        span = Span(one.span.start + shift, one.span.end + shift)
        entries.append(ics.Entry(UUID(int=index), span, 0, not stays, one.on))
    run = ics.Run(UUID(int=99), pattern, 1, tuple(entries))
    text = ics.calendar((), [run], title="Appointment", zone=zone, stamp=MORNING)
    expected = sorted(one.span.start for one in entries if not one.cancelled)
    if expected:
        assert moments(text) == expected
    else:
        assert b"BEGIN:VEVENT" not in text


def test_one_meeting_as_a_file(cast: Cast, client: Client) -> None:
    client.force_login(cast.alice)
    answer = client.get(f"/meetings/{cast.individual.pk}/calendar.ics")
    assert moments(answer.content) == [cast.individual.starts_at]
    assert b"SUMMARY:Appointment" in answer.content
    client.force_login(cast.bruno)
    assert client.get(f"/meetings/{cast.individual.pk}/calendar.ics").status_code == 404
