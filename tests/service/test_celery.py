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


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_worker_killed_while_crediting_leaves_what_the_evidence_says(cast: Cast, tmp_path: Path) -> None:
    """kill -9 in the middle of its transaction, twice; then one that lives, and the proposals are those of the facts."""
    evening = Evening(cast.group)
    start = clock.now() - timedelta(minutes=3)
    with time_machine.travel(start, tick=False) as then:
        evening.comes(cast.mina, cast.alice)
        evening.lets_in(cast.mina, cast.alice)
        for _ in range(15):
            then.shift(10)
            evening.hears(cast.mina, cast.alice)
    proposals.locked(cast.group.pk)
    beat = celery("beat", "--loglevel", "ERROR", "--schedule", str(tmp_path / "beat"))
    try:
        for _ in range(2):
            worker = celery("worker", "--pool", "solo", "--loglevel", "ERROR")
            try:
                with (
                    transaction.atomic()
                ):  # what it computes waits for this row, in the middle of its transaction
                    Progress.objects.select_for_update().get(pk=cast.group.pk)
                    wait_until(waits_for_a_lock, "the worker to be in the middle of crediting", deadline_s=90)
                    worker.kill()
                    worker.wait()
            finally:
                stop(worker)
            evening.hears(cast.mina, cast.alice)
        evening.does(cast.mina, End())
        worker = celery("worker", "--pool", "solo", "--loglevel", "ERROR")
        try:
            wait_until(
                lambda: Proposal.objects.filter(meeting=cast.group, person=cast.alice, final=True).exists(),
                "the final proposal",
                deadline_s=90,
            )
        finally:
            stop(worker)
    finally:
        stop(beat)
    found = proposals.hear(cast.group)
    expected = found.credits(policy_of(cast.group))[cast.alice.pk]
    row = Proposal.objects.get(meeting=cast.group, person=cast.alice)
    assert (row.credited_seconds, row.raw_seconds) == (expected.credited_seconds, expected.raw_seconds)
    assert Proposal.objects.filter(meeting=cast.group).count() == 2  # Alice, Bruno: nobody twice
