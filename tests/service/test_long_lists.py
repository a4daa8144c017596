"""The way from page to page under a long list: there and back, and what the address asks for stays as it was."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
import time_machine
from django.test import Client

from sessions.aftercare.models import AftercareCourse
from sessions.audit import service as audit
from sessions.core import clock
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.models import Program
from tests.cast import MORNING, Cast, assemble
from tests.service.outbox import remind
from tests.service.week import clients

WAYS: Final = re.compile(r'<a class="button" href="([^"]+)">\s*(Before|After|Newer|Older)\s*</a>')


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """Carol coordinates two programmes; North is the first of them."""
    with time_machine.travel(MORNING, tick=False):
        found = assemble()
        join(found.carol, found.south.pk, Role.COORDINATOR)
        yield found


def messages(cast: Cast, program: Program) -> None:
    for n in range(51):
        remind(cast.sofia, key=f"call-{n}", program_id=program.pk)


def courses(cast: Cast, program: Program) -> None:
    many = Person.objects.bulk_create(
        Person(email=f"alumna{n}@example.org", given_name=f"Nadia{n:02}") for n in range(61)
    )
    on, zone = clock.now().date(), program.time_zone
    AftercareCourse.objects.bulk_create(
        AftercareCourse(program=program, person=one, began_on=on, zone=zone) for one in many
    )


def looks(cast: Cast, program: Program) -> None:
    for _ in range(61):
        audit.record(actor_id=cast.mina.pk, act="plan.seen", subject_type="person", subject_id=cast.alice.pk)


def board(cast: Cast, program: Program) -> None:
    clients(cast, 45, "Client")


@pytest.mark.parametrize(
    ("who", "page", "filled", "asked", "there", "back"),
    [
        ("carol", "/messages/", messages, "program={south}", "Older", "Newer"),
        ("carol", "/aftercare/", courses, "program={south}", "After", "Before"),
        ("alice", "/my/record", looks, "", "Older", "Newer"),
        ("carol", "/week/", board, "of=2026-03-02&in={north}", "After", "Before"),
    ],
    ids=["messages", "aftercare", "who saw my record", "week board"],
)
def test_the_next_page_and_back(
    cast: Cast,
    client: Client,
    who: str,
    page: str,
    filled: Callable[[Cast, Program], None],
    asked: str,
    there: str,
    back: str,
) -> None:
    asked = asked.format(north=cast.north.pk, south=cast.south.pk)
    filled(cast, cast.south)
    client.force_login(getattr(cast, who))

    def ways(address: str) -> dict[str, str]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return {word: page + html.unescape(to) for to, word in WAYS.findall(answer.content.decode())}

    first = ways(f"{page}?{asked}")
    assert set(first) == {there}
    assert first[there].split("#")[0] == f"{page}?{asked}&page=2".replace("?&", "?")
    second = ways(first[there])
    assert set(second) == {back}
    assert second[back] == first[there].replace("page=2", "page=1")
    assert set(ways(second[back])) == {there}


def test_a_list_that_fits_on_one_page_shows_no_way(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    for page in ("/messages/", "/aftercare/", "/my/record", "/week/", f"/programs/{cast.north.pk}/people"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert WAYS.findall(answer.content.decode()) == []
        assert 'name="page"' not in answer.content.decode()
