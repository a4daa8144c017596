"""Clients' weeks from what is scheduled, proposed and signed: one client's own, or a whole programme's.

The number of queries is the same for one client and for a thousand, and knows no history: only the rows
of the week are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from sessions.attendance import policy as rules
from sessions.attendance.absence_models import MakeUp
from sessions.attendance.models import Adjustment, AttendanceRecord, CreditPolicy, Proposal
from sessions.attendance.policy import DEFAULT, Policy
from sessions.attendance.week import FLOOR_MINUTES, Hour, Times, Week, urgency, week
from sessions.attendance.weeks import week_of, week_span
from sessions.audit import service as audit
from sessions.core import zones
from sessions.people.access import Act, require
from sessions.people.models import Membership, Person
from sessions.people.roles import CLIENTS, RoomRole
from sessions.programs.models import (
    BEGUN,
    Cohort,
    Enrollment,
    EnrollmentStatus,
    Meeting,
    MeetingInvitee,
    Program,
)

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Part:
    """One meeting of one client's week."""

    meeting: Meeting
    hour: Hour
    status: str  # of hours.Status; "" while nothing is computed
    excused: bool
    signed: bool
    makes_up: Meeting | None = None  # joined as a make-up, for this one
    extra: bool = False  # joined as a make-up at all
    made_up: Meeting | None = None  # what was booked to make up for it


@dataclass(frozen=True, slots=True)
class ClientWeek:
    person: Person
    cohorts: tuple[str, ...]
    week: Week
    parts: tuple[Part, ...]  # in order


@dataclass(frozen=True, slots=True)
class OwnWeek:
    program: Program
    monday: date
    hour_minutes: int  # 60, or 50
    client: ClientWeek


@dataclass(frozen=True, slots=True)
class Board:
    program: Program
    monday: date
    over: bool
    hour_minutes: int
    clients: tuple[ClientWeek, ...]  # first who can still be mended
    cohorts: tuple[tuple[UUID, str], ...]  # of these clients, by name


@dataclass(frozen=True, slots=True)
class _Counted:
    credited_seconds: int
    eligible_seconds: int
    status: str
    excused: bool = False
    signed: bool = False
    final: bool = True


def own(person: Person, now: datetime) -> tuple[OwnWeek, ...]:
    """This week in each programme in which the person is a client; two queries for who is none."""
    enrollments = Enrollment.objects.filter(person=person, ended_on=None, status=EnrollmentStatus.ACTIVE)
    live = Membership.objects.filter(person=person, role__in=CLIENTS).active().values("program")
    programs = Program.objects.filter(pk__in=live, cohorts__enrollments__in=enrollments).distinct()
    found = []
    for program in programs.order_by("name"):
        monday = week_of(now, zones.zone(program.time_zone))
        clients, policies = _weeks(program, monday, now, person)
        found += [OwnWeek(program, monday, policies.hour_minutes(now), client) for client in clients]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ShortSchedule:
    """A week whose meetings, all of them attended to the last minute, would not reach the plan."""

    person: Person
    monday: date
    required: int  # minutes
    scheduled: int  # creditable ones, breaks left out

    @property
    def lacking(self) -> int:
        return self.required - self.scheduled


def short_schedules(
    program: Program, monday: date, now: datetime, only: Person | None = None
) -> tuple[ShortSchedule, ...]:
    """Whose schedule of the week that begins on `monday` falls below the weekly target: for schedule
    editors, to
    warn at once. The trap: three evenings of 3 hours with a break of 10 minutes are 510 minutes, not 540.

    For callers that have asked for the right to schedule. The number of queries knows no size.
    """
    clients, _ = _weeks(program, monday, now, only)
    return tuple(
        ShortSchedule(one.person, monday, one.week.required, one.week.scheduled)
        for one in clients
        if one.week.underscheduled
    )


def client_week(program: Program, person: Person, monday: date, now: datetime) -> ClientWeek | None:
    """One client's week in a programme, for callers that have asked for the right; None for no client of
    it."""
    clients, _ = _weeks(program, monday, now, person)
    return clients[0] if clients else None


def days(monday: date) -> tuple[date, date]:
    """The week's first and last day."""
    return monday, monday + _WEEK - timedelta(days=1)


def creditable_minutes(program: Program, meetings: Collection[Meeting]) -> dict[UUID, int]:
    """What each of the programme's meetings can credit as scheduled; 0 for kinds that do not count."""
    policies = _Policies(program)
    return {
        row.pk: _times(row, policies).scheduled_minutes() if row.kind_defaults.creditable else 0
        for row in meetings
    }


