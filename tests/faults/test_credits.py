"""kill -9 in the middle of a meeting and of its crediting: what is credited is what the recorded evidence says, by the
rules and by the naive second-by-second judge; an outage is never credited as presence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions.attendance import case
from sessions.attendance.evidence import Observation
from sessions.attendance.hours import Meeting
from sessions.attendance.intervals import union
from tests.e2e.conftest import Come
from tests.e2e.visitor import until
from tests.faults.test_killed import talking
from tests.site import ROOT, Site
from tests.unit import oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

END = """
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import End
service.handle(service.Actor(Person.objects.get(email="{email}").pk, "{meeting}"), End(), "end-{meeting}")
"""
PROPOSALS = """
import json
from sessions.attendance.models import Proposal
from sessions.room.models import Room
room = Room.objects.get(pk="{meeting}")
rows = Proposal.objects.filter(meeting="{meeting}", final=True).exclude(arrived_at=None)
print(json.dumps({{"ended_at": room.ended_at.isoformat() if room.ended_at else "", "rows": [
    [r.credited_seconds, r.raw_seconds, r.eligible_seconds, r.status, r.computed_at.isoformat(), r.arrived_at.isoformat()]
    for r in rows]}}))
"""


async def shell(site: Site, code: str) -> str:
    return await asyncio.to_thread(site.manage, "shell", "-v0", "-c", code)


def judged(exported: str) -> list[tuple[int, int, int, str]]:
    """By the oracle, from the exported facts alone."""
    told = case.decode(exported)
    meeting = Meeting(
        starts_at=int(told.meeting.starts_at.timestamp()),
        ends_at=int(told.meeting.ends_at.timestamp()),
        ended_at=int(told.meeting.ended_at.timestamp()) if told.meeting.ended_at else None,
        breaks=union((int(a.timestamp()), int(b.timestamp())) for a, b in told.meeting.breaks),
    )
    facts = [
        Observation(int(f.at.timestamp()), f.kind, f.person, f.role, f.connection or "", f.room or "")
        for f in told.facts
    ]
    seconds = [fact.at for fact in facts]
    horizon = range(min([meeting.starts_at, *seconds]) - 1, max([meeting.ends_at, *seconds]) + 1)
    found = oracle.judge(meeting, facts, told.policy, horizon)
    return sorted((one.credited, one.raw, one.eligible, one.status) for one in found.values())


def run_again(exported: str) -> list[tuple[int, int, int, str]]:
    """`manage.py credit`, as an auditor would."""
    done = subprocess.run(
        [sys.executable, "manage.py", "credit"],
        cwd=ROOT,
        input=exported,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout).values()
    return sorted(
        (row["credited_seconds"], row["raw_seconds"], row["eligible_seconds"], row["status"])
        for row in rows
        if row["credited_seconds"] or row["raw_seconds"]
    )


async def test_web_ticker_and_media_killed_in_a_meeting_credit_what_the_evidence_says(
    site: Site, come: Come, record_property: Any
) -> None:
    """Web process and ticker are one here: it dies in the meeting, and once more right after its end, while the
    proposals are being computed."""
    group, mina, alice = await talking(site, come)
    admitted = datetime.now(UTC)
    os.kill(site.media_pid(), signal.SIGKILL)
    await asyncio.gather(mina.perceives(1, 40), alice.perceives(1, 40))

    async def evidenced() -> bool:
        text = await shell(
            site,
            f'from sessions.room.models import Connection as C; print(all(c.seen_at > c.opened_at for c in C.objects.filter(meeting="{group["id"]}")))',
        )
        return text.strip() == "True"

    await until(evidenced, bool, "evidence of everybody")
    site.kill()
    killed = datetime.now(UTC)
    site.start()
    await asyncio.gather(mina.perceives(1, 60), alice.perceives(1, 60))
    back = datetime.now(UTC)
    await shell(site, END.format(email=site.logins("facilitator")[0].email, meeting=group["id"]))
    site.kill()
    site.start()
    restarted = datetime.now(UTC)

    async def proposed() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await shell(site, PROPOSALS.format(meeting=group["id"])))
        return found

    found = await until(proposed, lambda told: bool(told["rows"]), "a final proposal", 90)
    ((credited, raw, eligible, status, computed_at, _),) = found["rows"]
    late_s = (datetime.fromisoformat(computed_at) - restarted).total_seconds()
    record_property("proposed_after_restart_s", round(late_s, 1))
    exported = await asyncio.to_thread(site.manage, "credit", "--meeting", group["id"])
    assert (credited, raw, eligible, status) in run_again(exported)
    assert (credited, raw, eligible, status) in judged(exported)
    ended = datetime.fromisoformat(found["ended_at"])
    outage = (back - killed).total_seconds()
    there = (ended - admitted).total_seconds()
    assert raw <= there + 1, "nobody gains"
    assert raw >= there - outage - 2 * 13, "each kill costs at most its outage and the last evidence's age"
