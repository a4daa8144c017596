"""From referral to aftercare in real browsers, as coordinator and therapist at a desk, client and guest on phones.

The tests of this file are read in order: each goes on where the one before stopped.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.episode import Walk
from tests.e2e.test_pages import axe_clean, complaints, holds
from tests.e2e.visitor import DESKTOP, PHONE, Visitor
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def look(visitor: Visitor, name: str) -> None:
    """Axe finds nothing; nothing is wider than a narrow page or too small to touch. VIOP_SCREENS: a folder."""
    page = visitor.page
    before = page.viewport_size
    await axe_clean(page)
    if folder := os.environ.get("VIOP_SCREENS"):
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            await page.set_viewport_size(viewport)  # type: ignore[arg-type]
            await page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
    await holds(page)
    await page.set_viewport_size(before)  # type: ignore[arg-type]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    site = Site(tmp_path_factory.mktemp("episode"))
    site.env["VIOP_URL"] = site.url
    site.prepare()
    site.start()
    walking = Walk(site, browser, look)
    yield walking
    await walking.close()
    site.end()


async def test_somebody_is_referred_and_gets_a_link_to_sign_in(walk: Walk) -> None:
    joan = await walk.staff("Joan")
    heard = complaints(joan.page)
    await walk.refer()
    await walk.assess()
    assert heard == []


async def test_she_is_admitted_and_her_plan_is_signed_by_both(walk: Walk) -> None:
    await walk.admit()
    await walk.plan()
    await walk.prescribe()
    await walk.first_day()


async def test_her_sister_comes_in_by_link_and_code_once_she_agrees(walk: Walk) -> None:
    await walk.invite()
    await walk.come_in()


async def test_they_meet_and_the_guest_is_out_when_the_client_says_so(walk: Walk) -> None:
    await walk.schedule()
    await walk.attend()
    await walk.attest()


async def test_she_steps_down_completes_and_aftercare_takes_over(walk: Walk) -> None:
    await walk.leave_and_return()
    await walk.step_down()
    await walk.discharge()
    hosts = {url.split("/")[2] for one in walk.present.values() for url in one.asked if "://" in url}
    assert hosts == {f"localhost:{walk.site.port}"}
