"""What a week is made of, read once: policies, meetings that count, enrolments, what was credited, make-ups.

Each in one query, as plain values: a thousand clients are no thousand model instances.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from sessions.attendance import policy as rules
from sessions.attendance.absence_models import AbsenceNotice, MakeUp
from sessions.attendance.models import Adjustment, AttendanceRecord, CreditPolicy, Proposal
from sessions.attendance.policy import DEFAULT, Policy
from sessions.attendance.week import Hour, Times
from sessions.core.reading import once
from sessions.people.models import Membership, Person
from sessions.people.roles import CLIENTS, RoomRole
from sessions.programs.day_off_models import DayOff
from sessions.programs.episode_models import Stage
from sessions.programs.models import BEGUN, Enrollment, EnrollmentStatus, Meeting, MeetingInvitee, Program


class Read(NamedTuple):
    """What whoever asks for a client's week has read for itself."""

    days_off: Sequence[DayOff]  # of the whole programme
    make_ups: Sequence[MakeUp]  # of the client, with both meetings: those of the week, in any programme


class Period(NamedTuple):
    """A week's days, of one programme; of everybody in it or `only` of one client."""

    program: Program
    monday: date
    over: bool
    only: Person | None = None
    read: Read | None = None

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last."""
        return self.monday, self.monday + timedelta(days=6)

    def within(self, prefix: str = "") -> dict[str, Any]:
        """As a filter for rows whose meeting is found under `prefix`."""
        return {f"{prefix}meeting__program": self.program, f"{prefix}meeting__held_on__range": self.days}

    def of(self, rows: Any) -> Any:
        return rows if self.only is None else rows.filter(person=self.only)


class Slot:
    """One meeting of the week that counts, and what it holds for somebody who has not come yet."""

    __slots__ = ("asked", "blank", "meeting", "over", "told")

    def __init__(self, meeting: Meeting, blank: Hour, *, asked: bool = False, told: bool = False) -> None:
        self.meeting, self.blank = meeting, blank
        # Of the one client whose week is read: asked by name, and has said that they cannot come.
        self.asked, self.told = asked, told
        self.over = False  # it ended, perhaps before its time: nothing more can be credited


class Counted(NamedTuple):
    credited_seconds: int
    eligible_seconds: int
    status: str
    excused: bool = False
    signed: bool = False


class Enrolled(NamedTuple):
    """One stretch in one cohort that touches the week."""

    cohort: UUID
    cohort_name: str
    starts_on: date
    ended_on: date | None
    target_minutes: int
    given_name: str
    family_name: str

    def holds(self, day: date) -> bool:
        return self.starts_on <= day and (self.ended_on is None or day <= self.ended_on)


class Policies:
    """A programme's policies, read once."""

    def __init__(self, program: Program) -> None:
        rows = CreditPolicy.objects.filter(program=program).order_by("effective_from", "number")
        self._rows = once(
            ("credit-policies", program.pk),
            lambda: [(row.kind, row.effective_from, rules.decode(row.values)) for row in rows],
        )

    def at(self, moment: datetime, kind: str) -> Policy:
        """As policies.policy_of chooses."""
        held = {name: policy for name, since, policy in self._rows if since <= moment}
        return held.get(kind) or held.get("") or DEFAULT

    def hour_minutes(self, now: datetime) -> int:
        return self.at(now, "").hour_minutes

    def times(self, meeting: Meeting) -> Times:
        credit_breaks = self.at(meeting.starts_at, meeting.kind).credit_breaks
        return Times(meeting.span, () if credit_breaks else meeting.break_spans)


def enrolled(week: Period, today: date) -> dict[UUID, list[Enrolled]]:
    """By client: those who are there at the end of the week, or still are when it is not over.

    So who pauses or was taken out of their group lacks no hours of the week from the day after their last.
    """
    monday, sunday = week.days
    live = Membership.objects.filter(person=OuterRef("person"), program=week.program, role__in=CLIENTS)
    rows = Enrollment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=monday),
        Exists(live.active()),
        cohort__program=week.program,
        starts_on__lte=sunday,
        status__in=BEGUN,
    )
    if not week.over:
        leaving = Q(ended_on__gte=today, status=EnrollmentStatus.LEFT, episode__stage=Stage.ACTIVE)
        there = Q(ended_on=None) | leaving
        here = Enrollment.objects.filter(there, person=OuterRef("person"), cohort__program=week.program)
        rows = rows.filter(there | Q(Exists(here), status=EnrollmentStatus.STEPPED))
    found: dict[UUID, list[Enrolled]] = defaultdict(list)
    columns = ("person_id", "cohort_id", "cohort__name", "starts_on", "ended_on", "weekly_target_minutes")
    for person_id, *values in week.of(rows).values_list(
        *columns, "person__given_name", "person__family_name"
    ):
        found[person_id].append(Enrolled._make(values))
    return found


