"""A family group as families live it: two lobbies, the joint room, a room for each family, help, recall, the end;
with a reload, a second device and a crash of the clinic's process in the middle. Nobody leaves the page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import ARRIVAL, DESKTOP, PHONE, WITHIN_S, Visitor, until
from tests.site import Login, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

AFTER_A_CRASH_S = 60.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of our own: it is killed in the middle."""
    ours = Site(tmp_path_factory.mktemp("family"))
    ours.prepare()
    ours.start()
    yield ours
    ours.end()


@dataclass
class Evening:
    maya: Visitor
    daniel: Visitor
    grace: Visitor
    luis: Visitor
    meeting: dict[str, Any]

    @property
    def everybody(self) -> list[Visitor]:
        return [self.maya, self.daniel, self.grace, self.luis]


def named(site: Site, role: str, given_name: str) -> Login:
    return next(login for login in site.logins(role) if login.name.startswith(given_name))


async def in_room(visitor: Visitor, name: str, within_s: float = WITHIN_S) -> None:
    """The page says that this is the room (a part of its name); "" is the main room."""
    line = visitor.see("whereabouts")
    if name:
        await expect(line).to_contain_text(name, timeout=within_s * 1000)
    else:
        await expect(line).to_have_count(0, timeout=within_s * 1000)


async def media_room(visitor: Visitor) -> str:
    found: str = await visitor.page.evaluate("window.viopRoom.name")
    return found


async def muted(visitor: Visitor) -> bool:
    """The button says so, and nothing is sent."""
    tone = await visitor.see("bar-microphone").get_attribute("data-tone")
    sends = await visitor.page.evaluate("window.viopRoom.localParticipant.isMicrophoneEnabled")
    return tone == "off" and not sends


async def gathered(site: Site, come: Come) -> Evening:
    meeting = site.new_family_evening()
    maya = await come(named(site, "facilitator", "Maya"), DESKTOP)
    await (await maya.open_room(meeting)).in_the_room()
    daniel = await come(named(site, "client", "Daniel"), PHONE)
    grace = await come(named(site, "family", "Grace"), PHONE)
    luis = await come(named(site, "client", "Luis"), DESKTOP)
    for visitor in (daniel, grace, luis):
        await (await visitor.open_room(meeting)).waiting()
    return Evening(maya, daniel, grace, luis, meeting)


async def split_up(evening: Evening) -> None:
    """A room for each family, by one tap, and opened."""
    maya = evening.maya
    await maya.see("rail-rooms").click()
    await maya.see("families-together").click()
    await maya.see("open-rooms").click()


