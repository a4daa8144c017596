"""Who is planned into which breakout room: what holds of every plan, whoever comes and whoever must not meet."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sessions.core.errors import IllegalMove
from sessions.room.breakouts import Known, NoContact, at_random, by_hand, by_household
from sessions.room.moves import PlannedRoom
from sessions.room.side_commands import RoomWish

EVERYBODY = [UUID(int=number) for number in range(1, 15)]
PEOPLE = st.lists(st.sampled_from(EVERYBODY), min_size=1, unique=True)
SIZES = st.integers(2, 12)
SEEDS = st.uuids()


def pairs_of(people: list[UUID]) -> st.SearchStrategy[frozenset[frozenset[UUID]]]:
    pairs = [frozenset(pair) for pair in combinations(sorted(people), 2)]
    return st.frozensets(st.sampled_from(pairs), max_size=6) if pairs else st.just(frozenset())


@st.composite
def evenings(draw: st.DrawFn) -> Known:
    """Who is there, some of them staff, some not to meet."""
    people = draw(PEOPLE)
    staff = draw(st.frozensets(st.sampled_from(people), max_size=3))
    return Known(people=frozenset(people), staff=staff, apart=draw(pairs_of(people)), seed=draw(SEEDS))


@st.composite
def families(draw: st.DrawFn) -> Known:
    """Clients and their guests, some of whom are expected."""
    clients, guests = EVERYBODY[:5], EVERYBODY[5:]
    bound = draw(st.dictionaries(st.sampled_from(guests), st.sampled_from(clients)))
    expected = draw(st.frozensets(st.sampled_from(EVERYBODY)))
    return Known(
        people=expected,
        families=bound,
        apart=draw(pairs_of(EVERYBODY)),
        family_meeting=True,
        seed=draw(SEEDS),
    )


def placed(rooms: tuple[PlannedRoom, ...]) -> Counter[UUID]:
    return Counter(person for room in rooms for person in room.people)


@given(evenings(), SIZES)
def test_a_draw_places_everybody_but_staff_once(known: Known, size: int) -> None:
    people = sorted(known.people)
    if known.staff == known.people:
        with pytest.raises(IllegalMove):
            at_random(known, people, size)
        return
    assert placed(at_random(known, people, size)) == Counter(known.people - known.staff)


@given(evenings(), SIZES)
def test_nobody_is_drawn_together_with_whom_they_must_not_meet(known: Known, size: int) -> None:
    assume(known.staff != known.people)
    for room in at_random(known, sorted(known.people), size):
        assert not any(pair <= set(room.people) for pair in known.apart)


@given(PEOPLE, SIZES, SEEDS)
def test_rooms_are_as_even_as_can_be_and_about_the_size_asked_for(
    people: list[UUID], size: int, seed: UUID
) -> None:
    rooms = [len(room.people) for room in at_random(Known(people=frozenset(people), seed=seed), people, size)]
    assert max(rooms) - min(rooms) <= 1
    assert len(rooms) == max(1, round(len(people) / size))


@given(evenings(), SIZES)
def test_people_who_must_not_meet_cost_rooms_and_never_leave_anybody_out(known: Known, size: int) -> None:
    assume(known.staff != known.people)
    rooms = at_random(known, sorted(known.people), size)
    freely = at_random(replace(known, apart=frozenset()), sorted(known.people), size)
    assert len(freely) <= len(rooms) <= len(known.people - known.staff)
    assert all(room.people for room in rooms)


@given(evenings(), SIZES, st.randoms(use_true_random=False))
def test_the_same_seed_is_the_same_draw_however_people_are_listed(
    known: Known, size: int, chance: random.Random
) -> None:
    assume(known.staff != known.people)
    people = sorted(known.people)
    shuffled = list(people)
    chance.shuffle(shuffled)
    assert at_random(known, people, size) == at_random(known, shuffled, size)


def test_another_seed_is_another_draw() -> None:
    draws = {
        frozenset(
            frozenset(room.people)
            for room in at_random(Known(people=frozenset(EVERYBODY), seed=UUID(int=seed)), EVERYBODY, 4)
        )
        for seed in range(20)
    }
    assert len(draws) == 20


@given(families())
def test_a_household_is_in_one_room_of_its_own_or_the_plan_is_refused(known: Known) -> None:
    homes: dict[UUID, set[UUID]] = {}
    for guest, client in known.families.items():
        if {guest, client} <= known.people:
            homes.setdefault(client, {client}).add(guest)
    if not homes or any(known.clash(home) for home in homes.values()):
        with pytest.raises(IllegalMove) as refused:
            by_household(known)
        assert isinstance(refused.value, NoContact) == bool(homes)
        return
    rooms = by_household(known)
    assert {room.household: set(room.people) for room in rooms} == homes
    assert set(placed(rooms).values()) == {1}
    assert by_household(known) == rooms


@given(families(), SIZES)
def test_families_are_never_divided_by_chance(known: Known, size: int) -> None:
    with pytest.raises(IllegalMove):
        at_random(known, sorted(known.people), size)


@given(evenings(), st.lists(st.lists(st.sampled_from(EVERYBODY), max_size=4), max_size=5))
def test_by_hand_is_as_wished_or_refused(known: Known, wished: list[list[UUID]]) -> None:
    """Each once, only who is expected, never two who must not meet."""
    flat = [person for room in wished for person in room]
    wrong = len(set(flat)) != len(flat) or not set(flat) <= known.people
    apart = any(known.clash(room) for room in wished)
    wishes = [RoomWish(None, "", tuple(room)) for room in wished]
    if wrong or apart:
        with pytest.raises(IllegalMove) as refused:
            by_hand(known, wishes, {})
        assert isinstance(refused.value, NoContact) == (apart and not wrong)
        return
    rooms = by_hand(known, wishes, {})
    assert [list(room.people) for room in rooms] == wished
    assert len({room.id for room in rooms}) == len(rooms)


@given(evenings(), st.integers(1, 5))
def test_rooms_of_the_plan_before_keep_their_ids_and_families(known: Known, number: int) -> None:
    before = {
        UUID(int=900 + n): PlannedRoom(id=UUID(int=900 + n), household=EVERYBODY[n]) for n in range(number)
    }
    rooms = by_hand(known, [RoomWish(key, "", ()) for key in before], before)
    assert [(room.id, room.household) for room in rooms] == [
        (key, room.household) for key, room in before.items()
    ]
    with pytest.raises(IllegalMove):
        by_hand(known, [RoomWish(UUID(int=999), "", ())], before)
