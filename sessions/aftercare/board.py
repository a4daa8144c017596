"""How aftercare goes in one programme, in numbers: for its coordinators, on record."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count

from sessions.aftercare.hours_models import BookedCell
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareCourse, CallTry, CheckIn
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.audit import service as audit
from sessions.core import zones
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Program

WEEKS: Final = 12
A_PAGE: Final = 60
_WEEK: Final = timedelta(days=7)
_ORDER: Final = ("proposed", "crisis", "step_up_review", "lost", "outreach", "active", "paused")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Week:
    starts_on: date  # Monday, in the programme's zone
    due: int
    completed: int
    missed: int


@dataclass(frozen=True, slots=True)
class Load:
    caller: Person
    ahead: int  # calls booked for the next seven days
    made: int  # calls written down in the last thirty


@dataclass(frozen=True, slots=True)
class Board:
    weeks: tuple[Week, ...]  # the oldest first, this one last
    states: dict[str, int]  # running courses by state
    reach: int | None  # of the calls that are over, percent completed; None without any
    tries: float | None  # for a call that was completed, on average
    tiers: dict[Tier, int]  # of the calls of the last thirty days
    contact_hours: float | None  # from HIGH to contact, median of the last ninety days
    loads: tuple[Load, ...]
    open: tuple[Escalation, ...]  # the gravest first
    courses: Page[AftercareCourse]  # those that are proposed first, then running, then ended


def board(actor: Person, program: Program, now: datetime, page: str | None = None) -> Board:
    """Raises NotFound for who does not coordinate the programme. A fixed number of queries.

    `page`: of the courses, A_PAGE of them. The look is on record for each alumnus it names.
    """
    require(actor, Act.SEE_AFTERCARE, program)
    opened = tuple(
        Escalation.objects.filter(course__program=program, closed_at=None)
        .select_related("course__person", "check_in")
        .order_by("-tier", "opened_at")
    )
    courses = Paginator(_courses(program), A_PAGE).get_page(page)
    named = {one.course.person_id for one in opened} | {one.person_id for one in courses}
    _record(actor, program, "program.aftercare-seen", named)
    today = zones.local_date(now, program.time_zone)
    monday = today - timedelta(days=today.weekday())
    first = monday - _WEEK * (WEEKS - 1)
    rows = CheckIn.objects.of(program.pk).filter(due_on__gte=first, due_on__lt=monday + _WEEK)
    counted: Counter[tuple[date, str]] = Counter()
    for due_on, state in rows.values_list("due_on", "state"):
        counted[due_on - timedelta(days=due_on.weekday()), state] += 1
    weeks = tuple(_week(first + _WEEK * n, counted) for n in range(WEEKS))
    over = sum(week.completed + week.missed for week in weeks)
    month, quarter = now - timedelta(days=30), now - timedelta(days=90)
    closed = CheckIn.objects.of(program.pk).filter(state=Call.COMPLETED.value, closed_at__gte=month)
    tiers = dict.fromkeys(Tier, 0)
    for value, n in closed.values_list("tier").annotate(n=Count("pk")):
        tiers[Tier(value)] += n
    made = CallTry.objects.filter(
        check_in__program=program, check_in__state=Call.COMPLETED.value, check_in__closed_at__gte=month
    ).count()
    waits = [
        (contacted - opened).total_seconds() / 3600
        for opened, contacted in Escalation.objects.filter(
            course__program=program, opened_at__gte=quarter, contacted_at__isnull=False
        ).values_list("opened_at", "contacted_at")
        if contacted is not None
    ]
    done = sum(tiers.values())
    return Board(
        weeks=weeks,
        states=dict(
            AftercareCourse.objects.of(program.pk)
            .values_list("state")
            .annotate(n=Count("pk"))
            .order_by("state")
        ),
        reach=round(100 * sum(week.completed for week in weeks) / over) if over else None,
        tries=round(made / done, 1) if done else None,
        tiers=tiers,
        contact_hours=round(median(waits), 1) if waits else None,
        loads=_loads(program, now, month),
        open=opened,
        courses=courses,
    )


def _courses(program: Program) -> list[AftercareCourse]:
    order = {state: n for n, state in enumerate(_ORDER)}
    rows = AftercareCourse.objects.of(program.pk).select_related("person", "caller")
    return sorted(rows, key=lambda row: (order.get(row.state, 9), row.person.name, str(row.pk)))


def export(actor: Person, program: Program) -> Iterator[str]:
    """Every call as CSV, line by line, without answers and notes. Leaves an audit row first. Raises
    NotFound."""
    require(actor, Act.SEE_AFTERCARE, program)
    people = AftercareCourse.objects.of(program.pk).values_list("person_id", flat=True)
    _record(actor, program, "program.aftercare-exported", set(people))
    return _lines(program)


def _lines(program: Program) -> Iterator[str]:
    columns = [
        "alumnus",
        "number",
        "why",
        "day",
        "state",
        "reason",
        "channel",
        "starts",
        "tries",
        "reached",
        "closed",
        "minutes",
        "urgency",
        "caller",
    ]
    yield _line(columns)
    rows = (
        CheckIn.objects.of(program.pk)
        .select_related("course__person", "caller")
        .order_by("due_on", "course", "number")
    )
    for row in rows.iterator(chunk_size=500):
        yield _line(
            [
                row.course.person.name,
                str(row.number),
                row.why,
                row.due_on.isoformat(),
                row.state,
                row.reason,
                row.channel,
                _moment(row.starts_at),
                str(row.tries),
                _moment(row.reached_at),
                _moment(row.closed_at),
                "" if row.minutes is None else str(row.minutes),
                Tier(row.tier).name.lower() if row.tier else "",
                row.caller.name if row.caller else "",
            ]
        )


def _week(monday: date, counted: Counter[tuple[date, str]]) -> Week:
    def of(*states: Call) -> int:
        return sum(counted[monday, state.value] for state in states)

    completed, missed = of(Call.COMPLETED), of(Call.MISSED)
    standing = of(Call.PLANNED, Call.SCHEDULED, Call.DUE, Call.ATTEMPTING, Call.CONNECTED)
    return Week(monday, completed + missed + standing, completed, missed)


def _loads(program: Program, now: datetime, since: datetime) -> tuple[Load, ...]:
    cells = BookedCell.objects.filter(check_in__program=program, at__gte=now, at__lt=now + _WEEK)
    ahead: dict[UUID, int] = dict(cells.values_list("caller").annotate(n=Count("check_in", distinct=True)))
    done = CheckIn.objects.of(program.pk).filter(closed_at__gte=since, caller__isnull=False)
    made: dict[UUID, int] = {
        pk: n for pk, n in done.values_list("caller").annotate(n=Count("pk")) if pk is not None
    }
    people = Person.objects.filter(pk__in={*ahead, *made}).order_by("given_name", "family_name")
    return tuple(Load(person, ahead.get(person.pk, 0), made.get(person.pk, 0)) for person in people)


def _record(actor: Person, program: Program, act: str, people: set[UUID]) -> None:
    audit.record_look(
        actor_id=actor.pk,
        act=act,
        subject_type="program",
        subject_id=program.pk,
        people=people,
        scope=program.pk,
    )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    # What begins like a formula is text, also for spreadsheets.
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue()


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else ""
