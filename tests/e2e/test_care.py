"""Care for one person: the line is tried before coming in, help is called at a tile, two people step aside."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_line_is_tried_at_the_door_where_nobody_else_is(site: Site, come: Come) -> None:
    group = site.new_group()
    alice = await come(site.logins("client")[0], PHONE)
    await alice.page.goto(f"{site.url}{group['room_path']}")
    await alice.see("ask-neither").or_(alice.see("join")).first.wait_for()
    if await alice.see("ask-neither").is_visible():
        await alice.see("ask-neither").click()
    await alice.see("line-test").click()
    await expect(alice.page.locator('[data-testid=line]:not([data-verdict="testing"])')).to_be_visible(
        timeout=60_000
    )
    assert await alice.see("line").get_attribute("data-verdict") != "none"
    await alice.page.get_by_text("Details for the help desk").click()
    await expect(alice.page.get_by_text("Direct way")).to_be_visible()
    assert [url for url in alice.asked if "/rtc" in url], "it went where pictures and sound go"


async def test_help_for_one_person_on_one_screen(site: Site, come: Come) -> None:
    group = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(group)).in_the_room()
    alice = await come(site.logins("client")[0], PHONE)
    bruno = await come(site.logins("client")[1], PHONE)
    for guest in (alice, bruno):
        await (await guest.open_room(group)).waiting()
        await mina.admit(guest)
        await guest.in_the_room()
    await mina.page.keyboard.press("Escape")

    tile = mina.page.locator(f'[data-testid=tile][data-person="{alice.login.person_id}"]')
    await tile.get_by_test_id("tile-crisis").click()
    await mina.see("crisis-open").click()
    await expect(mina.see("crisis-address")).to_contain_text("12 Elm Street")
    numbers = await mina.see("call").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert {"tel:911", "tel:988", "tel:+12125550110", "tel:+12125550199"} <= set(numbers)
    told = "\n".join(frame for visitor in (alice, bruno) for frame in visitor.heard if isinstance(frame, str))
    assert "crisisOpened" not in told
    assert '"numbers":["' not in told, "nobody else is told"

    await mina.see("crisis-note-text").fill("Speaks slowly, is not alone.")
    await mina.see("crisis-note-add").click()
    await expect(mina.see("crisis-event").filter(has_text="not alone")).to_be_visible()

    # The two step aside; the group goes on; both come back.
    await mina.see("crisis-aside").click()
    await asyncio.gather(*(expect(one.see("whereabouts")).to_contain_text("aside") for one in (mina, alice)))
    await asyncio.gather(mina.sees(1, 60), alice.sees(1, 60))
    assert await bruno.see("room").get_attribute("data-room") == ""
    await mina.see("aside-end").click()
    await asyncio.gather(*(expect(one.see("whereabouts")).to_have_count(0) for one in (mina, alice)))
    await asyncio.gather(mina.sees(2, 60), alice.sees(2, 60))

    await mina.see("crisis-end").click()
    await mina.see("crisis-outcome").fill("Her mother is with her now.")
    await mina.see("crisis-end-yes").click()
    await expect(mina.see("crisis")).to_have_count(0)