async def test_two_families_spend_an_evening(site: Site, come: Come) -> None:
    evening = await gathered(site, come)
    maya, daniel, grace, luis = evening.everybody

    # Two lobbies, each with its own door.
    await maya.see("bar-people").click()
    clients, family = maya.see("lobby-clients"), maya.see("lobby-family")
    await expect(clients.get_by_test_id("waiter")).to_have_count(2)
    await expect(family.get_by_test_id("waiter")).to_have_count(1)
    await maya.see("admit-clients").click()
    await asyncio.gather(daniel.in_the_room(), luis.in_the_room())
    await grace.waiting()
    await maya.admit(grace)
    await grace.in_the_room()
    await asyncio.gather(*(one.perceives(3, 60) for one in evening.everybody))
    addresses = [one.page.url for one in evening.everybody]

    # Daniel is muted, and stays so through everything that follows.
    await daniel.see("bar-microphone").click()
    await until(lambda: muted(daniel), bool, "Daniel is muted")

    await split_up(evening)
    await asyncio.gather(in_room(daniel, "Daniel"), in_room(grace, "Daniel"), in_room(luis, "Luis"))
    await grace.sees(1)
    await daniel.perceives(1, 60)
    await until(lambda: others(luis), lambda count: count == 0, "Luis is alone in his family's room")
    for visitor in evening.everybody:
        await expect(visitor.see("time-left").first).to_contain_text(":")
    apart = await media_room(daniel)
    assert await media_room(grace) == apart
    assert len({apart, await media_room(luis), await media_room(maya)}) == 3
    assert await muted(daniel)

    # A reload ends in the same room, without a new wait, still muted.
    await daniel.page.reload()
    await daniel.in_the_room()
    await in_room(daniel, "Daniel")
    await asyncio.gather(daniel.perceives(1, 60), grace.sees(1))
    assert await media_room(daniel) == apart
    assert await muted(daniel)

    # Help: asked for on a phone, heard by the facilitator, whose coming is the answer.
    await grace.see("ask-help").click()
    await expect(maya.see("help-wanted")).to_contain_text("Daniel")
    await maya.see("help-go").click()
    await in_room(maya, "Daniel")
    await asyncio.gather(maya.sees(2), grace.sees(2))
    await expect(grace.see("ask-help")).to_be_visible()
    await maya.see("back-to-main").click()
    await until(lambda: others(maya), lambda count: count == 0, "Maya is alone in the main room")

    # A word to all rooms.
    await maya.see("broadcast").fill("Ten more minutes, then we meet again.")
    await maya.see("broadcast-send").click()
    for visitor in (daniel, grace, luis):
        await expect(visitor.page.get_by_text("Ten more minutes")).to_be_visible()

    # A second device takes Grace's seat; the first says so.
    tablet = await come(grace.login, DESKTOP)
    await tablet.open_room(evening.meeting)
    await tablet.in_the_room()
    await in_room(tablet, "Daniel")
    await grace.see("ending-replaced").wait_for()
    await tablet.sees(1)
    await until(lambda: others(daniel), lambda count: count == 1, "one Grace, not two")

    # The clinic's process is killed. Everybody is back in their room; the timer goes on.
    site.kill()
    await asyncio.to_thread(site.start)
    present = [maya, daniel, tablet, luis]
    await asyncio.gather(*(back(one) for one in present))
    await asyncio.gather(in_room(daniel, "Daniel"), in_room(tablet, "Daniel"), in_room(luis, "Luis"))
    await asyncio.gather(daniel.perceives(1, AFTER_A_CRASH_S), tablet.sees(1, AFTER_A_CRASH_S))
    await expect(daniel.see("time-left")).to_be_visible()
    assert await muted(daniel)

    # Recall, and everybody is together again.
    await maya.see("recall").click()
    await maya.see("recall-now").click()
    await asyncio.gather(*(in_room(one, "") for one in present))
    await asyncio.gather(*(one.sees(3, 60) for one in present))
    assert len({await media_room(one) for one in present}) == 1
    assert await muted(daniel)
    assert [one.page.url for one in evening.everybody] == addresses, "nobody ever left the page"

    await maya.see("bar-leave").click()
    await maya.see("end").click()
    await asyncio.gather(*(one.see("ending-ended").wait_for() for one in present))


async def others(visitor: Visitor) -> int:
    found: int = await visitor.page.evaluate("window.viopRoom.remoteParticipants.size")
    return found


async def back(visitor: Visitor) -> None:
    """The line is there again, and picture and sound with it."""

    async def mended() -> bool:
        lost = await visitor.see("lost").count() + await visitor.see("mending").count()
        state = await visitor.see("room").get_attribute("data-media")
        return bool(lost == 0 and state == "live")

    await until(mended, bool, f"{visitor.login.name} is back", AFTER_A_CRASH_S)


def by(testid: str, more: str = "") -> str:
    return f'[data-testid="{testid}"]{more}'


async def reach(visitor: Visitor, at: str) -> None:
    """Tab until the focus is on what the CSS selector `at` says; no pointer is used."""
    await visitor.page.locator(at).first.wait_for()
    for _ in range(120):
        if await visitor.page.evaluate("at => document.activeElement?.matches(at) ?? false", at):
            return
        await visitor.page.keyboard.press("Tab")
    raise AssertionError(f"{at} is not reached with the keyboard")


async def press(visitor: Visitor, at: str, key: str = "Enter") -> None:
    await reach(visitor, at)
    await visitor.page.keyboard.press(key)


