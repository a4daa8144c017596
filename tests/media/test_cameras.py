"""Whose camera is on: what the engine tells the web processes about tracks."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import Party
from tests.media.engines import Embedded

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded_only]


async def told(engine: Embedded, identity: str) -> list[str]:
    """About the camera of one member, in order."""
    heard = (await engine.ask("events"))["events"]
    return [kind for kind, who, source in heard if (who, source) == (identity, "camera")]


async def comes_about(engine: Embedded, identity: str, wanted: list[str]) -> None:
    async with asyncio.timeout(10):
        while (heard := await told(engine, identity)) != wanted:
            assert heard == wanted[: len(heard)]
            await asyncio.sleep(0.05)


async def test_a_camera_is_told_when_it_comes_is_muted_and_goes(
    people: Party, our_engine: Embedded, room: str
) -> None:
    anna = await people.join("anna-with-camera", room)
    publication = await anna.show()
    await comes_about(our_engine, anna.identity, ["published"])
    publication.track.mute()
    await comes_about(our_engine, anna.identity, ["published", "muted"])
    publication.track.unmute()
    await comes_about(our_engine, anna.identity, ["published", "muted", "unmuted"])
    await anna.leave()
    await comes_about(our_engine, anna.identity, ["published", "muted", "unmuted", "unpublished"])
