"""The signal socket is lost, or the network is: same seat, same media, nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import Party, linked, rtc, until
from tests.media.engines import Engine
from tests.media.relay import cable

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])


@BOTH_PATHS
async def test_a_lost_socket_is_resumed_and_the_others_see_no_leave(
    people: Party, engine: Engine, room: str, single: bool
) -> None:
    async with cable(engine.url) as wire:
        anna = await (await people.join("anna", room, single=single)).publish()
        ben = await people.join("ben", room, single=single, engine=engine.through(wire.url))
        await ben.publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        sid = ben.room.local_participant.sid
        assert wire.cut() > 0
        await ben.told("reconnected")
        assert ben.room.local_participant.sid == sid
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        assert "participant_disconnected ben" not in anna.events


async def test_media_goes_on_while_the_socket_is_away(people: Party, engine: Engine, room: str) -> None:
    async with cable(engine.url) as wire:
        anna = await (await people.join("anna", room)).publish()
        ben = await people.join("ben", room, engine=engine.through(wire.url))
        await ben.publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        wire.hold()
        await asyncio.gather(anna.hears(ben, within_s=5), ben.hears(anna, within_s=5))
        wire.release()
        await ben.told("reconnected")
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))


async def test_what_happened_meanwhile_is_told_on_resume(people: Party, engine: Engine, room: str) -> None:
    async with cable(engine.url) as wire:
        anna = await (await people.join("anna", room)).publish()
        ben = await people.join("ben", room, engine=engine.through(wire.url))
        await ben.perceives(anna)
        wire.hold()
        carla = await (await people.join("carla", room)).publish()
        await anna.perceives(carla)
        wire.release()
        await ben.told("reconnected")
        await asyncio.gather(ben.perceives(anna), ben.perceives(carla))


async def test_data_sent_meanwhile_arrives(people: Party, engine: Engine, room: str) -> None:
    async with cable(engine.url) as wire:
        anna = await people.join("anna", room)
        ben = await people.join("ben", room, engine=engine.through(wire.url))
        await linked(anna, ben)
        wire.hold()
        await anna.room.local_participant.publish_data(b"meanwhile")
        await until(lambda: bool(ben.packets), "ben gets it over the connection he still has")
        wire.release()
        await ben.told("reconnected")
        await anna.room.local_participant.publish_data(b"after")
        await until(lambda: len(ben.packets) > 1, "data flows again")
        assert [packet.data for packet in ben.packets] == [b"meanwhile", b"after"]


@BOTH_PATHS
async def test_a_full_reconnect_ends_with_the_same_media(people: Party, room: str, single: bool) -> None:
    """A new participant in the old one's place: what it published, it publishes again."""
    anna = await (await people.join("anna", room, single=single)).publish()
    ben = await (await people.join("ben", room, single=single)).publish()
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    await ben.room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT)
    await ben.told("reconnected")
    await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
    assert anna.others == {"ben"}
