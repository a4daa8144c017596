"""Who goes into which breakout room: planned by family, at random, by hand. Pure.

Two people who are to be kept apart are never planned into one room. Chance is a seed that comes in, so that
the same question has the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from sessions.core.errors import IllegalMove
from sessions.room.moves import PlannedRoom
from sessions.room.side_commands import RoomWish

Pair = frozenset[UUID]
NIL: Final = UUID(int=0)


class NoContact(IllegalMove):
    """Says that, never why: the reason is nobody's business in the room."""

    code = "no-contact"
    text = "This is not possible. Please ask your facilitator."


class NoContactStaff(NoContact):
    """The same, to a facilitator."""

    text = "Two of these people are not to be in one room. Choose another room for one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the clinic knows about the people of one meeting."""

    people: frozenset[UUID] = frozenset()  # everybody with a part in it now
    staff: frozenset[UUID] = frozenset()  # its facilitators
    families: Mapping[UUID, UUID] = field(default_factory=dict)  # a guest's client
    apart: frozenset[Pair] = frozenset()
    family_meeting: bool = False
    rooms_apart: Mapping[UUID, UUID] = field(default_factory=dict)  # by person: the room ready for them
    seed: UUID = NIL  # new with every fact of the log

    def clash(self, people: Iterable[UUID]) -> bool:
        """Whether two of them are to be kept apart."""
        there = frozenset(people)
        return any(pair <= there for pair in self.apart)

    def bars(self, person: UUID, there: Iterable[UUID]) -> bool:
        """Whether somebody in `there` and `person` are to be kept apart."""
        return any(frozenset((person, other)) in self.apart for other in there)

    def grouped(self, people: Iterable[UUID]) -> list[UUID]:
        """Without facilitators: they go where they are needed."""
        return [person for person in people if person not in self.staff]


def by_household(known: Known) -> tuple[PlannedRoom, ...]:
    """A room for each client with family; a client alone in a meeting stays unassigned, for staff to decide.

    Raises NoContactStaff when the members of one family are to be kept apart.
    """
    guests: dict[UUID, list[UUID]] = {}
    for guest, client in known.families.items():
        if known.people >= {guest, client}:
            guests.setdefault(client, []).append(guest)
    rooms: list[PlannedRoom] = []
    for client in sorted(guests, key=str):
        people = (client, *sorted(guests[client], key=str))
        if known.clash(people):
            raise NoContactStaff
        rooms.append(PlannedRoom(id=_new_id(known.seed, len(rooms)), household=client, people=people))
    if not rooms:
        raise IllegalMove("No family is expected in this meeting.")
    return tuple(rooms)


def at_random(known: Known, people: Sequence[UUID], size: int) -> tuple[PlannedRoom, ...]:
    """Rooms of about `size` from `people`, as even as can be, nobody with whom they are not to meet.

    When so many must be kept apart that there is no such division, the rooms are more and smaller.

    Raises IllegalMove in a family meeting, where families are never mixed by chance, and without people.
    """
    if known.family_meeting:
        raise IllegalMove("In a family meeting rooms are made by family, or by hand.")
    drawn = sorted(known.grouped(people), key=lambda person: _draw(known.seed, person))
    if not drawn:
        raise IllegalMove("Nobody is here to divide into rooms.")
    # Who is to be kept apart from most first: they leave the least choice.
    drawn.sort(key=lambda person: -sum(person in pair for pair in known.apart))
    rooms: list[list[UUID]] | None = None
    number = max(1, round(len(drawn) / size))
    while rooms is None:  # at the latest with a room for each
        rooms, number = _seated(known, drawn, number), number + 1
    return tuple(
        PlannedRoom(id=_new_id(known.seed, index), people=tuple(people)) for index, people in enumerate(rooms)
    )


def by_hand(
    known: Known, wishes: Sequence[RoomWish], kept: Mapping[UUID, PlannedRoom]
) -> tuple[PlannedRoom, ...]:
    """The rooms as somebody set them up; those of the plan before (`kept`) keep their ids and households.

    Raises:
        IllegalMove: somebody in two rooms or without a part in the meeting; an id that is not of the plan.
        NoContactStaff: two people in one room who are to be kept apart.
    """
    placed = [person for wish in wishes for person in wish.people]
    if len(placed) != len(set(placed)):
        raise IllegalMove("Somebody is in two of these rooms.")
    if not known.people >= set(placed):
        raise IllegalMove("Somebody in these rooms is not expected in this meeting.")
    given = [wish.id for wish in wishes if wish.id is not None]
    if len(given) != len(set(given)) or not kept.keys() >= set(given):
        raise IllegalMove("One of these rooms is not there any more.")
    if any(known.clash(wish.people) for wish in wishes):
        raise NoContactStaff
    return tuple(
        PlannedRoom(
            id=wish.id or _new_id(known.seed, index),
            name=wish.name.strip(),
            household=kept[wish.id].household if wish.id else None,
            people=wish.people,
        )
        for index, wish in enumerate(wishes)
    )


def _seated(known: Known, people: Sequence[UUID], number: int) -> list[list[UUID]] | None:
    """Everybody into the smallest of `number` rooms that has nobody they must not meet."""
    rooms: list[list[UUID]] = [[] for _ in range(number)]
    for person in people:
        free = [room for room in rooms if not known.bars(person, room)]
        if not free:
            return None
        min(free, key=len).append(person)
    return rooms


def _draw(seed: UUID, person: UUID) -> bytes:
    return hashlib.sha256(seed.bytes + person.bytes).digest()


def _new_id(seed: UUID, number: int) -> UUID:
    return uuid5(seed, str(number))
