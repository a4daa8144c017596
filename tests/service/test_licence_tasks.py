"""A licence that ends soon is the coordinators' to see to: asked once, and settled when it is renewed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sessions.people.models import Membership
from sessions.programs.licences import Licence
from sessions.worklist import licences
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Cast:
    made = assemble(MORNING)
    Licence.objects.all().delete()
    return made


def held(cast: Cast, until: date | None, since: date | None = None, state: str = "NY") -> Licence:
    return Licence.objects.create(person=cast.mina, state=state, number=f"{since}", since=since, until=until)


def tasks(status: str = TaskStatus.OPEN) -> list[StaffTask]:
    return list(StaffTask.objects.filter(kind=licences.KIND, status=status))


@pytest.mark.parametrize(("days", "asked"), [(61, 0), (60, 1), (0, 1), (-1, 1), (-60, 1), (-61, 0)])
def test_it_is_asked_from_sixty_days_before(cast: Cast, days: int, asked: int) -> None:
    held(cast, TODAY + days * DAY)
    for _again in range(2):
        assert licences.watch(MORNING) == asked
    assert len(tasks()) == asked


def test_the_coordinator_reads_whose_and_until_when(cast: Cast, client: Client) -> None:
    held(cast, TODAY + 30 * DAY)
    licences.watch(MORNING)
    client.force_login(cast.carol)
    page = client.get(reverse("tasks")).content.decode()
    assert "Renew a licence" in page
    assert "Their licence for NY ends on" in page
    (task,) = tasks()
    opened = client.get(reverse("task", args=[task.pk])).content.decode()
    assert reverse("licences", args=[cast.north.pk]) in opened
    client.force_login(cast.mina)
    assert "Renew a licence" not in client.get(reverse("tasks")).content.decode()


def test_a_licence_without_an_end_or_with_one_that_follows_asks_nothing(cast: Cast) -> None:
    held(cast, None)
    held(cast, TODAY + 30 * DAY, state="NJ")
    held(cast, TODAY + 400 * DAY, since=TODAY + 31 * DAY, state="NJ")
    assert licences.watch(MORNING) == 0
    held(cast, TODAY + 30 * DAY, state="CT")
    held(cast, TODAY + 400 * DAY, since=TODAY + 40 * DAY, state="CT")  # ten days without one
    assert licences.watch(MORNING) == 1


def test_what_is_renewed_settles_and_ending_again_is_asked_again(cast: Cast) -> None:
    row = held(cast, TODAY + 30 * DAY)
    licences.watch(MORNING)
    Licence.objects.filter(pk=row.pk).update(until=TODAY + 365 * DAY)
    assert licences.watch(MORNING) == 0
    assert (len(tasks()), len(tasks(TaskStatus.DONE))) == (0, 1)
    assert licences.watch(MORNING + 320 * DAY) == 1
    assert len(tasks()) == 1


def test_who_has_left_is_nobodys_to_see_to(cast: Cast) -> None:
    held(cast, TODAY + 30 * DAY)
    licences.watch(MORNING)
    Membership.objects.filter(person=cast.mina).update(ended_at=MORNING)
    assert licences.watch(MORNING) == 0
    assert tasks() == []
