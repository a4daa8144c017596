"""A cohort's last weeks, one small number a client and week. The number of queries knows no size."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from sessions.attendance.models import AttendanceRecord, Proposal
from sessions.attendance.records import effective, with_adjustments
from sessions.attendance.weeks import week_of
from sessions.audit import service as audit
from sessions.core import zones
from sessions.core.errors import NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.kinds import creditable
from sessions.programs.models import Cohort, Enrollment

WEEKS: Final = 8
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Cell:
    """One client's week in minutes. `required` is 0 in weeks before or after the enrolment."""

    credited: int
    required: int


@dataclass(frozen=True, slots=True)
class Line:
    person: Person
    cells: tuple[Cell, ...]
    taper: bool


@dataclass(frozen=True, slots=True)
class CohortWeeks:
    cohort: Cohort
    mondays: tuple[date, ...]  # the last is this week
    lines: tuple[Line, ...]  # by name


def cohort_weeks(actor: Person, cohort_id: UUID, now: datetime) -> CohortWeeks:
    """Raises NotFound unless the actor coordinates the cohort's programme."""
    cohort = Cohort.objects.select_related("program").filter(pk=cohort_id).first()
    if cohort is None:
        raise NotFound
    program = cohort.program
    require(actor, Act.SEE_PROGRAM_ATTENDANCE, program)
    this = week_of(now, zones.zone(program.time_zone))
    mondays = tuple(this - _WEEK * back for back in reversed(range(WEEKS)))
    rows = list(
        Enrollment.objects.filter(
            Q(ended_on=None) | Q(ended_on__gte=mondays[0]), cohort=cohort, starts_on__lt=this + _WEEK
        )
        .select_related("person")
        .order_by("starts_on", "pk")
    )
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_PROGRAM_ATTENDANCE,
        subject_type="cohort",
        subject_id=cohort.pk,
        people={row.person_id for row in rows},
        scope=program.pk,
    )
    credited = _credited({row.person_id for row in rows}, cohort, mondays)
    floor = program.rules.floor_minutes
    stretches: dict[UUID, list[Enrollment]] = defaultdict(list)
    for row in rows:  # who stepped up or down has several, the last on top
        stretches[row.person_id].insert(0, row)
    lines = [
        Line(
            theirs[0].person,
            tuple(Cell(credited[person, monday], _required(theirs, monday)) for monday in mondays),
            theirs[0].weekly_target_minutes < floor,
        )
        for person, theirs in stretches.items()
    ]
    return CohortWeeks(
        cohort, mondays, tuple(sorted(lines, key=lambda line: (line.person.name, str(line.person.pk))))
    )


def _required(stretches: list[Enrollment], monday: date) -> int:
    """Of the last stretch that touches the week."""
    for row in stretches:
        if row.starts_on < monday + _WEEK and (row.ended_on is None or row.ended_on >= monday):
            return row.weekly_target_minutes
    return 0


def _credited(people: set[UUID], cohort: Cohort, mondays: tuple[date, ...]) -> dict[tuple[UUID, date], int]:
    """Minutes by client and week, of all their meetings in the programme that count: as signed and last
    adjusted, else as proposed."""
    within = {
        "person__in": people,
        "meeting__program": cohort.program_id,
        "meeting__held_on__range": (mondays[0], mondays[-1] + _WEEK - timedelta(days=1)),
        "meeting__cancelled_at": None,
    }
    minutes: dict[tuple[UUID, UUID], tuple[date, int]] = {}
    columns = ("person_id", "meeting_id", "meeting__held_on", "credited_seconds")
    kinds = creditable(cohort.program.settings)
    proposed = Proposal.objects.filter(**within, meeting__kind__in=kinds, meeting__attestation=None)
    for person, meeting, on, seconds in proposed.values_list(*columns):
        minutes[person, meeting] = on, seconds // 60
    signed = AttendanceRecord.objects.filter(**within, attestation__creditable=True)
    for record in with_adjustments(signed.select_related("meeting")):
        held = effective(record).credited_minutes
        minutes[record.person_id, record.meeting_id] = record.meeting.held_on, held
    found: dict[tuple[UUID, date], int] = defaultdict(int)
    for (person, _), (on, count) in minutes.items():
        found[person, on - timedelta(days=on.weekday())] += count
    return found
