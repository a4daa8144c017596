"""Every look of staff at health data is on record once, and whom it concerns finds it in who saw their record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.audit import service as audit
from sessions.audit.models import AuditEvent
from sessions.people.models import Person
from sessions.programs import waitlist
from sessions.programs.episode_models import Episode
from sessions.worklist import service as worklist
from tests import cast as people
from tests.cast import HOUR, MORNING, Cast

# page, who looks, whom of Alice, Bruno and Chidi it tells of, and what these read
LOOKS: Final = {
    "sheet": ("mina", "alice bruno", "looked at the hours of a session you belong to"),
    "session": ("carol", "alice bruno", "looked at the hours of a session you belong to"),
    "notes": ("mina", "alice", "read notes about you"),
    "week board": ("carol", "alice bruno chidi", "looked at the weeks of everybody, yours among them"),
    "eight weeks": ("carol", "alice bruno", "looked at the weeks of everybody, yours among them"),
    "census": ("carol", "alice bruno chidi", "looked at the list of everybody in the programme"),
    "groups": ("mina", "alice bruno", "looked at the people of a group, you among them"),
    "search": ("carol", "alice", "searched for a name and found yours"),
    "tasks": ("carol", "alice", "looked at the list of tasks, one about you among them"),
    "episode": ("carol", "alice", "looked at your way here"),
    "plan": ("mina", "alice", "looked at your assessments"),
    "samples": ("mina", "alice", "looked at your samples"),
    "papers": ("carol", "alice", "looked at your papers"),
    "told": ("carol", "alice", "looked at what was told about you"),
    "one week": ("carol", "alice", "looked at your week"),
    "prescribed week": ("mina", "alice", "looked at your prescribed week"),
    "family": ("carol", "alice", "looked at your household and who is kept apart"),
    "waitlist": ("carol", "alice", "looked at who waits for a place, you among them"),
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    cast = people.assemble()
    told = {"on": "2026-03-02"}
    worklist.ask(
        cast.north.pk, "absence.review", key="absence 1", reason="unexcused", params=told, person=cast.alice
    )
    waitlist.join(cast.morning, cast.alice, by=cast.carol)
    clock.shift(5 * HOUR)
    return cast


def looks(cast: Cast, reader: Person, page: str) -> None:
    way = Episode.objects.get(person=cast.alice).pk
    addresses: dict[str, tuple[str, list[UUID]]] = {
        "sheet": ("sign", [cast.group.pk]),
        "session": ("meeting", [cast.group.pk]),
        "notes": ("notes", [cast.group.pk, cast.alice.pk]),
        "week board": ("week", []),
        "eight weeks": ("cohort-weeks", [cast.evening.pk]),
        "census": ("census", [cast.north.pk]),
        "groups": ("groups", []),
        "search": ("search", []),
        "tasks": ("tasks", []),
        "episode": ("episode", [way]),
        "plan": ("plan", [way]),
        "samples": ("samples", [way]),
        "papers": ("file", [cast.north.pk, cast.alice.pk]),
        "one week": ("client-week", [cast.north.pk, cast.alice.pk]),
        "prescribed week": ("prescription", [way]),
        "family": ("family", [way]),
        "waitlist": ("waitlist", [cast.north.pk]),
        "told": ("told", [cast.north.pk, cast.alice.pk]),
    }
    name, parts = addresses[page]
    browser = Client()
    browser.force_login(reader)
    address = reverse(name, args=parts)
    answer = browser.post(address, {"q": "haddad"}) if page == "search" else browser.get(address)
    assert answer.status_code == 200


@pytest.mark.parametrize("page", LOOKS)
def test_a_look_is_on_record_once_for_each_client_it_tells_of(cast: Cast, page: str) -> None:
    who, whom, says = LOOKS[page]
    reader: Person = getattr(cast, who)
    before = AuditEvent.objects.latest("pk").pk
    looks(cast, reader, page)
    for name in ("alice", "bruno", "chidi"):
        client: Person = getattr(cast, name)
        ways = [str(pk) for pk in Episode.objects.filter(person=client).values_list("pk", flat=True)]
        seen = audit.looks_at(client.pk, ways).filter(actor_id=reader.pk, pk__gt=before)
        acts = list(seen.values_list("act", flat=True))
        assert bool(acts) == (name in whom.split()), name
        assert len(acts) == len(set(acts))
        browser = Client()
        browser.force_login(client)
        assert (says in browser.get(reverse("record-seen")).content.decode()) == (name in whom.split())
    assert not audit.verify()


def test_the_same_look_ten_times_is_one_line(cast: Cast) -> None:
    for _ in range(10):
        looks(cast, cast.mina, "sheet")
    browser = Client()
    browser.force_login(cast.alice)
    shown = browser.get(reverse("record-seen")).content.decode()
    assert shown.count("looked at the hours of a session") == 1
    assert "10 times" in shown
