"""Care through the wire: who somebody is, a crisis with its room ready, staff on call who come to help."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async

from sessions.people.models import Membership
from sessions.people.roles import Role
from sessions.people.service import join
from tests.cast import Cast
from tests.service.wire import Page, Visit, eventually

pytestmark = pytest.mark.django_db(transaction=True)


async def knocks(visit: Visit, cast: Cast, who: str, place: str) -> Page:
    page = await visit(getattr(cast, who), cast.group.pk)
    await page.say("knock")
    await page.comes_to(place)
    return page


async def test_a_facilitator_confirms_who_waits_and_the_mark_goes_on_every_staff_page(
    cast: Cast, visit: Visit
) -> None:
    mina, theo = [await knocks(visit, cast, who, "main") for who in ("mina", "theo")]
    alice = await knocks(visit, cast, "alice", "waiting")

    def marked(page: Page) -> bool:
        return any("noIdentity" in one["flags"] for one in page.room["waiting"])

    await eventually(lambda: marked(mina) and marked(theo), "the mark")
    refused = await alice.answer(await alice.say("verifyIdentity", personId=str(cast.alice.pk)))
    assert refused["type"] == "refused"
    done = await mina.answer(await mina.say("verifyIdentity", personId=str(cast.alice.pk)))
    assert done["type"] == "done"
    await eventually(lambda: not marked(mina) and not marked(theo), "no mark any more")


async def test_in_a_crisis_the_room_aside_is_ready_and_who_is_on_call_comes_to_help(
    cast: Cast, visit: Visit
) -> None:
    def on_call() -> None:
        join(cast.otto, cast.north.pk, Role.FACILITATOR)
        Membership.objects.filter(person=cast.otto, program=cast.north).update(on_call=True)

    await database_sync_to_async(on_call)()
    mina = await knocks(visit, cast, "mina", "main")
    alice = await knocks(visit, cast, "alice", "waiting")
    await mina.say("admitAll")
    await alice.comes_to("main")
    await mina.answer(await mina.say("openCrisis", personId=str(cast.alice.pk)))
    await eventually(lambda: bool(mina.room["crises"]), "the crisis")
    ready = mina.room["crises"][0]["asideRoomId"]
    assert ready
    assert alice.room.get("crises", []) == []
    otto = await visit(cast.otto, cast.group.pk)
    await eventually(lambda: bool(otto.frames) and otto.room["mayTakeOver"], "the offer to help")
    assert "Haddad" not in "".join(otto.frames)
    await otto.answer(await otto.say("takeOver"))
    await otto.comes_to("main")
    await otto.answer(await otto.say("stepAside", personId=str(cast.alice.pk)))
    await alice.comes_to("aside")
    await otto.comes_to("aside")  # each page is told on its own
    assert alice.room["you"]["roomId"] == otto.room["you"]["roomId"] == ready
    await eventually(
        lambda: (
            [event["kind"] for event in mina.room["crises"][0]["timeline"]]
            == ["opened", "paged", "answered", "aside"]
        ),
        "the timeline",
    )