def board(actor: Person, program: Program, now: datetime, monday: date | None = None) -> Board:
    """Every client's week, this one or the one that begins on `monday`.

    Raises NotFound unless the actor coordinates the programme.
    """
    require(actor, Act.SEE_PROGRAM_ATTENDANCE, program)
    audit.record(
        actor_id=actor.pk,
        act=Act.SEE_PROGRAM_ATTENDANCE,
        subject_type="program",
        subject_id=program.pk,
        scope=program.pk,
    )
    zone = zones.zone(program.time_zone)
    monday = week_of(now, zone) if monday is None else monday - timedelta(days=monday.weekday())
    clients, policies = _weeks(program, monday, now)
    return Board(
        program=program,
        monday=monday,
        over=now >= week_span(monday, zone).end,
        hour_minutes=policies.hour_minutes(now),
        clients=tuple(sorted(clients, key=lambda one: (urgency(one.week), one.person.name))),
        cohorts=tuple(
            Cohort.objects.of(program.pk)
            .filter(name__in={name for one in clients for name in one.cohorts})
            .order_by("name")
            .values_list("pk", "name")
        ),
    )


class _Policies:
    """A programme's policies, read once."""

    def __init__(self, program: Program) -> None:
        rows = CreditPolicy.objects.filter(program=program).order_by("effective_from", "number")
        self._rows = [(row.kind, row.effective_from, rules.decode(row.values)) for row in rows]

    def at(self, moment: datetime, kind: str) -> Policy:
        """As policies.policy_of chooses."""
        held = {name: policy for name, since, policy in self._rows if since <= moment}
        return held.get(kind) or held.get("") or DEFAULT

    def hour_minutes(self, now: datetime) -> int:
        return self.at(now, "").hour_minutes


def _weeks(
    program: Program, monday: date, now: datetime, only: Person | None = None
) -> tuple[list[ClientWeek], _Policies]:
    sunday = monday + _WEEK - timedelta(days=1)
    over = now >= week_span(monday, zones.zone(program.time_zone)).end
    policies = _Policies(program)
    enrollments = list(_enrollments(program, monday, sunday, over, only))
    cohorts = {row.cohort_id for row in enrollments}
    counted = _counted(program, monday, sunday, only)
    known = {meeting_id for _, meeting_id in counted}
    meetings = {
        row.pk: row
        for row in _meetings(program, monday, sunday, only, cohorts, known)
        if row.kind_defaults.creditable
    }
    invited: dict[UUID, list[UUID]] = defaultdict(list)
    rows = MeetingInvitee.objects.filter(
        meeting__program=program, meeting__held_on__range=(monday, sunday), role=RoomRole.CLIENT
    )
    for person_id, meeting_id in _of(rows, only).values_list("person_id", "meeting_id"):
        invited[person_id].append(meeting_id)
    by_cohort: dict[UUID, list[Meeting]] = defaultdict(list)
    for meeting in meetings.values():
        if meeting.cohort_id is not None:
            by_cohort[meeting.cohort_id].append(meeting)
    blank = {pk: _hour(row, policies, now) for pk, row in meetings.items()}
    joined, makes_up, made_up = _make_ups(program, monday, sunday, only)
    final = {meeting_id for (_, meeting_id), one in counted.items() if one.final}
    got: dict[UUID, list[UUID]] = defaultdict(list)
    for person_id, meeting_id in counted:
        got[person_id].append(meeting_id)
    found = []
    for person, own_rows in _by_person(enrollments):
        asked = {
            meeting.pk
            for row in own_rows
            for meeting in by_cohort[row.cohort_id]
            if row.starts_on <= meeting.held_on and (row.ended_on is None or meeting.held_on <= row.ended_on)
        }
        asked.update(pk for pk in (*invited[person.pk], *got[person.pk]) if pk in meetings)
        parts = [
            _part(meetings[pk], blank[pk], counted.get((person.pk, pk)), pk in final, now) for pk in asked
        ]
        if person.pk in joined:
            parts = [
                replace(
                    part,
                    makes_up=makes_up.get((person.pk, part.meeting.pk)),
                    extra=part.meeting.pk in joined[person.pk],
                    made_up=made_up.get((person.pk, part.meeting.pk)),
                )
                for part in parts
            ]
        parts.sort(key=lambda part: (part.meeting.starts_at, part.meeting.pk))
        found.append(
            ClientWeek(
                person=person,
                cohorts=tuple(sorted({row.cohort.name for row in own_rows})),
                week=week(
                    max(row.weekly_target_minutes for row in own_rows),
                    [part.hour for part in parts],
                    over=over,
                    floor=int(program.settings.get("floor_minutes", FLOOR_MINUTES)),
                ),
                parts=tuple(parts),
            )
        )
    return found, policies


