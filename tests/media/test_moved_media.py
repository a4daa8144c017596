"""People moved to another room keep their connection, and not one packet crosses between rooms."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.browsers import OpenPage, Page
from tests.media.clients import Member, Party, linked, until
from tests.media.engines import Embedded, fresh_room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded_only]

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])


async def move(engine: Embedded, source: str, target: str, *members: Member) -> None:
    moves = ",".join(f"{m.identity}:{source}:{target}" for m in members)
    told = [m.events.count("moved") for m in members]
    await engine.ask("move", moves=moves, token=engine.token("moved", target))
    for member, before in zip(members, told, strict=True):
        await until(lambda m=member, n=before: m.events.count("moved") > n, "the move is told")  # type: ignore[misc]


async def all_perceive(*members: Member) -> None:
    await asyncio.gather(*(a.perceives(b) for a in members for b in members if a is not b))


def counted(members: list[Member], others: list[Member]) -> dict[tuple[str, str], tuple[int, int]]:
    """What each of `members` has received of each of `others`: heard windows and frames."""
    found = {}
    for member in members:
        for other in others:
            received = member.of(other.identity)
            found[member.identity, other.identity] = (received.tones.total(), received.frames)
    return found


@BOTH_PATHS
async def test_a_pair_is_moved_and_recalled(
    people: Party, our_engine: Embedded, room: str, single: bool
) -> None:
    anna, ben, carla = [await people.join(name, room, single=single) for name in ("anna", "ben", "carla")]
    for member in (anna, ben, carla):
        await member.publish()
    await all_perceive(anna, ben, carla)
    aside = fresh_room()
    await move(our_engine, room, aside, anna, ben)
    await all_perceive(anna, ben)
    await carla.hears_nothing_of(anna)
    before = counted([anna, ben], [carla]) | counted([carla], [anna, ben])
    await all_perceive(anna, ben)
    assert counted([anna, ben], [carla]) | counted([carla], [anna, ben]) == before
    await move(our_engine, aside, room, anna, ben)
    await all_perceive(anna, ben, carla)
    assert not any("disconnected" in member.events for member in (anna, ben, carla))


async def test_the_muted_stay_silent_in_the_next_room(people: Party, our_engine: Embedded, room: str) -> None:
    anna, ben, aside = await people.join("anna", room), await people.join("ben", room), fresh_room()
    for member in (anna, ben):
        await member.publish()
    await all_perceive(anna, ben)
    await our_engine.ask("mute", room=room, identity="anna", source="microphone")
    await ben.hears_nothing_of(anna)
    await move(our_engine, room, aside, anna, ben)
    before = ben.of("anna").tones.total()
    await ben.sees(anna)
    await anna.perceives(ben)
    assert ben.of("anna").tones.total() == before


async def test_what_was_sent_to_the_old_room_does_not_reach_the_new_one(
    people: Party, our_engine: Embedded, room: str
) -> None:
    aside = fresh_room()
    anna, ben = await people.join("anna", room), await people.join("ben", room)
    carla = await people.join("carla", aside)
    await linked(anna, ben)
    await our_engine.ask("move", moves=f"anna:{room}:{aside}", token=our_engine.token("moved", aside))
    await anna.room.local_participant.publish_data(b"for the old room")

    async def arrives() -> None:
        while not carla.packets:
            await anna.room.local_participant.publish_data(b"for the new room")
            await asyncio.sleep(0.2)  # as often as one may

    await asyncio.wait_for(arrives(), 20)
    assert {packet.data for packet in carla.packets} == {b"for the new room"}
    assert ben.packets == []


@pytest.mark.browser
@BOTH_PATHS
async def test_a_page_is_moved_and_recalled(
    open_page: OpenPage, people: Party, our_engine: Embedded, room: str, single: bool
) -> None:
    anna: Page = await (await open_page("anna")).join(room, single=single)
    people.member("nobody")  # the next tone is away from the beep of Chromium's fake microphone
    ben = await (await people.join("ben", room, single=single)).publish()
    dora = await (await people.join("dora", room, single=single)).publish()
    await asyncio.gather(anna.perceives("ben"), anna.perceives("dora"), ben.perceives(dora))
    for _ in range(2):
        aside = fresh_room()
        moves = ",".join(f"{who}:{room}:{aside}" for who in ("anna", "ben"))
        await our_engine.ask("move", moves=moves, token=our_engine.token("moved", aside))
        await asyncio.gather(anna.perceives("ben"), dora.hears_nothing_of(ben))
        moves = ",".join(f"{who}:{aside}:{room}" for who in ("anna", "ben"))
        await our_engine.ask("move", moves=moves, token=our_engine.token("moved", room))
        await asyncio.gather(anna.perceives("ben"), anna.perceives("dora"), dora.perceives(ben))
