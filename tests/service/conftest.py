"""What tests of the services share: an evening whose clock the test holds, its room, pages that listen to it; letters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import time_machine
from pytest_django import Settings

from sessions.messages import channels, consents
from sessions.messages.models import Channel
from sessions.people.models import Person
from signaling.engines import get_engine
from signaling.local import process
from tests.cast import EVENING, Cast
from tests.service.attendance import Group
from tests.service.outbox import Gateway
from tests.service.room import Evening, seconds
from tests.service.wire import Page, Visit, everything_stopped, pages, worker


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It stands at the evening group's time until the test moves it."""
    with time_machine.travel(EVENING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def evening(cast: Cast) -> Evening:
    """The evening group's room, nobody in it."""
    return Evening(cast.group)


@pytest.fixture
def inside(evening: Evening, cast: Cast, clock: time_machine.Traveller) -> Evening:
    """Mina, Theo, Alice and Bruno are in the room, Mina the longest."""
    evening.comes(cast.mina)
    clock.shift(seconds(1))
    evening.comes(cast.theo, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    return evening


@pytest.fixture
def group(cast: Cast, clock: time_machine.Traveller) -> Group:
    return Group(cast, clock)


@pytest_asyncio.fixture
async def visit() -> AsyncIterator[Visit]:
    """Opens a person's page of a room; all of them end with the test."""
    async with pages() as visit:
        yield visit


@pytest_asyncio.fixture
async def mina(cast: Cast, visit: Visit) -> Page:
    """The facilitator, in the evening group's room."""
    page = await visit(cast.mina, cast.group.pk)
    await page.say("knock")
    await page.comes_to("main")
    return page


@pytest_asyncio.fixture
async def alice(cast: Cast, mina: Page, visit: Visit) -> Page:
    """A client, waiting."""
    page = await visit(cast.alice, cast.group.pk)
    await page.say("knock")
    await page.comes_to("waiting")
    return page


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    ours = Gateway()
    kept = channels.carrier
    monkeypatch.setattr(
        channels, "carrier", lambda channel: ours if channel is Channel.SMS else kept(channel)
    )
    return ours


@pytest.fixture
def ada(cast: Cast) -> Person:
    """With a phone, and both kinds of reminder wanted."""
    cast.ada.phone = "+1 (555) 010-2000"
    cast.ada.save()
    for channel in Channel:
        consents.give(cast.ada, channel)
    return cast.ada


@pytest.fixture(scope="module")
def rpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One media worker for all tests of a module; each has media rooms of its own."""
    path = tmp_path_factory.mktemp("media") / "media.sock"
    with worker(path):
        yield path


@pytest_asyncio.fixture
async def engine(rpc: Path, settings: Settings) -> AsyncIterator[None]:
    """The real media engine for the room's seats; the media rooms that a test opened close after it."""
    settings.MEDIA_RPC = str(rpc)
    yield
    for room in {held.claims.room for held in process().held}:
        await get_engine().close_room(room)
    await everything_stopped()
