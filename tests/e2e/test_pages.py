"""The server-rendered pages in a real browser: readable by everybody, on any screen, with and without script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, WITHIN_S, until, without_findings
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROLES = ["client", "facilitator", "coordinator", "alumnus", "family", "administrator"]
NARROW = {"width": 320, "height": 640}
# A desktop of 1280 x 800 at 200 % zoom.
ZOOMED = {"width": 640, "height": 400}

# 44 px, less what is lost to rounding: a box of 44 px that slides is read as 43.99997.
TOO_SMALL = """() => [...document.querySelectorAll('a.button, button, input:not([type=hidden]), summary')]
  .map((e) => [e, (e.closest('label.choice') ?? e).getBoundingClientRect()])  // a box is touched by its words too
  .filter(([e, box]) => e.offsetParent && Math.min(box.height, box.width) < 43.9)
  .map(([e]) => e.outerHTML)"""
# Letter, upright, less its margins.
PAPER = {"width": 710, "height": 950}
CUT = """() => [...document.querySelectorAll('.calendar-day')]
  .filter((e) => e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > innerWidth).map((e) => e.textContent)"""
INKS = """() => [...new Set([...document.querySelectorAll('main *')].filter((e) => e.offsetParent && e.textContent.trim())
  .map((e) => getComputedStyle(e).color))].sort()"""
OVERFLOW = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


async def axe_clean(page: Page) -> None:
    await without_findings(page, page.url)


async def holds(page: Page) -> None:
    """No sideways scrolling, and nothing too small to touch."""
    for size in (NARROW, ZOOMED):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        assert await page.evaluate(OVERFLOW) <= 0, (page.url, size)
        assert await page.evaluate(TOO_SMALL) == [], page.url


def complaints(page: Page) -> list[str]:
    """What the browser's console says is wrong, a breach of the content policy for example."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_before_signing_in(site: Site, browser: Browser, scheme: Any) -> None:
    context = await browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    heard = complaints(page)
    for path in (
        "login/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/1-x-y/",
        "inactive/",
    ):
        await page.goto(f"{site.url}/accounts/{path}")
        await axe_clean(page)
    await page.goto(f"{site.url}/accounts/login/")
    await holds(page)
    await page.get_by_label("E-mail address").fill("nobody@example.org")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    await axe_clean(page)
    assert heard == []
    await page.goto(f"{site.url}/nothing")
    await axe_clean(page)
    await holds(page)
    await context.close()


@pytest.mark.parametrize("role", ROLES)
async def test_home_and_meeting_of_everybody(site: Site, come: Come, role: str) -> None:
    visitor = await come(site.logins(role)[0], viewport=PHONE)
    page = visitor.page
    heard = complaints(page)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto(site.url)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Good ")
        await axe_clean(page)
    await holds(page)
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    more = page.locator(".places summary")
    if await more.is_visible():  # what does not fit into the row of places
        await more.click()
        await axe_clean(page)
        await holds(page)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await more.click()
    meeting = page.locator("main a[href^='/meetings/'][href$='/']").first
    if role != "administrator":
        await meeting.click()
        await expect(page.get_by_text("Led by")).to_be_visible()
        await axe_clean(page)
        await holds(page)
    await page.goto(f"{site.url}/accounts/password/change/")
    await axe_clean(page)
    await holds(page)
    assert heard == []
    assert {url.split("/")[2] for url in visitor.asked if not url.startswith("data:")} == {
        f"localhost:{site.port}"
    }


async def test_the_number_waiting_arrives_without_a_reload(site: Site, come: Come) -> None:
    maya = await come(site.logins("facilitator")[0])
    group = site.meeting("group")
    await maya.page.evaluate("window.same = true")
    await maya.page.locator("#join").focus()
    client = await come(site.logins("client")[7], viewport=PHONE)
    await (await client.open_room(group)).waiting()
    await expect(maya.page.get_by_text("waiting").first).to_contain_text(
        "is waiting", timeout=WITHIN_S * 1000
    )
    assert await maya.page.evaluate("window.same === true && document.activeElement.id === 'join'")
    await axe_clean(maya.page)


async def test_a_page_left_open_goes_to_sign_in_after_signing_out_elsewhere(site: Site, come: Come) -> None:
    visitor = await come(site.logins("client")[1])
    other = await visitor.context.new_page()
    await other.goto(site.url)
    await other.locator("form[action='/accounts/logout/'] button").click()
    await visitor.page.wait_for_url("**/accounts/login/**", timeout=WITHIN_S * 1000)


