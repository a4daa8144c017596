"""Anything at all through real sockets: what a page was told is what the room is, and a waiter is told nothing.

The rules are those of test_room_stateful.py; here the way to the browser is what is walked.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from channels.db import database_sync_to_async

from sessions.room import service
from signaling.translation import room_of, same
from tests.cast import Cast
from tests.service.wire import Page, eventually, pages

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = 40


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_every_step_each_page_shows_the_room_as_it_is(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    people = {"mina": cast.mina, "theo": cast.theo, "alice": cast.alice, "bruno": cast.bruno}
    async with pages() as visit:
        open_pages = {name: await visit(person, cast.group.pk) for name, person in people.items()}
        for page in open_pages.values():
            await page.say("knock")
        for _ in range(STEPS):
            name = chance.choice(list(people))
            whom = str(chance.choice(list(people.values())).pk)
            kind, fields = chance.choice(steps(open_pages["mina"], whom, chance))
            waiting = {who: len(page.frames) for who, page in open_pages.items() if page.place == "waiting"}
            given = await open_pages[name].say(kind, **fields)
            if kind != "knock":
                await open_pages[name].answer(given)
            for who, page in open_pages.items():
                await shows_the_room_as_it_is(page, service.Actor(people[who].pk, cast.group.pk))
            for who, before in waiting.items():
                if open_pages[who].place == "waiting":
                    nothing_is_told(open_pages[who], before)
            if open_pages["mina"].room["meeting"]["ended"]:
                break


def steps(staff: Page, whom: str, chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """What may be asked next; much of it is refused, which is fine."""
    breakouts = staff.room.get("breakouts") or {"rooms": []} if staff.room else {"rooms": []}
    room = chance.choice(["", *(side["roomId"] for side in breakouts["rooms"])])
    asides = [side["roomId"] for side in staff.room.get("asides", [])] if staff.room else []
    return [
        ("knock", {}),
        ("admitAll", {}),
        ("admit", {"personId": whom}),
        ("admit", {"personId": whom}),
        ("sendBack", {"personId": whom}),
        ("remove", {"personId": whom}),
        ("leave", {}),
        ("proposeBreakouts", {"by": "random", "size": 2}),
        ("openBreakouts", {"minutes": 5}),
        ("openBreakouts", {}),
        ("closeBreakouts", {}),
        ("assign", {"personId": whom, "roomId": room}),
        ("assign", {"personId": whom, "roomId": room}),
        ("visit", {"roomId": room}),
        ("askHelp", {"on": True}),
        ("stepAside", {"personId": whom}),
        ("returnFromAside", {"roomId": chance.choice(asides) if asides else "none"}),
    ]


async def shows_the_room_as_it_is(page: Page, actor: service.Actor) -> None:
    async def so() -> bool:
        wanted = await database_sync_to_async(service.view)(actor)
        return bool(page.frames) and same_as_told(page, room_of(wanted))

    await eventually(so, "the page shows the room as it is")


def same_as_told(page: Page, wanted: Any) -> bool:
    told = page.typed_room()
    return told is not None and same(told, wanted)


def nothing_is_told(page: Page, before: int) -> None:
    """SAFETY, invariant 4: not a name but the facilitators' first ones, no roster, no room, no ticket."""
    for frame in page.frames[before:]:
        assert not any(word in frame for word in ("Okafor", "Park", '"token"'))
    room = page.room
    assert (room["members"], room["waiting"], room.get("breakouts"), room.get("asides", [])) == (
        [],
        [],
        None,
        [],
    )
    assert room["you"]["identity"] == room["you"].get("roomId", "") == ""
