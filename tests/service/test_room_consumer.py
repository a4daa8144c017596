"""The room socket: who gets in, what a browser is told, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.cast import Cast
from tests.service.wire import Page, eventually, open_page, pages, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
Visit = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def visit() -> AsyncIterator[Visit]:
    async with pages() as visit:
        yield visit


class TestTheDoor:
    async def test_a_client_waits_is_admitted_and_is_in(self, cast: Cast, visit: Visit) -> None:
        mina, alice = await visit(cast.mina, cast.group.pk), await visit(cast.alice, cast.group.pk)
        await mina.say("knock")
        await mina.comes_to("main")
        await alice.say("knock")
        await alice.comes_to("waiting")
        await eventually(lambda: len(mina.room["waiting"]) == 1, "Mina hearing of Alice")
        assert mina.room["waiting"][0]["name"] == "Alice Haddad"
        done = await mina.answer(await mina.say("admit", personId=str(cast.alice.pk)))
        assert done["type"] == "done"
        await alice.comes_to("main")
        await eventually(lambda: mina.room["waiting"] == [], "an empty waiting room")
        assert [member["personId"] for member in alice.room["members"]] == [str(cast.mina.pk)]
