"""Whose access ends in the middle of a meeting is out of it in the same transaction, not when a socket next looks."""

from __future__ import annotations

import pytest

from sessions.people.models import Membership, Person
from sessions.people.service import disable, end_membership
from sessions.room.machine import Place
from sessions.room.models import Placement
from tests.cast import Cast
from tests.service.room import Evening


@pytest.fixture
def evening(cast: Cast) -> Evening:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    return evening


def place(person: Person) -> Place:
    """From the table: who has no part is told nothing by the room."""
    return Place(Placement.objects.get(person=person).place)


@pytest.mark.parametrize("how", ["leaves the programme", "is disabled"])
def test_somebody_inside_is_out(evening: Evening, cast: Cast, how: str) -> None:
    if how == "is disabled":
        disable(cast.alice, cast.ines)
    else:
        end_membership(Membership.objects.get(person=cast.alice), cast.ines)
    assert place(cast.alice) is Place.REMOVED
    assert place(cast.bruno) is Place.WAITING
    assert place(cast.mina) is Place.MAIN


def test_somebody_who_waits_waits_no_more(evening: Evening, cast: Cast) -> None:
    disable(cast.bruno)
    assert place(cast.bruno) is Place.DECLINED
    assert place(cast.alice) is Place.MAIN


def test_who_keeps_another_part_stays(evening: Evening, cast: Cast) -> None:
    """Mina leads and coordinates; the one ends, the other leads on."""
    more = Membership.objects.create(person=cast.mina, program=cast.north, role="coordinator")
    end_membership(more, cast.ines)
    assert place(cast.mina) is Place.MAIN
