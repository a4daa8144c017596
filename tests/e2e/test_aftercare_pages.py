"""Aftercare in real browsers: the alumna on a phone, the caller at the queue, the coordinator at the board."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Come
from tests.e2e.test_pages import axe_clean, complaints, holds
from tests.e2e.visitor import DESKTOP, PHONE
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def readable(page: Page, size: Any) -> None:
    """Axe clean in both schemes; then no sideways scrolling, and back to the size it had."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await axe_clean(page)
    await holds(page)
    await page.set_viewport_size(size)


async def test_the_alumna_keeps_her_call_and_answers_the_questions_on_a_phone(site: Site, come: Come) -> None:
    page = (await come(site.logins("alumnus")[0], viewport=PHONE)).page
    heard = complaints(page)
    await page.locator("#next-call").click()
    await expect(page.get_by_role("button", name="Keep")).to_be_visible()
    await readable(page, PHONE)
    await page.get_by_role("link", name="Move").click()
    await expect(page.get_by_role("heading", name="Choose another time")).to_be_visible()
    await axe_clean(page)
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(page.get_by_text("It is kept for you")).to_be_visible()
    await page.get_by_role("link", name="Answer the questions").click()
    await expect(page.get_by_text("Are you in danger right now?")).to_be_visible()
    await readable(page, PHONE)
    await page.get_by_label("No", exact=True).check()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_text("2 of 36")).to_be_visible()
    await page.get_by_role("link", name="Go on later").click()
    await expect(page.get_by_role("link", name="Go on with the questions")).to_be_visible()
    assert heard == []


async def test_the_caller_works_the_queue_with_one_button(site: Site, come: Come) -> None:
    page = (await come(site.logins("facilitator")[0], viewport=DESKTOP)).page
    heard = complaints(page)
    await page.goto(f"{site.url}/calls/hours")
    await readable(page, DESKTOP)
    await page.goto(f"{site.url}/calls/")
    await expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()
    await readable(page, DESKTOP)
    person = page.get_by_role("heading", level=2).first
    name = await person.inner_text()
    await page.get_by_role("button", name="Call next").click()
    await expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    await readable(page, DESKTOP)
    await page.get_by_role("button", name="We are talking").click()
    await expect(page.get_by_role("heading", name="3. Write it down")).to_be_visible()
    await readable(page, PHONE)
    await page.get_by_label("steady").check()
    await page.get_by_label("Note for the team").fill("Went well.")
    await page.get_by_role("button", name="Close the call").click()
    await expect(page.get_by_text("The call is written down")).to_be_visible()
    assert heard == []


async def test_the_coordinator_reads_the_board(site: Site, come: Come) -> None:
    page = (await come(site.logins("coordinator")[0], viewport=DESKTOP)).page
    heard = complaints(page)
    await page.goto(f"{site.url}/aftercare/")
    await expect(page.get_by_role("img", name="Calls by week")).to_be_visible()
    await readable(page, DESKTOP)
    await page.get_by_role("link", name="Wendy Sandoval").click()
    await expect(page.get_by_role("heading", level=1, name="Wendy Sandoval")).to_be_visible()
    await readable(page, DESKTOP)
    assert heard == []
