"""Clients' weeks from what is scheduled, proposed and signed: one client's own, or a whole programme's.

The number of queries is the same for one client and for a thousand, and knows no history: only the rows
of the week are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from sessions.attendance import week_reading as reading
from sessions.attendance.week import Hour, Week, urgency, week
from sessions.attendance.week_reading import Counted, Enrolled, MakeUps, Period, Policies, Read, Slot
from sessions.attendance.weeks import week_of, week_span
from sessions.audit import service as audit
from sessions.core import zones
from sessions.people.access import Act, require
from sessions.people.models import Membership, Person
from sessions.people.roles import CLIENTS
from sessions.programs.episode_models import Stage
from sessions.programs.models import Enrollment, EnrollmentStatus, Meeting, Program

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Part:
    """One meeting of one client's week."""

    meeting: Meeting
    hour: Hour
    status: str  # of hours.Status; "" while nothing is computed
    excused: bool
    signed: bool
    told: bool = False  # said beforehand that they cannot come, and have not
    makes_up: Meeting | None = None  # joined as a make-up, for this one
    extra: bool = False  # joined as a make-up at all, or on a day that the prescribed week leaves out
    made_up: Meeting | None = None  # what was booked to make up for it


@dataclass(slots=True)
class Line:
    """One client's week in numbers."""

    person_id: UUID
    name: str
    cohorts: tuple[str, ...]
    week: Week
    make_ups: int  # booked for this week


@dataclass(frozen=True, slots=True)
class ClientWeek:
    """One client's week, meeting by meeting."""

    line: Line
    parts: tuple[Part, ...]  # in order

    @property
    def week(self) -> Week:
        return self.line.week


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
    lines: tuple[Line, ...]  # first who can still be mended
    cohorts: tuple[tuple[UUID, str], ...]  # of these clients, by name


def own(person: Person, now: datetime) -> tuple[OwnWeek, ...]:
    """This week in each programme in which the person is a client; two queries for who is none."""
    enrollments = Enrollment.objects.filter(
        Q(ended_on=None, status=EnrollmentStatus.ACTIVE)
        | Q(ended_on__gte=now.date() - _DAY, status=EnrollmentStatus.LEFT, episode__stage=Stage.ACTIVE),
        person=person,
    )
    live = Membership.objects.filter(person=person, role__in=CLIENTS).active().values("program")
    programs = Program.objects.filter(pk__in=live, cohorts__enrollments__in=enrollments).distinct()
    found = []
    for program in programs.order_by("name"):
        monday = week_of(now, zones.zone(program.time_zone))
        weeks = _Weeks(program, monday, now, person)
        hour_minutes = weeks.policies.hour_minutes(now)
        found += [OwnWeek(program, monday, hour_minutes, weeks.of(line)) for line in weeks.lines()]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ShortSchedule:
    """A week whose meetings, all of them attended to the last minute, would not reach the plan."""

    person_id: UUID
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
    editors, to warn at once. The trap: three evenings of 3 hours with a break of 10 minutes are 510 minutes,
    not 540.

    For callers that have asked for the right to schedule. The number of queries knows no size.
    """
    return tuple(
        ShortSchedule(one.person_id, monday, one.week.required, one.week.scheduled)
        for one in _Weeks(program, monday, now, only).lines()
        if one.week.underscheduled
    )


def client_week(
    program: Program, person: Person, monday: date, now: datetime, read: Read | None = None
) -> ClientWeek | None:
    """One client's week in a programme, for callers that have asked for the right; None for no client of
    it. `read`: what they know already."""
    weeks = _Weeks(program, monday, now, person, read)
    return next((weeks.of(line) for line in weeks.lines()), None)


def days(monday: date) -> tuple[date, date]:
    """The week's first and last day."""
    return monday, monday + _WEEK - timedelta(days=1)


def creditable_minutes(program: Program, meetings: Collection[Meeting]) -> dict[UUID, int]:
    """What each of the programme's meetings can credit as scheduled; 0 for kinds that do not count."""
    policies = Policies(program)
    return {
        row.pk: policies.times(row).scheduled_minutes() if row.kind_defaults.creditable else 0
        for row in meetings
    }


def board(actor: Person, program: Program, now: datetime, monday: date | None = None) -> Board:
    """Every client's week, this one or the one that begins on `monday`.

    Raises NotFound unless the actor coordinates the programme.
    """
    require(actor, Act.SEE_PROGRAM_ATTENDANCE, program)
    monday = (
        week_of(now, zones.zone(program.time_zone))
        if monday is None
        else monday - timedelta(days=monday.weekday())
    )
    weeks = _Weeks(program, monday, now)
    lines = list(weeks.lines())
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_PROGRAM_ATTENDANCE,
        subject_type="program",
        subject_id=program.pk,
        people={line.person_id for line in lines},
        scope=program.pk,
    )
    return Board(
        program=program,
        monday=monday,
        over=weeks.period.over,
        hour_minutes=weeks.policies.hour_minutes(now),
        lines=tuple(sorted(lines, key=lambda one: (*urgency(one.week), one.name))),
        cohorts=weeks.cohorts(),
    )


