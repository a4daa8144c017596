"""The test of the line at the door, in networks that let only some ways through: it says which, and what helps."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, Visitor
from tests.media.relay import Line
from tests.servers import free_port, stop, wait_until
from tests.site import Login, Site

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]  # a loaded machine starts slowly

# All of 127/8 is this machine. The engine answers at 127.0.0.1; whoever is far away is told another address, where a
# relay lies between, or nothing at all.
RELAY_ONLY, NOWHERE = "127.0.0.4", "127.0.0.5"
RELAY: Final = "127.0.0.9"  # where the TURN server's own datagrams come from
TURN_CONF: Final = Path(__file__).parents[2] / "deploy" / "coturn" / "turnserver.conf"
TURN_SECRET: Final = "a secret of the tests, longer than needed"
YES, NO = "works", "does not work"
TESTED_S = 60.0  # a deadline, not a measure

FAR: Final = """(() => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (said, ...more) {
    const sdp = said.sdp.replace(/( udp \\d+) 127\\.0\\.0\\.1 /gi, '$1 %(udp)s ').replace(/( tcp \\d+) 127\\.0\\.0\\.1 /gi, '$1 %(tcp)s ');
    return set.call(this, {type: said.type, sdp}, ...more);
  };
})()"""


@pytest.fixture(scope="module")
def coturn() -> Iterator[int]:
    """The TURN server as deployed, on loopback; it may relay to where only it gets through. Its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="viop-turn-") as folder, open(f"{folder}/log", "wb") as log:
        words = [
            *("turnserver", "-c", str(TURN_CONF), f"--listening-port={port}", "--no-tls", "--no-dtls"),
            *("--listening-ip=127.0.0.1", f"--relay-ip={RELAY}", "--allow-loopback-peers"),
            *(f"--static-auth-secret={TURN_SECRET}", "--realm=viop", f"--allowed-peer-ip={RELAY_ONLY}"),
            *(f"--pidfile={folder}/pid", f"--userdb={folder}/db", "--log-file=stdout"),
        ]
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
        try:
            wait_until(
                lambda: "listener" in Path(folder, "log").read_text(errors="replace"), "coturn to listen"
            )
            yield port
        finally:
            stop(process)


@pytest.fixture(scope="module")
def media_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, coturn: int, media_port: int) -> Iterator[Site]:
    """A site of our own: the firewall has to know its engine's port."""
    turn = f"turn:127.0.0.1:{coturn}?transport=tcp"
    ours = Site(tmp_path_factory.mktemp("blocked"), VIOP_TURN_URLS=turn, VIOP_TURN_SECRET=TURN_SECRET)
    ours.prepare()
    ours.start(media_port=media_port)
    yield ours
    ours.end()


class Firewall(Line):
    """Lets nobody's datagrams through but the relay's."""

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        if client[0] == RELAY:
            super().datagram_received(data, client)


@contextlib.asynccontextmanager
async def firewall(port: int) -> AsyncIterator[None]:
    """At RELAY_ONLY nothing but the relay gets to the engine."""
    loop = asyncio.get_running_loop()
    _, wall = await loop.create_datagram_endpoint(
        lambda: Firewall(("127.0.0.1", port)), local_addr=(RELAY_ONLY, port)
    )
    try:
        yield
    finally:
        await wall.close()


async def tries(come: Come, login: Login, meeting: dict[str, Any], udp: str, tcp: str) -> Visitor:
    """At the door, the line is tested; the engine is found at these addresses."""
    visitor = await come(login, PHONE)
    await visitor.context.add_init_script(FAR % {"udp": udp, "tcp": tcp})
    await visitor.page.goto(f"{visitor.site.url}{meeting['room_path']}")
    asked, test = visitor.see("ask-both"), visitor.see("line-test")
    await asked.or_(test).first.wait_for()
    if await asked.is_visible():
        await asked.click()
    await test.click()
    return visitor


async def test_a_blocked_way_is_found_at_the_door_with_what_helps(
    site: Site, come: Come, media_port: int
) -> None:
    meeting, staff = site.new_group(), site.logins("facilitator")
    async with firewall(media_port):
        by_tcp = await tries(come, site.logins("client")[0], meeting, NOWHERE, "127.0.0.1")
        by_relay = await tries(come, staff[1], meeting, RELAY_ONLY, NOWHERE)
        walled = await tries(come, staff[0], meeting, NOWHERE, NOWHERE)
        for visitor, ways, words in (
            (by_tcp, (NO, YES, NO), "take a detour"),
            (by_relay, (NO, NO, YES), "take a detour"),
            (walled, (NO, NO, NO), "your phone’s own connection"),
        ):
            result = visitor.see("line")
            await expect(result).not_to_have_attribute("data-verdict", "testing", timeout=TESTED_S * 1000)
            await visitor.page.locator("dialog details summary").click()
            rows = await visitor.page.locator("dialog dl dd").all_inner_texts()
            assert tuple(rows[1:4]) == ways, rows
            verdict = await result.get_attribute("data-verdict")
            assert (verdict == "none") == (YES not in ways)
            await expect(result).to_contain_text(words)
