"""`manage.py demo`: the clinic a newcomer looks at."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from pytest_django import Settings

from sessions.aftercare import queue
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.attendance.models import AttendanceRecord
from sessions.attendance.reports import service as reports
from sessions.consents.models import Consent, Disclosure
from sessions.core import zones
from sessions.management.demo_aftercare import where_it_is_day
from sessions.people.models import Household, Person
from sessions.people.roles import RoomRole
from sessions.programs import service
from sessions.programs.clients import client_file
from sessions.programs.models import Enrollment, Meeting
from sessions.room.models import Room
from sessions.tasks import make_reports

pytestmark = pytest.mark.django_db

AFTERNOON = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)  # 14:00 in New York
LATE = datetime(2026, 3, 3, 4, 40, tzinfo=UTC)  # 23:40 in New York
NEW_YORK = "America/New_York"


@pytest.fixture(autouse=True)
def _in_a_demo(settings: Settings) -> None:
    settings.DEMO = True


def demo() -> dict[str, Any]:
    out = io.StringIO()
    call_command("demo", "--json", stdout=out, skip_checks=True)
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


def meeting(printed: dict[str, Any], kind: str) -> Meeting:
    (row,) = (row for row in printed["meetings"] if row["kind"] == kind)
    return Meeting.objects.get(pk=row["id"])


@pytest.fixture(scope="class")
def printed(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One clinic for all tests of a class, none of which changes it."""
    with django_db_blocker.unblock(), override_settings(DEMO=True), transaction.atomic():
        yield demo()
        transaction.set_rollback(True)


class TestOneClinic:
    """What a newcomer finds, looked at from all sides."""

    def test_everybody_is_there_once(self, printed: dict[str, Any]) -> None:
        assert Counter(person["role"] for person in printed["people"]) == {
            "coordinator": 1,
            "facilitator": 2,
            "client": 8,
            "family": 4,
            "alumnus": 2,
            "administrator": 1,
        }
        assert Enrollment.objects.count() == 8
        assert sorted(house.members.count() for house in Household.objects.all()) == [2, 2]

    def test_the_printed_logins_work(self, printed: dict[str, Any]) -> None:
        for row in printed["people"]:
            person = authenticate(None, email=row["email"], username=row["email"], password=row["password"])
            assert person is not None
            assert (str(person.pk), person.get_full_name()) == (row["id"], row["name"])

    def test_only_the_administrator_may_open_the_admin_pages(self, printed: dict[str, Any]) -> None:
        assert [person.email for person in Person.objects.all() if person.is_staff] == ["iris@harbor.example"]

    def test_links_lead_to_the_meeting_and_its_room(self, printed: dict[str, Any]) -> None:
        for row in printed["meetings"]:
            assert row["path"] == f"/meetings/{row['id']}/"
            assert row["room_path"] == f"/meetings/{row['id']}/room"

    @pytest.mark.parametrize(
        ("kind", "parts"),
        [
            ("process_group", {RoomRole.FACILITATOR: 2, RoomRole.CLIENT: 8}),
            ("individual_therapy", {RoomRole.FACILITATOR: 1, RoomRole.CLIENT: 1}),
            ("family_group", {RoomRole.FACILITATOR: 1, RoomRole.CLIENT: 2, RoomRole.FAMILY: 4}),
            ("check_in_call", {RoomRole.FACILITATOR: 1, RoomRole.ALUMNUS: 1}),
        ],
    )
    def test_each_meeting_has_its_people(
        self, printed: dict[str, Any], kind: str, parts: dict[RoomRole, int]
    ) -> None:
        assert Counter(entry.role for entry in service.roster(meeting(printed, kind))) == parts


