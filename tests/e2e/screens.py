"""Take the pictures in docs/screens: `python -m tests.e2e.screens [FOLDER [PART ...]]`. Every state at phone and desktop size.

The parts, all of them unless some are named: pages, episode, session, desks, staged.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.e2e.conftest import FLAGS
from tests.e2e.desks import ON_A_DESK, PREPARED, alumna, board, caller, offered, tapered, wrong_file
from tests.e2e.episode import Walk
from tests.e2e.floor_states import FLOOR_STATES
from tests.e2e.portraits import before_a_camera
from tests.e2e.stage import Stage
from tests.e2e.states import STATES
from tests.e2e.test_aftercare_pages import MISSES
from tests.e2e.visitor import DESKTOP, PHONE, Visitor, at_rest, hold_camera, profile, until
from tests.media.browsers import CHROMIUM
from tests.site import Login, Site

SIZES = {"phone": PHONE, "desktop": DESKTOP}
CONNECTED = '.tile:not([data-interrupted="true"]) .tile-status { display: none }'  # no media is staged
IN_SPANISH = ("waiting-written-to", "rooms-open", "crisis")


class Camera:
    """Takes one page at one size and writes the picture."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def take(self, visitor: Visitor, name: str, whole: bool = False) -> None:
        """The same page at both sizes, the visitor's own size restored after it."""
        before: Any = visitor.page.viewport_size
        for size, viewport in SIZES.items():
            await visitor.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            await visitor.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
            path = self.folder / f"{name}-{size}.png"
            await visitor.page.screenshot(path=path, full_page=whole, animations="disabled")
        await visitor.page.set_viewport_size(before)


async def visit(browser: Browser, site: Site, login: Login, viewport: Any = None, face: int = 0) -> Visitor:
    size: Any = viewport or DESKTOP
    context = await profile(browser, size)
    await before_a_camera(context, face)
    visitor = Visitor(site, login, context, await context.new_page())
    visitor.listen()
    return visitor


async def staged(browser: Browser, site: Site, camera: Camera) -> None:
    """The states of tests/e2e/states.py and floor_states.py, as if every camera were off; some in Spanish too."""
    told = [(state, "en", "") for state in (*STATES, *FLOOR_STATES)]
    told += [(state, "es", "-spanish") for state in STATES if state.name in IN_SPANISH]
    for state, language, mark in told:
        for size, viewport in SIZES.items():
            context = await profile(browser, viewport)
            page = await context.new_page()
            config = {**state.config, "language": language}
            stage = await Stage(page, **config).open(state.told, inside=state.inside)
            await state.steps(stage)
            await page.mouse.move(1, 1)  # what was pressed last is not pointed at any more
            await page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
            await at_rest(page)
            path = camera.folder / f"room-{state.name}{mark}-{size}.png"
            await page.screenshot(path=path, animations="disabled", style=CONNECTED)
            await context.close()


async def pages(browser: Browser, site: Site, camera: Camera) -> None:
    stranger = await visit(browser, site, site.logins("client")[0])
    await stranger.page.goto(f"{site.url}/accounts/login/")
    await camera.take(stranger, "sign-in")
    await stranger.close()
    for role in ("client", "facilitator", "coordinator", "family", "alumnus"):
        person = await (await visit(browser, site, site.logins(role)[0])).sign_in()
        await camera.take(person, f"home-{role}")
        await person.close()


