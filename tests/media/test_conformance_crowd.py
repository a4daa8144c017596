"""A whole group at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.clients import Party

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH_PATHS = pytest.mark.parametrize("single", [True, False], ids=["/rtc/v1", "/rtc"])
GROUP = 12


@BOTH_PATHS
async def test_twelve_join_together_and_everybody_hears_everybody(
    people: Party, room: str, single: bool
) -> None:
    """All at once, not one after the other: offers, subscriptions and data channels cross on the way."""
    members = await asyncio.gather(
        *(people.join(f"m{number}", room, single=single) for number in range(GROUP))
    )
    await asyncio.gather(*(member.speak() for member in members))
    for one in members:
        await one.meets(*members)
    await asyncio.gather(
        *(
            one.hears(other, windows=5, within_s=60)
            for one in members
            for other in members
            if one is not other
        )
    )
