"""Breakouts as tests make them, and where people then are."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sessions.people.models import Person
from sessions.room import service
from sessions.room.machine import Place
from sessions.room.side_commands import OpenBreakouts, PlanBreakouts, RoomWish
from tests.service.room import Evening

MAIN = (Place.MAIN, None)


def plan(evening: Evening, by: Person, *rooms: list[Person]) -> list[UUID]:
    """Rooms by hand; their ids."""
    wishes = tuple(RoomWish(None, "", tuple(person.pk for person in people)) for people in rooms)
    evening.does(by, PlanBreakouts(wishes))
    return ids(evening, by)


def ids(evening: Evening, staff: Person) -> list[UUID]:
    breakouts = evening.view(staff).breakouts
    return [room.room_id for room in breakouts.rooms] if breakouts else []


def opened(evening: Evening, by: Person, *rooms: list[Person], length: timedelta | None = None) -> list[UUID]:
    found = plan(evening, by, *rooms)
    evening.does(by, OpenBreakouts(length))
    return found


def where(evening: Evening, person: Person) -> tuple[Place, UUID | None]:
    you = evening.view(person).you
    return you.place, you.room_id


def media_room(evening: Evening, person: Person) -> str:
    return service.seat(evening.actor(person)).media_room
