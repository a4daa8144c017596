"""Every state of the room page is free of axe findings, on a phone and on a desktop."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Come
from tests.e2e.visitor import DESKTOP, PHONE, Visitor, without_findings
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def clean(visitor: Visitor, state: str) -> None:
    for size in (PHONE, DESKTOP):
        await visitor.page.set_viewport_size(size)  # type: ignore[arg-type]
        await without_findings(visitor.page, f"{state} at {size['width']}")


async def test_from_the_door_to_the_end(site: Site, come: Come) -> None:
    group = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    alice = await come(site.logins("client")[0], PHONE)
    await alice.page.goto(f"{site.url}{group['room_path']}")
    await alice.see("ask-both").wait_for()
    await clean(alice, "the question")
    await alice.see("ask-both").click()
    await alice.see("join").wait_for()
    await clean(alice, "the device check")
    await alice.see("join").click()
    await alice.see("arrival-done").click()
    await clean(alice, "where are you, with something missing")
    await alice.arrive()
    await alice.waiting()
    await clean(alice, "the waiting room")
    await (await mina.open_room(group)).in_the_room()
    await clean(mina, "the room, alone")
    await mina.see("bar-people").click()
    await mina.see("rail").wait_for()
    await clean(mina, "the rail with somebody waiting")
    await mina.see("admit-all").click()
    await alice.in_the_room()
    await alice.perceives(1)
    await clean(alice, "the gallery")
    await mina.see("member-more").first.click()
    await mina.see("remove").click()
    await mina.see("confirm").wait_for()
    await clean(mina, "the question before removing somebody")
    await mina.see("confirm").click()
    await alice.see("ending-removed").wait_for()
    await clean(alice, "after being removed")
    await mina.page.keyboard.press("Escape")
    await mina.see("bar-leave").click()
    await mina.see("end").wait_for()
    await clean(mina, "the question before leaving")
    await mina.see("end").click()
    await mina.page.locator('[data-testid^="ending-"]').wait_for()
    await clean(mina, "after the end")
