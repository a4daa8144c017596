"""Aftercare in real browsers: the alumna on a phone, the caller at the queue, the coordinator at the board."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect
from pypdf import PdfReader

from tests.e2e.conftest import Come
from tests.e2e.test_pages import axe_clean, complaints, holds
from tests.e2e.visitor import DESKTOP, PHONE
from tests.site import Login, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOTS: Final = os.environ.get("VIOP_TEST_SHOTS", "")
# Three calls of Wendy's that fell due in the past days, tried four times each, without an answer.
MISSES: Final = """
from datetime import timedelta
from sessions.aftercare import calls, due, escalation, journal, planning
from sessions.aftercare.models import AftercareCourse, TryOutcome, Why
from sessions.core import clock, zones
from sessions.people.models import Person
wendy = AftercareCourse.objects.get(person__email="wendy@harbor.example")
maya = Person.objects.get(email="maya@harbor.example")
now = clock.now()
for days in (15, 10, 5):
    moment = now.replace(hour=17, minute=0) - timedelta(days=days)
    with clock.held_at(moment):
        on = zones.local_date(moment, wendy.zone)
        row = planning.add(wendy, on, on, Why.CHOSEN, moment)
        due.void(row, moment)
        escalation.fall_due(row, moment)
    for _ in range(4):
        with clock.held_at(moment):
            row = calls.tried(maya, journal.check_in_of(row.pk), "telephone", TryOutcome.NO_ANSWER)
        moment = row.next_try_at or moment
    assert row.state == "missed"
"""


async def readable(page: Page, size: Any) -> None:
    """Axe clean in both schemes; then no sideways scrolling, and back to the size it had."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await axe_clean(page)
    await holds(page)
    await page.set_viewport_size(size)


async def test_the_alumna_moves_and_keeps_her_call_and_answers_the_questions_on_a_phone(
    site: Site, come: Come
) -> None:
    page = (await come(named(site, "alumnus", "Wendy"), viewport=PHONE)).page
    heard = complaints(page)
    await page.locator("#next-call").click()
    await expect(page.get_by_role("button", name="Keep")).to_be_visible()
    await readable(page, PHONE)
    await shot(page, "alumna-keep-or-move")
    await page.get_by_role("link", name="Move").click()
    await expect(page.get_by_role("heading", name="Choose another time")).to_be_visible()
    await axe_clean(page)
    await shot(page, "alumna-times")
    before = await page.locator("#when").inner_text()
    await page.locator("#times summary").last.click()  # the days but the first are folded
    await page.locator("input[name=starts_at]").last.check()
    await page.get_by_role("button", name="Take this time").click()
    await expect(page.get_by_text("Your call has been moved")).to_be_visible()
    assert await page.locator("#when").inner_text() != before
    await expect(page.get_by_text("It is kept for you")).to_be_visible()

    # One question a screen; she stops after the first, comes back, and goes on with the second.
    await page.get_by_role("link", name="Answer the questions").click()
    await expect(page.get_by_text("Are you in danger right now?")).to_be_visible()
    await readable(page, PHONE)
    await shot(page, "alumna-question")
    await page.get_by_label("No", exact=True).check()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_text("2 of 36")).to_be_visible()
    await page.get_by_role("link", name="Go on later").click()
    await page.get_by_role("link", name="Go on with the questions").click()
    await expect(page.get_by_text("2 of 36")).to_be_visible()
    for n in range(2, 37):
        await expect(page.get_by_text(f"{n} of 36")).to_be_visible()
        await page.locator("input[name=answer]").first.focus()
        await page.keyboard.press("Space")  # without a mouse
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Next")).to_have_count(0)
    await readable(page, PHONE)
    await shot(page, "alumna-questions-done")
    assert heard == []


