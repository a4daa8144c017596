"""Two who are never to be in one room are never put together, by nobody and by no chance."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import transaction

from sessions.core import clock as wall
from sessions.people.service import keep_apart
from sessions.room import service
from sessions.room.breakouts import NoContact
from sessions.room.commands import AdmitAll, Command
from sessions.room.machine import Place
from sessions.room.side_commands import (
    Assign,
    CloseBreakouts,
    PlanBreakouts,
    ProposeAtRandom,
    RoomWish,
    StepAside,
    Visit,
)
from tests.cast import Cast
from tests.service.breakouts import opened, plan, where
from tests.service.room import Evening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def apart(cast: Cast) -> None:
    keep_apart(cast.alice, cast.bruno, cast.north.pk)


REFUSED: dict[str, Callable[[Cast, list[UUID]], Command]] = {
    "planning them together": lambda c, r: PlanBreakouts((RoomWish(None, "", (c.alice.pk, c.bruno.pk)),)),
    "assigning one to the other": lambda c, r: Assign(c.bruno.pk, r[0]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_two_to_be_kept_apart_are_never_put_together(cast: Cast, apart: None, what: str) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    rooms = plan(evening, cast.mina, [cast.alice], [cast.bruno])
    command: Command = REFUSED[what](cast, rooms)
    with transaction.atomic(), pytest.raises(NoContact) as refusal:
        evening.does(cast.mina, command)
    assert refusal.value.code == "no-contact"


def test_the_second_is_not_let_into_the_main_room(cast: Cast, apart: None) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    with pytest.raises(NoContact):
        evening.lets_in(cast.mina, cast.bruno)
    with pytest.raises(NoContact):
        evening.does(cast.mina, AdmitAll())
    assert evening.place(cast.bruno) is Place.WAITING
    _, green = opened(evening, cast.mina, [cast.alice], [cast.bruno])
    evening.lets_in(cast.mina, cast.bruno)
    assert where(evening, cast.bruno) == (Place.BREAKOUT, green)
    evening.does(cast.mina, CloseBreakouts())
    assert (evening.place(cast.alice), evening.place(cast.bruno)) == (Place.MAIN, Place.WAITING)


def test_all_together_are_let_in_but_the_one_who_must_wait(cast: Cast, apart: None) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.does(cast.mina, AdmitAll())
    assert (evening.place(cast.alice), evening.place(cast.bruno)) == (Place.MAIN, Place.WAITING)


def test_the_draw_keeps_them_apart(inside: Evening, cast: Cast, apart: None) -> None:
    service.sweep(wall.now())
    inside.does(cast.mina, ProposeAtRandom(12))
    seen = inside.view(cast.mina).breakouts
    assert seen is not None
    together = {frozenset(one.person_id for one in room.assigned) for room in seen.rooms}
    assert not any({cast.alice.pk, cast.bruno.pk} <= room for room in together)


def test_who_is_set_apart_while_they_are_together_is_parted_by_the_sweep(inside: Evening, cast: Cast) -> None:
    keep_apart(cast.alice, cast.bruno, cast.north.pk)
    service.sweep(wall.now())
    # They were let in at the same moment; the log knows who was let in first.
    assert (inside.place(cast.alice), inside.place(cast.bruno)) == (Place.MAIN, Place.WAITING)
    keep_apart(cast.alice, cast.mina, cast.north.pk)
    service.sweep(wall.now())
    assert (inside.place(cast.alice), inside.place(cast.mina)) == (Place.WAITING, Place.MAIN)


def test_a_facilitator_does_not_visit_or_take_aside_whom_they_must_not_meet(
    inside: Evening, cast: Cast
) -> None:
    blue, _ = opened(inside, cast.mina, [cast.alice], [cast.bruno])
    keep_apart(cast.alice, cast.theo, cast.north.pk)
    for command in (Visit(blue), StepAside(cast.alice.pk)):
        with pytest.raises(NoContact):
            inside.does(cast.theo, command)
