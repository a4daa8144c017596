"""How a group is led: hands, questions, silence, the door, who is large, a shared screen, a break. By mouse and by key."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, Visitor, until
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


# By what the camera's picture was changed, and whether nothing but the changed one is sent.
SENT = """() => { const camera = [...viopRoom.localParticipant.videoTrackPublications.values()][0].track;
  return [camera.getProcessor()?.name, camera.sender.track === camera.getProcessor()?.processedTrack]; }"""


TAKEN = """
import json
from sessions.attendance.proposals import hear
from sessions.programs.models import Meeting
print(json.dumps(hear(Meeting.objects.get(pk="{id}"), people=False).breaks_taken))
"""


async def group(site: Site, come: Come, clients: int) -> tuple[Visitor, list[Visitor]]:
    """A facilitator and some clients, all in the room."""
    mina, guests, _ = await group_of(site, come, clients)
    return mina, guests


async def group_of(site: Site, come: Come, clients: int) -> tuple[Visitor, list[Visitor], dict[str, Any]]:
    """The same, with their meeting."""
    meeting = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(meeting)).in_the_room()
    guests = [await come(login, PHONE) for login in site.logins("client")[:clients]]
    for guest in guests:
        await (await guest.open_room(meeting)).waiting()
    await mina.see("bar-people").click()
    await until(mina.see("waiter").count, lambda count: count == clients, "all are in line")
    await mina.see("admit-all").first.click()
    await asyncio.gather(*(guest.in_the_room() for guest in guests))
    await asyncio.gather(*(person.perceives(clients) for person in [mina, *guests]))
    return mina, guests, meeting


def tile(who: Visitor, of: Visitor) -> Any:
    return who.page.locator(f'[data-testid=tile][data-person="{of.login.person_id}"]')


async def open_sheet(who: Visitor, of: Visitor) -> None:
    await tile(who, of).get_by_test_id("tile-open").click()
    await who.see("person-sheet").wait_for()


async def microphone_on(who: Visitor) -> bool:
    on: bool = await who.page.evaluate("viopRoom.localParticipant.isMicrophoneEnabled")
    return on


def camera_sent(who: Visitor) -> Callable[[], Any]:
    return lambda: who.page.evaluate("viopRoom.localParticipant.isCameraEnabled")


async def test_hands_stand_in_order_and_a_question_is_answered_by_its_person_alone(
    site: Site, come: Come
) -> None:
    mina, (alice, bruno) = await group(site, come, clients=2)
    await bruno.page.keyboard.press("h")
    await tile(mina, bruno).get_by_test_id("tile-hand").wait_for()
    await alice.see("bar-hand").click()
    await tile(mina, alice).get_by_test_id("tile-hand").wait_for()
    raised = mina.see("raised")
    order = [await raised.nth(n).get_attribute("data-person") for n in range(2)]
    assert order == [bruno.login.person_id, alice.login.person_id]
    await expect(mina.see("floor-said")).to_contain_text("raised a hand")
    await raised.first.get_by_test_id("lower-hand").click()
    await bruno.page.locator('[data-testid=bar-hand][aria-pressed="false"]').wait_for()

    await alice.page.keyboard.press("m")
    await until(lambda: microphone_on(alice), lambda on: not on, "alice is muted")
    await open_sheet(mina, alice)
    await mina.see("ask-unmute").click()
    await alice.see("asked").wait_for()
    assert not await microphone_on(alice), "a question opens no microphone"
    await alice.see("asked-no").click()
    await alice.see("asked").wait_for(state="hidden")
    assert not await microphone_on(alice)
    await open_sheet(mina, alice)
    await mina.see("ask-unmute").click()
    await alice.see("asked-yes").click()
    await until(lambda: microphone_on(alice), bool, "alice chose to be heard")
    await alice.see("asked").wait_for(state="hidden")


async def test_silence_for_all_mutes_clients_and_each_may_speak_again(site: Site, come: Come) -> None:
    mina, (alice, bruno) = await group(site, come, clients=2)
    await asyncio.gather(
        mina.see("mute-all").click(),
        *(guest.see("toast").first.wait_for() for guest in (alice, bruno)),  # said for a while only
    )
    for guest in (alice, bruno):
        await until(partial(microphone_on, guest), lambda on: not on, "everybody is muted")
    assert await microphone_on(mina), "but not the team"
    await alice.page.reload()
    await alice.in_the_room()
    await alice.page.locator('[data-testid=room][data-media="live"]').wait_for()
    await until(camera_sent(alice), bool, "what was on goes on")
    assert not await microphone_on(alice), "muted stays muted over a reload"
    await alice.page.keyboard.press("m")
    await until(lambda: microphone_on(alice), bool, "alice may speak again")


async def test_a_locked_room_lets_nobody_new_in(site: Site, come: Come) -> None:
    meeting = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(meeting)).in_the_room()
    await mina.see("bar-people").click()
    await mina.see("auto-admit").click()
    await mina.see("lock").click()
    await mina.see("locked").wait_for()
    alice = await come(site.logins("client")[0], PHONE)
    await (await alice.open_room(meeting)).waiting()
    await mina.see("waiter").first.wait_for()
    await mina.see("lock").click()
    await mina.see("locked").wait_for(state="hidden")
    await alice.in_the_room()


async def test_one_is_large_for_everyone_and_another_for_me(site: Site, come: Come) -> None:
    mina, (alice, bruno) = await group(site, come, clients=2)
    await open_sheet(mina, bruno)
    await mina.see("spotlight").click()
    for person in (mina, alice):
        await tile(person, bruno).and_(person.page.locator("[data-large=true]")).wait_for()
    await open_sheet(alice, mina)
    await alice.see("pin").click()
    await tile(alice, mina).and_(alice.page.locator("[data-large=true]")).wait_for()
    await expect(tile(alice, bruno)).to_have_attribute("data-large", "false")
    await expect(tile(mina, bruno), "a pin is one's own").to_have_attribute("data-large", "true")
    await bruno.perceives(2)


async def test_a_shared_screen_fills_the_stage_and_ends_with_its_right(site: Site, come: Come) -> None:
    mina, (alice,) = await group(site, come, clients=1)
    assert await alice.see("bar-share").count() == 0
    await mina.see("bar-share").click()
    await mina.see("sharing").wait_for()
    await alice.see("screen").wait_for()
    await alice.shows("[data-testid=screen] video")
    await mina.see("stop-sharing").click()
    await alice.see("screen").wait_for(state="detached")


async def test_a_sign_of_feeling_shows_on_its_tile_and_goes(site: Site, come: Come) -> None:
    mina, (alice,) = await group(site, come, clients=1)
    await alice.page.keyboard.press("r")
    await asyncio.gather(  # it stands there for a while only
        alice.see("react-heart").click(),
        *(tile(one, alice).get_by_test_id("tile-reaction").wait_for() for one in (mina, alice)),
        expect(mina.see("felt-said")).to_contain_text(alice.login.name.split()[0]),
    )
    await tile(mina, alice).get_by_test_id("tile-reaction").wait_for(state="detached")


async def test_breaks_by_hand_and_of_the_agenda_are_on_every_screen_inside_and_count(
    site: Site, come: Come
) -> None:
    """Written and led by keys alone; one phone follows it, another at the door is told nothing of it."""
    mina, (alice,), meeting = await group_of(site, come, clients=1)
    bruno = await come(site.logins("client")[1], PHONE)
    await (await bruno.open_room(meeting)).waiting()
    await mina.see("waiter").wait_for()
    await mina.see("break-10").click()
    await expect(alice.see("break")).to_contain_text(re.compile(r"Break \d+:\d\d"))
    await mina.see("end-break").click()
    await alice.see("break").wait_for(state="detached")

    await mina.see("agenda-write").press("Enter")
    write = mina.page.get_by_role("dialog")
    await write.get_by_label("Name of part 1").fill("How was your week?")
    for kind in ("agenda-add-break", "agenda-add"):
        await mina.see(kind).press("Enter")
    await mina.page.keyboard.type("What a craving is")  # the focus is in the new part
    await mina.page.keyboard.press("Enter")
    await write.wait_for(state="detached")
    await mina.see("agenda-next").press("Enter")
    now = alice.see("agenda-now")
    await expect(now).to_contain_text(re.compile(r"^How was your week\? until .* · then Break$"))

    await mina.see("agenda-next").press("Enter")
    await expect(alice.see("break")).to_contain_text(re.compile(r"Break \d+:\d\d .*Next: What a craving is"))
    await alice.page.reload()
    await alice.in_the_room()
    await expect(alice.see("break")).to_contain_text(re.compile(r"Break \d+:\d\d .*Next: What a craving is"))
    await alice.see("bar-more").click()
    await expect(alice.see("agenda").locator("[aria-current=step]")).to_contain_text("Break now")
    await alice.page.keyboard.press("Escape")

    await mina.see("agenda-next").press("Enter")
    await expect(now).to_contain_text(re.compile("^What a craving is until [^·]*$"))
    await alice.see("break").wait_for(state="detached")
    told = "".join(frame if isinstance(frame, str) else frame.decode("latin-1") for frame in bruno.heard)
    assert [word for word in ("your week", "craving", '"pause":{', '"agenda":{') if word in told] == []
    taken = json.loads(await asyncio.to_thread(site.manage, "shell", "-v0", "-c", TAKEN.format(**meeting)))
    assert len(taken) == 2, "the one by hand and that of the agenda"
    assert all(start <= end < start + 600 for start, end in taken)


async def test_the_second_device_takes_the_seat_and_the_first_takes_it_back(site: Site, come: Come) -> None:
    mina, (alice,) = await group(site, come, clients=1)
    laptop = await alice.context.new_page()
    second = Visitor(site, alice.login, alice.context, laptop)
    await laptop.goto(alice.page.url)
    await second.see("ask-both").or_(second.see("join")).first.wait_for()
    if await second.see("ask-both").is_visible():
        await second.see("ask-both").click()
    await second.see("join").click()
    await second.arrive()
    await second.in_the_room()
    await alice.see("ending-replaced").wait_for()
    await second.perceives(1)
    await expect(mina.see("tile"), "one person, one tile").to_have_count(2)
    await alice.see("use-here").click()
    await alice.in_the_room()
    await second.see("ending-replaced").wait_for()
    await alice.perceives(1)
    await laptop.close()


async def test_a_weak_line_or_a_wish_leaves_only_sound(site: Site, come: Come) -> None:
    mina, (alice,) = await group(site, come, clients=1)
    await alice.see("bar-more").click()
    await alice.see("more-line").locator("summary").click()
    await alice.see("sound-only").click()
    await alice.page.keyboard.press("Escape")
    await alice.see("line-sound").wait_for()
    await until(lambda: tile(alice, mina).locator("video").count(), lambda count: count == 0, "no pictures")
    camera = "viopRoom.localParticipant.isCameraEnabled"
    await until(lambda: alice.page.evaluate(camera), lambda on: not on, "one's own camera is off")
    await alice.see("line-back").click()
    await tile(alice, mina).locator("video").wait_for()
    await alice.perceives(1)
    assert not await alice.page.evaluate(camera), "the camera goes on by its owner's hand alone"


async def test_with_blur_the_camera_is_never_shown_as_it_is(site: Site, come: Come) -> None:
    mina, (alice,) = await group(site, come, clients=1)
    await alice.page.keyboard.press("v")
    await until(
        lambda: alice.page.evaluate("viopRoom.localParticipant.isCameraEnabled"),
        lambda on: not on,
        "camera off",
    )
    await tile(alice, alice).get_by_test_id("tile-open").click()
    await alice.see("blur").click()
    await alice.page.keyboard.press("Escape")
    await tile(mina, alice).locator("video").wait_for(state="detached")
    await alice.page.keyboard.press("v")
    await mina.shows(f"[data-person='{alice.login.person_id}'] video")
    assert await alice.page.evaluate(SENT) == ["whole-blur", True]
    await mina.perceives(1)