async def test_he_is_reached_by_video_and_in_danger_and_the_call_ends_with_a_hand_off(
    site: Site, come: Come
) -> None:
    maya = await come(named(site, "facilitator", "Maya"), viewport=DESKTOP)
    page = maya.page
    heard = complaints(page)
    await page.goto(f"{site.url}/calls/hours")
    await readable(page, DESKTOP)
    await page.goto(f"{site.url}/calls/")
    await expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()
    await readable(page, DESKTOP)
    await shot(page, "caller-queue")
    await expect(page.get_by_role("heading", level=2).first).to_have_text("Theodore Banks")
    await page.get_by_role("button", name="Call next").click()
    await expect(page.get_by_role("heading", level=1, name="Theodore Banks")).to_be_visible()
    await expect(
        page.get_by_role("img", name="Mood (PHQ-9)")
    ).to_be_visible()  # the trend, and the last notes
    await expect(page.get_by_text("Back at work three days a week")).to_be_visible()
    await readable(page, DESKTOP)
    await shot(page, "caller-call")
    call = page.url

    # One click opens the room; he comes in from his phone, through the waiting room.
    await page.get_by_role("button", name="Open the room").click()
    await page.wait_for_url("**/room")
    await (await maya.through_the_check()).in_the_room()
    theodore = await come(named(site, "alumnus", "Theodore"), viewport=PHONE)
    await theodore.page.goto(f"{site.url}/check-in/")
    await shot(theodore.page, "alumnus-it-is-time")
    await theodore.page.get_by_role("link", name="Join your call").click()
    await (await theodore.through_the_check()).waiting()
    await maya.admit(theodore)
    await theodore.in_the_room()
    await maya.perceives(1, 60)
    await theodore.perceives(1, 60)

    # He says that he is in danger.
    await page.goto(call)
    heard.clear()  # a browser may say that it left a room in the middle
    await page.get_by_role("radio", name="video").check()
    await page.get_by_role("button", name="We are talking").click()
    await expect(page.get_by_role("heading", name="3. Write it down")).to_be_visible()
    danger = page.get_by_role("group", name="Are you in danger right now?")
    await danger.get_by_label("Yes").check()
    await page.get_by_role("button", name="Keep what you heard").click()
    await expect(page.get_by_role("heading", name="May be in danger")).to_be_visible()
    await expect(page.get_by_text("12 Dock Street")).to_be_visible()
    await readable(page, DESKTOP)
    await shot(page, "caller-crisis")
    await page.get_by_label("crisis").check()
    await page.get_by_label("Note for the team").fill("He is not safe alone.")
    await page.get_by_role("button", name="Close the call").click()
    await expect(page.get_by_role("alert")).to_contain_text("hand over to a clinician")
    assert len(heard) == 1  # the browser's own word for a refusal
    heard.clear()
    await page.get_by_label("Handed over to whom").fill("Dr. Ito, who stayed on the line with him.")
    await page.get_by_role("button", name="Handed over, live").click()
    await expect(page.get_by_text("Dr. Ito")).to_be_visible()
    await readable(page, PHONE)
    await page.get_by_label("crisis").check()
    await page.get_by_label("Note for the team").fill("He is not safe alone. Dr. Ito is with him.")
    await page.get_by_role("button", name="Close the call").click()
    await expect(page.get_by_text("The call is written down")).to_be_visible()
    assert heard == []


async def test_three_missed_calls_lead_to_a_letter_that_says_nothing(site: Site, come: Come) -> None:
    site.manage("shell", "-v0", "-c", MISSES)
    page = (await come(named(site, "coordinator", "Joan"), viewport=DESKTOP)).page
    heard = complaints(page)
    await page.goto(f"{site.url}/aftercare/")
    await expect(page.get_by_role("img", name="Calls by week")).to_be_visible()
    await readable(page, DESKTOP)
    await shot(page, "coordinator-board")
    urgent = page.get_by_role("region", name="Urgent and open")
    await expect(urgent.get_by_role("link", name="Theodore Banks")).to_be_visible()
    everybody = page.get_by_role("region", name="Everybody in aftercare")
    await expect(everybody.get_by_role("listitem").filter(has_text="Wendy Sandoval")).to_contain_text(
        "hard to reach"
    )
    await everybody.get_by_role("link", name="Wendy Sandoval").click()
    await expect(page.get_by_role("heading", level=1, name="Wendy Sandoval")).to_be_visible()
    await readable(page, DESKTOP)
    await shot(page, "coordinator-course")
    letter = page.get_by_role("link", name="letter")
    address = await letter.get_attribute("href")
    answer = await page.request.get(f"{site.url}{address}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    content = await answer.body()
    said = " ".join("".join(one.extract_text() for one in PdfReader(BytesIO(content)).pages).split())
    assert ", 20" in said.partition("Dear Wendy, we have tried to call you")[0]  # its date
    assert not [word for word in ("Harbor", "program", "recovery", "treatment", "Sandoval") if word in said]
    if SHOTS:
        (Path(SHOTS) / "letter.pdf").write_bytes(content)
    await page.goto(f"{site.url}/tasks/")
    await expect(page.get_by_text("Wendy Sandoval").first).to_be_visible()
    await shot(page, "coordinator-tasks")
    assert heard == []


def named(site: Site, role: str, given_name: str) -> Login:
    return next(login for login in site.logins(role) if login.name.startswith(given_name))


async def shot(page: Page, name: str) -> None:
    """A picture for people to look at, where VIOP_TEST_SHOTS names a folder: as it is, and on a phone."""
    if SHOTS:
        size: Any = page.viewport_size
        phone: Any = PHONE
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
        if size != phone:
            await page.set_viewport_size(phone)
            await page.screenshot(path=Path(SHOTS) / f"{name}-phone.png", full_page=True)
            await page.set_viewport_size(size)
