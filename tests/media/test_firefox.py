"""The same room from Firefox: its SDP and its ICE differ from Chromium's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.media.browsers import Firefox, OpenPage, Page, firefox
from tests.media.engines import Engine
from tests.media.relay import cable

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fox() -> AsyncIterator[Firefox]:
    async with firefox() as browser:
        yield browser


@BOTH_PATHS
async def test_firefox_and_chromium_hear_and_see_each_other(
    fox: Firefox, open_page: OpenPage, engine: Engine, page_url: str, room: str, single: bool
) -> None:
    tab = await fox.tab(page_url)
    anna = await (await open_page("anna")).join(room, single=single)
    ben = await Page(tab, engine, "ben").join(room, single=single)
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    await ben.run("() => send('from firefox', true)")
    await anna.until(lambda found: ["ben", "from firefox"] in found["packets"], "anna gets ben's packet")
    await tab.close()


@BOTH_PATHS
async def test_firefox_resumes_after_a_lost_socket(
    fox: Firefox, open_page: OpenPage, engine: Engine, page_url: str, room: str, single: bool
) -> None:
    async with cable(engine.url) as wire:
        tab = await fox.tab(page_url)
        anna = await (await open_page("anna")).join(room, single=single)
        ben = await Page(tab, engine.through(wire.url), "ben").join(room, single=single)
        await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
        wire.cut()
        await ben.told("Reconnected")
        await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
        assert "ParticipantDisconnected ben" not in (await anna.state())["events"]
        await tab.close()