class _Weeks:
    """A week of one client or of all of a programme, read once."""

    def __init__(
        self,
        program: Program,
        monday: date,
        now: datetime,
        only: Person | None = None,
        read: Read | None = None,
    ) -> None:
        over = now >= week_span(monday, zones.zone(program.time_zone)).end
        self.period = Period(program, monday, over, only, read)
        self.policies = Policies(program)
        self._now = now
        self._enrolled = reading.enrolled(self.period, zones.local_date(now, program.time_zone))
        self._make_ups: MakeUps = reading.make_ups(self.period)
        self._days_off = reading.days_off(self.period)
        proposed, signed = reading.proposed(self.period), reading.signed(self.period)
        self._slots = reading.slots(
            self.period,
            now,
            self.policies,
            cohorts={row.cohort for rows in self._enrolled.values() for row in rows},
            known={one[1] for one in proposed} | {one[1] for one in signed} if only is not None else (),
        )
        self._told = reading.told(self.period, self._slots)
        self._by_cohort: dict[UUID, list[Slot]] = defaultdict(list)
        for slot in self._slots.values():
            if slot.meeting.cohort_id is not None:
                self._by_cohort[slot.meeting.cohort_id].append(slot)
        # By client: every meeting beside those of the cohorts, with what counts of it so far.
        self._counted: dict[UUID, dict[Slot, Counted | None]] = defaultdict(dict)
        for person_id, meeting_id in reading.invited(self.period, self._slots):
            self._count(person_id, meeting_id, None)
        for person_id, meeting_id, credited, eligible, status, final in proposed:
            self._count(person_id, meeting_id, Counted(credited, eligible, status), over=final)
        for person_id, meeting_id, counted in signed:
            self._count(person_id, meeting_id, counted, over=True)

    def _count(
        self, person_id: UUID, meeting_id: UUID, counted: Counted | None, *, over: bool = False
    ) -> None:
        slot = self._slots.get(meeting_id)
        if slot is None:  # does not count, or was cancelled
            return
        self._counted[person_id][slot] = counted
        slot.over = slot.over or over

    def lines(self) -> Iterator[Line]:
        floor = self.period.program.rules.floor_minutes
        for person_id, rows in self._enrolled.items():
            joined = self._make_ups.joined.get(person_id, ())
            slots = self._of(person_id, rows)
            yield Line(
                person_id,
                f"{rows[0].given_name} {rows[0].family_name}".strip(),
                tuple(sorted({row.cohort_name for row in rows})),
                week(
                    max(row.target_minutes for row in rows),
                    [self._hour(person_id, slot, one) for slot, one in slots.items()],
                    over=self.period.over,
                    floor=floor,
                ),
                sum(1 for slot in slots if slot.meeting.pk in joined) if joined else 0,
            )

    def of(self, line: Line) -> ClientWeek:
        """Of whom `lines` told, meeting by meeting."""
        slots = self._of(line.person_id, self._enrolled[line.person_id])
        parts = [self._part(line.person_id, slot, one) for slot, one in slots.items()]
        parts.sort(key=lambda part: (part.meeting.starts_at, part.meeting.pk))
        return ClientWeek(line, tuple(parts))

    def cohorts(self) -> tuple[tuple[UUID, str], ...]:
        named = {row.cohort: row.cohort_name for rows in self._enrolled.values() for row in rows}
        return tuple(sorted(named.items(), key=lambda item: item[1]))

    def _of(self, person_id: UUID, rows: list[Enrolled]) -> dict[Slot, Counted | None]:
        found: dict[Slot, Counted | None] = {}
        for row in rows:
            for slot in self._by_cohort.get(row.cohort, ()):
                if row.holds(slot.meeting.held_on) and not self._off(person_id, slot.meeting):
                    found[slot] = None
        found.update(self._counted.get(person_id, {}))
        return found

    def _off(self, person_id: UUID, meeting: Meeting) -> bool:
        on = meeting.recurs_on
        if meeting.series_id is None or on is None:
            return False
        return any(one.holds(on) for one in self._days_off.get((person_id, meeting.series_id), ()))

    def _part(self, person_id: UUID, slot: Slot, one: Counted | None) -> Part:
        meeting, key = slot.meeting, (person_id, slot.meeting.pk)
        shown = one is not None and (slot.over or self._now >= meeting.ends_at)
        return Part(
            meeting=meeting,
            hour=self._hour(person_id, slot, one),
            status=one.status if one is not None and shown else "",
            excused=one is not None and one.excused,
            signed=one is not None and one.signed,
            told=self._away(person_id, slot, one),
            makes_up=self._make_ups.makes_up.get(key),
            extra=meeting.pk in self._make_ups.joined.get(person_id, ()) or self._off(person_id, meeting),
            made_up=self._make_ups.made_up.get(key),
        )

    def _hour(self, person_id: UUID, slot: Slot, one: Counted | None) -> Hour:
        # What somebody has said they will miss cannot be reached: it is to be made up for in time.
        left = 0 if slot.over or self._away(person_id, slot, one) else slot.blank.left
        if one is None:
            return Hour(slot.blank.scheduled, left)
        return Hour(slot.blank.scheduled, left, one.credited_seconds // 60, one.eligible_seconds // 60)

    def _away(self, person_id: UUID, slot: Slot, one: Counted | None) -> bool:
        came = one is not None and one.credited_seconds > 0
        return not came and (person_id, slot.meeting.pk) in self._told