async def session(browser: Browser, site: Site, camera: Camera) -> None:
    group = site.new_group()
    mina = await (await visit(browser, site, site.logins("facilitator")[0])).sign_in()
    await mina.page.goto(f"{site.url}{group['room_path']}")
    await mina.see("ask-both").wait_for()
    await camera.take(mina, "device-question")
    await mina.see("ask-both").click()
    await mina.see("join").wait_for()
    mirror = "[...document.querySelectorAll('video')].some(v => v.videoWidth > 0)"
    await until(lambda: mina.page.evaluate(mirror), bool, "the mirror shows a face")
    await camera.take(mina, "device-check")
    await mina.see("join").click()
    await mina.in_the_room()
    await until(lambda: mina.page.evaluate(mirror), bool, "her own tile shows a face")
    await camera.take(mina, "room-alone")
    guests = []
    for face, login in zip((2, 1, 3, 4), site.logins("client"), strict=False):
        guest = await (await visit(browser, site, login, PHONE, face)).sign_in()
        await (await guest.open_room(group)).waiting()
        guests.append(guest)
    await camera.take(guests[1], "waiting-room")
    await mina.see("bar-people").click()
    await camera.take(mina, "facilitator-rail")
    await mina.see("admit-all").click()
    for guest in guests:
        await guest.in_the_room()
    await mina.perceives(4, within_s=90)
    await camera.take(mina, "gallery-facilitator")
    await mina.page.keyboard.press("Escape")
    await guests[0].perceives(4, within_s=90)
    await camera.take(guests[0], "gallery-client")
    await guests[0].see("bar-more").click()
    await guests[0].see("more-line").locator("summary").click()
    await guests[0].see("sound-only").click()
    await guests[0].page.keyboard.press("Escape")
    await guests[0].see("line-sound").wait_for()
    await camera.take(guests[0], "room-sound-only")
    other_device = await guests[1].context.new_page()
    second = Visitor(site, guests[1].login, guests[1].context, other_device)
    await (await second.open_room(group)).in_the_room()
    await guests[1].see("ending-replaced").wait_for()
    await camera.take(guests[1], "room-second-device")
    for person in [*guests, mina]:
        await person.close()
    again = await (await visit(browser, site, site.logins("facilitator")[0])).sign_in()
    await again.page.goto(f"{site.url}{group['path']}")
    await camera.take(again, "meeting-stays", whole=True)
    await again.close()


async def episode(browser: Browser, site: Site, camera: Camera) -> None:
    """Every page from a referral to aftercare, as the people in tests/e2e/episode.py come by."""

    async def look(visitor: Visitor, name: str) -> None:
        """At the size of whoever stands there: staff at a desk, client and guest on a phone."""
        size = next(size for size, viewport in SIZES.items() if viewport == visitor.page.viewport_size)
        path = camera.folder / f"episode-{name.removeprefix('episode-')}-{size}.png"
        await visitor.page.screenshot(path=path, full_page=True, animations="disabled")

    walk = Walk(site, browser, look)
    for step in walk.steps:
        await step()
    await walk.close()


async def desks(browser: Browser, site: Site, camera: Camera) -> None:
    """The pages that are opened and read, and those of aftercare, at both sizes and in full."""

    async def look(visitor: Visitor, name: str) -> None:
        await camera.take(visitor, name, whole=True)

    async def named(role: str, email: str = "") -> Visitor:
        login = next(one for one in site.logins(role) if one.email.startswith(email))
        return await (await visit(browser, site, login)).sign_in()

    site.manage("shell", "-v0", "-c", PREPARED)
    site.manage("shell", "-v0", "-c", MISSES)
    for role in dict.fromkeys(role for role, _, _ in ON_A_DESK):
        person = await named(role)
        for _, address, name in (one for one in ON_A_DESK if one[0] == role):
            await person.page.goto(f"{site.url}{address.format(of=site.demo['program']['id'])}")
            await look(person, name)
            if name == "desk-import":
                await wrong_file(person, look)
        await person.close()
    tellings = (
        ("client", "noor", offered),
        ("client", "marcus", tapered),
        ("alumnus", "wendy", alumna),
        ("facilitator", "maya", caller),
    )
    for role, email, tell in (*tellings, ("coordinator", "joan", board)):
        person = await named(role, email)
        await tell(person, look)
        await person.close()


PARTS = {one.__name__: one for one in (pages, episode, session, desks, staged)}


def lighten(folder: Path) -> None:
    """256 colours are enough for these, and a third of the bytes."""
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            if picture.mode != "P":
                picture.convert("RGB").quantize(256).save(path, optimize=True)


async def main(folder: Path, parts: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="viop-screens-") as var:
        site = Site(Path(var))
        site.env["VIOP_URL"] = site.url
        site.prepare()
        site.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                await hold_camera(browser)
                camera = Camera(folder)
                for part in parts:
                    await PARTS[part](browser, site, camera)
                await browser.close()
        except Exception as failed:
            failed.add_note(f"the site's last words:\n{site.log()[-6000:]}")
            raise
        finally:
            site.stop()


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    album = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "docs" / "screens"
    album.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(album, sys.argv[2:] or list(PARTS)))
    lighten(album)
