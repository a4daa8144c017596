"""What stands in a report, as values: gathered once, then written as PDF, CSV or FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from sessions.attendance.elsewhere import Elsewhere
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.reports.audiences import Audience, Column
from sessions.attendance.reports.units import Form, Line, Payer
from sessions.consents.purposes import Purpose
from sessions.programs.kinds import DEFAULTS, MeetingKind

_FORMS: Final[dict[MeetingKind, Form]] = {
    MeetingKind.INDIVIDUAL_THERAPY: Form.INDIVIDUAL,
    MeetingKind.FAMILY_THERAPY: Form.FAMILY,
    MeetingKind.FAMILY_GROUP: Form.FAMILY,
    MeetingKind.PROCESS_GROUP: Form.GROUP,
    MeetingKind.RELAPSE_PREVENTION: Form.GROUP,
    MeetingKind.SKILL_BUILDING: Form.GROUP,
    MeetingKind.CODEPENDENCY_SUPPORT: Form.GROUP,
}


def form_of(kind: MeetingKind) -> Form:
    """As claims tell them apart."""
    return _FORMS.get(kind, Form.OTHER)


def told_form(kind: MeetingKind) -> Form:
    """As who is not to know the kind is told: an assessment has no code of its own, and is no group."""
    form = form_of(kind)
    if form is not Form.OTHER:
        return form
    return Form.INDIVIDUAL if DEFAULTS[kind].largest == 1 else Form.GROUP


@dataclass(frozen=True, slots=True)
class Values:
    """What an adjustment changes."""

    credited_minutes: int
    raw_minutes: int
    status: AttendanceStatus
    late: bool
    excused: bool


@dataclass(frozen=True, slots=True)
class Change:
    number: int  # of this record, from 1
    before: Values
    after: Values
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One client's signed attendance of one meeting, as it holds now."""

    record_id: UUID
    meeting_id: UUID
    person_id: UUID
    person: str
    on: date
    starts_at: datetime  # scheduled
    ends_at: datetime
    started_at: datetime  # actual
    stopped_at: datetime
    arrived_at: datetime | None
    left_at: datetime | None
    kind: MeetingKind
    form: Form
    title: str
    now: Values
    eligible_minutes: int
    counts: bool  # towards the week: creditable when it was signed
    left_early: bool
    head_count: int
    staff: tuple[str, ...]
    signed_by: str
    signed_at: datetime
    seal: str
    hour_minutes: int
    policy_version: str
    changes: tuple[Change, ...]

    @property
    def delivery(self) -> Literal["video", "other", ""]:
        """How the client took part; "" when not. All that is seen here is seen by video: the minutes of who
        never came into the room are the word of staff, whose change says how ("by telephone")."""
        if not self.now.credited_minutes:
            return ""
        return "video" if self.arrived_at is not None else "other"


@dataclass(frozen=True, slots=True)
class WeekTotal:
    first: date  # Monday, or the first day of the period
    last: date
    sessions: int
    minutes: int
    required: int  # 0 outside of an episode


@dataclass(frozen=True, slots=True)
class Permission:
    """The consent that lets it out."""

    recipient: str
    purpose: Purpose
    signed_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Content:
    audience: Audience
    columns: tuple[Column, ...]
    program: str
    time_zone: str
    patient: str  # "" for a report of one meeting
    patient_id: UUID | None
    meeting: str  # "" for a report of one client
    from_on: date
    to_on: date
    entries: tuple[Entry, ...]  # in order
    weeks: tuple[WeekTotal, ...]
    unsigned: int  # sessions of the period that nobody has signed yet: not in this report
    hour_minutes: tuple[int, ...]  # 60, or 50, or both when the policy changed
    payer: Payer | None
    units: tuple[Line, ...]
    permission: Permission | None
    elsewhere: tuple[Elsewhere, ...] = ()  # brought in: in no sum, under no signature of ours

    @property
    def minutes(self) -> int:
        """Counted; without any bridging for who pays."""
        counted = [entry.now for entry in self.entries if entry.counts]
        if Column.MINUTES in self.columns:
            return sum(now.credited_minutes for now in counted)
        return sum(now.raw_minutes for now in counted)

    @property
    def attended(self) -> int:
        return sum(1 for entry in self.entries if entry.now.credited_minutes)

    @property
    def changes(self) -> int:
        return sum(len(entry.changes) for entry in self.entries)
