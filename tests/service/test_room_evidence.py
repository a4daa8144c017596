"""Presence rests on evidence: connections, heartbeats, and what happens when they stop."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from sessions import tasks
from sessions.core import clock as our_clock
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import Knock, Leave, SendBack
from sessions.room.machine import Place
from sessions.room.models import Connection, Room
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")

HOURS_2 = timedelta(hours=2)


@pytest.fixture
def alice_inside(evening: Evening, cast: Cast) -> Evening:
    """Mina and Alice are in the room at 18:00:00."""
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    return evening


def run(clock: time_machine.Traveller, evening: Evening, length: timedelta, *alive: Person) -> None:
    """Time passes; every 10 s the web process reports who is alive, then the sweeper runs."""
    for _ in range(length // seconds(10)):
        clock.shift(seconds(10))
        evening.hears(*alive)
        tasks.sweep_presence()


def stay_bounds(evening: Evening, cast: Cast, name: str = "Alice Haddad") -> list[tuple[float, float, str]]:
    """(start, end, ending) of each stay, in seconds since the evening began."""
    return [
        (
            (stay.starts_at - EVENING).total_seconds(),
            (stay.ends_at - EVENING).total_seconds(),
            stay.ending.value,
        )
        for stay in evening.stays(cast.mina)[name].stays
    ]


def test_a_silent_device_is_closed_at_its_last_evidence_not_at_detection(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    run(clock, alice_inside, seconds(50), cast.mina)
    assert stay_bounds(alice_inside, cast) == [(0, 100, "lost")]


def test_thirty_seconds_of_silence_are_borne(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    run(clock, alice_inside, seconds(30), cast.mina)
    assert alice_inside.hears(cast.alice) == frozenset()
    run(clock, alice_inside, seconds(20), cast.mina, cast.alice)
    assert stay_bounds(alice_inside, cast) == [(0, 150, "still here")]


@pytest.mark.parametrize(
    ("gone_s", "place"),
    [(5, Place.MAIN), (30, Place.MAIN), (59, Place.MAIN), (60, Place.OUTSIDE), (120, Place.OUTSIDE)],
)
@pytest.mark.parametrize("swept", [True, False], ids=["swept", "nobody swept"])
def test_a_client_gone_for_a_while_comes_back_to_the_same_seat_or_waits_again(
    alice_inside: Evening,
    cast: Cast,
    clock: time_machine.Traveller,
    gone_s: int,
    place: Place,
    swept: bool,
) -> None:
    """SAFETY, faults: client gone 5 / 30 / 120 s. The answer does not hang on when the sweeper ran."""
    seat = service.seat(alice_inside.actor(cast.alice))
    clock.shift(seconds(gone_s))
    if swept:
        tasks.sweep_presence()
    alice_inside.connects(cast.alice)
    assert alice_inside.place(cast.alice) is place
    alice_inside.does(cast.alice, Knock())
    if place is Place.MAIN:
        assert service.seat(alice_inside.actor(cast.alice)) == seat
    else:
        assert alice_inside.place(cast.alice) is Place.WAITING


def test_a_facilitator_gone_for_longer_walks_in_again(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    clock.shift(seconds(120))
    alice_inside.comes(cast.mina)
    assert alice_inside.place(cast.mina) is Place.MAIN


def test_a_reload_keeps_the_seat(alice_inside: Evening, cast: Cast, clock: time_machine.Traveller) -> None:
    seat = service.seat(alice_inside.actor(cast.alice))
    alice_inside.loses(cast.alice, clean=True)
    clock.shift(seconds(2))
    alice_inside.comes(cast.alice)
    assert service.seat(alice_inside.actor(cast.alice)) == seat


@pytest.mark.parametrize("gone_s", [5, 300])
def test_waiting_the_place_in_line_is_never_lost(
    evening: Evening, cast: Cast, clock: time_machine.Traveller, gone_s: int
) -> None:
    evening.comes(cast.alice, cast.bruno)
    for _ in range(gone_s // 5):
        clock.shift(seconds(5))
        evening.hears(cast.bruno)
        tasks.sweep_presence()
    evening.comes(cast.alice)
    assert (evening.view(cast.alice).you.position, evening.view(cast.bruno).you.position) == (1, 2)


def test_who_is_gone_from_the_waiting_room_is_not_shown_as_waiting(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.comes(cast.mina, cast.alice)
    run(clock, evening, seconds(70), cast.mina)
    assert evening.view(cast.mina).waiting == ()


def test_a_second_device_bridges_the_loss_of_the_first(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    laptop = alice_inside.lines[cast.alice.pk]
    clock.shift(seconds(10))
    phone = alice_inside.connects(cast.alice, "phone")
    for _ in range(12):
        clock.shift(seconds(10))
        service.seen({phone: our_clock.now(), alice_inside.lines[cast.mina.pk]: our_clock.now()})
        tasks.sweep_presence()
    assert Connection.objects.get(pk=laptop).closed_at == EVENING
    assert alice_inside.place(cast.alice) is Place.MAIN
    assert stay_bounds(alice_inside, cast) == [(10, 130, "still here")]


def test_a_killed_process_costs_what_it_had_not_reported_and_adds_nothing(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    """Invariant 21: a crash loses at most 10 s and never gains."""
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    clock.shift(seconds(9 + 3))  # kill -9 nine seconds after the last report; browsers are back in three
    for person in (cast.mina, cast.alice):
        alice_inside.connects(person, process="web-2")
    run(clock, alice_inside, seconds(50), cast.mina, cast.alice)
    assert stay_bounds(alice_inside, cast) == [(0, 100, "lost"), (112, 162, "still here")]


def test_evidence_later_than_now_does_not_count(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    line = alice_inside.lines[cast.alice.pk]
    clock.shift(seconds(10))
    service.seen({line: EVENING + seconds(25)})
    assert Connection.objects.get(pk=line).seen_at == EVENING + seconds(10)


def test_evidence_never_moves_back(alice_inside: Evening, cast: Cast, clock: time_machine.Traveller) -> None:
    line = alice_inside.lines[cast.alice.pk]
    clock.shift(seconds(10))
    alice_inside.hears(cast.alice)
    assert service.seen({line: EVENING + seconds(3)}) == frozenset()
    assert Connection.objects.get(pk=line).seen_at == EVENING + seconds(10)


def test_each_connection_has_its_own_time_and_all_are_written_at_once(
    alice_inside: Evening,
    cast: Cast,
    clock: time_machine.Traveller,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    alice_inside.comes(cast.bruno)
    clock.shift(seconds(10))
    heard = {
        alice_inside.lines[person.pk]: EVENING + seconds(second)
        for person, second in ((cast.mina, 4), (cast.alice, 7), (cast.bruno, 9.5))
    }
    with django_assert_num_queries(1):
        assert service.seen(heard) == frozenset()
    assert dict(Connection.objects.values_list("pk", "seen_at")) == heard


def test_a_process_is_told_which_of_its_sockets_are_dead(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    """It stood still for too long: its sockets were closed meanwhile, and browsers must come anew."""
    line = alice_inside.lines[cast.alice.pk]
    clock.shift(seconds(31))
    assert service.seen({line: our_clock.now()}) == {line}
    tasks.sweep_presence()
    assert service.seen({line: our_clock.now()}) == {line}
    assert stay_bounds(alice_inside, cast) == []


def test_beats_kept_back_while_the_database_was_away_are_handed_in_afterwards(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    line = alice_inside.lines[cast.alice.pk]
    clock.shift(seconds(50))
    for second in (10, 20, 30, 40, 50):
        assert service.seen({line: EVENING + seconds(second)}) == frozenset()
    assert stay_bounds(alice_inside, cast) == [(0, 50, "still here")]


def test_closing_twice_is_closing_once(alice_inside: Evening, cast: Cast) -> None:
    alice_inside.loses(cast.alice)
    before = service.head(cast.group.pk)
    alice_inside.loses(cast.alice)
    assert service.head(cast.group.pk) == before


@pytest.mark.parametrize(
    ("what", "said", "clean", "end_s", "ending"),
    [
        ("a goodbye", 20, True, 20, "closed"),
        ("silence since an earlier frame", 14, False, 14, "lost"),
        ("a time in the future", 500, False, 20, "lost"),
        ("a time before the last evidence", 3, False, 10, "lost"),
        ("a clock put back", -7200, True, 10, "lost"),
    ],
)
def test_a_connection_ends_when_it_was_last_heard(
    alice_inside: Evening,
    cast: Cast,
    clock: time_machine.Traveller,
    what: str,
    said: int,
    clean: bool,
    end_s: int,
    ending: str,
) -> None:
    run(clock, alice_inside, seconds(10), cast.mina, cast.alice)
    clock.shift(seconds(10))
    alice_inside.loses(cast.alice, EVENING + seconds(said), clean=clean)
    assert stay_bounds(alice_inside, cast) == [(0, end_s, ending)], what


@pytest.mark.parametrize("jump", [HOURS_2, -HOURS_2], ids=["two hours on", "two hours back"])
@pytest.mark.parametrize("back_again", [False, True], ids=["for good", "and put right"])
def test_a_jump_of_the_clock_adds_nothing(
    alice_inside: Evening,
    cast: Cast,
    clock: time_machine.Traveller,
    jump: timedelta,
    back_again: bool,
) -> None:
    """Whatever the clock does, a stay holds no more time than passed, and none is negative."""
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    clock.shift(jump)
    reconnect_the_dead(alice_inside, cast)
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    if back_again:
        clock.shift(-jump)
        reconnect_the_dead(alice_inside, cast)
        run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    bounds = stay_bounds(alice_inside, cast)
    assert all(start < end for start, end, _ in bounds)
    assert sum(end - start for start, end, _ in bounds) <= (300 if back_again else 200)
    assert (0, 100) in [(start, end) for start, end, _ in bounds]


def reconnect_the_dead(evening: Evening, cast: Cast) -> None:
    """What the wire does with sockets whose connection is no longer open; Mina lets in who must wait."""
    dead = evening.hears(cast.mina, cast.alice)
    for person in (cast.mina, cast.alice):
        if evening.lines[person.pk] in dead:
            evening.comes(person)
    if evening.place(cast.alice) is Place.WAITING:
        evening.lets_in(cast.mina, cast.alice)


def test_who_is_sent_back_waits_and_is_not_present(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    run(clock, alice_inside, seconds(100), cast.mina, cast.alice)
    alice_inside.does(cast.mina, SendBack(cast.alice.pk))
    run(clock, alice_inside, seconds(200), cast.mina, cast.alice)
    assert stay_bounds(alice_inside, cast) == [(0, 100, "sent back")]


def at(hour: int, minute: int) -> datetime:
    """On the wall in New York that evening; the group meets from 17:55 to 20:55."""
    return EVENING + timedelta(hours=hour - 18, minutes=minute)


def test_a_meeting_that_everybody_left_is_ended_at_its_last_evidence(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    run(clock, alice_inside, seconds(600), cast.mina, cast.alice)
    alice_inside.loses(cast.alice)
    alice_inside.does(cast.mina, Leave())
    for moment, ended in ((at(20, 54), False), (at(21, 9), False), (at(21, 10), True)):
        clock.move_to(moment)
        tasks.sweep_presence()
        tasks.end_overdue_meetings()
        assert (Room.objects.get().ended_at is not None) is ended
    assert Room.objects.get().ended_at == EVENING + seconds(600)


def test_a_meeting_that_overruns_goes_on_while_somebody_is_there(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    """Mina's connection is lost again and again, never for as long as it takes to close the door."""
    for moment in (at(20, 50), at(21, 4), at(21, 15), at(21, 26)):
        clock.move_to(moment)
        tasks.sweep_presence()
        tasks.end_overdue_meetings()
        alice_inside.comes(cast.mina)
        assert alice_inside.place(cast.mina) is Place.MAIN
    clock.move_to(at(21, 42))
    tasks.sweep_presence()
    tasks.end_overdue_meetings()
    assert Room.objects.get().ended_at is not None


def test_a_meeting_whose_facilitator_never_came_ends_when_the_last_one_stopped_waiting(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.comes(cast.alice)
    run(clock, evening, seconds(100), cast.alice)
    clock.move_to(at(21, 30))
    tasks.sweep_presence()
    tasks.end_overdue_meetings()
    assert Room.objects.get().ended_at == EVENING + seconds(100)


def test_ending_what_is_overdue_twice_ends_it_once(
    alice_inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(23, 0))
    tasks.sweep_presence()
    assert [service.end_overdue(our_clock.now()) for _ in range(2)] == [1, 0]
    assert alice_inside.kinds().count("ended") == 1
