"""The same group from Firefox ESR: sign in, wait, be let in, see and hear, and be seen and heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.conftest import Come
from tests.e2e.visitor import RECEIVED, until
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


async def test_a_client_in_firefox_waits_is_let_in_and_takes_part(
    site: Site, come: Come, fox: Firefox
) -> None:
    group = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(group)).in_the_room()
    alice = site.logins("client")[0]
    tab = await signed_in(fox, site, alice)
    await tab.evaluate("path => { location.href = path; }", group["room_path"])
    await appears(tab, "ask-both")
    await tab.evaluate(PRESS, "ask-both")
    await appears(tab, "join")
    await tab.evaluate(PRESS, "join")
    await appears(tab, "arrival-skip")
    await tab.evaluate(PRESS, "arrival-skip")
    await appears(tab, "waiting")
    row = mina.page.locator(f'[data-testid=waiter][data-person="{alice.person_id}"]')
    await mina.see("bar-people").click()
    await row.get_by_test_id("admit").click()
    await appears(tab, "room")

    def flows(found: dict[str, dict[str, float]]) -> bool:
        return len(found) == 1 and all(of["frames"] > 0 and of["energy"] > 0 for of in found.values())

    await asyncio.gather(
        until(lambda: tab.evaluate(RECEIVED), flows, "Firefox sees and hears Chromium", 40),
        mina.perceives(1, 40),
    )
    await tab.close()
