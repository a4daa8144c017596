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
from django.db import connection

from sessions.core import clock
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
