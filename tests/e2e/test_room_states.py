"""Every further state of the room: no axe finding, no sideways scrolling, nothing too small to touch, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.e2e.floor_states import FLOOR_STATES
from tests.e2e.stage import Stage
from tests.e2e.states import STATES, State
from tests.e2e.test_pages import NARROW, OVERFLOW, TOO_SMALL, complaints
from tests.e2e.visitor import DESKTOP, PHONE, profile, without_findings

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("state", [*STATES, *FLOOR_STATES], ids=lambda state: state.name)
async def test_it_is_readable_on_every_screen(browser: Browser, state: State) -> None:
    for language, size in (("en", PHONE), ("en", DESKTOP), ("es", NARROW)):
        context = await profile(browser, size)
        page = await context.new_page()
        heard = complaints(page)
        stage = await Stage(page, language=language, **state.config).open(state.told, inside=state.inside)
        await state.steps(stage)
        where = f"{state.name}, {language}, {size['width']}"
        await without_findings(page, where)
        assert await page.evaluate(OVERFLOW) <= 0, where
        assert await page.evaluate(TOO_SMALL) == [], where
        assert heard == [], where
        await context.close()
