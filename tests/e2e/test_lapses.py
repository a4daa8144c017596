"""What goes wrong in a real evening, and what stays private in it: written lines, a phone call, a sleeping phone, a
group without its facilitator. One evening for all of it."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.visitor import DESKTOP, PHONE, Visitor, profile, until
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Another program holds camera and microphone until callOver().
IN_A_CALL = """() => {
  const { mediaDevices } = navigator;
  const ours = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = () => Promise.reject(new DOMException('in use', 'NotReadableError'));
  window.callOver = () => { mediaDevices.getUserMedia = ours; };
}"""

# The next camera is on and gives nothing; the one after it is a real one.
FROZEN = """() => {
  const { mediaDevices } = navigator;
  const ours = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async () => {
    mediaDevices.getUserMedia = ours;
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    return canvas.captureStream(0);
  };
}"""


@dataclass
class Evening:
    site: Site
    browser: Browser
    meeting: dict[str, Any]
    present: list[Visitor]

    async def comes(self, role: str, given_name: str, size: Any = PHONE) -> Visitor:
        """To a browser of their own, signed in and through the door."""
        login = next(one for one in self.site.logins(role) if one.name.startswith(given_name))
        context = await profile(self.browser, size)
        visitor = Visitor(self.site, login, context, await context.new_page())
        self.present.append(visitor)
        visitor.listen()
        await visitor.sign_in()
        return await visitor.open_room(self.meeting)

    def named(self, given_name: str) -> Visitor:
        return next(one for one in self.present if one.login.name.startswith(given_name))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def evening(site: Site, browser: Browser) -> AsyncIterator[Evening]:
    """Maya leads; Daniel and Luis, each of another family, are there; Samuel is on call."""
    ours = Evening(site, browser, site.new_family_evening(one_leads=True), [])
    maya = await (await ours.comes("facilitator", "Maya", DESKTOP)).in_the_room()
    for name in ("Daniel", "Luis"):
        guest = await (await ours.comes("client", name)).waiting()
        await maya.admit(guest)
        await guest.in_the_room()
    yield ours
    await asyncio.gather(*(one.close() for one in ours.present), return_exceptions=True)


async def seat(who: Visitor) -> str:
    """The media engine's name of this connection."""
    found: str = await who.page.evaluate("viopRoom.localParticipant.sid")
    return found


async def writes(who: Visitor, text: str, to: str = "room") -> None:
    if not await who.see("chat").is_visible():
        await who.see("bar-chat").click()
    await who.see("chat-to").select_option(f"{to} ")
    await who.see("chat-text").fill(text)
    await who.page.keyboard.press("Enter")
    await reads(who, text)


async def reads(who: Visitor, text: str) -> None:
    if not await who.see("chat").is_visible():
        await who.see("bar-chat").click()
    await expect(who.see("chat-turn").filter(has_text=text)).to_be_visible()


def was_told(who: Visitor, text: str) -> bool:
    return any(text in frame for frame in who.heard if isinstance(frame, str))


async def test_what_is_written_stays_in_its_room_and_its_time(evening: Evening) -> None:
    maya, daniel, luis = (evening.named(name) for name in ("Maya", "Daniel", "Luis"))
    await writes(daniel, "Good evening, everybody.")
    await asyncio.gather(*(reads(one, "Good evening, everybody.") for one in (maya, luis)))
    await maya.see("bar-people").click()
    await maya.see("rail-rooms").click()
    await maya.see("families-together").click()
    await maya.see("open-rooms").click()
    await asyncio.gather(
        *(
            expect(one.see("whereabouts")).to_contain_text(name)
            for one, name in ((daniel, "Daniel"), (luis, "Luis"))
        )
    )
    await writes(daniel, "This is for my family.")
    await writes(daniel, "May we have more time?", "staff")
    await reads(maya, "May we have more time?")

    grace = await (await evening.comes("family", "Grace")).waiting()
    await maya.admit(grace)
    await grace.in_the_room()
    await writes(maya, "Two more minutes.", "everyone")
    await asyncio.gather(*(reads(one, "Two more minutes.") for one in (daniel, luis, grace)))
    early = ("Good evening, everybody.", "This is for my family.", "May we have more time?")
    assert [text for text in early if was_told(grace, text)] == [], "said before Grace was there"
    assert [text for text in early[1:] if was_told(luis, text)] == [], "said in another room, and to staff"
    assert not was_told(maya, "This is for my family."), "a facilitator reads a room's lines by being in it"
    await grace.close()

    await maya.see("recall").click()
    await maya.see("recall-now").click()
    await asyncio.gather(*(expect(one.see("whereabouts")).to_have_count(0) for one in (maya, daniel, luis)))
    for one in (maya, daniel, luis):
        await one.page.keyboard.press("Escape")


