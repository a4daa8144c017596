"""The home page: what each part in the programme finds there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.service import cancel
from sessions.room import service as room
from sessions.room.commands import Admit, End, Knock
from tests.cast import EVENING, HOUR, Cast, assemble


@pytest.fixture
def evening(db: None) -> Iterator[Cast]:
    """Monday, 6 PM in New York; the group began at 5:55 PM."""
    with time_machine.travel(EVENING, tick=False):
        yield assemble()


def home(person: Person, path: str = "/") -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def knock(person: Person, cast: Cast) -> None:
    actor = room.Actor(person.pk, cast.group.pk)
    room.connect(actor, "device", "process")
    room.handle(actor, Knock())


def test_a_client_finds_one_large_button_and_the_time_in_words(evening: Cast) -> None:
    page = home(evening.alice)
    assert "Good evening, Alice" in page
    assert "Now, until 8:55 PM" in page
    assert page.count("button primary") == 1
    assert f'href="/meetings/{evening.group.pk}/room"' in page
    assert "with Mina and Theo" in page
    assert "waiting" not in page  # how many wait is for those who let them in


def test_what_comes_later_today_is_below_without_a_large_button(evening: Cast) -> None:
    page = home(evening.alice)
    later = page.split("Later today")[1]
    assert "Individual session" in later
    assert "10:00 PM" in later
    assert "thumb" not in later


@pytest.mark.parametrize(
    ("before_start", "words", "door_open"),
    [
        (timedelta(minutes=12), "Starts in 12 minutes", True),
        (timedelta(seconds=61), "Starts in 2 minutes", True),
        (timedelta(seconds=30), "Starts in 1 minute", True),
        (timedelta(minutes=60), "Starts at 5:55 PM", True),
        (timedelta(minutes=61), "Starts at 5:55 PM", False),
    ],
)
def test_the_time_until_the_start_is_said_in_words(
    evening: Cast, before_start: timedelta, words: str, door_open: bool
) -> None:
    with time_machine.travel(evening.group.starts_at - before_start, tick=False):
        page = home(evening.bruno)
    assert words in page
    assert ("Join your session" in page) == door_open
    assert ("appears here at 4:55 PM" in page) == (not door_open)


def test_times_are_in_the_readers_own_zone(evening: Cast) -> None:
    Person.objects.filter(pk=evening.alice.pk).update(time_zone="America/Phoenix")
    assert "until 6:55 PM" in home(Person.objects.get(pk=evening.alice.pk))


def test_a_facilitator_sees_how_many_wait_and_the_page_refreshes_itself(evening: Cast) -> None:
    assert "Nobody is waiting" in home(evening.mina)
    knock(evening.alice, evening)
    assert "1 person is waiting" in home(evening.mina)
    knock(evening.bruno, evening)
    page = home(evening.mina)
    assert "2 people are waiting" in page
    assert "Open the room" in page
    assert 'hx-trigger="every 10s"' in page
    assert "2 people are waiting" in home(evening.mina, "/today")


def test_an_unchanged_part_is_not_sent_again(evening: Cast) -> None:
    client = Client()
    client.force_login(evening.mina)
    shown = client.get("/").content.decode()
    poll = shown.split('hx-get="')[1].split('"')[0]
    assert client.get(poll).status_code == 204
    knock(evening.alice, evening)
    assert b"1 person is waiting" in client.get(poll).content


def test_a_coordinator_sees_who_waits_and_is_there_in_the_whole_programme(evening: Cast) -> None:
    knock(evening.mina, evening)
    knock(evening.alice, evening)
    knock(evening.bruno, evening)
    room.handle(room.Actor(evening.mina.pk, evening.group.pk), Admit(evening.bruno.pk))
    page = home(evening.carol)
    assert "Today in North" in page
    row = page.split(f'/meetings/{evening.group.pk}/"')[1].split("</li>")[0]
    assert "1 waiting" in row
    assert "2 in the room" in row
    assert "Southern" not in page
    assert "/room" not in page  # looks on from outside


def test_a_coordinator_without_meetings_today_is_told_what_will_be_here(evening: Cast) -> None:
    with time_machine.travel(EVENING + timedelta(days=3)):
        assert "No sessions today" in home(evening.carol)


def test_an_alumna_sees_her_check_in(evening: Cast) -> None:
    page = home(evening.ada)
    assert "Check-in call" in page
    assert "with Mina" in page
    assert "Evening" not in page.replace("Good evening", "")


def test_a_family_guest_sees_the_one_invited_meeting_and_who_will_be_there_by_role(evening: Cast) -> None:
    page = home(evening.omar)
    assert "Family group" in page
    assert page.count('href="/meetings/') == 1
    assert "clients of the programme" in page
    assert "families" in page
    for client in (evening.alice, evening.bruno):
        assert client.given_name not in page


def test_tomorrow_is_named_as_tomorrow(evening: Cast) -> None:
    with time_machine.travel(EVENING - timedelta(days=1)):
        page = home(evening.alice)
    assert "No more sessions today" in page
    assert "Tomorrow</h2>" in page


def test_a_meeting_that_staff_has_ended_is_not_offered_again(evening: Cast) -> None:
    knock(evening.mina, evening)
    room.handle(room.Actor(evening.mina.pk, evening.group.pk), End())
    page = home(evening.bruno)
    assert f"/meetings/{evening.group.pk}/room" not in page
    assert "Earlier today" in page


def test_a_cancelled_meeting_is_not_offered(evening: Cast) -> None:
    cancel(evening.group)
    assert str(evening.group.pk) not in home(evening.alice)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("mina", "You lead no session"),
        ("alice", "No more sessions today"),
        ("omar", "When you are invited to one"),
        ("ada", "Your next check-in will stand here"),
        ("nora", "Your team will add you"),
    ],
)
def test_an_empty_day_says_what_will_be_here(evening: Cast, who: str, words: str) -> None:
    with time_machine.travel(EVENING + timedelta(days=3)):
        assert words in home(getattr(evening, who))


def test_the_page_over_midnight_keeps_the_meeting_that_is_going_on(evening: Cast) -> None:
    late = evening.group
    late.starts_at, late.ends_at = EVENING + 5 * HOUR, EVENING + 8 * HOUR  # 11 PM to 2 AM
    late.save()
    with time_machine.travel(EVENING + 6.5 * HOUR):
        page = home(evening.bruno)
        assert clock.now() < late.ends_at
    assert "Now, until 2:00 AM" in page
