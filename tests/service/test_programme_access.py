"""Every page around the programme × every person × their own and a foreign programme: what is foreign is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.core.span import Span
from sessions.programs import episodes, slots
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Holiday, OfferedSlot, Series, WaitlistEntry
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.recurrence import weekly
from sessions.web.programme.urls import urlpatterns
from tests.cast import HOUR, MORNING, Cast, assemble

pytestmark = pytest.mark.django_db
EVERYBODY = (
    *("mina", "theo", "alice", "bruno", "chidi", "omar", "rosa"),
    *("ada", "carol", "ines", "otto", "sofia", "nora"),
)


@dataclass(frozen=True)
class Clinic:
    cast: Cast
    series: Series
    holiday: Holiday
    slot: OfferedSlot
    alices: Episode
    licence: Licence
    waits: WaitlistEntry


@pytest.fixture
def clinic(db: None) -> Iterator[Clinic]:
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        start = datetime(2026, 3, 5, 15, tzinfo=UTC)
        yield Clinic(
            cast,
            calendar.create(
                cast.north,
                calendar.Draft(
                    MeetingKind.PROCESS_GROUP,
                    weekly([2]),
                    date(2026, 3, 4),
                    time(18),
                    time(21),
                    [cast.mina],
                    cohort=cast.evening,
                ),
            ),
            calendar.rest_on(cast.north, date(2026, 3, 20), "Rest"),
            slots.offer(
                cast.north, cast.mina, MeetingKind.INDIVIDUAL_THERAPY, [Span(start, start + HOUR)], cast.mina
            )[0],
            episodes.current(cast.alice, cast.north.pk),  # type: ignore[arg-type]
            Licence.objects.create(person=cast.mina, state="NY", until=date(2026, 4, 1)),
            WaitlistEntry.objects.create(cohort=cast.evening, person=cast.chidi),
        )


Args = Callable[[Clinic], tuple[Any, ...]]
NORTH: Args = lambda it: (it.cast.north.pk,)  # noqa: E731
SERIES: Args = lambda it: (it.cast.north.pk, it.series.pk)  # noqa: E731
MEETING: Args = lambda it: (it.series.meetings.first().pk,)  # type: ignore[union-attr] # noqa: E731
NONE: Args = lambda it: ()  # noqa: E731
EPISODE: Args = lambda it: (it.alices.pk,)  # noqa: E731
EVENING = ("mina", "alice", "bruno")
RUN = ("carol", "ines")  # who run the programme

# address, its parts, who finds something there; with POST for pages that only act
PAGES: dict[str, tuple[Args, tuple[str, ...], str]] = {
    "schedule": (NONE, EVERYBODY, "get"),
    "schedule-of": (NORTH, ("carol",), "get"),
    "series-new": (NORTH, ("carol",), "get"),
    "series": (SERIES, ("carol",), "get"),
    "series-end": (SERIES, ("carol",), "post"),
    "series-again": (lambda it: (it.cast.north.pk, it.series.pk, "open"), ("carol",), "post"),
    "meeting-new": (NORTH, ("carol",), "get"),
    "holidays": (NORTH, ("carol",), "get"),
    "holiday-end": (lambda it: (it.cast.north.pk, it.holiday.pk), ("carol",), "post"),
    "meeting-change": (MEETING, ("carol",), "get"),
    "meeting-cancel": (MEETING, ("carol",), "post"),
    "meeting-restore": (MEETING, ("carol",), "post"),
    "meeting-file": (MEETING, EVENING, "get"),
    "book": (NONE, ("alice", "bruno", "chidi", "sofia"), "get"),
    "book-take": (lambda it: (it.slot.pk,), ("alice", "bruno"), "post"),
    "hours": (NORTH, ("mina", "theo", "carol"), "get"),
    "hours-withdraw": (lambda it: (it.cast.north.pk, it.slot.pk), ("mina",), "post"),
    "feed": (NONE, EVERYBODY, "get"),
    "census": (NORTH, ("carol",), "get"),
    "refer": (NORTH, ("carol",), "get"),
    "groups": (NONE, ("mina", "theo", "otto"), "get"),
    "episode": (EPISODE, ("mina", "theo", "alice", "carol"), "get"),
    "episode-welcome": (EPISODE, ("carol",), "post"),
    "episode-act": (lambda it: (it.alices.pk, "pause"), ("carol",), "get"),
    "plan": (EPISODE, ("mina", "theo", "alice", "carol"), "get"),
    "prescription": (EPISODE, ("mina", "theo", "alice", "carol"), "get"),
    "plan-write": (EPISODE, ("mina", "theo", "carol"), "get"),
    "plan-review": (EPISODE, ("mina", "theo", "carol"), "get"),
    "plan-assess": (lambda it: (it.alices.pk, "withdrawal"), ("mina", "theo", "carol"), "get"),
    "samples": (EPISODE, ("mina", "theo", "alice", "carol"), "get"),
    "samples-stop": (EPISODE, ("mina", "theo", "carol"), "post"),
    "program-settings": (NORTH, ("ines",), "get"),
    "credit-policy": (NORTH, ("ines",), "get"),
    "aftercare-policy": (NORTH, ("ines",), "get"),
    "my-people": (NONE, ("alice", "bruno", "chidi", "ada", "sofia"), "get"),
    "record-seen": (NONE, EVERYBODY, "get"),
    "tracks": (NORTH, ("ines",), "get"),
    "track-new": (NORTH, ("ines",), "get"),
    "track": (lambda it: (it.cast.north.pk, 1), ("ines",), "get"),
    "track-remove": (lambda it: (it.cast.north.pk, 1), ("ines",), "post"),
    "kinds": (NORTH, ("ines",), "get"),
    "kind": (lambda it: (it.cast.north.pk, "process_group"), ("ines",), "get"),
    "cohorts": (NORTH, RUN, "get"),
    "cohort-new": (NORTH, RUN, "get"),
    "cohort": (lambda it: (it.cast.north.pk, it.cast.evening.pk), RUN, "get"),
    "cohort-leader": (
        lambda it: (it.cast.north.pk, it.cast.evening.pk, it.cast.mina.pk, "take"),
        RUN,
        "post",
    ),
    "licences": (NORTH, RUN, "get"),
    "licence-new": (NORTH, RUN, "get"),
    "licence": (lambda it: (it.cast.north.pk, it.licence.pk), RUN, "get"),
    "waitlist": (NORTH, ("carol",), "get"),
    "waitlist-act": (lambda it: (it.cast.north.pk, it.waits.pk, "up"), ("carol",), "post"),
    "place-offers": (NONE, EVERYBODY, "get"),
    "search": (NONE, ("mina", "theo", "carol", "ines", "otto"), "get"),
    "staff": (NORTH, ("ines",), "get"),
    "staff-invite": (NORTH, ("ines",), "get"),
    "staff-role": (NORTH, ("ines",), "get"),
    "staff-act": (
        lambda it: (it.cast.north.pk, it.cast.mina.memberships.get().pk, "give"),
        ("ines",),
        "post",
    ),
    "on-call": (NORTH, RUN, "get"),
    "on-call-set": (lambda it: (it.cast.north.pk, it.cast.mina.memberships.get().pk, "on"), RUN, "post"),
    "family": (EPISODE, ("carol",), "get"),
}
ELSEWHERE = {
    "feed-read": "test_feeds.py",
    "give-back": "test_bookings.py",
    "plan-sign": "test_care.py",
    "sample-step": "test_care.py",
    "sample-meeting": "test_care.py",
    "episode-sign": "test_care.py",
    "invitation": "test_guest_enters.py",
    "my-people-end": "test_families.py",
    "family-invite": "test_families.py",
    "family-revoke": "test_families.py",
    "family-back": "test_families.py",
    "family-apart": "test_families.py",
    "series-retry": "test_series.py",
    "place-answer": "test_waitlist.py",
}


def test_every_address_is_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(PAGES) | set(ELSEWHERE)


@pytest.mark.parametrize("name", PAGES)
def test_who_finds_something_there(clinic: Clinic, client: Client, name: str) -> None:
    args, allowed, method = PAGES[name]
    address = reverse(name, args=args(clinic))
    found = set()
    for who in EVERYBODY:
        if method == "post" and who in allowed:
            continue
        client.force_login(getattr(clinic.cast, who))
        answer = getattr(client, method)(address)
        assert answer.status_code in (200, 403, 404), (who, answer.status_code)
        if answer.status_code == 200:
            found.add(who)
        elif who in ("otto", "sofia", "nora"):
            assert answer.status_code == 404
    assert found == (set() if method == "post" else set(allowed))
    if method == "post":
        client.force_login(getattr(clinic.cast, allowed[0]))
        assert client.post(address).status_code == 302


@pytest.mark.parametrize("name", [name for name, (_, _, method) in PAGES.items() if method == "get"])
def test_who_is_not_signed_in_is_sent_to_sign_in(clinic: Clinic, client: Client, name: str) -> None:
    answer = client.get(reverse(name, args=PAGES[name][0](clinic)))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_series_of_another_programme_is_not_reached_by_ones_own(clinic: Clinic, client: Client) -> None:
    from sessions.people.roles import Role
    from sessions.people.service import join

    join(clinic.cast.otto, clinic.cast.south.pk, Role.COORDINATOR)
    client.force_login(clinic.cast.otto)
    assert client.get(reverse("series", args=[clinic.cast.south.pk, clinic.series.pk])).status_code == 404
    assert client.get(reverse("schedule-of", args=[clinic.cast.south.pk])).status_code == 200
    assert "Alice" not in client.get(reverse("schedule-of", args=[clinic.cast.south.pk])).content.decode()


def test_a_coordinator_makes_a_series_from_the_form(clinic: Clinic, client: Client) -> None:
    client.force_login(clinic.cast.carol)
    typed = {
        "kind": "skill_building",
        "title": "Skills",
        "cohort": str(clinic.cast.morning.pk),
        "facilitators": [str(clinic.cast.theo.pk)],
        "weekdays": ["1", "3"],
        "every": "1",
        "start": "09:00",
        "end": "12:00",
        "break_start": "10:25",
        "break_end": "10:35",
        "starts_on": "2026-03-03",
    }
    address = reverse("series-new", args=[clinic.cast.north.pk])
    assert client.post(address, {**typed, "end": ""}).status_code == 422
    clash = client.post(
        address,
        {
            **typed,
            "facilitators": [str(clinic.cast.mina.pk)],
            "weekdays": ["2"],
            "start": "20:00",
            "end": "22:00",
            "break_start": "",
            "break_end": "",
        },
    )
    assert "It is about Mina Park." in clash.content.decode()
    answer = client.post(address, typed)
    assert answer.status_code == 302
    row = Series.objects.get(title="Skills")
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Tuesday and Thursday" in page
    assert row.meetings.count() == 17
    moved = client.post(
        reverse("meeting-change", args=[row.meetings.first().pk]),  # type: ignore[union-attr]
        {"which": "move", "on": "2026-03-03", "start": "13:00", "end": "16:00"},
    )
    assert moved.status_code == 302
    for view in ("day", "week", "month"):
        text = client.get(
            reverse("schedule-of", args=[clinic.cast.north.pk]), {"view": view, "on": "2026-03-03"}
        )
        assert "Skills" in text.content.decode()


def test_a_client_books_and_the_hour_shows_in_the_schedule(clinic: Clinic, client: Client) -> None:
    client.force_login(clinic.cast.alice)
    assert "Thursday, March 5" in client.get(reverse("book")).content.decode()
    client.post(reverse("book-take", args=[clinic.slot.pk]))
    week = client.get(reverse("schedule")).content.decode()
    assert "10:00" in week
    assert "Individual session" in week
    clinic.slot.refresh_from_db()
    client.post(reverse("give-back", args=[clinic.slot.meeting_id]))
    assert OfferedSlot.objects.get(pk=clinic.slot.pk).meeting_id is None


def test_pages_ask_the_database_no_more_for_a_long_calendar(
    clinic: Clinic, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(clinic.cast.carol)
    address = reverse("schedule-of", args=[clinic.cast.north.pk])
    with django_assert_max_num_queries(20):
        client.get(address, {"view": "month", "on": str(date(2026, 3, 2) + timedelta(days=20))})
    with django_assert_max_num_queries(20):
        client.get(reverse("schedule"), {"view": "month"})
