"""A simulated site on real servers: Celery workers and beat, Redis and PostgreSQL, all of its own, all of which
die on the way. `python -m tests.service.aftercare_processes FOLDER ALUMNI DAYS SEED` prints what came of it, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import django

from tests.servers import Postgres, Redis, stop

ROOT: Final = Path(__file__).resolve().parents[2]
APP: Final = "tests.service.simulated_celery"
LETTERS: Final = "VIOP_TEST_LETTERBOX"
CLOCK: Final = "VIOP_TEST_CLOCK"
A_MINUTE_LATER: Final = timedelta(seconds=61)  # what a dead worker held is free
DEADLINE_S: Final = 90.0
WORKERS: Final = ("worker-0", "worker-1")
IN_THE_MIDDLE: Final = 2  # things due at once, so that a fault hits work


class Processes:
    """Keeps the engine of a simulated site going as production does. A management.aftercare_running.Running."""

    def __init__(self, folder: Path) -> None:
        """Starts the database and the broker, and has this process use them."""
        self.faults: Counter[str] = Counter()
        self._folder = folder
        self._beat_again: datetime | None = None
        self._database = Postgres(folder, settings=["deadlock_timeout=100ms"])
        self._database.start()
        self._broker = Redis()
        self._broker.start()
        (folder / "letters").touch()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "vIOP.settings",
            "DATABASE_URL": self._database.url,
            "REDIS_URL": self._broker.url,
            "VIOP_VAR": str(folder / "var"),
            "VIOP_EMAIL_BACKEND": "tests.service.letterbox.Backend",
            "VIOP_SMS_BACKEND": "sessions.management.aftercare_running.Texts",
            "VIOP_LOG_LEVEL": "ERROR",
            LETTERS: str(folder / "letters"),
            CLOCK: str(folder / "clock"),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def starts(self, now: datetime, days: int) -> None:
        """The database has its tables: work may begin. The faults come one after the other, in so many days."""
        faults: list[Callable[[datetime], datetime]] = [
            self._worker_dies,
            self._database_dies,
            self._beat_stops,
            self._worker_dies,
            self._broker_dies,
            self._database_restarts,
            self._all_workers_die,
            self._beat_stops,
            self._database_dies,
            self._worker_dies,
        ]
        apart = timedelta(days=days) / (len(faults) + 1)
        self._to_come = [(now + apart * (n + 1), fault) for n, fault in enumerate(faults)]
        self._now = now
        self._show(now)
        for name in WORKERS:
            self._start_worker(name)
        self._start_beat()

    @property
    def letters(self) -> Counter[str]:
        return Counter((self._folder / "letters").read_text().split())

    def works(self, now: datetime) -> datetime:
        from sessions.aftercare.due_models import Due

        self.rests()
        if self._beat_again is not None:
            if now < self._beat_again:
                self._now = now
                return now
            self._start_beat()
            self._beat_again = None
        waiting = Due.objects.filter(done_at=None, at__lte=now).count()
        if self._to_come and now >= self._to_come[0][0] and waiting >= IN_THE_MIDDLE:
            now = self._to_come.pop(0)[1](now)
        self._now = now
        if self._beat_again is None:
            self._show(now)
        return now

    def rests(self) -> None:
        if self._beat_again is None:
            self._until(self._is_done, "all that is due to be done")

    def settles(self, now: datetime) -> None:
        if self._to_come:
            raise AssertionError(f"{len(self._to_come)} faults have not come about")
        if self._beat_again is not None:
            self._start_beat()
            self._beat_again = None

    def ends(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            stop(process)
        self._broker.kill()
        self._database.stop()

    # Faults. Each returns the time that it is afterwards.

    def _worker_dies(self, now: datetime) -> datetime:
        """kill -9 in the middle of a transaction, while another worker goes on; and a new one in its place."""
        with self._in_the_middle(now) as names:
            name = names[0]
            self._kill(name)
        self.faults["worker killed in the middle"] += 1
        self._start_worker(name)
        return now + A_MINUTE_LATER

    def _all_workers_die(self, now: datetime) -> datetime:
        with self._in_the_middle(now):
            for name in WORKERS:
                self._kill(name)
        self.faults["all workers killed"] += 1
        for name in WORKERS:
            self._start_worker(name)
        return now + A_MINUTE_LATER

    def _database_dies(self, now: datetime) -> datetime:
        """kill -9 of the server while a worker is in the middle of a transaction; it recovers from its log."""
        from django.db import DatabaseError, InterfaceError, connection

        with contextlib.suppress(DatabaseError, InterfaceError), self._in_the_middle(now):
            self._database.kill()
        connection.close()
        self._database.start()
        self.faults["database killed"] += 1
        return now + A_MINUTE_LATER

    def _database_restarts(self, now: datetime) -> datetime:
        """As an operator restarts it: whoever is connected is thrown out."""
        from django.db import DatabaseError, InterfaceError, connection

        with contextlib.suppress(DatabaseError, InterfaceError), self._in_the_middle(now):
            self._database.shut_down()
        connection.close()
        self._database.start()
        self.faults["database restarted"] += 1
        return now + A_MINUTE_LATER

    def _broker_dies(self, now: datetime) -> datetime:
        """All that was asked for is forgotten."""
        self._broker.kill()
        self._broker.start()
        self.faults["broker killed"] += 1
        return now

    def _beat_stops(self, now: datetime) -> datetime:
        """Nobody asks for anything for hours, while people go on answering and calling."""
        self._kill("beat")
        self.faults["beat stopped"] += 1
        self._beat_again = now + timedelta(hours=8 if self.faults["beat stopped"] == 1 else 26)
        return now

    @contextlib.contextmanager
    def _in_the_middle(self, now: datetime) -> Iterator[list[str]]:
        """Workers that are in the middle of a transaction: they wait for the lock of a course that we hold."""
        from django.db import transaction

        from sessions.aftercare import journal
        from sessions.aftercare.due_models import Due

        with transaction.atomic():
            for course in Due.objects.filter(done_at=None, at__lte=now).values_list("course", flat=True):
                journal.locked_course(course)
            self._show(now)
            self._until(lambda: self._who_waits() != [], "a worker to be in the middle of its work")
            yield self._who_waits()

    def _who_waits(self) -> list[str]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of the activity
            cursor.execute(
                "SELECT DISTINCT application_name FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND application_name LIKE 'worker-%'"
            )
            return [str(name) for (name,) in cursor.fetchall()]

    # Processes.

    def _start_worker(self, name: str) -> None:
        words = ("worker", "--pool", "solo", "--without-gossip", "--without-mingle", "--hostname", name)
        self._start(name, *words, url=f"{self._database.url}?application_name={name}")

    def _start_beat(self) -> None:
        self._start("beat", "beat", "--schedule", str(self._folder / "schedule"), "--pidfile", "")

    def _start(self, name: str, *words: str, url: str = "") -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", APP, *words, "--loglevel", "WARNING"],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": url or self._database.url},
                stdout=log,
                stderr=log,
            )

    def _kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()

    def _show(self, now: datetime) -> None:
        from tests.service import simulated_celery

        simulated_celery.show(now)

    def _is_done(self) -> bool:
        """Nothing is due or in anybody's hand: neither in the due table nor in the outbox."""
        from sessions.aftercare import due
        from sessions.aftercare.due_models import Due
        from sessions.messages import timing
        from sessions.messages.models import Message, MessageState

        soon = self._now + due.LEASE  # what is leased for longer failed, and waits
        if Due.objects.filter(done_at=None, at__lte=self._now, leased_until__lte=soon).exists():
            return False
        waiting = Message.objects.filter(state=MessageState.QUEUED, send_at__lte=self._now)
        return not waiting.exclude(claimed_until__gt=self._now + timing.LEASE).exists()

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        """Raises TimeoutError."""
        end = time.monotonic() + DEADLINE_S
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.02)  # the poll itself


def main(folder: Path, alumni: int, days: int, seed: int) -> None:
    running = Processes(folder)
    try:
        django.setup()
        from django.core.management import call_command

        from sessions.management.aftercare_site import BEGINS, Site

        call_command("migrate", verbosity=0)
        running.starts(BEGINS, days)
        states = Site(alumni, days, seed, running).play()
        print(
            json.dumps({"calls": states, "faults": running.faults, "letters": sum(running.letters.values())})
        )
    finally:
        running.ends()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
