"""What each reader is told of a room, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import Command, Decline, End, Leave, MuteOther, Remove, SendBack
from sessions.room.machine import Place
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")


def everything_in(view: service.RoomView) -> str:
    return repr(asdict(view))


def marks_of(person: Person, but: tuple[str, ...] = ()) -> list[str]:
    """What a view must not contain when it may not speak of `person`."""
    marks = [person.given_name, person.family_name, str(person.pk), person.pk.hex, person.email]
    return [mark for mark in marks if mark not in but]


@pytest.mark.parametrize("how", ["outside", "waiting", "declined", "removed", "left", "ended"])
def test_who_is_not_in_the_room_learns_nothing_of_who_is(evening: Evening, cast: Cast, how: str) -> None:
    """Invariant 4: no roster, no names but the facilitators' first names, no media room, no seat."""
    evening.comes(cast.mina, cast.bruno)
    evening.lets_in(cast.mina, cast.bruno)
    evening.connects(cast.alice)
    if how != "outside":
        evening.comes(cast.alice)
    if how == "declined":
        evening.does(cast.mina, Decline(cast.alice.pk, "not today"))
    if how == "removed":
        evening.lets_in(cast.mina, cast.alice)
        evening.does(cast.mina, Remove(cast.alice.pk))
    if how == "left":
        evening.lets_in(cast.mina, cast.alice)
        evening.does(cast.alice, Leave())
    if how == "ended":
        evening.does(cast.mina, End())
    view = evening.view(cast.alice)
    assert (view.members, view.waiting, view.you.identity) == ((), (), "")
    told = everything_in(view)
    seat = service.seats([(cast.group.pk, cast.bruno.pk)])[cast.group.pk, cast.bruno.pk]
    secrets = [
        *marks_of(cast.bruno),
        *marks_of(cast.mina, but=("Mina",)),
        *marks_of(cast.theo, but=("Theo",)),
    ]
    if seat is not None:
        secrets += [seat.media_room, seat.identity]
    assert [secret for secret in secrets if secret in told] == []
    assert view.meeting.facilitators == ("Mina", "Theo")
    with pytest.raises(service.NoSeat):
        service.seat(evening.actor(cast.alice))


def test_a_waiting_client_knows_the_place_in_line_and_whether_somebody_is_there(
    evening: Evening, cast: Cast
) -> None:
    evening.comes(cast.bruno, cast.alice)
    assert (evening.view(cast.bruno).you.position, evening.view(cast.alice).you.position) == (1, 2)
    assert not evening.view(cast.alice).staff_present
    evening.comes(cast.mina)
    assert evening.view(cast.alice).staff_present
    evening.lets_in(cast.mina, cast.bruno)
    assert evening.view(cast.alice).you.position == 1
    assert evening.view(cast.bruno).you.position is None


def test_inside_clients_are_told_of_one_another_by_first_name_and_initial(
    evening: Evening, cast: Cast
) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    view = evening.view(cast.alice)
    assert {member.name for member in view.members} == {"Mina P.", "Bruno S."}
    assert view.waiting == ()
    told = everything_in(view)
    assert [name for name in ("Silva", "Park", "Okafor") if name in told] == []


