"""A licence that nears its last day is told to the coordinators once, while it can still be renewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.core import zones
from sessions.people.models import Membership
from sessions.people.roles import LEADING
from sessions.programs.licences import Licence, held_by
from sessions.worklist import service
from sessions.worklist.models import StaffTask

KIND: Final = "licence.renew"
NEAR: Final = timedelta(days=60)  # before the last day, and after it: then nobody expects it any more


def watch(now: datetime) -> int:
    """Ask for each licence of those who lead in a programme that ends within sixty days by its clock; settle
    what was renewed, taken off the record, or is of somebody who has left. How many wait. Safe to repeat.

    Renewed: the same state's licence goes on after that day, in this row or in another.
    """
    near = Licence.objects.filter(
        until__gte=now.date() - NEAR - timedelta(days=1), until__lte=now.date() + NEAR + timedelta(days=1)
    )
    rows = list(near.select_related("person"))
    people = {row.person_id for row in rows}
    held = held_by(people)
    wanted: set[tuple[UUID, str]] = set()
    leading = Membership.objects.filter(person__in=people, role__in=LEADING).active()
    places = {(one.person_id, one.program_id): one.program for one in leading.select_related("program")}
    for (person_id, program_id), program in places.items():
        today = zones.local_date(now, program.time_zone)
        for row in rows:
            if row.person_id != person_id or row.until is None or abs(row.until - today) > NEAR:
                continue
            after = row.until + timedelta(days=1)
            if any(one.state == row.state and one.counts(after) for one in held[person_id]):
                continue
            key = f"licence {row.pk} {row.until.isoformat()}"
            wanted.add((program_id, key))
            service.ask(
                program_id,
                KIND,
                key=key,
                reason="licence-ends",
                params={"state": row.state, "on": row.until.isoformat()},
                person=row.person,
                about=service.About("licences", program_id),
                due_at=zones.day(row.until, program.time_zone).end,
            )
    for task in StaffTask.objects.filter(kind=KIND, status__in=service.LIVE):
        if (task.program_id, task.key) not in wanted:
            service.settled(task.program_id, task.key)
    return len(wanted)
