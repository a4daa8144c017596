"""The same meetings from Firefox ESR: wait, be let in, see and hear, go to a small room and back, leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.conftest import Come
from tests.e2e.visitor import RECEIVED, Visitor, until
from tests.media.browsers import Firefox, FirefoxTab, firefox
from tests.site import Login, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRESENT = 'id => document.querySelector(`[data-testid="${id}"]`) !== null'
PRESS = 'id => document.querySelector(`[data-testid="${id}"]`).click()'


@pytest_asyncio.fixture(loop_scope="session")
async def fox() -> AsyncIterator[Firefox]:
    async with firefox() as browser:
        yield browser


async def signed_in(fox: Firefox, site: Site, login: Login) -> FirefoxTab:
    tab = await fox.tab(f"{site.url}/accounts/login/")
    await tab.evaluate(
        """([email, password]) => {
          document.querySelector('input[type=email]').value = email;
          document.querySelector('input[type=password]').value = password;
          document.querySelector('form button[type=submit].primary').click();
        }""",
        [login.email, login.password],
    )
    await until(lambda: tab.evaluate("() => location.pathname"), lambda path: path == "/", "signing in")
    return tab


async def appears(tab: FirefoxTab, testid: str) -> None:
    await until(lambda: tab.evaluate(PRESENT, testid), bool, f"{testid} appears in Firefox", 40)


async def in_room(tab: FirefoxTab, part: str) -> None:
    """The page says that this is the room with `part` in its name; "" is the main room."""
    line = """() => document.querySelector('[data-testid="whereabouts"]')?.textContent ?? ''"""
    await until(
        lambda: tab.evaluate(line),
        lambda text: part in text if part else not text,
        f"in {part or 'the group'}",
        40,
    )


async def both_ways(tab: FirefoxTab, other: Visitor) -> None:
    """From now on Firefox sees and hears the one other person, and that person sees and hears Firefox."""
    start: dict[str, dict[str, float]] = await tab.evaluate(RECEIVED)

    def flows(found: dict[str, dict[str, float]]) -> bool:
        return len(found) == 1 and all(
            # a receiver made anew counts from zero
            of[what] > 0 and of[what] != start.get(who, {}).get(what)
            for who, of in found.items()
            for what in ("frames", "energy")
        )

    await asyncio.gather(
        until(lambda: tab.evaluate(RECEIVED), flows, "Firefox sees and hears Chromium", 60),
        other.perceives(1, 60),
    )


async def test_a_client_in_firefox_comes_in_moves_and_leaves(site: Site, come: Come, fox: Firefox) -> None:
    meeting = site.new_family_evening()
    maya = await come(next(one for one in site.logins("facilitator") if one.name.startswith("Maya")))
    await (await maya.open_room(meeting)).in_the_room()
    daniel = next(one for one in site.logins("client") if one.name.startswith("Daniel"))
    tab = await signed_in(fox, site, daniel)
    await tab.evaluate("path => { location.href = path; }", meeting["room_path"])
    await appears(tab, "ask-both")
    await tab.evaluate(PRESS, "ask-both")
    await appears(tab, "join")
    await tab.evaluate(PRESS, "join")
    await appears(tab, "arrival-skip")
    await tab.evaluate(PRESS, "arrival-skip")
    await appears(tab, "waiting")
    row = maya.page.locator(f'[data-testid=waiter][data-person="{daniel.person_id}"]')
    await maya.see("bar-people").click()
    await row.get_by_test_id("admit").click()
    await appears(tab, "room")
    await both_ways(tab, maya)

    # To his family's room, where Maya visits him, and back; the page stays the same.
    address = await tab.evaluate("() => location.href")
    await maya.see("rail-rooms").click()
    await maya.see("families-together").click()
    await maya.see("open-rooms").click()
    await in_room(tab, "Daniel")
    await maya.page.locator('[data-testid=visit][aria-label*="Daniel"]').click()
    await both_ways(tab, maya)
    await maya.see("back-to-main").click()
    await maya.see("recall").click()
    await maya.see("recall-now").click()
    await in_room(tab, "")
    await both_ways(tab, maya)
    assert await tab.evaluate("() => location.href") == address

    await tab.evaluate(PRESS, "bar-leave")
    await appears(tab, "leave")
    await tab.evaluate(PRESS, "leave")
    await appears(tab, "ending-left")
    await until(maya.received, lambda found: not found, "Maya is alone", 40)
    await tab.close()
