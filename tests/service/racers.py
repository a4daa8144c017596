"""What one of several processes does in a race: its own interpreter, its own Django, its own connection.

`race` is started by multiprocessing's spawn in test_races.py; every round begins at a barrier, so that all
processes write at the same moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any, TypeAlias
from uuid import UUID

Round: TypeAlias = tuple[str, tuple[Any, ...]]  # the name of a function below, and what it is given
PATIENCE_S = 60


def race(database: str, now: datetime, rounds: list[Round], gate: Barrier, said: Queue[Any], me: int) -> None:
    """Take part in every round; say (round, racer, "done" or the refusal's code) for each."""
    os.environ["DATABASE_URL"] = database
    os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
    import django

    django.setup()
    import time_machine
    from django.db import connection

    from sessions.core.errors import Refusal

    with time_machine.travel(now):
        connection.ensure_connection()
        for number, (name, given) in enumerate(rounds):
            act: Callable[..., None] = globals()[name]
            gate.wait(PATIENCE_S)
            try:
                act(*given)
                said.put((number, me, "done"))
            except Refusal as refusal:
                said.put((number, me, type(refusal).__name__))
    connection.close()


def individual(program: UUID, leader: UUID, client: UUID, start: datetime) -> None:
    """An hour of this client with this facilitator."""
    from sessions.core.span import Span
    from sessions.people.models import Person
    from sessions.people.roles import RoomRole
    from sessions.programs import service
    from sessions.programs.kinds import MeetingKind
    from sessions.programs.models import Program

    service.schedule(
        Program.objects.get(pk=program),
        MeetingKind.INDIVIDUAL_THERAPY,
        Span(start, start + timedelta(hours=1)),
        facilitators=[Person.objects.get(pk=leader)],
        invitees=[(Person.objects.get(pk=client), RoomRole.CLIENT)],
    )


def enroll(cohort: UUID, client: UUID, on: date) -> None:
    """A place in the group."""
    from sessions.people.models import Person
    from sessions.programs import service
    from sessions.programs.models import Cohort

    service.enroll(Person.objects.get(pk=client), Cohort.objects.select_related("program").get(pk=cohort), on)


def attend(series: UUID, client: UUID, on: date) -> None:
    """Every session of another group's series."""
    from sessions.people.models import Person
    from sessions.programs import joining
    from sessions.programs.calendar_models import Series

    joining.attend(Series.objects.get(pk=series), Person.objects.get(pk=client), on)


def take(slot: UUID, client: UUID) -> None:
    """An hour that a facilitator offers."""
    from sessions.people.models import Person
    from sessions.programs import slots
    from sessions.programs.calendar_models import OfferedSlot

    slots.take(Person.objects.get(pk=client), OfferedSlot.objects.get(pk=slot))


def make_up(meeting: UUID, client: UUID, coordinator: UUID) -> None:
    """A place in one session, to make up for another."""
    from sessions.attendance import makeups
    from sessions.people.models import Person
    from sessions.programs import service

    makeups.book(Person.objects.get(pk=coordinator), service.meeting(meeting), client)


def take_out(episode: UUID, on: date, coordinator: UUID) -> None:
    """Out of their group."""
    from sessions.people.models import Person
    from sessions.plan import groups
    from sessions.programs import episodes

    groups.take_out(episodes.episode(episode), on, "Asked for it.", by=Person.objects.get(pk=coordinator))


def put_back(episode: UUID, coordinator: UUID) -> None:
    """Back into the group they were taken out of."""
    from sessions.people.models import Person
    from sessions.plan import groups
    from sessions.programs import episodes

    groups.put_back(episodes.episode(episode), by=Person.objects.get(pk=coordinator))
