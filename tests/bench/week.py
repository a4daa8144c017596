"""The week board at the size of a large programme: `python -m tests.bench.week [CLIENTS] [DAYS]` prints medians.

1,000 clients in 100 cohorts, 90 days of proposals behind them, three evenings a week, on SQLite in a folder of
its own. Prints the time of the board's numbers and of the whole page, and how many queries each takes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta

ROUNDS = 9


def main(clients: int, days: int) -> None:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "ERROR"
        os.environ.pop("DATABASE_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
        import django

        django.setup()
        _measure(clients, days)


def _measure(clients: int, days: int) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from sessions.attendance import week_service
    from sessions.core import clock

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    now = clock.now()
    coordinator, program = _people(clients, days, now)
    browser = Client()
    browser.force_login(coordinator)
    with CaptureQueriesContext(connection) as queries:
        found = week_service.board(coordinator, program, now)
    print(f"{len(found.lines)} clients, {days} days of history")
    print(f"queries: {len(queries)} for the numbers", end="")
    with CaptureQueriesContext(connection) as queries:
        browser.get("/week/")
    print(f", {len(queries)} for the page")
    _print("numbers", lambda: week_service.board(coordinator, program, now))
    _print("page", lambda: browser.get("/week/"))


def _people(clients: int, days: int, now: datetime):  # type: ignore[no-untyped-def]
    from django.db import transaction

    from sessions.people.roles import Role
    from sessions.programs.models import Cohort, Enrollment, Program
    from tests.bench import history

    with transaction.atomic():
        program = Program.objects.create(name="Bench", time_zone=history.ZONE)
        (coordinator,) = history.people(program, "carol", 1, Role.COORDINATOR)
        people = history.people(program, "client", clients, Role.CLIENT)
        for first in range(0, clients, history.COHORT):
            members = people[first : first + history.COHORT]
            cohort = Cohort.objects.create(program=program, name=f"Track {first}")
            began = (now - timedelta(days=days)).date()
            Enrollment.objects.bulk_create(
                Enrollment(person=person, cohort=cohort, starts_on=began) for person in members
            )
            for day in range(-days, 8):
                end = now + timedelta(days=day)
                if end.weekday() not in (0, 2, 4):
                    continue
                meeting = history.held(program, cohort, end - timedelta(hours=3))
                if day <= 0:
                    history.proposals(meeting, members, now)
    return coordinator, program


def _print(name: str, act: Callable[[], object]) -> None:
    """Processor time does not depend on what else the machine does; the clock's time does."""
    cpu, wall = [], []
    for _ in range(ROUNDS):
        begun = time.process_time(), time.perf_counter()
        act()
        cpu.append((time.process_time() - begun[0]) * 1000)
        wall.append((time.perf_counter() - begun[1]) * 1000)
    print(f"{name}: {statistics.median(cpu):.0f} ms of CPU, {statistics.median(wall):.0f} ms by the clock")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    main(*given, *(1000, 90)[len(given) :])
