"""kill -9 of everything a running meeting stands on, one after the other: the media worker, the Celery worker,
PostgreSQL, the web process. What is credited is what the recorded evidence says, by the rules and by the naive
second-by-second judge: a crash loses at most ten seconds, an outage of the web is no presence, and nobody gains.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.async_api import expect

from sessions.attendance import case
from sessions.attendance.evidence import Observation
from sessions.attendance.hours import Meeting
from sessions.attendance.intervals import union
from tests.e2e.conftest import Come
from tests.e2e.visitor import Visitor, until
from tests.faults.test_killed import talking
from tests.servers import Postgres, postgres_binaries, redis, redis_binary, stop
from tests.site import ROOT, Site
from tests.unit import oracle

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(postgres_binaries() is None, reason="PostgreSQL is not installed"),
    pytest.mark.skipif(redis_binary() is None, reason="Redis is not installed"),
]

Numbers: TypeAlias = dict[str, tuple[int, int, int, str]]  # by client: credited, raw, eligible, status

LINES = """
import json
from sessions.room.models import Connection
rows = Connection.objects.filter(meeting="{meeting}", closed_at=None).order_by("opened_at")
print(json.dumps([[str(row.pk), row.opened_at.isoformat(), row.seen_at.isoformat()] for row in rows]))
"""
AT_WORK = """
import json
from sessions.attendance.models import Proposal
print(json.dumps(Proposal.objects.filter(meeting="{meeting}").exists()))
"""
END = """
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import End
service.handle(service.Actor(Person.objects.get(email="{email}").pk, "{meeting}"), End(), "end-{meeting}")
"""
PROPOSALS = """
import json
from sessions.attendance.models import Proposal
from sessions.room.models import Connection, Room
room = Room.objects.get(pk="{meeting}")
unheard = Connection.objects.filter(meeting="{meeting}", closed_at=None, seen_at__lt=room.ended_at)
rows = Proposal.objects.filter(meeting="{meeting}", final=True)
print(json.dumps({{"settled": not room.uncredited and not unheard.exists(), "ended_at": room.ended_at.isoformat(),
    "after_s": max((r.computed_at - room.ended_at).total_seconds() for r in rows) if rows else None,
    "rows": {{str(r.person_id): [r.credited_seconds, r.raw_seconds, r.eligible_seconds, r.status] for r in rows}}}}))
"""
STALEST = timedelta(seconds=10)  # what a killed web process may cost; docs/architecture.md, "Evidence"
RECKONED = timedelta(seconds=2)  # facts are told in whole seconds
SOMETHING_TO_LOSE = timedelta(seconds=6)


@pytest.fixture
def database() -> Iterator[Postgres]:
    """Commits survive its processes: what synchronous_commit=off would lose is not ours to answer for."""
    with tempfile.TemporaryDirectory(prefix="viop-postgres-") as folder:
        ours = Postgres(Path(folder))
        ours.start()
        yield ours
        ours.stop()


@pytest.fixture
def site(tmp_path: Path, database: Postgres) -> Iterator[Site]:
    """With a broker: what comes round is Celery's to do."""
    with redis() as broker:
        ours = Site(tmp_path, DATABASE_URL=database.url, REDIS_URL=broker)
        ours.prepare()
        ours.start()
        yield ours
        ours.end()


class Background:
    """Celery beside a site, as in production: a beat, and a worker that can be killed and started again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._beat = self._runs("beat", "--schedule", str(site.folder / "beat"), "--pidfile", "")
        self.start()

    def start(self) -> None:
        self._worker = self._runs("worker", "--pool", "solo", "--without-gossip", "--without-mingle")

    def kill(self) -> None:
        self._worker.kill()
        self._worker.wait()

    def stop(self) -> None:
        stop(self._beat)
        stop(self._worker)

    def _runs(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._site.folder / "celery.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "vIOP", *words, "--loglevel", "WARNING"],
                cwd=ROOT,
                env=self._site.env,
                stdout=log,
                stderr=log,
            )


@pytest.fixture
def background(site: Site) -> Iterator[Background]:
    ours = Background(site)
    yield ours
    ours.stop()


async def asked(site: Site, code: str) -> Any:
    return json.loads(await asyncio.to_thread(site.manage, "shell", "-v0", "-c", code))


async def heard_of(site: Site, meeting: str, since: datetime) -> list[str]:
    """The two open connections, once both have been heard of for a while after `since`."""

    async def lines() -> list[list[str]]:
        found: list[list[str]] = await asked(site, LINES.format(meeting=meeting))
        return found

    def long_enough(found: list[list[str]]) -> bool:
        return len(found) == 2 and all(
            datetime.fromisoformat(seen) - max(since, datetime.fromisoformat(opened)) > SOMETHING_TO_LOSE
            for _, opened, seen in found
        )

    return [pk for pk, _, _ in await until(lines, long_enough, "evidence of both", 90)]


async def hears(visitor: Visitor) -> None:
    """From now on: the other's voice. Pictures may be given up on a busy machine; minutes do not depend on them."""
    before = {of["energy"] for of in (await visitor.received()).values()}

    def more(now: dict[str, dict[str, float]]) -> bool:
        return any(of["energy"] > 0 and of["energy"] not in before for of in now.values())

    await until(visitor.received, more, f"{visitor.login.name} hears the other", 60)


