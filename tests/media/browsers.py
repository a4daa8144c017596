"""Members in real browsers: pages/ with the unmodified npm livekit-client, served from loopback.

Chromium is driven with Playwright, the system's Firefox through WebDriver BiDi. Neither can reach any other host.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import itertools
import json
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from playwright.async_api import Browser, async_playwright

from tests.media.clients import WITHIN_S
from tests.media.engines import ROOT, Engine

PAGES = Path(__file__).with_name("pages")
LIVEKIT_CLIENT = ROOT / "frontend/node_modules/livekit-client/dist"
CHROMIUM = "/usr/bin/chromium"
FIREFOX = "/usr/bin/firefox-esr"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
FIREFOX_PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,
    # Granted for good: without a permission (a fake capture is none) ICE uses the default route's address only.
    "permissions.default.camera": 1,
    "permissions.default.microphone": 1,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.force_interface": "lo",
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # Everything that is not loopback goes to a port nobody serves.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "app.update.auto": False,
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "toolkit.telemetry.enabled": False,
}


class _Files(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        name = path.split("?")[0].lstrip("/")
        if name.startswith("livekit-client/"):
            return str(LIVEKIT_CLIENT / Path(name).name)
        return str(PAGES / (Path(name).name or "index.html"))

    def log_message(self, *_: Any) -> None:
        return


@contextlib.contextmanager
def page_server() -> Iterator[str]:
    """Serve the test page; yields its URL. Raises FileNotFoundError when the frontend's packages are not installed."""
    if not LIVEKIT_CLIENT.is_dir():
        raise FileNotFoundError(f"{LIVEKIT_CLIENT}: run deploy/bin/node-modules")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class Tab(Protocol):
    """A page in some browser."""

    async def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function expression in the page and wait for what it promises."""
        ...


class Page:
    """A member of a room in a browser tab."""

    def __init__(self, tab: Tab, engine: Engine, identity: str) -> None:
        self.tab, self.engine, self.identity = tab, engine, identity

    async def join(self, room: str, *, grants: dict[str, Any] | None = None, **options: Any) -> Page:
        """Join and publish microphone and camera, unless publish=False. Options: see join() in page.js."""
        token = self.engine.token(self.identity, room, **(grants or {}))
        await self.run("options => join(options)", {"url": self.engine.url, "token": token, **options})
        return self

    async def run(self, function: str, argument: Any = None) -> Any:
        return await self.tab.evaluate(function, argument)

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.run("() => state()")
        return found

    async def until(self, true: Any, what: str, within_s: float = WITHIN_S) -> dict[str, Any]:
        """Wait until `true` holds of state(); returns that state. Raises AssertionError with the last state."""
        end = asyncio.get_running_loop().time() + within_s
        while not true(found := await self.state()):
            assert asyncio.get_running_loop().time() < end, f"not within {within_s:g} s: {what}; {found}"
            await asyncio.sleep(0.1)  # the poll itself
        return found

    async def sees(self, identity: str, frames: int = 5, within_s: float = WITHIN_S) -> None:
        """From now on, at least `frames` more decoded frames of the other's camera."""
        key = f"{identity}/camera"
        start = (await self.state())["received"].get(key, {}).get("frames", 0)

        def enough(found: dict[str, Any]) -> bool:
            now = found["received"].get(key, {}).get("frames", 0)
            # A receiver made anew counts from zero.
            return bool(now >= (start if now >= start else 0) + frames)

        await self.until(enough, f"{self.identity} sees {identity}", within_s)

    async def hears(self, identity: str, within_s: float = WITHIN_S) -> None:
        """From now on, more audio energy of the other's microphone."""
        key = f"{identity}/microphone"
        start = (await self.state())["received"].get(key, {}).get("energy", 0.0)

        def louder(found: dict[str, Any]) -> bool:
            now = found["received"].get(key, {}).get("energy", 0.0)
            return bool(now > 0.0 and now != start)

        await self.until(louder, f"{self.identity} hears {identity}", within_s)

    async def perceives(self, identity: str, within_s: float = WITHIN_S) -> None:
        await asyncio.gather(self.sees(identity, within_s=within_s), self.hears(identity, within_s))

    async def told(self, event: str, within_s: float = WITHIN_S) -> None:
        await self.until(
            lambda found: event in found["events"], f"{self.identity} is told '{event}'", within_s
        )


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Firefox:
    """The system's Firefox over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        async for message in self._socket:
            answer = json.loads(message.data)
            waiting = self._answers.pop(answer.get("id", -1), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        answer = await asyncio.wait_for(self._answers[number], 60)
        assert answer["type"] == "success", answer
        found: dict[str, Any] = answer["result"]
        return found

    async def tab(self, url: str) -> FirefoxTab:
        context = (await self.command("browsingContext.create", type="tab"))["context"]
        await self.command("browsingContext.navigate", context=context, url=url, wait="complete")
        return FirefoxTab(self, context)


class FirefoxTab:
    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser, self._context = browser, context

    async def evaluate(self, function: str, argument: Any = None) -> Any:
        # Values travel as JSON text: BiDi's own serialisation would have to be undone.
        wrapped = f"async text => JSON.stringify((await ({function})(JSON.parse(text))) ?? null)"
        found = await self._browser.command(
            "script.callFunction",
            functionDeclaration=wrapped,
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"])

    async def close(self) -> None:
        await self._browser.command("browsingContext.close", context=self._context)


def _write_preferences(path: Path) -> None:
    words = [
        f"user_pref({json.dumps(name)}, {json.dumps(set_to)});"
        for name, set_to in FIREFOX_PREFERENCES.items()
    ]
    path.write_text("\n".join(words))


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    with tempfile.TemporaryDirectory(prefix="viop-firefox-", ignore_cleanup_errors=True) as profile:
        _write_preferences(Path(profile, "user.js"))
        process = await asyncio.create_subprocess_exec(
            FIREFOX,
            *(
                "--headless",
                "--no-remote",
                "--profile",
                profile,
                "--remote-debugging-port",
                "0",
                "about:blank",
            ),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            address = await asyncio.wait_for(_bidi_address(process.stderr), 120)
            drain = asyncio.ensure_future(process.stderr.read())  # a full pipe would stop the browser
            async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/session") as socket:
                browser = Firefox(socket)
                listening = asyncio.ensure_future(browser.listen())
                await browser.command("session.new", capabilities={})
                yield browser
                with contextlib.suppress(TimeoutError, AssertionError):
                    await asyncio.wait_for(browser.command("browser.close"), 5)
                listening.cancel()
            drain.cancel()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:  # a busy machine
                process.kill()
                await process.wait()


async def _bidi_address(stream: asyncio.StreamReader) -> str:
    while line := await stream.readline():
        found = re.search(rb"WebDriver BiDi listening on (ws://\S+)", line)
        if found:
            return found[1].decode()
    raise AssertionError("Firefox ended before it listened")


class OpenPage(Protocol):
    async def __call__(self, identity: str, through: Engine | None = None) -> Page: ...


@contextlib.asynccontextmanager
async def pages(browser: Browser, engine: Engine, url: str) -> AsyncIterator[OpenPage]:
    """Yields a function that opens one more member's page, each in a profile of its own; all close at the end."""
    contexts: list[Any] = []

    async def open_page(identity: str, through: Engine | None = None) -> Page:
        context = await browser.new_context(permissions=["camera", "microphone"])
        contexts.append(context)
        tab = await context.new_page()
        await tab.goto(url)
        return Page(tab, through or engine, identity)

    try:
        yield open_page
    finally:
        await asyncio.gather(*(context.close() for context in contexts), return_exceptions=True)
