"""What the meeting's page may show of who was there."""

from __future__ import annotations

import pytest
import time_machine

from sessions.audit.models import AuditEvent
from sessions.core.errors import NotFound
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import End, Leave
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def evening(cast: Cast, clock: time_machine.Traveller) -> Evening:
    """Alice waits 4 minutes, is in the room for 20, and leaves; Mina ends it after 30. Bruno never comes."""
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    for minute in range(30):
        if minute == 4:
            evening.lets_in(cast.mina, cast.alice)
        if minute == 24:
            evening.does(cast.alice, Leave())
        for _ in range(6):
            clock.shift(seconds(10))
            evening.hears(cast.mina, cast.alice)
    evening.does(cast.mina, End())
    return evening


def minutes(evening: Evening, reader: Person) -> dict[str, int]:
    return {name: entry.minutes for name, entry in evening.stays(reader).items()}


@pytest.mark.parametrize("reader", ["mina", "theo", "carol"])
def test_staff_see_everybody_also_who_never_came(evening: Evening, cast: Cast, reader: str) -> None:
    assert minutes(evening, getattr(cast, reader)) == {
        "Mina Park": 30,
        "Theo Okafor": 0,
        "Alice Haddad": 20,
        "Bruno Silva": 0,
    }


def test_arrival_is_at_the_door_not_in_the_room(evening: Evening, cast: Cast) -> None:
    alice = evening.stays(cast.mina)["Alice Haddad"]
    assert alice.arrived_at == EVENING
    assert [(stay.starts_at - EVENING, stay.ends_at - EVENING) for stay in alice.stays] == [
        (seconds(240), seconds(1440))
    ]


def test_clients_see_themselves_only(evening: Evening, cast: Cast) -> None:
    assert minutes(evening, cast.alice) == {"Alice Haddad": 20}
    assert minutes(evening, cast.bruno) == {"Bruno Silva": 0}


def test_family_guests_and_alumni_see_no_attendance(cast: Cast) -> None:
    for meeting, guest in ((cast.family, cast.omar), (cast.check_in, cast.ada)):
        there = Evening(meeting)
        there.comes(cast.mina, guest)
        there.lets_in(cast.mina, guest)
        assert there.stays(guest) == {}
        assert guest.name in there.stays(cast.mina)


@pytest.mark.parametrize("reader", ["chidi", "omar", "otto", "ines", "nora"])
def test_for_everybody_else_there_is_no_meeting(evening: Evening, cast: Cast, reader: str) -> None:
    with pytest.raises(NotFound):
        service.stays(evening.actor(getattr(cast, reader)))


def test_reading_the_attendance_of_others_is_on_record(evening: Evening, cast: Cast) -> None:
    def read() -> list[tuple[str, str]]:
        rows = AuditEvent.objects.filter(act="meeting.attendance", subject_type="meeting", outcome="allowed")
        return [(str(row.actor_id), row.subject_id) for row in rows]

    evening.stays(cast.alice)
    assert read() == []
    evening.stays(cast.mina)
    assert read() == [(str(cast.mina.pk), str(cast.group.pk))]


def test_of_who_is_still_there_the_latest_evidence_counts(cast: Cast, clock: time_machine.Traveller) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina)
    clock.shift(seconds(25))
    evening.hears(cast.mina)
    clock.shift(seconds(20))
    (stay,) = evening.stays(cast.mina)["Mina Park"].stays
    assert (stay.ends_at - EVENING, stay.ending.value) == (seconds(25), "still here")
