"""A meeting's page: when, with whom, and who was there, for those who may know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from sessions.audit.models import AuditEvent
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.programs import breaks
from sessions.room import service as room
from sessions.room.commands import Admit, Knock, Leave
from tests.cast import EVENING, HOUR, Cast, assemble
from tests.service.tables import rows

MINUTE = timedelta(minutes=1)


@pytest.fixture
def evening(db: None) -> Iterator[Cast]:
    """Monday, 6 PM in New York; the group began at 5:55 PM and ends at 8:55 PM."""
    with time_machine.travel(EVENING, tick=False):
        yield assemble()


@pytest.fixture
def held(evening: Cast) -> Cast:
    """Mina from 6:00 to 6:40; Alice knocks at 6:00 and is in from 6:05 to 6:35; Bruno never came."""
    mina, alice = (
        room.Actor(evening.mina.pk, evening.group.pk),
        room.Actor(evening.alice.pk, evening.group.pk),
    )
    with time_machine.travel(EVENING, tick=False) as clock:
        connections = [room.connect(mina, "a", "p"), room.connect(alice, "b", "p")]
        room.handle(mina, Knock())
        room.handle(alice, Knock())
        for step in range(1, 241):
            clock.move_to(EVENING + step * timedelta(seconds=10))
            room.seen(dict.fromkeys(connections, EVENING + step * timedelta(seconds=10)))
            if step == 30:
                room.handle(mina, Admit(evening.alice.pk))
            if step == 210:
                room.handle(alice, Leave())
        room.handle(mina, Leave())
        for connection in connections:
            room.disconnect(connection, True, EVENING + 40 * MINUTE)
    return evening


def page(person: Person, cast: Cast, name: str = "group", at: timedelta = 4 * HOUR) -> str:
    with time_machine.travel(EVENING + at):
        client = Client()
        client.force_login(Person.objects.get(pk=person.pk))
        answer = client.get(f"/meetings/{getattr(cast, name).pk}/")
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())


def test_it_says_when_what_and_with_whom(evening: Cast) -> None:
    shown = page(evening.alice, evening, at=timedelta())
    assert "Monday, March 2, 5:55 PM to 8:55 PM" in shown
    assert "Process group" in shown
    assert "<dd>Mina and Theo</dd>" in shown
    assert f'href="/meetings/{evening.group.pk}/room"' in shown
    assert "In your time" not in shown


def test_the_programmes_time_is_added_where_clocks_differ(evening: Cast) -> None:
    Person.objects.filter(pk=evening.alice.pk).update(time_zone="America/Phoenix")
    shown = page(evening.alice, evening, at=timedelta())
    assert "3:55 PM to 6:55 PM" in shown
    assert "In your time. 5:55 PM to 8:55 PM in New York." in shown


def test_breaks_are_told(evening: Cast) -> None:
    start = EVENING + 85 * MINUTE
    evening.group.breaks = breaks.write([Span(start, start + 10 * MINUTE)])
    evening.group.save()
    assert "7:25 PM to 7:35 PM" in page(evening.alice, evening)


def test_before_the_start_there_is_no_attendance(evening: Cast) -> None:
    assert "Who was here" not in page(evening.mina, evening, "individual", at=timedelta())


def test_staff_see_everybodys_stays_as_a_picture_and_as_a_table(held: Cast) -> None:
    shown = page(held.mina, held)
    assert "Alice Haddad: 30 minutes, from 6:05 PM to 6:35 PM" in shown
    assert "Mina Park: 40 minutes, from 6:00 PM to 6:40 PM" in shown
    assert shown.count('<svg class="ribbon"') == 2
    table = shown.split("The same as a table")[1]
    alice = next(row for row in rows(table) if row[0] == "Alice Haddad")
    assert alice[2:5] == ["6:05 PM", "6:35 PM", "left"]
    assert "Were not in the room: Theo Okafor and Bruno Silva" in shown


def test_who_is_in_the_room_is_marked_while_it_lasts(evening: Cast) -> None:
    mina = room.Actor(evening.mina.pk, evening.group.pk)
    connection = room.connect(mina, "a", "p")
    room.handle(mina, Knock())
    with time_machine.travel(EVENING + 10 * timedelta(seconds=1), tick=False):
        room.seen({connection: EVENING + timedelta(seconds=10)})
    shown = page(evening.mina, evening, at=timedelta(seconds=11))
    assert "here now" in shown
    assert "here since 6:00 PM" in shown


def test_a_coordinator_sees_them_too(held: Cast) -> None:
    shown = page(held.carol, held)
    assert "Alice Haddad" in shown
    assert f"/meetings/{held.group.pk}/room" not in shown


def test_a_client_sees_only_their_own(held: Cast) -> None:
    shown = page(held.alice, held)
    assert "Your time in this session" in shown
    assert shown.count('<svg class="ribbon"') == 1
    for other in (held.bruno, held.mina):
        assert other.family_name not in shown
    missed = page(held.bruno, held)
    assert "You have not been in this session" in missed
    assert "Haddad" not in missed


@pytest.mark.parametrize("who", ["omar", "rosa"])
def test_family_see_nobodys_attendance(evening: Cast, who: str) -> None:
    shown = page(getattr(evening, who), evening, "family", at=7 * HOUR)
    assert "ribbon" not in shown
    assert "Your time" not in shown
    for client in (evening.alice, evening.bruno):
        assert client.given_name not in shown


def test_reading_others_attendance_is_on_record_and_ones_own_is_not(held: Cast) -> None:
    page(held.mina, held)
    page(held.alice, held)
    reads = AuditEvent.objects.filter(act="meeting.attendance", subject_type="meeting")
    assert [(read.actor_id, read.subject_id) for read in reads] == [(held.mina.pk, str(held.group.pk))]
    assert reads[0].scope == held.north.pk


def test_titles_outside_the_page_are_neutral(held: Cast) -> None:
    for path in ("/", f"/meetings/{held.group.pk}/", f"/meetings/{held.group.pk}/room"):
        client = Client()
        client.force_login(held.alice)
        title = client.get(path).content.decode().split("<title>")[1].split("</title>")[0]
        assert title.strip() in ("Your sessions", "Your session")