@pytest.mark.parametrize("now", [AFTERNOON, LATE], ids=["in the afternoon", "twenty minutes before midnight"])
def test_one_group_is_open_and_the_others_come_later_today(now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        printed = demo()
    group = meeting(printed, "process_group")
    assert printed["meetings"][0]["id"] == str(group.pk)
    assert now in group.span
    assert group.span.length == timedelta(hours=3)
    starts = [
        meeting(printed, kind).starts_at for kind in ("individual_therapy", "family_group", "check_in_call")
    ]
    assert starts == sorted(starts)
    assert all(start > now for start in starts)
    assert {zones.local_date(start, NEW_YORK) for start in starts} == {zones.local_date(now, NEW_YORK)}


def test_a_second_run_changes_nothing() -> None:
    with time_machine.travel(AFTERNOON, tick=False) as clock:
        first = demo()
        clock.shift(timedelta(minutes=20))
        assert demo() == first


def test_a_run_the_next_day_keeps_people_and_history_and_brings_new_meetings() -> None:
    with time_machine.travel(AFTERNOON, tick=False) as clock:
        first = demo()
        clock.shift(timedelta(days=1))
        second = demo()
    assert second["people"] == first["people"]
    assert not {row["id"] for row in first["meetings"]} & {row["id"] for row in second["meetings"]}
    assert Meeting.objects.filter(series=None).count() == 9  # four each day, and the one that was held


def test_an_ended_group_is_followed_by_an_open_one() -> None:
    with time_machine.travel(AFTERNOON, tick=False):
        first = meeting(demo(), "process_group")
        Room.objects.create(meeting=first, opened_at=AFTERNOON, ended_at=AFTERNOON)
        assert meeting(demo(), "process_group") != first


def test_a_changed_password_and_a_disabled_account_are_put_back() -> None:
    demo()
    daniel = Person.objects.get(email="daniel@harbor.example")
    daniel.set_password("another")
    daniel.is_active = False
    daniel.save()
    demo()
    daniel.refresh_from_db()
    assert daniel.is_active
    assert daniel.check_password(demo()["people"][0]["password"])


def test_known_passwords_never_enter_a_real_clinic(settings: Settings) -> None:
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError):
        demo()
    assert not Person.objects.exists()


def test_the_words_for_people_name_logins_password_and_links() -> None:
    out = io.StringIO()
    call_command("demo", stdout=out, skip_checks=True)
    for needed in ("maya@harbor.example", "Password", "/meetings/"):
        assert needed in out.getvalue()


def test_a_client_has_a_court_that_may_be_told_a_signed_session_and_a_report() -> None:
    with time_machine.travel(AFTERNOON, tick=False):
        demo()
        demo()
        make_reports()
        tessa = Person.objects.get(email="tessa@harbor.example")
        record = AttendanceRecord.objects.get(person=tessa)
        assert (record.credited_minutes, record.status) == (45, "present")
        assert Consent.objects.live(AFTERNOON).get(patient=tessa).purpose == "court"
        joan = Person.objects.get(email="joan@harbor.example")
        report, standing = reports.reports_of(joan, client_file(record.meeting.program_id, tessa.pk))[0]
        assert (report.audience, report.records, standing.closed, standing.superseded) == (
            "court",
            1,
            False,
            False,
        )
        assert Disclosure.objects.filter(patient=tessa).count() == 1


@pytest.mark.parametrize("month", [1, 3, 7, 11])
def test_somewhere_it_is_day(month: int) -> None:
    for hour in range(24):
        now = datetime(2026, month, 23, hour, 14, tzinfo=UTC)
        assert time(9) <= now.astimezone(zones.zone(where_it_is_day(now))).time() < time(19)


@pytest.mark.parametrize("now", [LATE, datetime(2026, 11, 23, 12, 14, tzinfo=UTC)])  # night in New York
def test_somebody_is_to_be_called_whenever_one_looks(now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        demo()
        maya = Person.objects.get(email="maya@harbor.example")
        waiting = queue.waiting(maya, Meeting.objects.all()[0].program, now)
        assert [row.course.person.given_name for row in waiting] == ["Theodore"]
        wendy = AftercareCourse.objects.get(person__email="wendy@harbor.example")
        coming = CheckIn.objects.filter(course=wendy, state="scheduled").order_by("starts_at")[0]
        assert coming.starts_at is not None
        assert coming.starts_at - now > timedelta(days=1)
        assert CheckIn.objects.filter(course=wendy, state="completed").count() == 3
