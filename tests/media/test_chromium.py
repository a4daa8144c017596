"""Members in Chromium, on the unmodified npm livekit-client, with each other and with the PyPI client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.media.browsers import OpenPage
from tests.media.clients import Party, rtc, until
from tests.media.engines import Engine
from tests.media.relay import cable

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
CAMERA = rtc.TrackSource.SOURCE_CAMERA


@BOTH_PATHS
async def test_two_pages_hear_and_see_each_other(open_page: OpenPage, room: str, single: bool) -> None:
    anna = await (await open_page("anna")).join(room, single=single)
    ben = await (await open_page("ben")).join(room, single=single)
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))


@BOTH_PATHS
async def test_a_page_and_the_native_client_hear_and_see_each_other(
    open_page: OpenPage, people: Party, room: str, single: bool
) -> None:
    anna = await (await open_page("anna")).join(room, single=single)
    people.member("nobody")  # the next tone is away from the beep of Chromium's fake microphone
    ben = await (await people.join("ben", room, single=single)).publish()
    await asyncio.gather(anna.perceives("ben"), until(lambda: ben.of("anna").frames > 10, "ben sees anna"))
    await until(lambda: ben.of("anna").tones.total() > 5, "ben hears anna")
    await ben.room.local_participant.publish_data(b"to the page")
    await anna.until(lambda found: ["ben", "to the page"] in found["packets"], "anna gets ben's packet")
    await anna.run("() => send('to the client', true)")
    await until(lambda: [packet.data for packet in ben.packets] == [b"to the client"], "ben gets anna's")


@BOTH_PATHS
async def test_mute_and_unmute_are_seen(open_page: OpenPage, room: str, single: bool) -> None:
    anna = await (await open_page("anna")).join(room, single=single, publish=False)
    ben = await (await open_page("ben")).join(room, single=single)
    await anna.perceives("ben")
    await ben.run("() => room.localParticipant.setMicrophoneEnabled(false)")
    await ben.run("() => room.localParticipant.setCameraEnabled(false)")
    for source in ("microphone", "camera"):
        await anna.told(f"TrackMuted ben {source}")
    await ben.run("() => room.localParticipant.setMicrophoneEnabled(true)")
    await ben.run("() => room.localParticipant.setCameraEnabled(true)")
    for source in ("microphone", "camera"):
        await anna.told(f"TrackUnmuted ben {source}")
    await anna.perceives("ben")


@BOTH_PATHS
async def test_each_viewer_gets_the_layer_it_asks_for(open_page: OpenPage, room: str, single: bool) -> None:
    """Three layers go up; who asks for a small picture gets a small one while another has the large one."""
    await (await open_page("anna")).join(room, single=single)
    ben = await (await open_page("ben")).join(room, single=single, publish=False)
    carla = await (await open_page("carla")).join(room, single=single, publish=False)
    await asyncio.gather(ben.sees("anna"), carla.sees("anna"))
    await ben.run("() => chooseQuality('anna', 'LOW')")
    await ben.until(lambda found: width(found) == 320, "ben gets the small picture", 30)
    await carla.run("() => chooseQuality('anna', 'HIGH')")
    await carla.until(lambda found: width(found) > 320, "carla has a larger one", 40)
    assert width(await ben.state()) == 320
    await ben.run("() => chooseQuality('anna', 'MEDIUM')")
    await ben.until(lambda found: width(found) == 640, "ben gets the middle picture", 30)
    await ben.sees("anna")


async def test_layers_nobody_watches_are_not_sent(open_page: OpenPage, room: str) -> None:
    """Dynacast: the publisher is told which layers are wanted, and stops the others."""
    anna = await (await open_page("anna")).join(room, dynacast=True)
    ben = await (await open_page("ben")).join(room, publish=False)
    await ben.sees("anna")
    await ben.run("() => chooseQuality('anna', 'LOW')")
    await settled(anna, {"q"})
    await ben.run("() => chooseQuality('anna', 'HIGH')")
    await settled(anna, {"q", "h"}, at_least=True)
    await ben.sees("anna")


@BOTH_PATHS
async def test_a_lost_socket_is_resumed(open_page: OpenPage, engine: Engine, room: str, single: bool) -> None:
    async with cable(engine.url) as wire:
        anna = await (await open_page("anna")).join(room, single=single)
        ben = await (await open_page("ben", engine.through(wire.url))).join(room, single=single)
        await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
        sid = (await ben.state())["sid"]
        wire.cut()
        await ben.told("SignalReconnecting")
        await ben.until(
            lambda found: found["state"] == "connected" and "Reconnected" in found["events"], "ben is back"
        )
        assert (await ben.state())["sid"] == sid
        await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
        assert "ParticipantDisconnected ben" not in (await anna.state())["events"]


@BOTH_PATHS
async def test_an_ice_restart_keeps_the_media(open_page: OpenPage, room: str, single: bool) -> None:
    anna = await (await open_page("anna")).join(room, single=single)
    ben = await (await open_page("ben")).join(room, single=single)
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    before = await ben.run("() => fragments()")
    await ben.run("() => room.simulateScenario('signal-reconnect')")
    await ben.told("Reconnected")
    await ben.until(lambda found: found["state"] == "connected", "ben is back")
    after = await ben.run("() => fragments()")
    assert not set(before) & set(after), "every connection has new credentials"
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    assert "ParticipantDisconnected ben" not in (await anna.state())["events"]


@BOTH_PATHS
async def test_a_full_reconnect_ends_with_the_same_media(
    open_page: OpenPage, room: str, single: bool
) -> None:
    anna = await (await open_page("anna")).join(room, single=single)
    ben = await (await open_page("ben")).join(room, single=single)
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    await ben.run("() => room.simulateScenario('full-reconnect')")
    await ben.told("Reconnected")
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    assert (await anna.state())["others"] == ["ben"]


async def test_end_to_end_encryption_passes_through(open_page: OpenPage, room: str) -> None:
    key = "nobody in between knows this"
    anna = await (await open_page("anna")).join(room, key=key)
    ben = await (await open_page("ben")).join(room, key=key)
    eve = await (await open_page("eve")).join(room, key="a guess", publish=False)
    await asyncio.gather(anna.perceives("ben"), ben.perceives("anna"))
    assert await ben.run("() => colours()") > 3
    assert (await eve.state())["received"]["anna/camera"]["frames"] == 0


def width(found: dict[str, Any]) -> int:
    return int(found["received"]["anna/camera"]["width"])


async def settled(page: Any, rids: set[str], *, at_least: bool = False, within_s: float = 30) -> None:
    """Wait until exactly (or at least) these layers go on being sent."""
    end = asyncio.get_running_loop().time() + within_s
    before = await page.run("() => sent()")
    while True:
        await asyncio.sleep(0.5)  # an interval in which every active layer sends frames
        now = await page.run("() => sent()")
        old = {one["rid"]: one["frames"] for one in before if one["kind"] == "video"}
        moving = {
            one["rid"] for one in now if one["kind"] == "video" and one["frames"] > old.get(one["rid"], 0)
        }
        if moving == rids or (at_least and moving >= rids):
            return
        assert asyncio.get_running_loop().time() < end, f"layers {moving}, wanted {rids}: {now}"
        before = now
