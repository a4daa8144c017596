"""The beat table run by real Celery processes over Redis, on the database that everybody else uses."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction

from sessions.attendance import proposals
from sessions.attendance.models import Progress, Proposal
from sessions.attendance.policies import policy_of
from sessions.core import clock
from sessions.programs.models import Meeting
from sessions.room.commands import End
from sessions.room.models import Connection
from tests.cast import Cast
from tests.servers import stop, wait_until
from tests.service.room import Evening

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.several_processes]

ROOT = Path(__file__).resolve().parents[2]


def celery(*words: str) -> subprocess.Popen[bytes]:
    """`celery -A vIOP …` on the test database."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    test_url = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "vIOP", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": test_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_worker_and_beat_close_a_silent_connection_at_its_last_evidence(cast: Cast, tmp_path: Path) -> None:
    assert settings.REDIS_URL
    evening = Evening(cast.group)
    with time_machine.travel(clock.now() - timedelta(minutes=5), tick=False):
        silent = evening.connects(cast.alice)
    last_heard = Connection.objects.get(pk=silent).seen_at
    worker = celery("worker", "--pool", "solo", "--loglevel", "ERROR")
    beat = celery("beat", "--loglevel", "ERROR", "--schedule", str(tmp_path / "beat"))
    try:
        wait_until(
            lambda: Connection.objects.filter(pk=silent, closed_at__isnull=False).exists(),
            "the sweep by Celery",
            deadline_s=90,
        )
    finally:
        stop(beat)
        stop(worker)
    assert Connection.objects.get(pk=silent).closed_at == last_heard


def writes_proposals() -> bool:
    """Whether a worker has written how far it read, and waits with what it computed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of the activity
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE %s",
            [f'INSERT INTO "{Proposal._meta.db_table}"%'],
        )
        return bool(cursor.fetchone()[0])


def kept(meeting: Meeting) -> tuple[object, ...]:
    """How far attendance has read, and what it made of it."""
    progress = Progress.objects.values_list("seq", "computed_at", "evidence_at").get(pk=meeting.pk)
    rows = Proposal.objects.filter(meeting=meeting).order_by("person")
    return progress, *rows.values_list("person_id", "credited_seconds", "raw_seconds", "final", "computed_at")


@pytest.mark.timeout(600)
def test_a_worker_killed_while_crediting_leaves_what_the_evidence_says(cast: Cast, tmp_path: Path) -> None:
    """kill -9 after it wrote a part of its transaction: nothing of it stays, and the next worker does it all."""
    evening = Evening(cast.group)
    with time_machine.travel(clock.now() - timedelta(minutes=3), tick=False) as then:
        evening.comes(cast.mina, cast.alice)
        evening.lets_in(cast.mina, cast.alice)
        proposals.compute(cast.group.pk)
        for _ in range(15):
            then.shift(10)
            evening.hears(cast.mina, cast.alice)
        evening.does(cast.mina, End())
    before = kept(cast.group)
    beat = celery("beat", "--loglevel", "ERROR", "--schedule", str(tmp_path / "beat"))
    worker = celery("worker", "--pool", "solo", "--loglevel", "ERROR")
    try:
        with transaction.atomic():
            list(Proposal.objects.select_for_update().filter(meeting=cast.group))
            wait_until(writes_proposals, "a worker in the middle of crediting", deadline_s=120)
            worker.kill()
            worker.wait()
        assert kept(cast.group) == before
        worker = celery("worker", "--pool", "solo", "--loglevel", "ERROR")
        wait_until(
            lambda: Proposal.objects.filter(meeting=cast.group, person=cast.alice, final=True).exists(),
            "the final proposal",
            deadline_s=120,
        )
    finally:
        stop(beat)
        stop(worker)
    expected = proposals.hear(cast.group).credits(policy_of(cast.group))[cast.alice.pk]
    row = Proposal.objects.get(meeting=cast.group, person=cast.alice)
    assert (row.credited_seconds, row.raw_seconds) == (expected.credited_seconds, expected.raw_seconds)
    assert row.raw_seconds == 150
    assert Proposal.objects.filter(meeting=cast.group).count() == 2  # Alice, Bruno: nobody twice
