"""What aftercare costs at the size of a large operator: `python -m tests.bench.aftercare [ALUMNI]` prints medians.

The due scan with a thousand and with ALUMNI (100,000) alumni planned, and how many reminders one worker brings from the due
table through the outbox to a mail server that drops them. On SQLite in a folder of its own, or on DATABASE_URL.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta

ROUNDS = 15
REMINDERS = 400
STEPS_EACH = 3
LONG = 10_000  # PostgreSQL reads a few pages of a short table as soon as its index


def main(alumni: int) -> None:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "ERROR"
        os.environ["VIOP_EMAIL_BACKEND"] = "django.core.mail.backends.dummy.EmailBackend"
        os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        if connection.vendor != "sqlite":
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
        else:
            call_command("migrate", verbosity=0)
        _measure(alumni)


def _measure(alumni: int) -> None:
    from sessions.aftercare import due, engine
    from sessions.core import clock
    from sessions.messages import service as outbox

    now = clock.now()
    with clock.held_at(now):
        course, rows = _site(now)
    print("alumni planned, ms for a scan that finds 50 of them due")
    planned = 0
    for wanted in (1_000, alumni):
        _plan(course, planned, wanted, now)
        planned = wanted
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            found = len(list(due.scan(now, 50)))
            times.append((time.perf_counter() - start) * 1000)
        print(
            f"{wanted:>8} {statistics.median(times):.2f} ({found} found), {_how(due.scan(now, 50), wanted)}"
        )
    _void(course)
    _remind(rows, now)
    outbox.link("alive")  # the addresses of all pages are read once, not by the first reminder
    with clock.held_at(now):
        queued = _Spent()
        done = engine.run(now, most=10_000)
        queued.over()
        sending, sent = _Spent(), 0
        while more := _sent(outbox, now):
            sent += more
        sending.over()
    print(f"{done} reminders from the due table into the outbox: {queued.rate(done)}")
    print(f"{sent} from the outbox to a mail server that drops them: {sending.rate(sent)}")


def _how(scan, alumni: int) -> str:  # type: ignore[no-untyped-def]
    """How the database reads it. Raises AssertionError unless by the index, of a long table by the index alone."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE iop_due")  # as autovacuum does
    plan = scan.explain()
    alone = "COVERING INDEX due_open" if connection.vendor == "sqlite" else "Index Only Scan using due_open"
    if alone in plan:
        return alone
    if alumni > LONG or "due_open" not in plan:
        raise AssertionError(plan)
    return "by due_open"


class _Spent:
    """Seconds by the clock, and of this process's own work: on a machine that others use, the second tells more."""

    def __init__(self) -> None:
        self.wall_s, self.cpu_s = -time.perf_counter(), -time.process_time()

    def over(self) -> None:
        self.wall_s += time.perf_counter()
        self.cpu_s += time.process_time()

    def rate(self, count: int) -> str:
        return f"{count / self.wall_s:.0f}/s by the clock, {count / self.cpu_s:.0f} per second of CPU"


def _sent(outbox, now: datetime) -> int:  # type: ignore[no-untyped-def]
    from sessions.messages.models import Message, MessageState

    before = Message.objects.filter(state=MessageState.SENT).count()
    outbox.send_due(now)
    return Message.objects.filter(state=MessageState.SENT).count() - before


def _site(now: datetime):  # type: ignore[no-untyped-def]
    """One programme; REMINDERS alumni with a call in 23 hours each."""
    from sessions.aftercare import beginning
    from sessions.aftercare.models import AftercareCourse, CheckIn
    from sessions.consents import service as consents
    from sessions.consents.purposes import Purpose, Scope
    from sessions.messages.models import Channel, ChannelConsent
    from sessions.people.models import Membership, Person
    from sessions.people.roles import Role
    from sessions.people.service import join
    from sessions.programs.clients import client_file
    from sessions.programs.models import Program

    program = Program.objects.create(name="Bench", time_zone="UTC")
    carol = Person.objects.create_user("c@example.org", given_name="Carol", time_zone="UTC")
    join(carol, program.pk, Role.COORDINATOR)
    people = Person.objects.bulk_create(
        Person(email=f"{n}@example.org", given_name=f"Alumnus {n}", time_zone=_awake(now))
        for n in range(REMINDERS)
    )
    Membership.objects.bulk_create(
        Membership(person=one, program=program, role=Role.ALUMNUS) for one in people
    )
    ChannelConsent.objects.bulk_create(
        ChannelConsent(person=one, channel=Channel.EMAIL, how="bench") for one in people
    )
    rows = []
    for one in people:
        file = client_file(program.pk, one.pk)
        offer = consents.Offer(
            Purpose.AFTERCARE,
            consents.program_recipient(file),
            [Scope.CALLS],
            now.date() + timedelta(days=700),
        )
        paper = consents.offer(carol, file, offer)
        consents.sign(one, paper, typed_name=one.name, sha256=paper.sha256, agreed=True)
        course = beginning.propose(program.pk, one, now.date())
        AftercareCourse.objects.filter(pk=course.pk).update(state="active")
        rows.append(
            CheckIn(
                program=program,
                course=course,
                number=1,
                state="scheduled",
                nominal_on=now.date(),
                due_on=now.date(),
                starts_at=now + timedelta(hours=23),
                caller=carol,
                booking=1,
            )
        )
    CheckIn.objects.bulk_create(rows)
    return course, rows


def _awake(now: datetime) -> str:
    """A zone in which it is noon, so that nobody sleeps through the bench."""
    offset = 12 - now.hour
    return "UTC" if not offset else f"Etc/GMT{-offset:+d}"


def _plan(course, start: int, end: int, now: datetime) -> None:  # type: ignore[no-untyped-def]
    from sessions.aftercare.due_models import Due

    rows = [
        Due(
            key=f"bench:{n}:{step}",
            step="roll",
            course=course,
            at=now - timedelta(minutes=1) if n < 50 and not step else now + timedelta(minutes=n % 50_000 + 1),
            done_at=now if step == 2 else None,
        )
        for n in range(start, end)
        for step in range(STEPS_EACH)
    ]
    Due.objects.bulk_create(rows, batch_size=5_000)


def _void(course) -> None:  # type: ignore[no-untyped-def]
    from sessions.aftercare.due_models import Due

    Due.objects.filter(key__startswith="bench:", at__lte=course.created_at).update(done_at=course.created_at)


def _remind(rows, now: datetime) -> None:  # type: ignore[no-untyped-def]
    from sessions.aftercare.due_models import Due

    Due.objects.bulk_create(
        Due(key=f"remind-email:{row.pk}:1", step="remind-email", course=row.course, check_in=row, at=now)
        for row in rows
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
