"""What the clinic asks of the engine: mute, eject, close, move."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import Party, rtc, tone_hz
from tests.media.engines import Embedded, fresh_room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded_only]

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
MICROPHONE = rtc.TrackSource.SOURCE_MICROPHONE


@BOTH_PATHS
async def test_who_is_muted_is_silent_until_he_unmutes_himself(
    people: Party, our_engine: Embedded, room: str, single: bool
) -> None:
    anna = await people.join("anna", room, single=single)
    ben = await (await people.join("ben", room, single=single)).publish()
    await anna.perceives(ben)
    await our_engine.ask("mute", room=room, identity="ben", source="microphone")
    await anna.told("track_muted ben microphone")
    await anna.hears_nothing_of(ben)
    await anna.sees(ben)
    ben.published["microphone"].track.mute()
    ben.published["microphone"].track.unmute()
    await anna.hears(ben)


@BOTH_PATHS
async def test_who_is_ejected_is_gone_and_told(
    people: Party, our_engine: Embedded, room: str, single: bool
) -> None:
    anna = await people.join("anna", room, single=single)
    ben = await (await people.join("ben", room, single=single)).publish()
    await anna.perceives(ben)
    await our_engine.ask("eject", room=room, identity="ben")
    await anna.told("participant_disconnected ben", within_s=5)
    assert await ben.is_sent_away(within_s=5) == rtc.DisconnectReason.PARTICIPANT_REMOVED


async def test_a_closed_room_is_empty(people: Party, our_engine: Embedded, room: str) -> None:
    members = [await people.join(who, room) for who in ("anna", "ben")]
    await our_engine.ask("close_room", room=room)
    for member in members:
        await member.is_sent_away(within_s=5)


@BOTH_PATHS
async def test_a_move_keeps_the_connection_and_changes_the_company(
    people: Party, our_engine: Embedded, room: str, single: bool
) -> None:
    other_room = fresh_room()
    anna = await (await people.join("anna", room, single=single)).publish()
    ben = await (await people.join("ben", room, single=single)).publish()
    carla = await (await people.join("carla", other_room, single=single)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    token = our_engine.token("ben", other_room)
    await our_engine.ask("move", moves=f"ben:{room}:{other_room}", token=token)
    await ben.told("moved")
    await asyncio.gather(ben.perceives(carla), carla.perceives(ben))
    assert "reconnecting" not in ben.events
    assert (anna.others, ben.others) == (set(), {"carla"})
    assert set(carla.of("ben").tones) == {tone_hz(ben.number)}
    assert set(ben.of("carla").tones) == {tone_hz(carla.number)}


async def test_nothing_is_left_when_all_have_gone(people: Party, our_engine: Embedded, room: str) -> None:
    for identity in ("anna", "ben", "carla"):
        await (await people.join(identity, room)).publish()
    for member in people.members:
        await member.leave()
    counted = ("rooms", "participants", "lines", "transports", "publications", "subscriptions")
    end = asyncio.get_running_loop().time() + 10
    while True:
        found = await our_engine.ask("stats")
        if not any(found[name] for name in counted):
            break
        assert asyncio.get_running_loop().time() < end, found
        await asyncio.sleep(0.1)  # the poll itself
