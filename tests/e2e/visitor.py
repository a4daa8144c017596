"""One person at a real browser, doing what people do: sign in, open a session, look and listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, WebSocket

from tests.site import Login, Site

PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1280, "height": 800}
WITHIN_S: Final = (
    25.0  # two cores carry several browsers: generous, because it is a deadline and not a measure
)

ARRIVAL: Final = {
    "address": "12 Elm Street",
    "city": "Albany",
    "phone": "+1 212 555 0110",
    "emergencyName": "Rosa",
    "emergencyPhone": "+1 212 555 0199",
}

# What comes in from everybody else, by their identity: decoded frames and audio energy so far.
RECEIVED: Final = """async () => {
  const found = {};
  for (const person of window.viopRoom.remoteParticipants.values()) {
    const of = found[person.identity] = {frames: 0, energy: 0};
    for (const publication of person.trackPublications.values()) {
      const report = await publication.track?.getRTCStatsReport?.();
      for (const row of report?.values() ?? []) {
        if (row.type !== 'inbound-rtp') continue;
        of.frames += row.framesDecoded ?? 0;
        of.energy += row.totalAudioEnergy ?? 0;
      }
    }
  }
  return found;
}"""

# What a failure is understood by: each stream that comes in or goes out, and how it is asked for.
STREAMS: Final = """async () => {
  const { localParticipant, remoteParticipants, state } = window.viopRoom;
  const found = [state, document.querySelector('p[data-testid^=line-]')?.dataset.testid ?? 'line-full'];
  for (const person of [localParticipant, ...remoteParticipants.values()]) {
    for (const one of person.trackPublications.values()) {
      const of = {source: one.source, muted: one.isMuted, subscribed: one.isSubscribed, enabled: one.isEnabled,
        elements: one.track?.attachedElements.length, ready: one.track?.mediaStreamTrack.readyState};
      const report = await one.track?.getRTCStatsReport?.();
      of.streams = [...report?.values() ?? []].filter((row) => row.type.endsWith('bound-rtp') && !row.type.startsWith('remote'))
        .map((row) => [row.rid ?? row.mid, row.active, row.packetsSent ?? row.packetsReceived,
          row.framesEncoded ?? row.framesDecoded, row.pliCount, row.qualityLimitationReason]);
      found.push(of);
    }
  }
  return found;
}"""


async def profile(browser: Browser, viewport: Any, **how: Any) -> BrowserContext:
    """A browser profile of one's own, with devices allowed."""
    return await browser.new_context(viewport=viewport, permissions=["camera", "microphone"], **how)


async def hold_camera(browser: Browser) -> None:
    """Keep the browser's one camera open as long as the browser runs. All pages share it, and when all of them let
    go of it and take it again at once it is now and then on and gives nothing to anybody."""
    page = await (await profile(browser, DESKTOP)).new_page()
    await page.route(
        "**/*", lambda route: route.fulfill(body="<title>camera</title>", content_type="text/html")
    )
    await page.goto("http://localhost/")
    await page.evaluate(
        "navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540 } }).then((held) => { window.held = held; })"
    )


