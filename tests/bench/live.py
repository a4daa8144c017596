"""The live proposal on day 1 and on day 90: `python -m tests.bench.live [DAYS]` prints medians.

One group of ten and its facilitator, three evenings of three hours a week, lived through on SQLite in a folder of its
own. Measured on the first and on the last evening: the beat that brings everybody's proposal up to date, ten seconds
of new evidence after the one before it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine

CLIENTS, BEATS = 10, 30
EVENING = datetime(2026, 3, 2, 23, tzinfo=UTC)
STEP = timedelta(seconds=10)


def main(days: int) -> None:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "ERROR"
        os.environ.pop("DATABASE_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
        import django

        django.setup()
        _measure(days)


def _measure(days: int) -> None:
    from django.core.management import call_command

    from sessions.attendance.models import Proposal
    from sessions.core.span import Span
    from sessions.people.models import Person
    from sessions.people.roles import Role
    from sessions.people.service import join
    from sessions.programs.kinds import MeetingKind
    from sessions.programs.models import Cohort, Program
    from sessions.programs.service import enroll, schedule
    from sessions.room.models import RoomFact

    call_command("migrate", verbosity=0)
    with time_machine.travel(EVENING - timedelta(days=1), tick=False) as traveller:
        program = Program.objects.create(name="Bench", time_zone="America/New_York")
        cohort = Cohort.objects.create(program=program, name="Evening")
        people = [
            Person.objects.create_user(f"{n}@example.org", given_name=f"P{n}") for n in range(CLIENTS + 1)
        ]
        mina, clients = people[0], people[1:]
        join(mina, program.pk, Role.FACILITATOR)
        for person in clients:
            join(person, program.pk, Role.CLIENT)
            enroll(person, cohort, starts_on=(EVENING - timedelta(days=2)).date())
        evenings = [EVENING + timedelta(days=day) for day in range(days) if day % 7 in (0, 2, 4)]
        for number, start in enumerate(evenings, start=1):
            traveller.move_to(start)
            meeting = schedule(
                program,
                MeetingKind.PROCESS_GROUP,
                Span(start, start + timedelta(hours=3)),
                facilitators=[mina],
                cohort=cohort,
            )
            first_or_last = number in (1, len(evenings))
            taken = _live_through(meeting, mina, clients, traveller, BEATS if first_or_last else 2)
            if first_or_last:
                day = (start - EVENING).days + 1
                kept = f"{RoomFact.objects.count()} facts and {Proposal.objects.count()} proposals kept"
                print(f"day {day:>2}: {statistics.median(taken):.1f} ms of CPU a beat; {kept}")


def _live_through(meeting, mina, clients, traveller, beats: int) -> list[float]:  # type: ignore[no-untyped-def]
    from sessions import tasks
    from sessions.room.commands import End
    from tests.service.room import Evening

    evening = Evening(meeting)
    evening.comes(mina, *clients)
    evening.lets_in(mina, *clients)
    taken = []
    for _ in range(beats):
        traveller.shift(STEP)
        evening.hears(mina, *clients)
        taken.append(_cpu_ms(tasks.credit_meetings))
    evening.does(mina, End())
    for person in (mina, *clients):
        evening.loses(person, clean=True)
    tasks.credit_meetings()
    return taken


def _cpu_ms(act: Callable[[], object]) -> float:
    """Processor time does not depend on what else the machine does."""
    begun = time.process_time()
    act()
    return (time.process_time() - begun) * 1000


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2] or ["91"]))
