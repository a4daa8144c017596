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
COHORT = 10
ZONE = "America/New_York"


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

    from sessions.attendance.models import Proposal
    from sessions.core.span import Span
    from sessions.people.models import Membership, Person
    from sessions.people.roles import Role
    from sessions.people.service import join
    from sessions.programs.kinds import MeetingKind
    from sessions.programs.models import Cohort, Enrollment, Meeting, Program

    hour = timedelta(hours=1)
    with transaction.atomic():
        program = Program.objects.create(name="Bench", time_zone=ZONE)
        coordinator = Person.objects.create_user("c@example.org", given_name="Carol", family_name="Reyes")
        join(coordinator, program.pk, Role.COORDINATOR)
        people = Person.objects.bulk_create(
            Person(email=f"{n}@example.org", given_name=f"Client {n}", family_name="Bench")
            for n in range(clients)
        )
        Membership.objects.bulk_create(
            Membership(person=person, program=program, role=Role.CLIENT) for person in people
        )
        for first in range(0, clients, COHORT):
            members = people[first : first + COHORT]
            cohort = Cohort.objects.create(program=program, name=f"Track {first}")
            began = (now - timedelta(days=days)).date()
            Enrollment.objects.bulk_create(
                Enrollment(person=person, cohort=cohort, starts_on=began) for person in members
            )
            for day in range(-days, 8):
                start = now + timedelta(days=day)
                if start.weekday() not in (0, 2, 4):
                    continue
                span = Span(start - 3 * hour, start)
                meeting = Meeting(
                    program=program,
                    cohort=cohort,
                    kind=MeetingKind.PROCESS_GROUP,
                    starts_at=span.start,
                    ends_at=span.end,
                )
                meeting.save()
                if day > 0:
                    continue
                Proposal.objects.bulk_create(
                    Proposal(
                        meeting=meeting,
                        person=person,
                        credited_seconds=9000,
                        raw_seconds=9000,
                        bridged_seconds=0,
                        eligible_seconds=10800,
                        status="partial",
                        late=False,
                        spans=[[0, 5400, "present"], [5400, 6000, "gone"], [6000, 9600, "present"]],
                        policy_version="default-1",
                        final=True,
                        computed_at=now,
                    )
                    for person in members
                )
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