@dataclass(eq=False)  # nobody is equal to another
class Visitor:
    """A signed-in person with a browser profile of their own."""

    site: Site
    login: Login
    context: BrowserContext
    page: Page
    heard: list[str | bytes] = field(default_factory=list)  # every socket frame the page received
    asked: list[str] = field(default_factory=list)  # every URL the page requested
    sockets: list[WebSocket] = field(default_factory=list)

    def listen(self) -> None:
        def opened(socket: WebSocket) -> None:
            self.sockets.append(socket)
            self.asked.append(socket.url)
            socket.on("framereceived", lambda frame: self.heard.append(frame))

        self.page.on("websocket", opened)
        self.page.on("request", lambda request: self.asked.append(request.url))

    async def sign_in(self) -> Visitor:
        await self.page.goto(f"{self.site.url}/accounts/login/")
        await self.page.locator("input[type=email]").fill(self.login.email)
        await self.page.locator("input[type=password]").fill(self.login.password)
        await self.page.locator("form button[type=submit].primary").click()
        await self.page.wait_for_url(f"{self.site.url}/")
        return self

    async def go(self, place: str) -> None:
        """To a page of those under the head; on a phone most of them stand under `More`."""
        more = self.page.locator(".places .menu > summary")
        if await more.is_visible():
            await more.click()
        await self.page.locator(".places").get_by_role("link", name=place, exact=True).click()

    async def open_room(self, meeting: dict[str, Any]) -> Visitor:
        """To the device check, devices allowed, and through it."""
        await self.page.goto(f"{self.site.url}{meeting['room_path']}")
        return await self.through_the_check()

    async def through_the_check(self) -> Visitor:
        """Of a room that is being opened: devices allowed, and where one is said."""
        asked, ready = self.see("ask-both"), self.see("join")
        await asked.or_(ready).first.wait_for()
        if await asked.is_visible():  # a browser that already said yes is not asked again
            await asked.click()
        await ready.click()
        if self.login.role in ("client", "alumnus"):
            await self.arrive()
        return self

    async def arrive(self) -> Visitor:
        """Say where one is; who said so before confirms it, who did for this meeting is not asked."""
        form, inside = self.see("arrival-done"), self.see("waiting").or_(self.see("room"))
        await form.or_(inside).first.wait_for()
        if not await form.is_visible():
            return self
        if not await self.see("arrival-card").is_visible():
            for field, value in ARRIVAL.items():
                await self.page.locator(f"input[name={field}]").fill(value)
            await self.page.locator("select[name=state]").select_option("NY")
        await self.page.locator("input[name=alone]").check()
        await form.click()
        return self

    def see(self, testid: str) -> Any:
        return self.page.get_by_test_id(testid)

    async def in_the_room(self) -> Visitor:
        await self.see("room").wait_for(timeout=WITHIN_S * 1000)
        return self

    async def waiting(self) -> Visitor:
        await self.see("position").wait_for(timeout=WITHIN_S * 1000)  # in line, and not only on the way to it
        return self

    async def admit(self, other: Visitor) -> None:
        row = self.page.locator(f'[data-testid=waiter][data-person="{other.login.person_id}"]')
        if not await self.see("rail").is_visible():
            await self.see("bar-people").click()
        await row.get_by_test_id("admit").click()

    async def received(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = await self.page.evaluate(RECEIVED)
        return found

    async def perceives(self, count: int, within_s: float = WITHIN_S) -> None:
        """From now on: more decoded frames and more audio energy from exactly `count` others."""
        start = await self.received()

        def more(now: dict[str, dict[str, float]]) -> bool:
            return len(now) == count and all(
                # a receiver made anew counts from zero
                of["frames"] > start.get(who, {}).get("frames", 0) % (of["frames"] + 1)
                and of["energy"] != start.get(who, {}).get("energy", 0)
                and of["energy"] > 0
                for who, of in now.items()
            )

        await self._until_received(more, f"{self.login.name} sees and hears {count} others", within_s)

    async def sees(self, count: int, within_s: float = WITHIN_S) -> None:
        """From now on: more decoded frames from exactly `count` others, whether or not they can be heard."""
        start = await self.received()

        def more(now: dict[str, dict[str, float]]) -> bool:
            return len(now) == count and all(
                of["frames"] > start.get(who, {}).get("frames", 0) % (of["frames"] + 1)
                for who, of in now.items()
            )

        await self._until_received(more, f"{self.login.name} sees {count} others", within_s)

    async def _until_received(self, more: Callable[[Any], bool], what: str, within_s: float) -> None:
        try:
            await until(self.received, more, what, within_s)
        except AssertionError as late:
            late.add_note(f"the streams of {self.login.name}: {await self.page.evaluate(STREAMS)}")
            raise

    async def shows(self, video: str, within_s: float = WITHIN_S) -> None:
        """The video at this selector carries a picture."""
        carried = "at => document.querySelector(at)?.videoWidth ?? 0"
        await until(lambda: self.page.evaluate(carried, video), bool, f"a picture at {video}", within_s)

    async def close(self) -> None:
        await self.context.close()


async def at_rest(page: Page) -> None:
    """Every transition that ends is at its end, and words stand in the letters that are meant for them: colours half
    way between two themes are nobody's colours, and letters of another width have other lines.

    Transitions are taken there, not waited for: a page in which nothing else moves may draw no further frame,
    and then they never arrive by themselves.
    """
    await page.evaluate(
        """async () => {
          document.getAnimations()
            .filter(one => one.effect?.getComputedTiming().endTime !== Infinity)
            .forEach(one => one.finish());
          void document.body.offsetHeight;  // what the words need is asked for
          const coming = () => [...document.fonts].filter(one => one.status === 'loading');
          while (coming().length > 0) await Promise.allSettled(coming().map(one => one.loaded));
        }"""
    )


async def without_findings(page: Page, where: str) -> None:
    """Axe finds nothing. It looks for a while, and what comes meanwhile comes without moving: on its way it would have
    nobody's colours."""
    await page.emulate_media(reduced_motion="reduce")
    await at_rest(page)
    found = await Axe().run(page)
    await page.emulate_media(reduced_motion="null")
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"


async def until(
    look: Callable[[], Any], enough: Callable[[Any], bool], what: str, within_s: float = WITHIN_S
) -> Any:
    """Poll `look` until `enough`; returns what was found. Raises AssertionError with the last finding."""
    end = asyncio.get_running_loop().time() + within_s
    while not enough(found := await look()):
        assert asyncio.get_running_loop().time() < end, f"not within {within_s:g} s: {what}; last: {found}"
        await asyncio.sleep(0.1)  # the poll itself
    return found
