"""A licence that ends soon is the coordinators' to see to: asked once, and settled when it is renewed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

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
