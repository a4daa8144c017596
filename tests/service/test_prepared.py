"""A prepared query answers what its query set answers, now; only the SQL is made once."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import translation

import sessions
from sessions.core import clock
from sessions.core.prepared import Prepared
from sessions.people.models import Membership, Person
from sessions.people.service import end_membership
from sessions.programs.models import Meeting, MeetingInvitee
from tests import cast as people
from tests.cast import Cast


@pytest.fixture
def cast(db: None) -> Cast:
    return people.assemble()


def test_rows_come_as_the_models_they_are(cast: Cast) -> None:
    prepared = Prepared(lambda pk: Meeting.objects.filter(pk=pk))
    for meeting in (cast.group, cast.family, cast.group):
        wanted = Meeting.objects.get(pk=meeting.pk)
        (found,) = prepared.models(meeting.pk)
        for field in Meeting._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(wanted, field.attname), field.name
        found.title = "changed"
        found.save(update_fields=["title"])
        assert prepared.models(meeting.pk)[0].title == "changed"
    assert prepared.model(uuid4()) is None


def test_values_come_as_python_values_and_as_they_are_now(cast: Cast) -> None:
    prepared = Prepared(
        lambda meeting, person: MeetingInvitee.objects.filter(meeting=meeting, person=person).values_list(
            "person_id", "role"
        )
    )
    assert prepared.rows(cast.family.pk, cast.omar.pk) == [(cast.omar.pk, "family")]
    assert prepared.rows(cast.family.pk, cast.chidi.pk) == []
    MeetingInvitee.objects.filter(meeting=cast.family).delete()
    assert prepared.value(cast.family.pk, cast.omar.pk) is None


def test_a_part_that_has_ended_is_no_part_at_the_next_look(cast: Cast) -> None:
    assert cast.group.role_of(cast.alice) == "client"
    end_membership(Membership.objects.get(person=cast.alice, program=cast.north))
    assert cast.group.role_of(cast.alice) is None


def test_it_asks_about_times_days_numbers_and_words_too(cast: Cast) -> None:
    prepared = Prepared(
        lambda at, day, kind, moved: Meeting.objects.filter(
            starts_at__lte=at, held_on__gte=day, kind=kind, sequence=moved
        ),
        datetime,
        date,
        str,
        int,
    )
    group = Meeting.objects.get(pk=cast.group.pk)
    start, on, kind, moved = group.starts_at, group.held_on, group.kind, group.sequence
    assert group in prepared.models(start, on, kind, moved)
    for other in (
        (start - timedelta(seconds=1), on, kind, moved),
        (start, on + timedelta(days=1), kind, moved),
        (start, on, "no such kind", moved),
        (start, on, kind, moved + 1),
    ):
        assert group not in prepared.models(*other)


@pytest.mark.parametrize(
    "build",
    [
        lambda one, other: Person.objects.filter(pk=one),
        lambda one: Person.objects.filter(pk=UUID(int=one.int ^ 1)),
    ],
    ids=["an id it does not ask about", "an id made into something else"],
)
def test_what_does_not_ask_about_its_ids_as_they_are_is_refused(db: None, build: Any) -> None:
    count = build.__code__.co_argcount
    with pytest.raises(TypeError):
        Prepared(build).rows(*(uuid4() for _ in range(count)))


ASKING = (
    "answers",
    "booking",
    "calls",
    "consents",
    "engine",
    "journal",
    "log",
    "models",
    "planning",
    "policies",
    "reading",
    "service",
    "standing",
)


def every_prepared() -> list[tuple[str, Prepared[Any]]]:
    for module in pkgutil.walk_packages(sessions.__path__, "sessions."):
        if module.name.rpartition(".")[2] in ASKING:
            importlib.import_module(module.name)
    return [
        (f"{name}.{word}", value)
        for name, module in sorted(sys.modules.items())
        if name.startswith("sessions.")
        for word, value in vars(module).items()
        if isinstance(value, Prepared)
    ]


@pytest.mark.parametrize(("name", "prepared"), every_prepared(), ids=lambda value: str(value))
def test_none_of_them_depends_on_the_time_or_the_reader(
    cast: Cast, name: str, prepared: Prepared[Any]
) -> None:
    made = prepared.sql()
    with clock.held_at(clock.now() + timedelta(days=400)), translation.override("es"):
        assert prepared.sql() == made
