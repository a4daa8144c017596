"""A line that gets worse and better again, as real browsers live through it: a lossy, narrow relay lies between one
person's browser and the media engine. Sound comes first, with words, and nobody is put out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, Visitor, until
from tests.media.relay import Line, Weather, line
from tests.servers import free_port
from tests.site import Site

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]  # a loaded machine starts slowly

# All of 127/8 is this machine. The engine answers at 127.0.0.1; whoever is far away is told an address where the weak
# line begins, and for TCP one where nothing is.
WEAK, NOWHERE = "127.0.0.2", "127.0.0.5"
DOWN_S, UP_S = 90.0, 120.0  # deadlines, not measures: a busy page gives nothing up before it got its turns

FAR: Final = """(() => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (said, ...more) {
    const sdp = said.sdp.replace(/( udp \\d+) 127\\.0\\.0\\.1 /gi, '$1 %(udp)s ').replace(/( tcp \\d+) 127\\.0\\.0\\.1 /gi, '$1 %(tcp)s ');
    return set.call(this, {type: said.type, sdp}, ...more);
  };
})()"""

# What the page said about the line, and where its picture and sound were, one after the other.
STORY: Final = """() => {
  window.story = [];
  setInterval(() => {
    const rung = document.querySelector('p[data-testid^=line-]')?.dataset.testid.slice(5) ?? 'full';
    const now = `${rung} ${document.querySelector('[data-testid=room]')?.dataset.media ?? 'out'}`;
    if (window.story.at(-1) !== now) window.story.push(now);
  }, 100);
}"""

# How wide the widest picture is that goes out, and that comes in.
WIDTHS: Final = """async () => {
  const widths = {sent: 0, come: 0};
  const look = async (people, way, type) => {
    for (const person of people) for (const {track} of person.videoTrackPublications.values())
      for (const row of (await track?.getRTCStatsReport?.())?.values() ?? [])
        if (row.type === type && (row.framesPerSecond ?? 0) > 0) widths[way] = Math.max(widths[way], row.frameWidth ?? 0);
  };
  await look([viopRoom.localParticipant], 'sent', 'outbound-rtp');
  await look(viopRoom.remoteParticipants.values(), 'come', 'inbound-rtp');
  return widths;
}"""

# By person: pictures decoded, and sound heard, since the beginning.
COMING: Final = """async () => {
  const found = {};
  for (const person of viopRoom.remoteParticipants.values()) {
    const of = found[person.identity] = {frames: 0, energy: 0};
    for (const {track} of person.trackPublications.values())
      for (const row of (await track?.getRTCStatsReport?.())?.values() ?? []) {
        if (row.type !== 'inbound-rtp') continue;
        of.frames += row.framesDecoded ?? 0;
        of.energy += row.totalAudioEnergy ?? 0;
      }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def media_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, media_port: int) -> Iterator[Site]:
    """A site of our own: the lines have to know its engine's port."""
    ours = Site(tmp_path_factory.mktemp("weak"))
    ours.prepare()
    ours.start(media_port=media_port)
    yield ours
    ours.end()


@pytest_asyncio.fixture(loop_scope="session")
async def weak_line(media_port: int) -> AsyncIterator[Line]:
    async with line(WEAK, media_port) as wire:
        yield wire


class At:
    """How the line and the room are for one visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page

    async def widths(self) -> dict[str, int]:
        found: dict[str, int] = await self.page.evaluate(WIDTHS)
        return found

    async def coming(self, what: str) -> dict[str, float]:
        found: dict[str, dict[str, float]] = await self.page.evaluate(COMING)
        return {who: of[what] for who, of in found.items()}

    async def gets(self, what: str, count: int, within_s: float = DOWN_S) -> None:
        """From now on: more of `what` ("frames" or "energy") from exactly `count` people."""
        before = await self.coming(what)
        await until(
            lambda: self.coming(what),
            lambda now: sum(value > before.get(who, 0) for who, value in now.items()) == count,
            f"{self.visitor.login.name} gets {what} of {count}",
            within_s,
        )

    async def story(self) -> list[str]:
        found: list[str] = await self.page.evaluate("window.story")
        return found

    async def sends_camera(self) -> bool:
        on: bool = await self.page.evaluate("viopRoom.localParticipant.isCameraEnabled")
        return on

    async def still(self) -> bool:
        """For a second no new picture comes."""
        before = await self.coming("frames")
        await asyncio.sleep(1)  # the second that is meant
        return await self.coming("frames") == before


async def together(site: Site, come: Come) -> tuple[At, At, At]:
    """A therapist, a client far away on a phone, and another client who listens; all see each other."""
    group = site.new_group()
    mina, alice, ben = (
        await come(site.logins("facilitator")[0]),
        await come(site.logins("client")[0], PHONE),
        await come(site.logins("client")[1]),
    )
    await alice.context.add_init_script(FAR % {"udp": WEAK, "tcp": NOWHERE})
    await (await mina.open_room(group)).in_the_room()
    for client in (alice, ben):
        await (await client.open_room(group)).waiting()
        await mina.admit(client)
        await client.in_the_room()
    await ben.see("bar-microphone").click()
    there = At(mina), At(alice), At(ben)
    await asyncio.gather(*(one.gets("frames", 2) for one in there))
    for one in there:
        await one.page.evaluate(STORY)
    return there


async def test_sound_is_kept_and_pictures_come_back(
    site: Site, come: Come, weak_line: Line, record_property: Any
) -> None:
    mina, alice, ben = await together(site, come)
    see = alice.visitor.see

    # Much is lost: pictures get small, one's own and the others'.
    weak_line.weather = Weather(lost=0.18, delay_s=0.03)
    await expect(see("line-small")).to_contain_text("you hear everyone", timeout=DOWN_S * 1000)
    await until(
        alice.widths,
        lambda now: now["sent"] <= 427 and now["come"] <= 320,
        "small pictures both ways",
        DOWN_S,
    )
    await alice.gets("frames", 2)

    # The pictures do not fit: the others' are left out, one's own is still to be seen.
    weak_line.weather = Weather(rate_bps=120_000, lost=0.05, delay_s=0.03)
    await expect(see("line-faceless")).to_contain_text("left the pictures out", timeout=DOWN_S * 1000)
    await until(alice.still, bool, "no picture comes to Alice", DOWN_S)
    assert await alice.sends_camera()
    await alice.gets("energy", 1)

    # Hardly a line at all: nothing but sound, and that both ways.
    weak_line.weather = Weather(rate_bps=40_000, lost=0.10, delay_s=0.03)
    await expect(see("line-sound")).to_contain_text("Only sound for now", timeout=DOWN_S * 1000)
    await until(alice.sends_camera, lambda on: not on, "her own camera is given up")
    await alice.gets("energy", 1)  # Mina, who speaks; Ben listens
    await mina.gets("energy", 1)  # Alice
    await asyncio.gather(mina.gets("frames", 1), ben.gets("frames", 1))  # each other

    # Good again: step by step everything comes back by itself, but one's own camera: that is its owner's to say.
    worst = len(await alice.story())
    weak_line.weather = Weather()
    await expect(alice.page.locator("p[data-testid^=line-]")).to_have_count(0, timeout=UP_S * 1000)
    await alice.gets("frames", 2)
    assert not await alice.sends_camera()
    await see("camera-back").get_by_role("button").click()
    await asyncio.gather(mina.gets("frames", 2), ben.gets("frames", 2))

    story = await alice.story()
    record_property("story", story)
    assert {state.split()[1] for state in story} == {"live"}, "she was in the room all the time"
    back = [state.split()[0] for state in story[worst - 1 :]]
    assert falls(back) <= 1, f"no to and fro on a good line: {back}"
    for one in (mina, ben):
        assert await one.story() == ["full live"], "her weak line takes nothing from the others"


def falls(rungs: list[str]) -> int:
    order = ["full", "small", "faceless", "sound"]
    return sum(order.index(after) > order.index(before) for before, after in itertools.pairwise(rungs))
