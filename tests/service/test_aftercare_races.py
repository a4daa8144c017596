"""Two processes want the same time of one caller, and two callers the same call: one gets it, always."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
from typing import Any

import pytest
import time_machine
from django.db import connection

from sessions.aftercare import appointment, beginning, engine, escalation, journal, plans, policies
from sessions.aftercare.hours_models import BookedCell
from sessions.aftercare.machine import Call
from sessions.aftercare.models import CheckIn
from sessions.core import clock
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from tests.cast import MORNING, Cast, assemble
from tests.service.aftercare import agrees, office_hours
from tests.service.test_celery import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.several_processes]

PAIRS = 6


def offered(cast: Cast, count: int) -> list[CheckIn]:
    """So many alumni, each with a call at a time of Mina's, who is the only one that calls."""
    office_hours(cast, cast.mina)
    phases = policies.policy_of(cast.north.pk).phases
    for n in range(count):
        person = Person.objects.create_user(
            f"a{n}@example.org", given_name=f"A{n}", phone=f"+1 212 555 {n:04}"
        )
        join(person, cast.north.pk, Role.ALUMNUS)
        agrees(cast, person)
        course = beginning.propose(cast.north.pk, person, clock.now().date())
        values = plans.PlanValues(phases=phases, channel="telephone")
        beginning.sign(cast.carol, course, values, typed_name="Carol Reyes", caller=cast.mina)
    engine.run(clock.now())
    engine.run(clock.now())
    rows = CheckIn.objects.filter(state=Call.SCHEDULED.value).order_by("starts_at")
    found = [journal.check_in_of(pk) for pk in rows.values_list("pk", flat=True)]
    assert len(found) == count
    return found


def racer(asked: dict[str, Any]) -> subprocess.Popen[str]:
    """A process that knows what it wants, and waits for a word."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    test_url = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.aftercare_racer"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": test_url, "DJANGO_SETTINGS_MODULE": "vIOP.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    says(process, json.dumps(asked))
    return process


def says(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def hears(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def race(*wishes: dict[str, Any]) -> list[dict[str, list[bool]]]:
    """What each got of what it wished, when all begin at the same moment."""
    processes = [racer(wish) for wish in wishes]
    try:
        assert [hears(process) for process in processes] == ["ready\n"] * len(processes)
        for process in processes:
            says(process, "go")
        return [json.loads(hears(process)) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_of_two_who_want_one_thing_one_gets_it() -> None:
    """Two alumni the same time of their caller; two callers the same person to call."""
    with time_machine.travel(MORNING, tick=False):
        cast, now = assemble(), clock.now()
        rows = offered(cast, 3 * PAIRS)
        ones, others, fallen = rows[:PAIRS], rows[PAIRS : 2 * PAIRS], rows[2 * PAIRS :]
        free = [{slot.starts_at for slot in appointment.choices(row, now)} for row in (*ones, *others)]
        times = sorted(set.intersection(*free))[:PAIRS]
        assert len(times) == PAIRS
        for row in fallen:
            escalation.fall_due(row, now)

    def wish(movers: list[CheckIn], actor: Person) -> dict[str, Any]:
        moves = [(str(row.pk), at.isoformat()) for row, at in zip(movers, times, strict=True)]
        takes = [str(row.pk) for row in fallen]
        return {"now": now.isoformat(), "actor": str(actor.pk), "moves": moves, "takes": takes}

    one, other = race(wish(ones, cast.mina), wish(others, cast.theo))
    for got in ("moved", "taken"):
        assert [mine is not theirs for mine, theirs in zip(one[got], other[got], strict=True)] == [
            True
        ] * PAIRS
    assert set(CheckIn.objects.filter(starts_at__in=times).values_list("starts_at", flat=True)) == set(times)
    assert CheckIn.objects.filter(starts_at__in=times).count() == PAIRS
    assert BookedCell.objects.filter(at__in=times).count() == PAIRS
    holders = CheckIn.objects.filter(pk__in=[row.pk for row in fallen]).values_list("claimed_by", flat=True)
    assert set(holders) <= {cast.mina.pk, cast.theo.pk}