def test_staff_are_told_full_names_and_who_waits_since_when(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.comes(cast.mina, cast.bruno)
    clock.shift(seconds(40))
    evening.comes(cast.alice)
    evening.lets_in(cast.mina, cast.bruno)
    view = evening.view(cast.mina)
    assert [(one.name, one.role) for one in view.members] == [("Bruno Silva", "client")]
    assert [(one.name, one.since - EVENING) for one in view.waiting] == [("Alice Haddad", seconds(40))]


def test_staff_see_the_line_before_they_enter(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    view = evening.view(cast.theo)
    assert ([one.name for one in view.waiting], view.members) == (["Alice Haddad"], ())


def test_in_a_family_meeting_surnames_stay_with_staff(cast: Cast) -> None:
    family = Evening(cast.family)
    family.comes(cast.mina, cast.alice, cast.omar, cast.bruno, cast.rosa)
    family.lets_in(cast.mina, cast.alice, cast.omar, cast.bruno, cast.rosa)
    view = family.view(cast.omar)
    assert sorted(one.name for one in view.members) == ["Alice H.", "Bruno S.", "Mina P.", "Rosa S."]
    assert view.you.name == "Omar H."
    assert "Silva" not in everything_in(view)
    assert "Bruno Silva" in {one.name for one in family.view(cast.mina).members}


def test_an_interruption_shows_and_passes(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    evening.loses(cast.alice)
    evening.loses(cast.bruno)
    view = evening.view(cast.mina)
    assert [one.interrupted for one in view.members] == [True]
    assert [one.interrupted for one in view.waiting] == [True]
    clock.shift(seconds(20))
    evening.connects(cast.alice, "phone")
    assert [one.interrupted for one in evening.view(cast.mina).members] == [False]


def test_nobody_is_said_to_be_there_while_the_only_facilitator_is_lost(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.loses(cast.mina)
    assert not evening.view(cast.alice).staff_present


def test_the_identity_in_the_media_room_outlives_every_move_and_the_version_does_not(
    evening: Evening, cast: Cast
) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    first = service.seat(evening.actor(cast.alice))
    evening.does(cast.mina, SendBack(cast.alice.pk))
    evening.lets_in(cast.mina, cast.alice)
    second = service.seat(evening.actor(cast.alice))
    assert (second.media_room, second.identity) == (first.media_room, first.identity)
    assert second.version > first.version
    assert evening.view(cast.alice).you.identity == second.identity


def test_seats_of_many_meetings_are_read_in_one_query(
    evening: Evening, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    morning = Evening(cast.morning_group)
    evening.comes(cast.mina, cast.alice)
    morning.comes(cast.theo, cast.chidi)
    pairs = [
        (cast.group.pk, cast.mina.pk),
        (cast.group.pk, cast.alice.pk),
        (cast.morning_group.pk, cast.theo.pk),
        (cast.morning_group.pk, cast.mina.pk),
    ]
    with django_assert_num_queries(1):
        found = service.seats(pairs)
    assert [found[pair] is not None for pair in pairs] == [True, False, True, False]


@pytest.mark.parametrize(
    ("command", "effects"),
    [
        (lambda pk: SendBack(pk), {"Eject"}),
        (lambda pk: Remove(pk), {"Eject"}),
        (lambda pk: MuteOther(pk), {"Mute"}),
        (lambda pk: End(), {"CloseRoom"}),
    ],
    ids=["send back", "remove", "mute", "end"],
)
def test_what_the_media_engine_must_do(
    evening: Evening, cast: Cast, command: Callable[[UUID], Command], effects: set[str]
) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    before = service.head(cast.group.pk)
    seat = service.seat(evening.actor(cast.alice))
    evening.does(cast.mina, command(cast.alice.pk))
    head, found = service.effects_since(cast.group.pk, before)
    assert head == before + 1
    assert {type(effect).__name__ for effect in found} == effects
    told = [effect for effect in found if not isinstance(effect, service.Relocate)]
    assert seat.media_room in {effect.media_room for effect in told}
    assert {effect.identity for effect in told if not isinstance(effect, service.CloseRoom)} <= {
        seat.identity
    }
    assert service.effects_since(cast.group.pk, head) == (head, ())


def test_who_is_back_in_the_room_is_not_ejected_for_what_was_before(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    before = service.head(cast.group.pk)
    evening.does(cast.mina, SendBack(cast.alice.pk))
    evening.lets_in(cast.mina, cast.alice)
    assert service.effects_since(cast.group.pk, before) == (before + 2, ())


def test_waiting_counts_are_for_the_meetings_staff_and_the_coordinator(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    meetings = [cast.group.pk, cast.morning_group.pk, cast.southern.pk]
    told = {
        person.given_name: dict(service.waiting_now(person.pk, meetings))
        for person in (cast.mina, cast.theo, cast.carol, cast.alice, cast.ines, cast.otto)
    }
    group, none = service.Counts(waiting=1, present=2), service.Counts(0, 0)
    assert told == {
        "Mina": {cast.group.pk: group},
        "Theo": {cast.group.pk: group, cast.morning_group.pk: none},
        "Carol": {cast.group.pk: group, cast.morning_group.pk: none},
        "Alice": {},
        "Ines": {},
        "Otto": {cast.southern.pk: none},
    }


def test_before_anybody_came_there_is_an_empty_view_and_nothing_is_written(
    evening: Evening, cast: Cast
) -> None:
    view = evening.view(cast.alice)
    assert (view.seq, view.you.place, view.members) == (0, Place.OUTSIDE, ())
    assert service.head(cast.group.pk) == 0
    assert service.effects_since(cast.group.pk, 0) == (0, ())


def test_long_after_its_end_a_meeting_that_nobody_opened_is_over(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=30))
    evening.comes(cast.alice)
    assert evening.view(cast.alice).meeting.ended
    assert evening.kinds() == []
