"""A group session as people live it: the waiting room, being let in, seeing and hearing each other, coming back."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, Visitor
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def started(site: Site, come: Come, clients: int) -> tuple[Visitor, list[Visitor]]:
    """A facilitator in the open group, and some clients at its door."""
    group = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(group)).in_the_room()
    guests = [await come(login, PHONE) for login in site.logins("client")[:clients]]
    for guest in guests:
        await (await guest.open_room(group)).waiting()
    return mina, guests


async def test_three_people_see_and_hear_each_other_in_every_direction(site: Site, come: Come) -> None:
    mina, guests = await started(site, come, clients=2)
    await mina.see("bar-people").click()
    await mina.see("admit-all").click()
    await asyncio.gather(*(guest.in_the_room() for guest in guests))
    await asyncio.gather(*(person.perceives(2) for person in [mina, *guests]))


async def test_who_waits_receives_nothing_of_the_room(site: Site, come: Come) -> None:
    mina, (alice, bruno) = await started(site, come, clients=2)
    await mina.admit(bruno)
    await bruno.in_the_room()
    await asyncio.gather(mina.perceives(1), bruno.perceives(1))
    told = "\n".join(frame if isinstance(frame, str) else frame.decode("latin-1") for frame in alice.heard)
    assert "waiting" in told, "the recorder hears the socket"
    rooms = [
        json.loads(frame) for frame in alice.heard if isinstance(frame, str) and '"type":"room"' in frame
    ]
    assert rooms
    for room in rooms:
        assert (room["members"], room["waiting"], room["you"]["identity"]) == ([], [], "")
    assert bruno.login.name.split()[0] not in told
    assert bruno.login.person_id not in told
    assert mina.login.name.split()[-1] not in told, "of the facilitator only the first name"
    for secret in ("a=fingerprint", "m=audio", "ice-ufrag", '"token"', '"seat"', "/rtc"):
        assert secret not in told
    assert not [url for url in alice.asked if "/rtc" in url], "no media signalling before being let in"


async def test_a_reload_lands_in_the_same_place_without_a_new_wait(site: Site, come: Come) -> None:
    mina, (alice,) = await started(site, come, clients=1)
    await mina.admit(alice)
    await alice.in_the_room()
    await alice.perceives(1)
    alice.heard.clear()
    await alice.page.reload()
    await alice.see("join").or_(alice.see("room")).first.wait_for()
    if await alice.see("join").is_visible():
        await alice.see("join").click()
    await alice.in_the_room()
    places = [
        json.loads(f)["you"]["place"] for f in alice.heard if isinstance(f, str) and '"type":"room"' in f
    ]
    assert "waiting" not in places
    await asyncio.gather(alice.perceives(1), mina.perceives(1))


async def test_who_is_declined_stays_out(site: Site, come: Come) -> None:
    mina, (alice,) = await started(site, come, clients=1)
    row = mina.page.locator(f'[data-testid=waiter][data-person="{alice.login.person_id}"]')
    await mina.see("bar-people").click()
    await row.get_by_test_id("decline").click()
    await mina.see("confirm").click()
    await alice.see("ending-declined").wait_for()
    await alice.page.reload()
    await alice.see("ending-declined").or_(alice.see("join")).first.wait_for()
    assert not [url for url in alice.asked if "/rtc" in url]


async def test_somebody_without_a_part_in_the_meeting_finds_no_such_page(site: Site, come: Come) -> None:
    stranger = await come(site.logins("alumnus")[0])
    for path in ("path", "room_path"):
        answer = await stranger.page.goto(f"{site.url}{site.meeting('group')[path]}")
        assert answer is not None
        assert answer.status == 404
    nowhere = await stranger.page.goto(f"{site.url}/meetings/00000000-0000-4000-8000-000000000000/room")
    assert nowhere is not None
    assert nowhere.status == 404
    closed = await stranger.page.evaluate(
        """id => new Promise(done => {
          const socket = new WebSocket(`ws://${location.host}/ws/rooms/${id}`, 'viop.1');
          socket.onclose = event => done(event.code);
        })""",
        site.meeting("group")["id"],
    )
    assert closed == 4404


async def test_no_page_asks_any_other_host(site: Site, come: Come) -> None:
    mina, (alice,) = await started(site, come, clients=1)
    await mina.admit(alice)
    await alice.in_the_room()
    await alice.perceives(1)
    ours = (site.url, site.url.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in [*mina.asked, *alice.asked] if not url.startswith(ours)] == []
