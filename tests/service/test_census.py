"""What a coordinator sees of each client at a glance: stage, hours, who tapers, pauses, or is about to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sessions.people.models import Person
from sessions.plan import groups
from sessions.programs import episodes, steps
from sessions.programs.episode_models import Episode
from sessions.programs.models import Cohort, LevelOfCare
from sessions.programs.stretches import Hours
from tests.cast import MORNING, Cast, assemble
from tests.service.tables import words

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def of(someone: Person) -> Episode:
    return Episode.objects.select_related("program", "person").get(person=someone)


def steps_down(cast: Cast, someone: Person, on: date, cohort: Cohort | None = None) -> None:
    hours = Hours(180, 1, 180)
    proposal = steps.propose(
        of(someone), LevelOfCare.OUTPATIENT, cohort or cast.evening, hours, on, "Steady.", by=cast.carol
    )
    steps.sign(proposal, cast.mina, "Mina Park", agree=True)


def lines(cast: Cast) -> dict[str, str]:
    """Each client's line of the page, as plain words."""
    client = Client()
    client.force_login(cast.carol)
    page = client.get(reverse("census", args=[cast.north.pk])).content.decode()
    found = re.findall(r"<li>\s*<div>(.*?)</li>", page, re.S)
    told = [words(one) for one in found]
    return {next(name for name in ("Alice", "Bruno", "Chidi") if name in one): one for one in told}


def test_hours_and_group_stand_with_everybody(cast: Cast) -> None:
    told = lines(cast)["Alice"]
    assert "Intensive outpatient · Evening · 540 minutes a week" in told
    assert told.endswith("Active")


def test_who_steps_down_says_so_now_and_ahead(cast: Cast) -> None:
    steps_down(cast, cast.alice, TODAY)
    steps_down(cast, cast.bruno, TODAY + 7 * DAY)
    told = lines(cast)
    assert "Outpatient · Evening · 180 minutes a week" in told["Alice"]
    assert "stepping down" in told["Alice"]
    assert "stepping down" not in told["Bruno"]
    assert "from Monday, March 9: Outpatient, 180 minutes a week" in told["Bruno"]


def test_who_pauses_says_since_when_and_has_no_hours(cast: Cast) -> None:
    episodes.pause(of(cast.alice), "Surgery.", by=cast.carol)
    told = lines(cast)["Alice"]
    assert "On hold since Monday, March 2" in told
    assert "Surgery" not in told


def test_who_leaves_a_group_and_who_is_in_none(cast: Cast) -> None:
    groups.take_out(of(cast.alice), TODAY + 4 * DAY, "Asked for it.", by=cast.carol)
    assert "in the group until Thursday, March 5" in lines(cast)["Alice"]
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        assert lines(cast)["Alice"].endswith("Active in no group")


def test_the_client_who_tapers_reads_that_fewer_hours_are_the_plan(cast: Cast, client: Client) -> None:
    client.force_login(cast.alice)
    assert "fewer hours are your plan" not in client.get("/").content.decode()
    steps_down(cast, cast.alice, TODAY)
    assert "fewer hours are your plan now" in client.get("/").content.decode()
    client.force_login(cast.carol)
    assert "stepping down" in client.get(reverse("week")).content.decode()


def test_the_page_asks_as_much_for_many_as_for_few(
    cast: Cast, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(cast.carol)
    steps_down(cast, cast.alice, TODAY + 7 * DAY)
    episodes.pause(of(cast.bruno), "Surgery.", by=cast.carol)
    with django_assert_max_num_queries(20):
        client.get(reverse("census", args=[cast.north.pk]))


def test_a_hundred_and_twenty_people_come_in_pages(
    cast: Cast, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    before = Episode.objects.filter(program=cast.north, ended_on=None).count()
    many = Person.objects.bulk_create(
        Person(email=f"long{n}@example.org", given_name=f"Long {n:03}") for n in range(120 - before)
    )
    Episode.objects.bulk_create(Episode(program=cast.north, person=one, referred_on=TODAY) for one in many)
    client.force_login(cast.carol)
    address, seen = reverse("census", args=[cast.north.pk]), []
    for number in (1, 2, 3, 4):
        with django_assert_max_num_queries(20):
            answer = client.post(address, {"page": str(number)})
        assert f"Page {number} of 4" in answer.content.decode()
        seen += [one.person.pk for one in answer.context["page"]]
    assert (len(seen), len(set(seen))) == (120, 120)