def judged(exported: str) -> Numbers:
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
    return {who: (one.credited, one.raw, one.eligible, one.status) for who, one in found.items()}


def run_again(exported: str) -> Numbers:
    """`manage.py credit`, as an auditor would."""
    done = subprocess.run(
        [sys.executable, "manage.py", "credit"],
        cwd=ROOT,
        input=exported,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        who: (row["credited_seconds"], row["raw_seconds"], row["eligible_seconds"], row["status"])
        for who, row in json.loads(done.stdout).items()
    }


@pytest.mark.timeout(900)
async def test_crashes_of_everything_in_one_meeting_credit_what_the_evidence_says(
    site: Site, come: Come, database: Postgres, background: Background, record_property: Any
) -> None:
    group, mina, alice = await talking(site, come)
    meeting = group["id"]
    first = await heard_of(site, meeting, datetime.now(UTC) - timedelta(hours=1))

    await until(lambda: asked(site, AT_WORK.format(meeting=meeting)), bool, "minutes counted by Celery", 60)
    background.kill()
    os.kill(site.media_pid(), signal.SIGKILL)
    await asyncio.gather(hears(mina), hears(alice))
    database.kill()
    await asyncio.gather(hears(mina), hears(alice))  # the call goes on
    database.start()
    background.start()
    assert await heard_of(site, meeting, datetime.now(UTC)) == first, "none of them costs anybody a second"

    site.kill()
    killed = datetime.now(UTC)
    site.start()
    second = await heard_of(site, meeting, killed)
    assert not set(first) & set(second)

    today = alice.page.locator(".own-week strong")
    await expect(today).to_have_text(re.compile("[1-9] minute"), timeout=90_000)  # live, all this while
    if shots := os.environ.get("VIOP_SCREENS"):
        await alice.page.screenshot(path=Path(shots) / "ring-in-the-room.png")
    final_after_s: list[float] = []
    await asyncio.to_thread(
        site.manage, "shell", "-v0", "-c", END.format(email=mina.login.email, meeting=meeting)
    )

    async def proposed() -> Any:
        told = await asked(site, PROPOSALS.format(meeting=meeting))
        if told["rows"]:
            final_after_s.append(told["after_s"])
        return told

    found = await until(proposed, lambda told: told["settled"] and told["rows"], "the final proposals", 120)
    record_property("final_after_s", round(min(final_after_s), 1))
    numbers = {who: tuple(row) for who, row in found["rows"].items()}
    exported = await asyncio.to_thread(site.manage, "credit", "--meeting", meeting)
    assert numbers == run_again(exported)
    who = alice.login.person_id
    assert numbers[who] == judged(exported)[who]
    credited, raw, _, _ = (timedelta(seconds=n) if isinstance(n, int) else n for n in numbers[who])
    came = sorted(
        fact.at
        for fact in case.decode(exported).facts
        if (fact.person, fact.kind, fact.room) == (who, "connected", "main")
    )
    there = datetime.fromisoformat(found["ended_at"]) - came[0]
    outage = next(at for at in came if at > killed) - killed
    assert raw <= there - outage + RECKONED, "an outage is no presence"
    assert raw >= there - outage - STALEST - RECKONED, "a crash costs the age of the last evidence"
    assert raw <= credited <= there
    assert "all chains hold" in await asyncio.to_thread(site.manage, "verify_log")
