"""The engine under test is a parameter: `--engine-url ws://host:port --engine-key K --engine-secret S` points the
conformance cases at any LiveKit server; without them our own worker is started on loopback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.media import clients
from tests.media.browsers import OpenPage, chromium, page_server, pages
from tests.media.clients import Party, party
from tests.media.engines import Embedded, Engine, embedded, fresh_room
from tests.media.wire import Member, Plane, plane


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("media engine")
    group.addoption(
        "--engine-url", default=None, help="ws://host:port of a LiveKit server to test instead of ours"
    )
    group.addoption("--engine-key", default="devkey")
    group.addoption("--engine-secret", default="secret")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Against somebody else's server only the protocol can be tested."""
    if config.getoption("--engine-url", default=None) is None:
        return
    ours = [item for item in items if item.get_closest_marker("embedded_only")]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    options = request.config
    url = options.getoption("--engine-url", default=None)
    if url:
        yield Engine(url.rstrip("/"), options.getoption("--engine-key"), options.getoption("--engine-secret"))
        return
    with embedded() as ours:
        yield ours


@pytest.fixture(scope="session")
def our_engine(engine: Engine) -> Embedded:
    """The engine, when a case needs more of it than the protocol."""
    assert isinstance(engine, Embedded), "mark this case embedded_only"
    return engine


@pytest.fixture(scope="session")
def native() -> Iterator[None]:
    yield
    clients.end()


@pytest_asyncio.fixture(loop_scope="session")
async def people(engine: Engine, native: None) -> AsyncIterator[Party]:
    async with party(engine) as guests:
        yield guests


@pytest.fixture
def room() -> str:
    return fresh_room()


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    with page_server() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chrome() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chrome: Browser, engine: Engine, page_url: str) -> AsyncIterator[OpenPage]:
    """`await open_page("anna")`: a member in a Chromium of her own, not joined yet."""
    async with pages(chrome, engine, page_url) as opener:
        yield opener


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Plane]:
    """One port, for tests below the signal protocol."""
    async with plane() as made:
        yield made


@pytest_asyncio.fixture
async def anna(wire: Plane) -> Member:
    return await wire.join("anna")


@pytest_asyncio.fixture
async def ben(wire: Plane) -> Member:
    return await wire.join("ben")
