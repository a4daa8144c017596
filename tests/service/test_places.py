"""Where one can go from every page, and which of these places is marked as the one where one is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from sessions.people.models import Person
from sessions.web.places import places
from sessions.web.urls import urlpatterns
from tests.cast import EVENING, Cast, assemble

MARKED = re.compile(r'<a href="([^"]*)" aria-current="(page|true)"')


@pytest.fixture
def evening(db: None) -> Iterator[Cast]:
    with time_machine.travel(EVENING, tick=False):
        yield assemble()


def marks(person: Person, path: str) -> set[tuple[str, str]]:
    """What the list of places says about where the page is: the address, and how."""
    client = Client()
    client.force_login(person)
    answer = client.get(path)
    assert answer.status_code == 200, path
    return set(MARKED.findall(answer.content.decode().split('class="places"')[1].split("</nav>")[0]))


def test_a_place_is_marked_as_the_page_itself(evening: Cast) -> None:
    assert marks(evening.alice, "/schedule/") == {("/schedule/", "page")}
    assert marks(evening.carol, "/find/") == {("/find/", "page")}


@pytest.mark.parametrize("page", ["tracks", "kinds", "counting", "calling", "systems", "groups", "licences"])
def test_every_page_on_which_a_programme_is_kept_belongs_to_its_rules(evening: Cast, page: str) -> None:
    of = f"/programs/{evening.north.pk}"
    assert marks(evening.ines, f"{of}/{page}") == {(f"{of}/settings", "true")}


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("waitlist", "people"),
        ("groups", "people"),
        ("on-call", "people"),
        ("holidays", None),
        ("series/new", None),
    ],
)
def test_for_a_coordinator_they_belong_to_people_or_to_the_schedule(
    evening: Cast, page: str, place: str | None
) -> None:
    of = f"/programs/{evening.north.pk}"
    assert marks(evening.carol, f"{of}/{page}") == {(f"{of}/{place}" if place else "/schedule/", "true")}


def test_a_page_that_belongs_to_none_marks_none(evening: Cast) -> None:
    assert marks(evening.alice, "/messages/mine") == set()


def test_at_most_one_place_is_marked_whatever_the_page(evening: Cast) -> None:
    names = [getattr(one, "name", None) or "" for one in urlpatterns]
    for person in (evening.alice, evening.mina, evening.carol, evening.ines):
        for name in names:
            assert len([one for one in places(person, name) if one.here]) <= 1, name
