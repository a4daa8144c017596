"""kill -9 in a running group: media comes back, no committed fact is lost, nobody gains a minute."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.conftest import Come
from tests.e2e.visitor import PHONE, Visitor, until
from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEDGER = """
import json
from sessions.room.models import Connection, RoomFact
meeting = "{meeting}"
print(json.dumps({{
    "facts": [[f.seq, f.kind, f.at.isoformat(), str(f.person_id), f.digest] for f in RoomFact.objects.filter(meeting=meeting).order_by("seq")],
    "connections": {{str(c.pk): [c.opened_at.isoformat(), c.seen_at.isoformat(), c.closed_at and c.closed_at.isoformat()]
                    for c in Connection.objects.filter(meeting=meeting)}},
}}))
"""


async def ledger(site: Site, meeting: dict[str, Any]) -> dict[str, Any]:
    text = await asyncio.to_thread(site.manage, "shell", "-v0", "-c", LEDGER.format(meeting=meeting["id"]))
    found: dict[str, Any] = json.loads(text)
    return found


async def talking(site: Site, come: Come) -> tuple[dict[str, Any], Visitor, Visitor]:
    group = site.new_group()
    mina = await come(site.logins("facilitator")[0])
    await (await mina.open_room(group)).in_the_room()
    alice = await come(site.logins("client")[0], PHONE)
    await (await alice.open_room(group)).waiting()
    await mina.admit(alice)
    await alice.in_the_room()
    await asyncio.gather(mina.perceives(1), alice.perceives(1))
    return group, mina, alice


async def test_media_comes_back_after_the_worker_is_killed(
    site: Site, come: Come, record_property: Any
) -> None:
    _, mina, alice = await talking(site, come)
    os.kill(site.media_pid(), signal.SIGKILL)
    started = time.monotonic()

    async def replaced() -> bool:
        try:
            return site.media_pid() > 0 and site.ready()
        except LookupError:
            return False

    await until(replaced, bool, "a new media worker")
    await asyncio.gather(mina.perceives(1), alice.perceives(1))
    record_property("media_back_s", round(time.monotonic() - started, 1))
    assert await alice.see("room").is_visible()
    assert not await alice.see("waiting").is_visible()


async def test_a_killed_web_process_loses_no_fact_and_adds_no_time(site: Site, come: Come) -> None:
    group, mina, alice = await talking(site, come)

    async def evidenced() -> bool:
        rows = (await ledger(site, group))["connections"].values()
        return all(seen > opened for opened, seen, _ in rows)

    await until(evidenced, bool, "evidence of every connection to be written")
    await mina.see("break-10").click()
    await alice.see("break").wait_for()
    before = await ledger(site, group)
    site.kill()
    killed_at = datetime.now(UTC)
    site.start()
    await asyncio.gather(mina.perceives(1, 40), alice.perceives(1, 40))

    await asyncio.gather(mina.see("break").wait_for(), alice.see("break").wait_for())  # it goes on

    async def swept() -> dict[str, Any]:
        return await ledger(site, group)

    gone = set(before["connections"])
    after = await until(
        swept,
        lambda found: all(found["connections"][pk][2] for pk in gone),
        "the sweep of silent connections",
        60,
    )
    assert after["facts"][: len(before["facts"])] == before["facts"]
    assert [row[0] for row in after["facts"]] == list(range(1, len(after["facts"]) + 1))
    for pk in gone:
        lost = (killed_at - datetime.fromisoformat(after["connections"][pk][2])).total_seconds()
        assert 0 <= lost <= 13, (
            "evidence is written every 10 s, of a ping at most 5 s old; never after the kill"
        )
    assert [row[1] for row in after["facts"] if row[1].startswith("break_")] == ["break_started"]
    admitted = [row for row in after["facts"] if row[1] == "admitted"]
    assert len(admitted) == 1, "who was in comes back without waiting again"


async def test_ctrl_c_stops_everything(site: Site, come: Come) -> None:
    await talking(site, come)
    worker = site.media_pid()
    started = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


async def test_ctrl_c_is_heard_by_who_was_started_deaf_to_it(site: Site) -> None:
    """A shell without job control starts what runs in its background with SIGINT ignored."""
    site.stop()
    site.start(through=["sh", "-c", 'trap "" INT; exec "$@"', "sh"])
    assert site.stop() == 0
