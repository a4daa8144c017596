"""The whole product on loopback, and people at real browsers."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.visitor import DESKTOP, WITHIN_S, Visitor, hold_camera, profile
from tests.media.browsers import CHROMIUM, CHROMIUM_FLAGS
from tests.site import Login, Site

OWN = ("--host-resolver-rules", "--use-fake-device-for-media-stream")
FLAGS = [flag for flag in CHROMIUM_FLAGS if not flag.startswith(OWN)] + [
    # five cameras on two cores: what counts is that pictures move
    "--use-fake-device-for-media-stream=fps=8",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]

expect.set_options(timeout=WITHIN_S * 1000)  # a deadline, not a measure
EARLIER_S: Final = 20  # than pytest's own time limit, which cannot say on which line a story stands still

Come = Callable[..., Awaitable[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = not os.path.exists(CHROMIUM)
    for item in items:
        if "tests/e2e" in str(item.fspath) or "tests/faults" in str(item.fspath):
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
                own = item.get_closest_marker("timeout")
                limit = float(own.args[0] if own else item.config.getini("timeout"))
                item.obj = ending(item.obj, limit - EARLIER_S)


def ending(story: Callable[..., Awaitable[None]], limit: float) -> Callable[..., Awaitable[None]]:
    """`story`, stopped after `limit` seconds at the line where it waits."""

    @functools.wraps(story)
    async def stopped(*things: Any, **named: Any) -> None:
        async with asyncio.timeout(limit):
            await story(*things, **named)

    return stopped


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ours = Site(tmp_path_factory.mktemp("site"))
    ours.prepare()
    ours.start()
    yield ours
    ours.end()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    # the asynchronous API: the synchronous one keeps a loop running and breaks every later asyncio test
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await hold_camera(chromium)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def come(site: Site, browser: Browser) -> AsyncIterator[Come]:
    """Brings a person to a browser of their own, signed in. `come(login, viewport=PHONE)`."""
    present: list[Visitor] = []

    async def come(login: Login, viewport: Any = None, at: Site | None = None, **how: Any) -> Visitor:
        size: Any = viewport or DESKTOP
        context = await profile(browser, size, **how)
        visitor = Visitor(at or site, login, context, await context.new_page())
        present.append(visitor)
        visitor.listen()
        return await visitor.sign_in()

    yield come
    await asyncio.gather(*(visitor.close() for visitor in present), return_exceptions=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
