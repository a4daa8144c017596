"""The room's page for eyes, hands and habits that differ: its small window, stillness, forced colours, and what its buttons
say to the clinic. The test is the server (tests/e2e/stage.py)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.floor_states import AGENDA, PARTS, PAUSE
from tests.e2e.stage import Stage, member, view, waiter, you
from tests.e2e.states import (
    APART,
    ASIDE,
    CARMEN,
    CLIENT,
    DANIEL,
    ENDS_AT,
    GRACE,
    GROUP,
    HOLD,
    LUIS,
    MAYA,
    PLANNED,
    RUNNING,
    breakouts,
    daniel,
    people,
)
from tests.e2e.test_pages import NARROW
from tests.e2e.visitor import DESKTOP, PHONE, at_rest, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

LANDSCAPE = {"width": 844, "height": 390}
SMALL_WINDOW = "documentPictureInPicture.window?.document"


async def page_of(browser: Browser, size: Any = DESKTOP, **profile: Any) -> Page:
    context = await browser.new_context(viewport=size, **profile)
    return await context.new_page()


def asked(stage: Stage, kind: str) -> list[dict[str, Any]]:
    return [said for said in stage.said if said["type"] == kind]


async def says(stage: Stage, kind: str) -> dict[str, Any]:
    """What the page says of this kind, once it has."""
    heard = await until(partial(_all, stage, kind), bool, f"the page says {kind}")
    return {name: value for name, value in heard[0].items() if name not in ("type", "commandId")}


async def test_the_small_window_carries_the_controls_one_needs(browser: Browser) -> None:
    page = await page_of(browser)
    stage = await Stage(page).open(view(you(), members=GROUP, waiting=[waiter("Hannah W.")]))
    await page.get_by_test_id("bar-more").click()
    await page.get_by_test_id("more-pip").click()
    await page.wait_for_function(f"{SMALL_WINDOW}?.querySelectorAll('[data-testid=tile]').length === 5")
    inside = f"at => {SMALL_WINDOW}.querySelector(at)"
    wanted = f"({inside})('[data-testid=bar-microphone]').dataset.tone"
    before = await page.evaluate(wanted)
    await page.evaluate(f"({inside})('[data-testid=bar-microphone]').click()")
    await page.wait_for_function(f"{wanted} !== {before!r}")
    await page.evaluate(f"({inside})('.pip-waiting button').click()")
    assert await says(stage, "admit") == {"personId": "hannah-w"}
    assert await page.evaluate(f"{SMALL_WINDOW}.title") == await page.title()
    await page.evaluate(f"({inside})('.pip-back').click()")
    await page.wait_for_function("documentPictureInPicture.window === null")
    await page.context.close()


MOVING = "document.getAnimations().filter(one => one.playState === 'running').map(one => one.animationName)"


@pytest.mark.parametrize(
    "told",
    [
        view(daniel(place="waiting")),
        view(daniel(), members=GROUP[1:], staffPresent=False, hold={**HOLD, "paused": True}),
        view(daniel(ask="unmute"), members=[MAYA, member("Luis O.", hand=1)]),
    ],
    ids=["waiting", "hold", "asked"],
)
async def test_nothing_moves_for_who_asks_for_stillness(browser: Browser, told: dict[str, Any]) -> None:
    page = await page_of(browser, PHONE, reduced_motion="reduce")
    stage = await Stage(page, **CLIENT).open(told)
    await page.get_by_test_id("waiting").or_(page.get_by_test_id("room")).first.wait_for()
    if told["you"]["place"] == "main":
        await stage.tell({**told, "members": GROUP})  # somebody came: tiles take other places
        await expect(page.get_by_test_id("tile")).to_have_count(5)
    assert await page.evaluate(MOVING) == []
    await page.context.close()


async def test_with_the_systems_colours_every_state_keeps_a_line_around_it(browser: Browser) -> None:
    page = await page_of(browser, forced_colors="active")
    hands = [MAYA, member("Daniel K.", hand=2), *GROUP[2:]]
    await Stage(page).open(view(you(), members=hands, pause=PAUSE))
    await page.get_by_test_id("tile-hand").wait_for()
    bare = await page.evaluate(
        """() => [...document.querySelectorAll('.tile, .tile-name, .tile-mark, .bar-icon, .round')]
          .filter(one => one.offsetParent)
          .filter(one => { const { borderTopStyle, borderTopWidth, outlineStyle } = getComputedStyle(one);
            return (borderTopStyle === 'none' || borderTopWidth === '0px') && outlineStyle === 'none'; })
          .map(one => one.className)"""
    )
    assert bare == []
    await page.get_by_test_id("bar-people").focus()
    await page.keyboard.press("Tab")
    ring = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none", "the focus is seen"
    await page.context.close()


async def test_who_somebody_is_is_confirmed_at_their_tile(browser: Browser) -> None:
    page = await page_of(browser)
    hannah = member("Hannah W.", flags=["noIdentity"])
    stage = await Stage(page).open(view(you(), members=[MAYA, hannah]))
    tile = page.locator('[data-testid=tile][data-person="hannah-w"]')
    await tile.get_by_test_id("tile-open").click()
    await page.get_by_test_id("verify-identity").click()
    assert await says(stage, "verifyIdentity") == {"personId": "hannah-w"}
    await stage.tell(view(you(), members=[MAYA, {**hannah, "flags": []}], seq=2))
    if not await page.get_by_test_id("person-sheet").is_visible():
        await tile.get_by_test_id("tile-open").click()
    await page.get_by_test_id("pin").wait_for()
    await expect(page.get_by_test_id("verify-identity")).to_have_count(0)
    await page.context.close()


async def test_an_agenda_is_written_and_gone_through_by_keys_alone(browser: Browser) -> None:
    page = await page_of(browser)
    told = view(you(), members=GROUP)
    told["meeting"] = {
        **told["meeting"],
        "breaks": [{"startedAt": "2026-11-22T18:20:00Z", "endsAt": "2026-11-22T18:30:00Z"}],
    }
    stage = await Stage(page).open(told)
    await page.get_by_test_id("bar-people").press("Enter")
    await page.get_by_test_id("agenda-write").press("Enter")
    for number, title in ((1, "Check-in"), (3, "Skill")):  # the schedule's break lies between
        await page.get_by_label(f"Name of part {number}").fill(title)
    await page.keyboard.press("Enter")
    new = [
        {"title": "Check-in", "minutes": 20, "isBreak": False, "number": 0},
        {"title": "", "minutes": 10, "isBreak": True, "number": 0},
        {"title": "Skill", "minutes": 60, "isBreak": False, "number": 0},
    ]
    assert await says(stage, "setAgenda") == {"parts": new, "version": 0}
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_test_id("agenda-write")).to_be_focused()

    parts = [{**part, "number": number} for number, part in enumerate(new, 1)]
    on: dict[str, Any] = {"parts": parts, "now": None, "since": None, "next": 0, "version": 3}
    for number, words in enumerate(("Begin: Check-in", "Go on: Break", "Go on: Skill")):
        await stage.tell({**told, "agenda": {**on, "next": number}, "seq": number + 2})
        await expect(page.get_by_test_id("agenda-next")).to_have_text(words)
        await page.get_by_test_id("agenda-next").press("Enter")
        assert await says(stage, "beginPart") == {"part": number + 1}
        stage.said.clear()
        on = {**on, "now": number, "since": "2026-11-22T18:05:00Z"}
    await stage.tell({**told, "agenda": {**on, "now": 0, "next": 1}, "seq": 6})
    await expect(page.get_by_test_id("agenda-now")).to_have_text("Check-in until 1:25 PM · then Break")
    await stage.tell({**told, "agenda": {**on, "now": 1, "next": 2}, "seq": 7})
    await expect(page.get_by_test_id("agenda-now")).to_have_text("The break is over · then Skill")
    await stage.tell({**told, "agenda": {**on, "now": None, "since": None, "next": None}, "seq": 8})
    await expect(page.get_by_test_id("agenda-next")).to_have_count(0)
    await page.context.close()


async def test_an_agenda_is_put_in_order_by_keys_and_nobody_writes_over_another(browser: Browser) -> None:
    page = await page_of(browser)
    told = view(you(), members=GROUP, agenda=AGENDA)
    stage = await Stage(page).open(told)
    await page.get_by_test_id("bar-people").press("Enter")
    await page.get_by_test_id("agenda-write").press("Enter")
    await page.get_by_test_id("agenda-add").press("Enter")
    await page.keyboard.type("News")  # where the focus is
    await page.get_by_label("Move part 4 up").press("Enter")
    for place in (3, 2):
        await expect(page.get_by_label(f"Move part {place} up"), "the focus goes along").to_be_focused()
        await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name of part 1")).to_have_value("News")
    await expect(page.get_by_label("Move part 1 up")).to_be_focused()
    await page.get_by_label("Take part 3 off").press("Enter")
    await expect(page.get_by_label("Take part 3 off"), "the next row").to_be_focused()

    theirs = {**AGENDA, "parts": PARTS[:2], "version": 4}
    await stage.tell({**told, "agenda": theirs, "seq": 2})
    await page.get_by_test_id("agenda-keep").press("Enter")
    await expect(page.get_by_test_id("agenda-theirs")).to_be_focused()
    assert asked(stage, "setAgenda") == []
    await page.get_by_test_id("agenda-mine").press("Enter")
    await page.keyboard.press("Enter")  # on "Keep this agenda"
    said = await says(stage, "setAgenda")
    assert said["version"] == 4
    assert [part["number"] for part in said["parts"]] == [0, 1, 3]
    await page.context.close()


async def test_a_group_without_a_facilitator_rests_and_goes_on_where_it_was(browser: Browser) -> None:
    page = await page_of(browser, PHONE)
    left = {"members": GROUP[1:], "staffPresent": False}
    stage = await Stage(page, **CLIENT).open(view(daniel(), **left, hold=HOLD))
    await expect(page.get_by_test_id("hold-soon")).to_contain_text("0:")
    await stage.tell(view(daniel(), **left, hold={**HOLD, "paused": True}, seq=2))
    await page.get_by_test_id("hold").wait_for()
    await stage.tell(view(daniel(), members=GROUP, seq=3))
    await expect(page.get_by_test_id("hold")).to_have_count(0)
    await expect(page.get_by_test_id("tile")).to_have_count(5)
    await page.context.close()


async def test_who_is_on_call_takes_a_group_over(browser: Browser) -> None:
    page = await page_of(browser)
    call = {"mayTakeOver": True, "staffPresent": False, "hold": HOLD}
    stage = await Stage(page).open(view(you(place="outside"), **call))
    await expect(page.get_by_test_id("take-over")).to_have_text("Take over")
    await expect(page.get_by_test_id("waiting")).not_to_contain_text("door")
    # In a crisis the facilitator is there, and stays the one who leads.
    await stage.tell(view(you(place="outside"), mayTakeOver=True, seq=2))
    await expect(page.get_by_test_id("take-over")).to_have_text("Go there and help")
    await expect(page.get_by_test_id("may-take-over")).to_contain_text("beside their facilitator")
    await page.get_by_test_id("take-over").click()
    assert await says(stage, "takeOver") == {}
    await page.context.close()


async def test_who_left_and_came_back_while_the_line_was_lost_comes_in_again(browser: Browser) -> None:
    page = await page_of(browser)
    stage = await Stage(page).open(view(you(), members=GROUP))
    stage.answers = False
    for testid in ("bar-leave", "leave", "come-back", "ask-neither", "join"):
        await page.get_by_test_id(testid).click()
    await page.get_by_test_id("room").wait_for()
    late = await until(partial(_all, stage, "leave"), bool, "the page says that its person left")
    stage.said.clear()
    await stage.tell({"type": "done", "commandId": late[0]["commandId"], "seq": 2})
    assert await says(stage, "knock") == {}
    await page.context.close()


# What stands on a tile and is not wholly on it.
CUT = """() => [...document.querySelectorAll('.tile-name, .tile-muted, .tile-mark')].filter(one => {
  const [box, tile] = [one, one.closest('.tile')].map(each => each.getBoundingClientRect());
  return box.left < tile.left || box.right > tile.right || box.bottom > tile.bottom + 1;
}).map(one => one.outerHTML)"""


@pytest.mark.parametrize("size", [PHONE, LANDSCAPE, NARROW], ids=["upright", "on its side", "small"])
async def test_on_a_phone_thirteen_names_and_marks_lie_on_their_tiles(browser: Browser, size: Any) -> None:
    page = await page_of(browser, size)
    others = [member(f"Person with a name {number}", hand=number) for number in range(1, 13)]
    await Stage(page, **CLIENT).open(view(daniel(hand=13), members=others))
    await expect(page.get_by_test_id("tile")).to_have_count(13)
    await at_rest(page)
    await expect(page.locator(".tile-muted")).to_have_count(1)  # one's own
    assert await page.evaluate(CUT) == []
    await page.context.close()


async def test_two_people_step_aside_and_come_back(browser: Browser) -> None:
    page = await page_of(browser)
    stage = await Stage(page).open(view(you(), members=GROUP))
    await page.locator('[data-testid=tile][data-person="daniel-k"]').get_by_test_id("tile-open").click()
    await page.get_by_test_id("step-aside").click()
    assert await says(stage, "stepAside") == {"personId": "daniel-k"}
    await stage.tell(view(you(**ASIDE), members=[MAYA, DANIEL], seq=2))
    await expect(page.get_by_test_id("whereabouts")).to_contain_text("Daniel")
    await page.get_by_test_id("aside-end").click()
    assert await says(stage, "returnFromAside") == {"roomId": "a1"}
    await page.context.close()


@pytest.mark.parametrize("first", ["view", "done"])
async def test_the_focus_travels_with_the_person_whatever_is_told_first(browser: Browser, first: str) -> None:
    """The new places may come before the answer to the command, or after it."""
    page = await page_of(browser)
    planned = view(you(), members=GROUP, breakouts=breakouts("planned", PLANNED, people(CARMEN)))
    rooms = [{**PLANNED[0], "assigned": people(GRACE)}, PLANNED[1]]
    loose = view(you(), members=GROUP, breakouts=breakouts("planned", rooms, people(CARMEN, DANIEL)))
    stage = await Stage(page).open(planned)
    stage.answers = False
    await page.get_by_test_id("bar-people").click()
    await page.get_by_test_id("rail-rooms").click()
    await page.locator('[data-chip="daniel-k"]').focus()
    for turn, (key, told) in enumerate((("ArrowLeft", loose), ("ArrowRight", planned)), start=1):
        await page.keyboard.press(key)

        told = {**told, "seq": turn + 1}
        said = await until(partial(_all, stage, "assign"), lambda found: bool(found), f"{key} is heard")
        stage.said.clear()
        done = {"type": "done", "commandId": said[-1]["commandId"], "seq": turn + 1}
        for message in (told, done) if first == "view" else (done, told):
            await stage.tell(message)
        column = page.locator(f'[data-testid=room-column][data-room="{said[-1]["roomId"]}"]')
        await expect(column.locator('[data-chip="daniel-k"][aria-disabled="false"]')).to_be_focused()
    await page.context.close()


async def test_in_a_small_room_help_is_asked_for_and_taken_back(browser: Browser) -> None:
    page = await page_of(browser, PHONE)
    opened = breakouts("open", [], [], ENDS_AT)
    apart = {"members": [DANIEL, GRACE], "breakouts": opened}
    stage = await Stage(page, **CLIENT).open(view(daniel(**APART), **apart))
    await page.get_by_test_id("ask-help").click()
    assert await says(stage, "askHelp") == {"on": True}
    await stage.tell(view(daniel(**APART), **apart, helpSince="2026-11-22T18:20:00Z", seq=2))
    await page.get_by_test_id("help-back").click()
    await until(lambda: _last(stage, "askHelp"), lambda said: said["on"] is False, "taken back")
    await page.context.close()


async def _all(stage: Stage, kind: str) -> list[dict[str, Any]]:
    return asked(stage, kind)


async def _last(stage: Stage, kind: str) -> dict[str, Any]:
    return asked(stage, kind)[-1]


async def test_listening_in_is_done_without_picture_and_sound(browser: Browser) -> None:
    page = await page_of(browser)
    running = breakouts("open", RUNNING, [], ENDS_AT)
    stage = await Stage(page).open(view(you(), members=[MAYA, LUIS], breakouts=running))
    for key, button in (("m", "bar-microphone"), ("v", "bar-camera")):
        await page.get_by_test_id("room").wait_for()
        await page.keyboard.press(key)
        await expect(page.get_by_test_id(button)).not_to_have_attribute("data-tone", "off")
    await page.get_by_test_id("bar-people").click()
    await page.get_by_test_id("rail-rooms").click()
    await page.get_by_test_id("listen").first.click()
    assert await says(stage, "visit") == {"roomId": "b1"}
    for button in ("bar-microphone", "bar-camera"):
        await expect(page.get_by_test_id(button)).to_have_attribute("data-tone", "off")
    await page.context.close()


LATECOMERS = [
    waiter(name, late=True, minutesLate=minutes)
    for name, minutes in (("Daniel K.", 22), ("Luis O.", 19), ("Hannah W.", 17), ("Marcus B.", 16))
]


async def test_who_came_late_is_let_in_with_each_reason_by_keys_alone(browser: Browser) -> None:
    page = await page_of(browser)
    stage = await Stage(page).open(view(you(), members=GROUP[:1], waiting=LATECOMERS))
    await page.get_by_test_id("bar-people").click()
    row = page.locator('[data-testid=waiter][data-person="daniel-k"]')
    await expect(row.get_by_test_id("came-late")).to_contain_text("22")
    await expect(page.get_by_test_id("admit-all")).to_have_count(0)

    # Escape and "Cancel" go back to where one was, and close nothing else.
    await row.get_by_test_id("admit").focus()
    for back in ("Escape", "Shift+Tab Enter"):
        await page.keyboard.press("Enter")
        await expect(row.get_by_test_id("late-told-us")).to_be_focused()
        await expect(row.get_by_test_id("admit")).to_have_attribute("aria-expanded", "true")
        if back != "Escape":
            for _ in range(4):
                await page.keyboard.press("Tab")
            await expect(row.get_by_test_id("late-cancel")).to_be_focused()
        await page.keyboard.press("Escape" if back == "Escape" else "Enter")
        await expect(row.get_by_test_id("late-choice")).to_have_count(0)
        await expect(row.get_by_test_id("admit")).to_be_focused()
        await expect(page.get_by_test_id("rail")).to_be_visible()
    assert asked(stage, "admit") == []

    for at, reason in enumerate(("told-us", "technical", "transport", "other")):
        await page.locator("[data-testid=waiter]").first.get_by_test_id("admit").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("late-told-us")).to_be_focused()
        for _ in range(at):
            await page.keyboard.press("Tab")
        await expect(page.get_by_test_id(f"late-{reason}")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await says(stage, "admit") == {"personId": LATECOMERS[at]["personId"], "reason": reason}
        stage.said.clear()
        await stage.tell(view(you(), members=GROUP[:1], waiting=LATECOMERS[at + 1 :], seq=at + 2))
        await expect(page.get_by_test_id("waiter")).to_have_count(3 - at)
        focused = await page.evaluate("document.activeElement.closest('[data-testid=rail]') !== null")
        assert focused, "the focus stays beside the line, not at the top of the page"
    await page.context.close()


async def test_the_word_about_a_latecomer_leads_to_the_decision(browser: Browser) -> None:
    page = await page_of(browser, PHONE)
    stage = await Stage(page).open(view(you(), members=GROUP[:1]))
    await page.get_by_test_id("room").wait_for()
    await stage.tell(view(you(), members=GROUP[:1], waiting=LATECOMERS[:1], seq=2))
    await page.get_by_test_id("toast").get_by_role("button").first.click()
    await page.get_by_test_id("waiter").get_by_test_id("admit").click()
    await page.get_by_test_id("late-transport").click()
    assert await says(stage, "admit") == {"personId": "daniel-k", "reason": "transport"}
    await page.context.close()
