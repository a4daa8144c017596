"""Anything at all through real sockets, in a group, a family evening and an alumna's call: what a page was told is what
the room is, and a waiter is told nothing.

The rules are those of test_room_stateful.py; here the way to the browser is what is walked.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.families.service import Guest
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import episodes
from sessions.programs.models import Meeting, MeetingInvitee
from sessions.room import service
from signaling.protocol import Close
from signaling.translation import room_of, same
from tests.cast import Cast
from tests.service.wire import Page, eventually, pages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("where", "names", "length"),
    [
        ("group", ("mina", "theo", "alice", "bruno"), 40),
        ("family", ("mina", "alice", "bruno", "guest"), 40),
        ("check_in", ("mina", "ada"), 20),
    ],
    ids=["a group", "a family evening whose guest is out in the middle", "a call with an alumna"],
)
async def test_after_every_step_each_page_shows_the_room_as_it_is(
    cast: Cast, where: str, names: tuple[str, ...], length: int
) -> None:
    chance = random.Random(where)
    meeting: Meeting = getattr(cast, where)
    guest = await database_sync_to_async(invited)(cast) if "guest" in names else None
    people: dict[str, Person] = {
        name: guest or cast.omar if name == "guest" else getattr(cast, name) for name in names
    }
    async with pages() as visit:
        open_pages = {name: await visit(person, meeting.pk) for name, person in people.items()}
        for page in open_pages.values():
            await page.say("knock")
        for step in range(length):
            if guest is not None and step == length // 2:
                await is_out(cast, guest, open_pages.pop("guest"))
                del people["guest"]
            name = chance.choice(list(people))
            whom = str(chance.choice(list(people.values())).pk)
            kind, fields = chance.choice(steps(open_pages["mina"], whom, chance))
            waiting = {who: len(page.frames) for who, page in open_pages.items() if page.place == "waiting"}
            given = await open_pages[name].say(kind, **fields)
            if kind != "knock":
                await open_pages[name].answer(given)
            for who, page in open_pages.items():
                await shows_the_room_as_it_is(page, service.Actor(people[who].pk, meeting.pk))
            for who, before in waiting.items():
                if open_pages[who].place == "waiting":
                    nothing_is_told(open_pages[who], before)
            if open_pages["mina"].room["meeting"]["ended"]:
                break


def invited(cast: Cast) -> Person:
    """Alice's mother, asked to the family evening. How she signs in is told in test_guest_enters.py."""
    episode = episodes.current(cast.alice, cast.north.pk)
    assert episode is not None
    who = Guest("Fatima", "Haddad", "mother", "fatima@example.org", "+12125550177")
    guest = families.add(episode, who, by=cast.carol)
    MeetingInvitee.objects.create(meeting=cast.family, person=guest, role=RoomRole.FAMILY)
    return guest


async def is_out(cast: Cast, guest: Person, page: Page) -> None:
    """Revoked by staff while the bells forget who listens: her page is told nothing more, and closed."""
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()

    def revoke() -> None:
        families.revoke(Invitation.objects.get(guest=guest, revoked_at=None), by=cast.carol)

    await database_sync_to_async(revoke)()
    told = len(page.frames)
    assert await page.closes() == Close.NOT_FOUND
    for frame in page.frames[told:]:
        assert not any(word in frame for word in ("Okafor", "Park", "Bruno", '"token"'))


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
        ("proposeBreakouts", {"by": "household"}),
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