def slots(
    week: Period, now: datetime, policies: Policies, cohorts: Collection[UUID], known: Collection[UUID]
) -> dict[UUID, Slot]:
    """By meeting. Of one client: those of the cohorts, those that are `known`, and those by invitation, where
    `asked` says whether as a client; `told` whether they have said that they cannot come."""
    rows = Meeting.objects.of(week.program.pk).standing().filter(held_on__range=week.days)
    if week.only is not None:
        invited = MeetingInvitee.objects.filter(meeting=OuterRef("pk"), person=week.only)
        told = AbsenceNotice.objects.filter(meeting=OuterRef("pk"), person=week.only, withdrawn_at=None)
        rows = rows.annotate(asked=Exists(invited.filter(role=RoomRole.CLIENT)), told=Exists(told))
        rows = rows.filter(Q(cohort__in=cohorts) | Q(pk__in=known) | Exists(invited))
    found: dict[UUID, Slot] = {}
    meeting: Any
    for meeting in rows.annotate(signed_as=F("attestation__creditable")):
        meeting.program = week.program
        # What was signed counts as when it was signed, whatever the programme says today.
        counts = meeting.kind_defaults.creditable if meeting.signed_as is None else meeting.signed_as
        if counts:
            blank = Hour.of(policies.times(meeting), now)
            asked, told_so = getattr(meeting, "asked", False), getattr(meeting, "told", False)
            found[meeting.pk] = Slot(meeting, blank, asked=asked, told=told_so)
    return found


def invited(week: Period, found: Mapping[UUID, Slot]) -> Iterable[tuple[UUID, UUID]]:
    """Clients and the meetings to which they were asked by name; of one client, those among the `found`."""
    if week.only is not None:
        return [(week.only.pk, pk) for pk, slot in found.items() if slot.asked]
    rows = MeetingInvitee.objects.filter(**week.within(), role=RoomRole.CLIENT)
    pairs: Iterable[tuple[UUID, UUID]] = week.of(rows).values_list("person_id", "meeting_id")
    return pairs


def told(week: Period, found: Mapping[UUID, Slot]) -> set[tuple[UUID, UUID]]:
    """Clients and the meetings to which they have said that they cannot come."""
    if week.only is not None:
        return {(week.only.pk, pk) for pk, slot in found.items() if slot.told}
    rows = AbsenceNotice.objects.filter(**week.within(), withdrawn_at=None)
    return set(rows.values_list("person_id", "meeting_id"))


def days_off(week: Period) -> dict[tuple[UUID, UUID], list[DayOff]]:
    """By client and series: the days of it that the client's prescribed week leaves out."""
    found: dict[tuple[UUID, UUID], list[DayOff]] = defaultdict(list)
    if week.read is None:
        rows = week.of(DayOff.objects.filter(series__program=week.program))
    else:
        rows = week.read.days_off
    for row in rows:
        found[row.person_id, row.series_id].append(row)
    return found


Proposed: TypeAlias = list[tuple[UUID, UUID, int, int, str, bool]]


def proposed(week: Period) -> Proposed:
    """Client, meeting, credited and eligible seconds, status, and whether the meeting is over."""
    columns = ("person_id", "meeting_id", "credited_seconds", "eligible_seconds", "status", "final")
    return list(week.of(Proposal.objects.filter(**week.within())).values_list(*columns))


Signed: TypeAlias = list[tuple[UUID, UUID, Counted]]


def signed(week: Period) -> Signed:
    """Client, meeting, and what was signed and last adjusted."""
    columns = ("person_id", "meeting_id", "credited_seconds", "eligible_seconds", "status", "excused", "last")
    changes = Adjustment.objects.filter(record=OuterRef("pk")).order_by("-number")
    last = Subquery(changes.values("after")[:1])
    rows = week.of(AttendanceRecord.objects.filter(**week.within()).annotate(last=last))
    found: Signed = []
    for person_id, meeting_id, credited, eligible, status, excused, after in rows.values_list(*columns):
        if after is not None:
            credited, status, excused = after["credited_seconds"], after["status"], after["excused"]
        found.append((person_id, meeting_id, Counted(credited, eligible, status, excused, signed=True)))
    return found


_ByPersonAndMeeting: TypeAlias = dict[tuple[UUID, UUID], Meeting]


class MakeUps(NamedTuple):
    """Those that touch the week."""

    joined: dict[UUID, set[UUID]]  # by client: the meetings joined as a make-up
    makes_up: _ByPersonAndMeeting  # by client and booked meeting: for which
    made_up: _ByPersonAndMeeting  # by client and missed meeting: by which


def touching(days: tuple[date, date]) -> QuerySet[MakeUp]:
    """Make-ups that hold and are booked in these days, or for a meeting missed in them."""
    theirs = Q(booked__held_on__range=days) | Q(missed__held_on__range=days)
    return MakeUp.objects.filter(theirs, cancelled_at=None).select_related("booked", "missed")


def make_ups(week: Period) -> MakeUps:
    rows = touching(week.days).filter(booked__program=week.program, booked__cancelled_at=None)
    found = MakeUps(defaultdict(set), {}, {})
    for row in week.of(rows) if week.read is None else week.read.make_ups:
        if row.booked.program_id != week.program.pk or row.booked.cancelled_at is not None:
            continue
        found.joined[row.person_id].add(row.booked_id)
        if row.missed is not None:
            found.makes_up[row.person_id, row.booked_id] = row.missed
            found.made_up[row.person_id, row.missed.pk] = row.booked
    return found
