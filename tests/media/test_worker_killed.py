"""kill -9 of the media worker: the supervisor starts another, and the room is back within 5 s of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.media.clients import Member, party, until
from tests.media.engines import Embedded, embedded, fresh_room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded_only]

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
BACK_WITHIN_S = 5.0


@pytest.fixture(scope="module")
def mortal() -> Iterator[Embedded]:
    """An engine of its own: others' rooms must not die with it."""
    with embedded() as engine:
        yield engine


@BOTH_PATHS
async def test_media_is_back_within_five_seconds(mortal: Embedded, single: bool) -> None:
    """The clients come back by themselves, with the ticket they hold."""
    room = fresh_room()
    async with party(mortal) as people:
        anna = await (await people.join("anna", room, single=single)).publish()
        ben = await (await people.join("ben", room, single=single)).publish()
        await asyncio.gather(anna.perceives(ben), ben.perceives(anna))
        killed = mortal.kill_worker()
        await until(lambda: mortal.worker_pid() not in (None, killed), "another worker runs")
        back = asyncio.gather(*(came_back(one, other) for one, other in ((anna, ben), (ben, anna))))
        await asyncio.wait_for(back, BACK_WITHIN_S)


async def test_a_fresh_ticket_opens_the_new_worker(mortal: Embedded) -> None:
    room = fresh_room()
    async with party(mortal) as people:
        anna = await (await people.join("anna", room)).publish()
        killed = mortal.kill_worker()
        await until(lambda: mortal.worker_pid() not in (None, killed), "another worker runs")
        ben = await (await people.join("ben", room)).publish()
        await ben.perceives(anna)


async def came_back(one: Member, other: Member) -> None:
    """Media after the loss, not what was on its way before it."""
    await until(lambda: "reconnecting" in one.events, f"{one.identity} notices")
    await until(lambda: "reconnected" in one.events, f"{one.identity} is connected again")
    await one.perceives(other)
