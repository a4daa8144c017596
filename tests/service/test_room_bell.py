"""The doorbell: rung after commit, carries a number, and nobody depends on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import connections
from pytest_django import Settings

from sessions.core.errors import NotFound
from sessions.room import bell, service
from sessions.room.commands import Knock
from tests import cast as people
from tests.cast import Cast
from tests.service.room import Evening


@pytest.fixture
async def cast(transactional_db: None) -> AsyncIterator[Cast]:
    yield await database_sync_to_async(people.assemble)()
    await database_sync_to_async(connections.close_all)()


async def listening(*groups: str) -> str:
    layer = get_channel_layer()
    assert layer is not None
    name: str = await layer.new_channel()
    for group in groups:
        await layer.group_add(group, name)
    return name


async def heard(channel: str) -> dict[str, Any]:
    layer = get_channel_layer()
    assert layer is not None
    message: dict[str, Any] = await asyncio.wait_for(layer.receive(channel), 5)
    return message


async def test_a_bell_says_how_far_the_log_has_grown_and_nothing_else(cast: Cast) -> None:
    evening = Evening(cast.group)
    ear = await listening(bell.meeting_group(cast.group.pk))
    await database_sync_to_async(evening.connects)(cast.alice)
    assert await heard(ear) == {"type": "log.grew", "seq": 1}
    await database_sync_to_async(evening.does)(cast.alice, Knock())
    assert await heard(ear) == {"type": "log.grew", "seq": 2}


async def test_staff_homes_hear_when_somebody_begins_to_wait(cast: Cast) -> None:
    evening = Evening(cast.group)
    ear = await listening(bell.program_group(cast.north.pk))
    await database_sync_to_async(evening.comes)(cast.alice)
    assert await heard(ear) == {"type": "waiting.changed"}


async def test_what_is_refused_rings_nothing(cast: Cast) -> None:
    evening = Evening(cast.group)
    ear = await listening(bell.meeting_group(cast.group.pk))
    with pytest.raises(NotFound):
        await database_sync_to_async(evening.connects)(cast.nora)
    await database_sync_to_async(evening.connects)(cast.alice)
    assert await heard(ear) == {"type": "log.grew", "seq": 1}


@pytest.mark.django_db(transaction=True)
def test_a_dead_channel_layer_does_not_stop_a_command(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The fact is in the log; who did not hear of it learns it from the next bell or pong."""
    cast = people.assemble()
    evening = Evening(cast.group)
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    with caplog.at_level(logging.WARNING, logger="sessions.room.bell"):
        evening.comes(cast.alice)
    assert service.head(cast.group.pk) == 2
    assert "bell not rung" in caplog.text