async def comes_by_keyboard(visitor: Visitor, meeting: dict[str, Any]) -> None:
    await visitor.page.goto(f"{visitor.site.url}{meeting['room_path']}")
    await visitor.see("ask-both").or_(visitor.see("join")).first.wait_for()
    if await visitor.see("ask-both").is_visible():
        await press(visitor, by("ask-both"))
    await press(visitor, by("join"))


async def says_where_by_keyboard(visitor: Visitor) -> None:
    """The card of an earlier evening, or the form; confirmed without a pointer."""
    await visitor.see("arrival-done").wait_for()
    if not await visitor.see("arrival-card").is_visible():
        for field, value in ARRIVAL.items():
            await reach(visitor, f"input[name={field}]")
            await visitor.page.keyboard.insert_text(value)
        await reach(visitor, "select[name=state]")
        await visitor.page.keyboard.type("New York")
    await press(visitor, "input[name=alone]", "Space")
    await press(visitor, by("arrival-done"))


async def on_focus(visitor: Visitor, at: str) -> bool:
    """It has the focus, and what was asked last is answered."""
    words = "at => document.activeElement?.matches(at + '[aria-disabled=false]') ?? false"
    found: bool = await visitor.page.evaluate(words, at)
    return found


async def room_on_the_board(maya: Visitor, person: Visitor) -> str | None:
    chip = maya.page.locator(by("room-column", f':has([data-chip="{person.login.person_id}"])'))
    return await chip.get_attribute("data-room") if await chip.count() else None


async def test_the_whole_evening_with_the_keyboard_alone(site: Site, come: Come) -> None:
    meeting = site.new_family_evening()
    maya = await come(named(site, "facilitator", "Maya"), DESKTOP)
    daniel = await come(named(site, "client", "Daniel"), DESKTOP)
    await comes_by_keyboard(maya, meeting)
    await maya.in_the_room()
    await comes_by_keyboard(daniel, meeting)
    await says_where_by_keyboard(daniel)
    await daniel.waiting()
    await maya.page.keyboard.press("p")
    await press(maya, by("admit"))
    await daniel.in_the_room()

    # Prepared: left and right arrows carry a person from room to room, and the focus goes with them.
    await press(maya, by("rail-rooms"))
    await press(maya, by("families-together"))
    mine = f'[data-chip="{daniel.login.person_id}"]'
    before = await until(lambda: room_on_the_board(maya, daniel), bool, "Daniel has a room")
    await reach(maya, f'{mine}[aria-disabled="false"]')  # the last command is answered
    await maya.page.keyboard.press("ArrowLeft")
    await until(lambda: room_on_the_board(maya, daniel), lambda room: room != before, "Daniel is in another")
    await until(lambda: on_focus(maya, mine), bool, "the focus followed")
    await maya.page.keyboard.press("ArrowRight")
    await until(lambda: room_on_the_board(maya, daniel), lambda room: room == before, "and back")
    await until(lambda: on_focus(maya, mine), bool, "the focus followed again")
    await press(maya, by("open-rooms"))
    await in_room(daniel, "Daniel")

    # Help is asked for and given.
    await press(daniel, by("ask-help"))
    await press(maya, by("help-go"))
    await in_room(maya, "Daniel")
    await asyncio.gather(maya.sees(1, 60), daniel.sees(1, 60))
    await press(maya, by("back-to-main"))

    # Together again, a hand, a written line, the end.
    await press(maya, by("recall"))
    await press(maya, by("recall-now"))
    await in_room(daniel, "")
    await daniel.page.keyboard.press("h")
    await maya.page.locator(by("tile-hand")).first.wait_for()
    await daniel.page.keyboard.press("c")
    await expect(daniel.see("chat-text")).to_be_focused()
    await daniel.page.keyboard.type("Thank you all.")
    await daniel.page.keyboard.press("Enter")
    await expect(daniel.see("chat-turn")).to_contain_text("Thank you all.")
    await daniel.page.keyboard.press("Escape")
    await expect(daniel.see("bar-chat")).to_be_focused()
    await press(maya, by("bar-leave"))
    await press(maya, by("end"))
    await daniel.see("ending-ended").wait_for()
