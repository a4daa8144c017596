"""The engine: each due thing once, by whichever process, whatever dies; and what it costs to look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sessions.aftercare import due, engine, journal
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due, EngineBeat
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareFact, CheckIn
from sessions.core import clock
from sessions.management.aftercare_running import InThisProcess, Killed
from sessions.management.aftercare_site import Site
from sessions.messages.models import Message
from tests.cast import MORNING, assemble
from tests.servers import wait_until
from tests.service.aftercare import HOUR, Aftercare
from vIOP.celery import BEAT

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Iterator[Aftercare]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        found = Aftercare(assemble(), traveller)
        found.begins()
        yield found


def plan_of_scan() -> str:
    """How the database reads what is due."""
    with CaptureQueriesContext(connection) as queries:
        list(due.scan(clock.now(), 50))
    sql = queries.captured_queries[-1]["sql"]
    with connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_the_scan_reads_the_index_alone(ada: Aftercare) -> None:
    now = clock.now()
    Due.objects.bulk_create(
        Due(
            key=f"x:{n}",
            step=Step.ROLL,
            course=ada.course,
            at=now + timedelta(hours=n),
            done_at=now if n % 3 else None,
        )
        for n in range(2000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE iop_due")
            cursor.execute("SET enable_seqscan = off")  # two thousand rows are read faster than any index
    plan = plan_of_scan()
    assert "due_open" in plan
    assert ("COVERING INDEX" if connection.vendor == "sqlite" else "Index Only Scan") in plan


def test_what_one_worker_holds_another_does_not_get(ada: Aftercare) -> None:
    now = clock.now()
    Due.objects.bulk_create(Due(key=f"x:{n}", step=Step.RESUME, course=ada.course, at=now) for n in range(10))
    first, second, rest = due.claim(now, 4), due.claim(now, 4), due.claim(now, 50)
    assert len(first) == len(second) == 4
    assert len({*first, *second, *rest}) == len(first) + len(second) + len(rest)
    assert due.claim(now, 50) == []
    # Whoever held them died.
    assert set(due.claim(now + due.LEASE, 50)) == {*first, *second, *rest}


@pytest.mark.parametrize("where", ["claimed", "before-commit", "after-commit"])
def test_a_worker_killed_anywhere_leaves_one_effect(ada: Aftercare, where: str) -> None:
    def die(point: str) -> None:
        if point == where:
            raise Killed

    now = clock.now()
    with pytest.raises(Killed):
        engine.run(now, at=die)
    for later in (now, now + due.LEASE, now + due.LEASE):
        engine.run(later)
    row = ada.upcoming()
    assert row.booking == 1
    assert Message.objects.filter(about=row.pk).count() == 1
    assert AftercareFact.objects.filter(check_in=row, event="offered").count() == 1


def test_the_same_thing_is_put_down_once_also_after_it_was_done(ada: Aftercare) -> None:
    for _ in range(3):
        due.put(Step.RESUME, "once", clock.now(), ada.course)
        engine.run(clock.now())
    assert Due.objects.filter(key="resume:once").count() == 1


def test_what_fails_waits_longer_each_time_and_holds_up_nobody(ada: Aftercare) -> None:
    now = clock.now()
    broken = Due.objects.create(
        key="broken", step=Step.OFFER, course=ada.course, at=now - HOUR
    )  # an offer of no call
    engine.run(now)
    assert Due.objects.filter(step=Step.OFFER, done_at__isnull=False).exists()
    waits = []
    for _ in range(4):
        broken.refresh_from_db()
        waits.append(broken.leased_until - now)
        now = broken.leased_until
        engine.run(now)
    assert waits == sorted(waits)
    assert broken.done_at is None


def test_the_engines_clock_is_seen_to_go(ada: Aftercare) -> None:
    now = clock.now()
    assert engine.health(now).stands_still(now)
    engine.run(now)
    assert not engine.health(now).stands_still(now)
    later = now + timedelta(minutes=4)
    assert engine.health(later).stands_still(later)
    assert EngineBeat.objects.get().done >= 1


def test_both_clocks_run_the_same_table() -> None:
    assert BEAT["run-aftercare"]["task"] == "sessions.tasks.run_aftercare"


@pytest.mark.several_processes
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_do_each_thing_once() -> None:
    with time_machine.travel(MORNING, tick=False) as traveller:
        ada = Aftercare(assemble(), traveller)
        ada.begins()
        now = clock.now()

        def work() -> None:
            engine.run(now)
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [row.booking for row in CheckIn.objects.filter(state=Call.SCHEDULED.value)] == [1]
        assert AftercareFact.objects.filter(event="offered").count() == 1


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of the activity
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.several_processes
@pytest.mark.django_db(transaction=True)
def test_a_caller_and_the_engine_at_one_call_wait_in_one_order(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever acts has the course and then what is due about it: none ever holds what the other needs next."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        ada = Aftercare(assemble(), traveller)
        ada.begins()
        row = ada.comes_due()
        overdue = Due.objects.get(check_in=row, step=Step.OVERDUE, done_at=None)
        now = overdue.at
        traveller.move_to(now, tick=False)

        def work() -> None:
            engine.run(now)
            connection.close()

        with transaction.atomic():
            journal.locked(row.pk)
            worker = threading.Thread(target=work)
            worker.start()
            wait_until(somebody_waits_for_a_lock, "the engine to stand before the course")
            due.void(row, now)
        worker.join()
        overdue.refresh_from_db()
        assert overdue.outcome == "void"
        assert caplog.messages == []  # nothing failed: PostgreSQL ends a deadlock by failing one of the two


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [7])
def test_a_site_loses_and_doubles_nothing_whatever_dies(seed: int) -> None:
    """`manage.py simulate_aftercare`, small: its own checks raise."""
    running = InThisProcess(seed, kills=0.02)
    states = Site(5, 35, seed, running).play()
    assert states["completed"] > 5
    assert running.faults["worker killed"] > 0
    assert running.faults["database lost"] > 0
    assert running.letters
