"""What makes an hour before a screen bearable, at the page itself: being told when it is not looked at, a screen that stays
on, saving power, one's own picture, the keys. The test is the server (tests/e2e/stage.py)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.stage import Stage, view, waiter, you
from tests.e2e.states import GROUP, MAYA, RUNNING, breakouts
from tests.e2e.visitor import DESKTOP, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The browser's own ways to reach somebody, listened to: words of the system, tones, the hold on the screen.
HEARD: Final = """
  window.heard = {notes: [], tones: 0, locks: 0, released: 0};
  window.Notification = class {
    static permission = 'granted';
    constructor(title, {body}) { heard.notes.push(title + ': ' + body); }
    close() {}
  };
  const tone = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () { heard.tones += 1; return tone.call(this); };
  navigator.wakeLock.request = async () => { heard.locks += 1; return {release: async () => { heard.released += 1; }}; };
"""


async def room(browser: Browser, told: dict[str, Any]) -> tuple[Page, Stage]:
    size: Any = DESKTOP
    context = await browser.new_context(viewport=size)
    page = await context.new_page()
    await page.add_init_script(HEARD)
    stage = await Stage(page).open(told)
    await page.get_by_test_id("room").wait_for()
    return page, stage


async def heard(page: Page, what: str) -> Any:
    return await page.evaluate(f"heard.{what}")


async def test_an_arrival_is_heard_and_counted_and_told_by_the_system_when_nobody_looks(
    browser: Browser,
) -> None:
    page, stage = await room(browser, view(you(), members=GROUP))
    plain = await page.title()
    await page.mouse.click(640, 20)  # a touch: browsers sound only after one
    await page.evaluate("document.hasFocus = () => true")
    await stage.tell(view(you(), members=GROUP, waiting=[waiter("Hannah W.")], seq=2))
    await expect(page.get_by_test_id("toast")).to_contain_text("Hannah")
    await until(lambda: heard(page, "tones"), lambda tones: tones == 2, "two soft tones")
    await until(page.title, lambda title: title == f"(1) {plain}", "one waits")
    assert await heard(page, "notes") == [], "who looks at the page needs no word by the system"

    await page.evaluate("document.hasFocus = () => false")
    line = [waiter("Hannah W."), waiter("Marcus B.")]
    await stage.tell(view(you(), members=GROUP, waiting=line, seq=3))
    notes = await until(lambda: heard(page, "notes"), bool, "a word by the system")
    assert len(notes) == 1
    assert not any(word in notes[0] for word in ("Hannah", "Marcus", "Family", "group", "therapy")), notes
    await until(page.title, lambda title: title == f"(2) {plain}", "two wait")

    asking = breakouts("open", RUNNING, [])  # one of these rooms asks for help
    await stage.tell(view(you(), members=[MAYA], waiting=line, breakouts=asking, seq=4))
    await until(lambda: heard(page, "notes"), lambda all_: len(all_) == 2, "a word about a call for help")
    await stage.tell(view(you(), members=GROUP, seq=6))
    await until(page.title, lambda title: title == plain, "nobody waits any more")
    await page.context.close()


async def test_the_screen_stays_on_for_as_long_as_one_is_in_the_room(browser: Browser) -> None:
    page, stage = await room(browser, view(you(), members=GROUP))
    await until(lambda: heard(page, "locks"), bool, "the screen is held")
    await page.evaluate(
        "document.dispatchEvent(new Event('visibilitychange'))"
    )  # the system lets go of it in sleep
    await until(lambda: heard(page, "locks"), lambda locks: locks > 1, "held again after sleep")
    ended = view(you(place="left"))
    ended["meeting"] = {**ended["meeting"], "ended": True}
    await stage.tell({**ended, "seq": 2})
    await until(lambda: heard(page, "released"), bool, "and let go of at the end")
    await page.context.close()


async def test_power_is_saved_and_ones_own_picture_hidden_when_asked_and_it_is_remembered(
    browser: Browser,
) -> None:
    page, _ = await room(browser, view(you(), members=GROUP))
    await expect(page.get_by_test_id("tile")).to_have_count(5)
    await page.get_by_test_id("bar-more").click()
    for part, choice in (("more-line", "low-power"), ("more-self", "hide-self")):
        await page.get_by_test_id(part).locator("summary").click()
        await page.get_by_test_id(choice).click()
    await page.keyboard.press("Escape")
    for _ in range(2):
        await expect(page.get_by_test_id("room")).to_have_attribute("data-still", "true")
        await expect(page.get_by_test_id("tile")).to_have_count(4)
        await page.reload()
    await page.context.close()


async def test_the_keys_have_a_sheet_that_a_key_opens_and_escape_closes(browser: Browser) -> None:
    page, _ = await room(browser, view(you(), members=GROUP))
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    await sheet.wait_for()
    for key in "MVHCRLPS":
        await expect(sheet.locator("kbd", has_text=key).first).to_be_visible()
    await page.keyboard.press("m")  # belongs to who reads the sheet
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await page.context.close()
