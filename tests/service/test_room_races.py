"""Two things at the same moment, in threads that really commit: each happens once, or is refused, and nobody is lost.

On PostgreSQL they meet at the room's row lock, on SQLite at BEGIN IMMEDIATE.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from sessions.core import clock
from sessions.core.errors import Refusal
from sessions.people.models import Membership, Person
from sessions.programs.service import role_in
from sessions.room import service
from sessions.room.commands import Admit, AdmitAll, Knock, Leave, Remove, TakeOver
from sessions.room.log import facts_of
from sessions.room.machine import Place
from sessions.room.models import Connection
from sessions.room.moves import BreakoutsClosed
from sessions.room.side_commands import (
    Assign,
    CloseBreakouts,
    OpenBreakouts,
    PlanBreakouts,
    RoomWish,
    StepAside,
    Visit,
)
from tests import cast as people
from tests.cast import Cast
from tests.service.room import Evening, all_at_once, seconds

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return people.assemble()


@pytest.fixture
def evening(cast: Cast) -> Evening:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.theo, cast.alice, cast.bruno)
    return evening


def in_small_rooms(evening: Evening, cast: Cast, length: timedelta | None = None) -> None:
    """Alice and Bruno are in a room of their own each."""
    evening.does(cast.mina, AdmitAll())
    rooms = tuple(RoomWish(None, "", (person.pk,)) for person in (cast.alice, cast.bruno))
    evening.does(cast.mina, PlanBreakouts(rooms))
    evening.does(cast.mina, OpenBreakouts(length))


def is_sound(evening: Evening) -> None:
    """The tables are what the log says, and the log has no gap."""
    assert evening.stored() == evening.replayed()
    seqs = [row.seq for row, _ in facts_of(evening.meeting.pk)]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("_again", range(5))
def test_one_is_admitted_by_two_and_by_admit_all_and_is_in_once(
    evening: Evening, cast: Cast, _again: int
) -> None:
    answers = all_at_once(
        lambda: evening.does(cast.mina, Admit(cast.alice.pk)),
        lambda: evening.does(cast.theo, Admit(cast.alice.pk)),
        lambda: evening.does(cast.mina, AdmitAll()),
    )
    assert evening.kinds().count("admitted") == 2  # Alice once, and Bruno
    assert any(isinstance(answer, service.Outcome) for answer in answers)
    assert {evening.place(cast.alice), evening.place(cast.bruno)} == {Place.MAIN}
    is_sound(evening)


@pytest.mark.parametrize("_again", range(5))
def test_everybody_is_recalled_while_they_are_moved_about(evening: Evening, cast: Cast, _again: int) -> None:
    """Whoever is moved before the recall is recalled, whoever is moved after it is refused."""
    in_small_rooms(evening, cast)
    breakouts = evening.view(cast.mina).breakouts
    assert breakouts is not None
    blue, green = (room.room_id for room in breakouts.rooms)

    def moves_about() -> None:
        for target in (green, blue, green, None, blue):
            all_or_nothing(evening, cast.theo, Assign(cast.alice.pk, target))
            all_or_nothing(evening, cast.theo, Visit(target))

    def all_or_nothing(evening: Evening, who: Person, command: Assign | Visit) -> None:
        try:
            evening.does(who, command)
        except Refusal:
            return

    _, closed = all_at_once(moves_about, lambda: evening.does(cast.mina, CloseBreakouts()))
    assert isinstance(closed, service.Outcome)
    room = evening.replayed()
    assert room.at(Place.BREAKOUT) == []
    assert {evening.place(person) for person in (cast.alice, cast.bruno, cast.mina)} == {Place.MAIN}
    assert evening.place(cast.theo) is Place.MAIN
    is_sound(evening)


@pytest.mark.parametrize("_again", range(3))
def test_one_is_taken_aside_and_recalled_at_once(evening: Evening, cast: Cast, _again: int) -> None:
    in_small_rooms(evening, cast)
    all_at_once(
        lambda: evening.does(cast.theo, StepAside(cast.alice.pk)),
        lambda: evening.does(cast.mina, CloseBreakouts()),
    )
    assert evening.place(cast.alice) is evening.place(cast.theo) is Place.ASIDE
    assert evening.place(cast.bruno) is Place.MAIN
    is_sound(evening)


@pytest.mark.parametrize("_again", range(3))
def test_one_leaves_while_being_removed(evening: Evening, cast: Cast, _again: int) -> None:
    evening.lets_in(cast.mina, cast.alice)
    answers = all_at_once(
        lambda: evening.does(cast.alice, Leave()), lambda: evening.does(cast.mina, Remove(cast.alice.pk))
    )
    assert sum(isinstance(answer, service.Outcome) for answer in answers) == 1
    assert evening.place(cast.alice) in (Place.LEFT, Place.REMOVED)
    is_sound(evening)


def closed(evening: Evening) -> list[BreakoutsClosed]:
    return [fact for _, fact in facts_of(evening.meeting.pk) if isinstance(fact, BreakoutsClosed)]


def test_the_timers_end_is_seen_by_every_process_and_happens_once(evening: Evening, cast: Cast) -> None:
    in_small_rooms(evening, cast, length=MINUTE)
    end = clock.now() + MINUTE + seconds(1)

    def looks() -> None:
        service.close_due(evening.meeting.pk, end)

    all_at_once(looks, looks, looks, lambda: evening.does(cast.theo, CloseBreakouts()))
    assert len(closed(evening)) == 1
    assert {evening.place(person) for person in (cast.alice, cast.bruno)} == {Place.MAIN}
    is_sound(evening)


def test_the_timer_ends_while_no_process_runs_and_is_made_good_once_by_those_that_come_up(
    evening: Evening, cast: Cast
) -> None:
    """Everything is killed before the time is over. Two processes come up after it; people return to both, some
    before anybody has looked at the timer, while both sweep away what the dead processes left open."""
    in_small_rooms(evening, cast, length=seconds(10))
    later = clock.now() + seconds(20)
    gone = clock.now() - seconds(15)
    Connection.objects.update(opened_at=gone, seen_at=gone)

    def process(*people: Person) -> None:
        for person in people:
            service.connect(evening.actor(person), "laptop", "web-2")
            service.handle(evening.actor(person), Knock())
        service.close_due(evening.meeting.pk, later)
        service.sweep(later)

    all_at_once(lambda: process(cast.mina, cast.alice), lambda: process(cast.theo, cast.bruno))
    (end,) = closed(evening)
    assert (end.actor, end.at) == (None, later)
    room = evening.replayed()
    assert (room.at(Place.BREAKOUT), room.sides.due_at) == ([], None)
    assert {evening.place(one) for one in (cast.mina, cast.theo, cast.alice, cast.bruno)} == {Place.MAIN}
    assert Connection.objects.filter(closed_at=None).count() == 4
    is_sound(evening)


def test_two_on_call_take_over_at_once_and_nobody_is_locked_out(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, AdmitAll())
    standby = (cast.carol, cast.ines)
    Membership.objects.get_or_create(person=cast.ines, program=cast.north, role="facilitator")
    Membership.objects.filter(person__in=standby, program=cast.north).update(on_call=True)
    evening.does(cast.mina, Leave())
    evening.does(cast.theo, Leave())
    answers = all_at_once(*(lambda one=one: evening.does(one, TakeOver()) for one in standby))
    came = [one for one, answer in zip(standby, answers, strict=True) if isinstance(answer, service.Outcome)]
    assert came
    for one in came:
        assert role_in(cast.group, one) == "facilitator"
        evening.comes(one)
        assert evening.place(one) is Place.MAIN
    assert evening.view(cast.alice).hold is None
    assert evening.kinds().count("took_over") == len(came)
    is_sound(evening)
