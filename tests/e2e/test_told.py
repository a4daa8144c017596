"""What a person is told who looks elsewhere, or cannot know: somebody at the door while one's screen is shown to others,
a microphone that gives no sound, a voice that is muted. In the real room, with real devices' tracks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.conftest import Come
from tests.e2e.visitor import DESKTOP, PHONE, Visitor, profile, until
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The system's own notices, each with what was said in it and whether the system showed it.
NOTICES: Final = """
  window.notices = [];
  window.Notification = class extends Notification {
    constructor(title, how) {
      super(title, how);
      const notice = {said: `${title}: ${how.body}`, shown: false};
      notices.push(notice);
      this.addEventListener('show', () => { notice.shown = true; });
    }
  };
"""

# A microphone whose sound the test makes: none at all, until says(level). And a clock that may be hurried.
MOUTH: Final = """
  const { mediaDevices } = navigator;
  const ours = mediaDevices.getUserMedia.bind(mediaDevices);
  let voice = null;
  mediaDevices.getUserMedia = async (asked) => {
    const given = await ours(asked);
    for (const track of given.getAudioTracks()) {
      given.removeTrack(track);
      track.stop();
      if (voice === null) {
        const audio = new AudioContext();
        const tone = new OscillatorNode(audio, {frequency: 220});
        voice = new GainNode(audio, {gain: 0});
        tone.connect(voice);
        tone.start();
      }
      const mouth = new MediaStreamAudioDestinationNode(voice.context);
      voice.connect(mouth);
      given.addTrack(mouth.stream.getAudioTracks()[0]);
    }
    return given;
  };
  window.says = (level) => { voice.gain.value = level; };
  const clock = performance.now.bind(performance);
  let aheadMs = 0;
  performance.now = () => clock() + aheadMs;
  window.hurry = (ms) => { aheadMs += ms; };
"""


# As behind another tab: not looked at, and no frame is drawn. (The driver keeps every page's visibility as it is.)
BEHIND: Final = """() => {
  Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});
  Object.defineProperty(document, 'hidden', {get: () => true});
  document.hasFocus = () => false;
  window.requestAnimationFrame = () => 0;
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@dataclass
class Group:
    meeting: dict[str, Any]
    mina: Visitor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def group(site: Site, browser: Browser) -> AsyncIterator[Group]:
    """Mina in the room of her group, alone. Her system shows notices, her microphone hears nothing."""
    meeting = site.new_group()
    context = await profile(browser, DESKTOP)
    await context.grant_permissions(["camera", "microphone", "notifications"])
    await context.add_init_script(NOTICES)
    await context.add_init_script(MOUTH)
    mina = Visitor(site, site.logins("facilitator")[0], context, await context.new_page())
    await (await (await mina.sign_in()).open_room(meeting)).in_the_room()
    await mina.page.locator('[data-testid=room][data-media="live"]').wait_for()
    yield Group(meeting, mina)
    await mina.close()


async def told(who: Visitor, count: int) -> None:
    """By now so many notices, each of them shown by the system and neutral."""

    async def shown() -> list[str]:
        found: list[str] = await who.page.evaluate(
            "notices.filter((one) => one.shown).map((one) => one.said)"
        )
        return found

    said = await until(shown, lambda all_: len(all_) == count, f"{count} notices")
    for one in said:
        assert not any(word in one for word in ("Alice", "Bruno", "roup", "herapy")), one


async def test_a_microphone_that_gives_no_sound_is_said_until_it_gives_some(group: Group) -> None:
    mina = group.mina
    silent = mina.see("hint-silent")

    async def hurried() -> bool:
        await mina.page.evaluate("hurry(1_000)")
        await asyncio.sleep(0.1)  # the page looks at its clock four times a second
        return bool(await silent.is_visible())

    await until(hurried, bool, "a microphone that gives nothing is said")
    assert "have not heard anything from your microphone" in await silent.inner_text()
    await mina.page.evaluate("says(0.3)")
    await silent.wait_for(state="detached")


async def test_who_talks_while_muted_is_told_and_heard_by_one_press(group: Group) -> None:
    mina = group.mina
    await mina.page.evaluate("says(0)")
    await mina.see("bar-microphone").click()
    await mina.page.locator("[data-testid=bar-microphone][data-tone=off]").wait_for()
    assert not await mina.see("hint-muted").is_visible()
    await mina.page.evaluate("says(0.3)")
    await mina.see("hint-muted").get_by_role("button").click()
    await mina.see("hint-muted").wait_for(state="detached")
    heard = "viopRoom.localParticipant.isMicrophoneEnabled"
    await until(lambda: mina.page.evaluate(heard), bool, "Mina is heard")


async def test_who_shows_a_screen_is_told_by_the_system_of_somebody_at_the_door(
    group: Group, site: Site, come: Come
) -> None:
    mina = group.mina
    alice, bruno = [await come(login, PHONE) for login in site.logins("client")[:2]]
    await mina.see("bar-share").click()
    await mina.see("sharing").wait_for()
    assert await mina.page.evaluate("[document.visibilityState, document.hasFocus()]") == ["visible", True]
    await (await alice.open_room(group.meeting)).waiting()
    await told(mina, 1)  # the page is in front, and what she shows lies over it

    await mina.page.evaluate(BEHIND)
    await (await bruno.open_room(group.meeting)).waiting()
    await told(mina, 2)
