"""After an evening: signing in under a minute, the client's ring, the coordinator's board; readable by everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.test_pages import axe_clean, complaints, holds
from tests.e2e.visitor import DESKTOP, PHONE
from tests.site import Site

COHORT = "a[href^='/week/cohort/']"
AHEAD = "section[aria-labelledby='next-title'] a[href^='/meetings/'][href$='/']"
CHANGE_MARCUS = re.compile("Change.*Marcus Bell")

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True)
class Held:
    site: Site
    path: str


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A site in which tests/e2e/attended.py has been. The tests of this file are read in order."""
    site = Site(tmp_path_factory.mktemp("attended"))
    site.prepare()
    told = site.manage("shell", "-v0", "-c", "from tests.e2e.attended import hold; hold()")
    site.start()
    yield Held(site, f"/meetings/{told.split()[-1]}/sign")
    site.end()


async def test_the_client_sees_the_week_as_a_ring_and_as_a_table(held: Held, come: Come) -> None:
    page = (await come(held.site.logins("client")[0], viewport=PHONE, at=held.site)).page
    heard = complaints(page)
    ring = page.get_by_role("img", name="so far this week")
    await expect(ring).to_be_visible()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await axe_clean(page)
    await page.get_by_text("Session by session").click()
    await expect(page.get_by_role("row").filter(has_text="Skills for hard evenings")).to_contain_text(
        "55 of 55 minutes"
    )
    await axe_clean(page)
    await holds(page)
    assert heard == []


async def test_the_facilitator_signs_with_the_keyboard_and_changes_one_record(held: Held, come: Come) -> None:
    page = (await come(held.site.logins("facilitator")[0], at=held.site)).page
    heard = complaints(page)
    await page.get_by_role("link", name="Look and sign").click()
    await expect(page.get_by_text("Did not come.")).to_be_visible()
    await expect(page.get_by_text("No connection for 8 minutes in between.")).to_be_visible()
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await axe_clean(page)
    await page.get_by_label("Excused: Marcus Bell").check()
    await page.get_by_label("Topic of the session").fill("Saying no")
    await page.get_by_label("Sign with your name").fill("Maya Lindqvist")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Signed by Maya Lindqvist")).to_be_visible()
    await axe_clean(page)
    await holds(page)
    await page.get_by_role("link", name=CHANGE_MARCUS).click()
    await axe_clean(page)
    await page.get_by_label("Minutes").fill("20")
    await page.get_by_label("Why").fill("Took part by phone.")
    await page.get_by_label("Sign with your name").fill("Maya Lindqvist")
    await page.get_by_role("button", name="Sign the change").click()
    await expect(page.get_by_text("Took part by phone.")).to_be_visible()
    assert [line for line in heard if "422" not in line] == []


async def test_the_coordinator_reads_the_board_on_a_phone(held: Held, come: Come) -> None:
    page = (await come(held.site.logins("coordinator")[0], viewport=PHONE, at=held.site)).page
    await page.get_by_role("link", name="The week of every client").click()
    await expect(page.get_by_role("img", name="Marcus Bell: 20 of 540 minutes")).to_be_visible()
    await axe_clean(page)
    await page.get_by_text("Everybody as a table").click()
    await expect(page.get_by_role("row").filter(has_text="Marcus Bell")).to_be_visible()
    await axe_clean(page)
    await holds(page)


async def test_a_signed_sheet_prints_without_its_form(held: Held, come: Come) -> None:
    page = (await come(held.site.logins("facilitator")[0], at=held.site)).page
    await page.goto(f"{held.site.url}{held.path}")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Signed by Maya Lindqvist")).to_be_visible()
    await expect(page.get_by_role("link", name=CHANGE_MARCUS)).to_be_hidden()


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (
            "coordinator",
            ["/tasks/", "/messages/", "/messages/mine", "/week/{program}/{client}", "/week/", COHORT],
        ),
        ("facilitator", ["/tasks/", "/messages/mine"]),
        ("administrator", ["/programs/{program}/counting?kind=family_group"]),
        ("client", ["/messages/mine", "/", AHEAD]),
    ],
)
async def test_the_pages_that_follow_up_are_readable_at_both_sizes(
    held: Held, come: Come, role: str, paths: list[str]
) -> None:
    """Tasks, messages, reminders, make-ups, a cohort's weeks, and saying beforehand that one cannot come."""
    page = (await come(held.site.logins(role)[0], at=held.site)).page
    heard = complaints(page)
    for number, path in enumerate(paths):
        if "a[href" in path:  # a link of the page before it
            await page.locator(path).first.click()
        else:
            client = held.site.logins("client")[3].person_id
            path = path.format(program=held.site.demo["program"]["id"], client=client)
            await page.goto(f"{held.site.url}{path}")
        if path == AHEAD:
            await page.get_by_text("I can't come").click()
        for size in (PHONE, DESKTOP):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            await axe_clean(page)
            if folder := os.environ.get("VIOP_SCREENS"):
                name = f"{role}-{number}"
                await page.screenshot(
                    path=Path(folder) / f"follow-{name}-{size['width']}.png", full_page=True
                )
        await holds(page)
        await page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    assert heard == []