def _part(meeting: Meeting, blank: Hour, one: _Counted | None, over: bool, now: datetime) -> Part:
    left = 0 if over else blank.left
    if one is None:
        return Part(meeting, Hour(blank.scheduled, left), "", False, False)
    hour = Hour(blank.scheduled, left, one.credited_seconds // 60, one.eligible_seconds // 60)
    status = one.status if over or now >= meeting.ends_at else ""
    return Part(meeting, hour, status, one.excused, one.signed)


def _hour(meeting: Meeting, policies: _Policies, now: datetime) -> Hour:
    return Hour.of(_times(meeting, policies), now)


def _times(meeting: Meeting, policies: _Policies) -> Times:
    credit_breaks = policies.at(meeting.starts_at, meeting.kind).credit_breaks
    return Times(meeting.span, () if credit_breaks else meeting.break_spans)


def _enrollments(
    program: Program, monday: date, sunday: date, over: bool, only: Person | None
) -> Iterable[Enrollment]:
    """Of clients who are there at the end of the week, or still are when it is not over."""
    live = Membership.objects.filter(person=OuterRef("person"), program=program, role__in=CLIENTS).active()
    rows = Enrollment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=monday),
        Exists(live),
        cohort__program=program,
        starts_on__lte=sunday,
        status__in=BEGUN,
    )
    if not over:
        rows = rows.filter(Q(ended_on=None) | Q(status=EnrollmentStatus.STEPPED))
    if only is not None:
        rows = rows.filter(person=only)
    return rows.select_related("person", "cohort").order_by("person_id")


def _meetings(
    program: Program,
    monday: date,
    sunday: date,
    only: Person | None,
    cohorts: Collection[UUID],
    known: Collection[UUID],
) -> Iterable[Meeting]:
    rows = Meeting.objects.of(program.pk).standing().filter(held_on__range=(monday, sunday))
    rows = rows.select_related("program")
    if only is not None:
        rows = rows.filter(
            Q(cohort__in=cohorts)
            | Q(pk__in=known)
            | Exists(MeetingInvitee.objects.filter(meeting=OuterRef("pk"), person=only))
        )
    return rows


def _counted(
    program: Program, monday: date, sunday: date, only: Person | None
) -> Mapping[tuple[UUID, UUID], _Counted]:
    """By person and meeting: as signed and last adjusted, else as proposed."""
    within = {"meeting__program": program, "meeting__held_on__range": (monday, sunday)}
    found: dict[tuple[UUID, UUID], _Counted] = {}
    columns = ("person_id", "meeting_id", "credited_seconds", "eligible_seconds", "status")
    for person_id, meeting_id, credited, eligible, status, final in _of(
        Proposal.objects.filter(**within), only
    ).values_list(*columns, "final"):
        found[person_id, meeting_id] = _Counted(credited, eligible, status, final=final)
    records: dict[UUID, tuple[UUID, UUID]] = {}
    for person_id, meeting_id, credited, eligible, status, pk, excused in _of(
        AttendanceRecord.objects.filter(**within), only
    ).values_list(*columns, "pk", "excused"):
        found[person_id, meeting_id] = _Counted(credited, eligible, status, excused, signed=True)
        records[pk] = person_id, meeting_id
    changes = Adjustment.objects.filter(
        record__meeting__program=program, record__meeting__held_on__range=(monday, sunday)
    ).order_by("record", "number")
    if only is not None:
        changes = changes.filter(record__person=only)
    for record_id, after in changes.values_list("record_id", "after"):
        key = records[record_id]
        eligible = found[key].eligible_seconds
        found[key] = _Counted(
            after["credited_seconds"], eligible, after["status"], after["excused"], signed=True
        )
    return found


_ByPersonAndMeeting: TypeAlias = dict[tuple[UUID, UUID], Meeting]


def _make_ups(
    program: Program, monday: date, sunday: date, only: Person | None
) -> tuple[dict[UUID, set[UUID]], _ByPersonAndMeeting, _ByPersonAndMeeting]:
    """Make-ups that touch the week: the meetings involved, by client; by client and booked meeting what it
    makes up
    for; by client and missed meeting what makes up for it."""
    week_days = (monday, sunday)
    rows = MakeUp.objects.filter(
        Q(booked__held_on__range=week_days) | Q(missed__held_on__range=week_days),
        booked__program=program,
        booked__cancelled_at=None,
        cancelled_at=None,
    ).select_related("booked", "missed")
    joined: dict[UUID, set[UUID]] = defaultdict(set)
    makes_up: _ByPersonAndMeeting = {}
    made_up: _ByPersonAndMeeting = {}
    for row in _of(rows, only):
        joined[row.person_id].add(row.booked_id)
        if row.missed is not None:
            makes_up[row.person_id, row.booked_id] = row.missed
            made_up[row.person_id, row.missed.pk] = row.booked
    return joined, makes_up, made_up


def _of(rows: Any, only: Person | None) -> Any:
    return rows if only is None else rows.filter(person=only)


def _by_person(enrollments: Iterable[Enrollment]) -> Iterable[tuple[Person, list[Enrollment]]]:
    found: dict[UUID, list[Enrollment]] = defaultdict(list)
    for row in enrollments:
        found[row.person_id].append(row)
    return [(rows[0].person, rows) for rows in found.values()]
