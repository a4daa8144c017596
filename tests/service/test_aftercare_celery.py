"""Aftercare's engine as it runs in production, on real Celery processes, PostgreSQL and a Redis of its own: whatever is
killed, each reminder reaches the mail server once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import redis
from django.db import connection
from kombu import Connection
from kombu.exceptions import OperationalError

from sessions.aftercare import beginning, due, engine
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.core import clock
from sessions.management.demo_aftercare import where_it_is_day
from sessions.messages import consents as channels
from sessions.messages.models import Channel, Message, MessageState
from sessions.programs.calendar_models import ScheduleChange
from tests.cast import Cast, assemble
from tests.servers import Redis, stop, wait_until
from tests.service import letterbox
from tests.service.aftercare import agrees
from tests.service.test_celery import ROOT
from vIOP.celery import app

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.several_processes]

RESTARTS = 20


class Site:
    """A worker, a beat, their broker, and alumni whose reminders fall due all the while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.letters = folder / "letters"
        self.letters.touch()
        self.broker = Redis()
        self.broker.start()
        url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
        self.env = {
            **os.environ,
            "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
            "REDIS_URL": self.broker.url,
            "VIOP_EMAIL_BACKEND": "tests.service.letterbox.Backend",
            letterbox.PATH: str(self.letters),
        }
        self.worker = self.starts("worker", "--pool", "solo", "--without-gossip", "--without-mingle")
        self.beat = self.starts_beat()

    def starts(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / words[0]).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "vIOP", *words, "--loglevel", "WARNING"],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
            )

    def starts_beat(self) -> subprocess.Popen[bytes]:
        return self.starts("beat", "--schedule", str(self.folder / "schedule"), "--pidfile", "")

    def worker_dies(self) -> None:
        """kill -9, and another one in its place; a minute later, when what the dead one held is free."""
        self.worker.kill()
        self.worker.wait()
        now = clock.now()
        Due.objects.filter(done_at=None, leased_until__gt=now).update(leased_until=now)
        Message.objects.filter(state=MessageState.QUEUED).update(claimed_until=None)
        self.worker = self.starts("worker", "--pool", "solo", "--without-gossip", "--without-mingle")

    def beat_dies(self) -> None:
        self.beat.kill()
        self.beat.wait()
        self.beat = self.starts_beat()

    def took(self, load: Load, since: int) -> bool:
        """Whether the worker took something of what was asked for since then."""
        asked = load.asked - since
        with redis.Redis(port=self.broker.port, socket_connect_timeout=1) as broker:
            return asked > int(broker.llen("celery")) + 1

    def sent(self) -> Counter[str]:
        """How often each e-mail was handed over."""
        return Counter(self.letters.read_text().split())

    def ends(self) -> None:
        stop(self.beat)
        stop(self.worker)
        self.broker.kill()


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def site(cast: Cast, tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    yield found
    found.ends()


def reminders(cast: Cast, count: int, apart: timedelta) -> list[CheckIn]:
    """So many calls tomorrow, whose reminders fall due one after the other, from now on. Nothing else is to be
    said: that the cast has meetings is told already.
    """
    now = clock.now()
    ScheduleChange.objects.update(told_at=now)
    cast.ada.time_zone = where_it_is_day(now)
    cast.ada.save()
    agrees(cast, cast.ada)
    channels.give(cast.ada, Channel.EMAIL)
    course = beginning.propose(cast.north.pk, cast.ada, now.date())
    AftercareCourse.objects.filter(pk=course.pk).update(state="active")
    rows = CheckIn.objects.bulk_create(
        CheckIn(
            program=cast.north,
            course=course,
            number=n + 1,
            state=Call.SCHEDULED.value,
            nominal_on=now.date() + timedelta(days=n),
            due_on=now.date() + timedelta(days=n),
            starts_at=now + timedelta(hours=23),
            caller=cast.mina,
            booking=1,
        )
        for n in range(count)
    )
    Due.objects.bulk_create(
        Due(
            key=f"{Step.REMIND_EMAIL}:{row.pk}:1",
            step=Step.REMIND_EMAIL,
            course=course,
            check_in=row,
            at=now + n * apart,
        )
        for n, row in enumerate(rows)
    )
    return rows


class Load:
    """Asks for rounds of the engine and of the outbox, many times as often as beat does."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.asked = 0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.3):
            for task in ("sessions.tasks.run_aftercare", "sessions.tasks.send_messages"):
                try:
                    with Connection(self._broker, connect_timeout=1) as line:
                        app.send_task(task, connection=line, retry=False)
                    self.asked += 1
                except (OperationalError, redis.ConnectionError, OSError):
                    break  # the broker is gone at the moment: that is what this is about


def done() -> int:
    return Due.objects.exclude(done_at=None).count()


def more_than(before: int) -> bool:
    return done() > before


def everything_is_done() -> bool:
    waiting = Due.objects.filter(done_at=None, at__lte=clock.now()).exists()
    return not waiting and not Message.objects.filter(state=MessageState.QUEUED).exists()


@pytest.mark.timeout(300)
def test_twenty_restarts_of_redis_under_load_lose_and_double_nothing(site: Site, cast: Cast) -> None:
    """Redis carries the word "look now" and nothing else: a broker that forgets everything costs a moment."""
    rows = reminders(cast, 60, timedelta(milliseconds=600))
    with Load(site.broker.url) as load:
        for _ in range(RESTARTS):
            taken = partial(site.took, load, load.asked)
            wait_until(taken, "the worker to take what this broker was given", 60)
            site.broker.kill()
            site.broker.start()
        wait_until(lambda: Due.objects.filter(done_at=None).count() == 0, "all that is due to be done", 120)
        wait_until(everything_is_done, "the outbox to be empty", 120)
    assert Counter(Message.objects.values_list("state", flat=True)) == {MessageState.SENT: len(rows)}
    assert Counter(site.sent().values()) == {1: len(rows)}
    assert Due.objects.exclude(outcome="queued").count() == 0
    assert not engine.health(clock.now()).stands_still(clock.now())


@pytest.mark.timeout(300)
def test_workers_and_a_beat_killed_under_load_lose_and_double_nothing(site: Site, cast: Cast) -> None:
    """kill -9 wherever they are. A letter whose answer was never heard counts as perhaps sent, never as not sent."""
    rows = reminders(cast, 60, timedelta(milliseconds=250))
    with Load(site.broker.url):
        for death in (site.worker_dies, site.beat_dies, site.worker_dies, site.worker_dies):
            wait_until(partial(more_than, done()), "the engine to go on", 90)
            death()
        wait_until(lambda: Due.objects.filter(done_at=None).count() == 0, "all that is due to be done", 120)
        wait_until(everything_is_done, "the outbox to be empty", 120)
    states = Counter(Message.objects.values_list("state", flat=True))
    assert sum(states.values()) == len(rows)
    assert states.keys() <= {MessageState.SENT, MessageState.UNSURE}
    assert states[MessageState.UNSURE] <= 3  # at most the one that each dead worker had in hand
    sent = site.sent()
    assert set(sent.values()) == {1}
    assert states[MessageState.SENT] <= len(sent) <= len(rows)
    assert due.oldest(clock.now()) is None