async def test_everything_but_the_room_works_without_script(site: Site, come: Come) -> None:
    visitor = await come(site.logins("client")[2], viewport=PHONE, java_script_enabled=False)
    page = visitor.page
    await expect(page.get_by_role("link", name="Join your session").first).to_be_visible()
    await page.get_by_role("link", name="More about this session").click()
    await expect(page.get_by_text("Led by")).to_be_visible()
    await page.get_by_role("button", name="Español").click()
    await expect(page.get_by_text("Volver a sus sesiones")).to_be_visible()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_text("Back to your sessions")).to_be_visible()
    await page.get_by_text("More", exact=True).click()
    await page.get_by_role("navigation", name="Pages").get_by_role("link", name="My people").click()
    await expect(page.get_by_role("heading", level=1, name="My people")).to_be_visible()
    await page.goto(f"{site.url}{site.meeting('group')['room_path']}")
    # Chromium's switch for "no script" still parses <noscript> as text: look at the source instead.
    assert "Please allow JavaScript" in await page.content()
    await page.goto(site.url)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


async def test_the_keyboard_reaches_the_main_act_and_shows_where_it_is(site: Site, come: Come) -> None:
    page = (await come(site.logins("client")[3])).page
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.locator("#join")).to_be_focused()
    outline = await page.locator("#join").evaluate("(e) => getComputedStyle(e).outlineStyle")
    assert outline == "solid"


async def test_printed_pages_carry_what_matters(site: Site, come: Come) -> None:
    page = (await come(site.logins("facilitator")[1])).page
    await page.goto(f"{site.url}{site.meeting('group')['path']}")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Led by")).to_be_visible()
    for gone in (page.get_by_role("link", name="Open the room"), page.get_by_role("button", name="Sign out")):
        await expect(gone).to_be_hidden()


async def test_a_schedule_is_black_on_white_and_no_wider_than_its_paper(site: Site, come: Come) -> None:
    page = (await come(site.logins("coordinator")[0], viewport=PAPER, color_scheme="dark")).page
    places, acts = page.get_by_role("navigation"), page.locator("main a.button")
    await page.goto(f"{site.url}/schedule/")
    await page.get_by_role("link", name="Everything in").click()
    for view in ("Week", "Month", "Day"):
        await page.get_by_role("link", name=view, exact=True).click()
        await expect(page.locator(f".calendar.{view.lower()}")).to_be_visible()
        await expect(places.first).to_be_visible()
        await page.emulate_media(media="print")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        for gone in (*await places.all(), *await acts.all()):
            await expect(gone).to_be_hidden()
        assert await page.evaluate(OVERFLOW) <= 0
        assert await page.evaluate(CUT) == []
        assert set(await page.evaluate(INKS)) <= {"rgb(0, 0, 0)", "rgb(34, 34, 34)"}
        await page.emulate_media(media="screen")


async def test_files_and_other_systems_are_let_in_on_calm_pages(site: Site, come: Come) -> None:
    page = (await come(site.logins("administrator")[0], viewport=PHONE)).page
    heard = complaints(page)

    async def opens(name: str) -> None:
        await page.goto(site.url)
        await page.get_by_role("link", name="Rules", exact=True).first.click()
        await page.locator(".tabs summary").press(
            "Enter"
        )  # on a phone the programme's pages open from one button
        await page.locator(".tabs").get_by_role("link", name=name).click()
        await expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        await looks_well()

    async def looks_well() -> None:
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme=scheme)
            await axe_clean(page)
        await holds(page)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    await opens("Bring in files")
    await page.get_by_text("Columns for: People").press("Enter")
    await expect(page.get_by_text("given_name", exact=True).first).to_be_visible()
    table = {
        "name": "staff.csv",
        "mimeType": "text/csv",
        "buffer": b"given_name,role,email\nAnna,wizard,anna@\n",
    }
    await page.get_by_label("File", exact=True).set_input_files(table)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Try the file").press("Enter")
    await expect(page.get_by_role("heading", name="Nothing was kept")).to_be_visible()
    await looks_well()
    await opens("Connected systems")
    await page.get_by_label("Name of the system").fill("Health record")
    await page.get_by_label("Staff and their licences").press("Space")
    await page.get_by_role("button", name="Connect it").press("Enter")
    await expect(page.get_by_role("heading", name="Health record")).to_be_visible()
    await looks_well()
    assert [line for line in heard if "422" not in line] == []


async def test_a_meetings_ribbons_have_a_table_behind_them(site: Site, come: Come) -> None:
    maya = await come(site.logins("facilitator")[0])
    meeting = site.meeting("group")
    await (await maya.open_room(meeting)).in_the_room()
    page = await maya.context.new_page()

    async def shown() -> int:
        await page.goto(f"{site.url}{meeting['path']}")
        return await page.locator("svg.ribbon").count()

    await until(shown, lambda count: count > 0, "the facilitator's stay on the meeting's page")
    await page.get_by_text("The same as a table").click()
    await expect(page.get_by_role("rowheader", name=maya.login.name)).to_be_visible()
    await axe_clean(page)
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await axe_clean(page)
    await holds(page)