async def test_a_call_takes_camera_and_microphone_and_a_phone_falls_asleep(evening: Evening) -> None:
    """Both at the same time; whoever is away for a minute would have to wait at the door again."""
    maya, daniel, luis = (evening.named(name) for name in ("Maya", "Daniel", "Luis"))
    await asyncio.gather(is_called(evening, daniel, maya), falls_asleep(luis, maya))
    await asyncio.gather(luis.perceives(2, 60), maya.perceives(2, 60))
    assert not was_told(luis, '"place":"waiting"')
    assert not was_told(luis, '"place":"removed"')


async def is_called(evening: Evening, daniel: Visitor, maya: Visitor) -> None:
    """A call takes Daniel's devices, and keeps them: he is told so, and nobody is said to have muted him."""
    await daniel.page.evaluate(IN_A_CALL)
    system = await daniel.context.new_cdp_session(daniel.page)
    target = await system.send("Target.getTargetInfo")
    whose = {"origin": evening.site.url, "browserContextId": target["targetInfo"]["browserContextId"]}
    for name in ("camera", "microphone"):
        await system.send(
            "Browser.setPermission", {"permission": {"name": name}, "setting": "denied", **whose}
        )
    for button in ("bar-microphone", "bar-camera"):
        await daniel.page.locator(f'[data-testid={button}][data-tone="off"]').wait_for()
    note = daniel.page.locator(".strip-note", has_text="Another program is using your camera and microphone")
    await expect(note).to_be_visible()
    for name in ("camera", "microphone"):
        await system.send(
            "Browser.setPermission", {"permission": {"name": name}, "setting": "granted", **whose}
        )
    await daniel.page.evaluate("window.callOver()")
    await daniel.see("bar-microphone").click()
    await daniel.see("bar-camera").click()
    await maya.shows(f"[data-person='{daniel.login.person_id}'] video")
    heard = "viopRoom.localParticipant.isMicrophoneEnabled"
    await until(lambda: daniel.page.evaluate(heard), bool, "Daniel is heard again")


async def falls_asleep(luis: Visitor, maya: Visitor) -> None:
    """Luis is shown as interrupted, keeps his place, and is back by himself."""
    asleep = await luis.context.new_cdp_session(luis.page)
    await asleep.send("Debugger.enable")
    await asleep.send("Debugger.pause")  # nothing runs in the page, as on a phone in a pocket
    tile = maya.page.locator(f'[data-testid=tile][data-person="{luis.login.person_id}"]')
    await tile.and_(maya.page.locator('[data-interrupted="true"]')).wait_for(timeout=60_000)
    luis.heard.clear()
    await asleep.send("Debugger.disable")
    await tile.and_(maya.page.locator('[data-interrupted="false"]')).wait_for(timeout=60_000)
    await luis.in_the_room()


async def test_a_camera_that_is_on_and_gives_nothing_is_begun_anew(evening: Evening) -> None:
    maya, daniel, luis = (evening.named(name) for name in ("Maya", "Daniel", "Luis"))
    camera = daniel.see("bar-camera")
    await camera.click()
    await daniel.page.locator("[data-testid=bar-camera][data-tone=off]").wait_for()
    await daniel.page.evaluate(FROZEN)
    await camera.click()
    await asyncio.gather(maya.sees(2, 60), luis.sees(2, 60))


async def test_sound_and_pictures_of_all_come_back_when_every_connection_is_made_anew(
    evening: Evening,
) -> None:
    """As after the end of a media worker: all of them at once, three times over."""
    people = [evening.named(name) for name in ("Maya", "Daniel", "Luis")]
    for _ in range(3):
        before = [await seat(one) for one in people]
        for one in people:
            await one.page.evaluate("() => void viopRoom.simulateScenario('full-reconnect')")
        for one, old in zip(people, before, strict=True):
            await until(partial(seat, one), partial(operator.ne, old), "a new seat")
        await asyncio.gather(*(one.perceives(2) for one in people))


async def test_without_its_facilitator_the_group_is_told_and_somebody_on_call_takes_over(
    evening: Evening,
) -> None:
    maya, daniel, luis = (evening.named(name) for name in ("Maya", "Daniel", "Luis"))
    await maya.see("bar-leave").click()
    await maya.see("leave").click()
    await asyncio.gather(*(one.see("hold-soon").wait_for() for one in (daniel, luis)))
    samuel = await evening.comes("facilitator", "Samuel", DESKTOP)
    await samuel.see("take-over").click()
    await samuel.in_the_room()
    await asyncio.gather(*(one.see("hold-soon").wait_for(state="detached") for one in (daniel, luis)))
    await asyncio.gather(samuel.sees(2, 60), daniel.sees(2, 60))
