"""Attendance of a meeting: read, signed, changed afterwards. Reading others' hours leaves an audit row.

Proposals are computed by proposals.py and are nobody's word. `attest` makes them a facilitator's; from then
on only `adjust` changes what counts, by a row of its own. `effective` is what holds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from sessions.attendance import absences, makeups, notes, proposals
from sessions.attendance.absence_models import MakeUp
from sessions.attendance.models import Adjustment, AttendanceRecord, Attestation, Credited, Proposal
from sessions.attendance.notes import Note, client_of, read_notes, write_note
from sessions.attendance.policies import policy_of, set_policy
from sessions.attendance.policy import Policy
from sessions.attendance.records import (
    Effective,
    effective,
    record_of,
    signature_of,
    with_adjustments,
)
from sessions.attendance.signing import (
    AlreadySigned,
    Cancelled,
    Change,
    Draft,
    EvidenceMissing,
    NotOver,
    WrongName,
    adjust,
    attest,
    over,
    policy_for,
)
from sessions.audit import service as audit
from sessions.core import clock
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.kinds import creditable
from sessions.programs.models import Meeting, MeetingFacilitator, MeetingQuerySet, Program

DUE_AFTER: Final = timedelta(hours=24)
LATE_AFTER: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Row:
    """One client of one meeting. `credited` is an unsaved Proposal before the signature, the record after."""

    person: Person
    credited: Credited
    record: AttendanceRecord | None
    effective: Effective | None
    adjustments: tuple[Adjustment, ...] = ()
    noted: bool = False  # there is an individual note
    notice: Notice | None = None
    makes_up: MakeUp | None = None  # is here as a make-up
    made_up: MakeUp | None = None  # has booked one for this meeting


@dataclass(frozen=True, slots=True)
class Notice:
    """The client said beforehand that they could not come."""

    given_at: datetime
    excuses: bool  # early enough, by the programme's rule
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A meeting's attendance as its facilitators sign it and its programme's coordinators look at it."""

    meeting: Meeting
    attestation: Attestation | None
    digest: str  # of the signature
    started_at: datetime | None  # actual: the first facilitator or client in a room
    ended_at: datetime | None
    ready: bool  # may be signed now: over, and all evidence in
    rows: tuple[Row, ...]  # by name
    facilitators: tuple[Person, ...]  # on the roster; none once it is signed: the signature names them
    staff_spans: tuple[tuple[datetime, datetime], ...]  # a facilitator in the room
    breaks: tuple[tuple[datetime, datetime], ...]  # as they were taken, else as planned
    policy: Policy


@dataclass(frozen=True, slots=True)
class Overdue:
    meeting: Meeting
    since: datetime  # the meeting's scheduled end
    late: bool  # unsigned for 72 h, not only for 24


# Reading.


def sheet(actor: Person, meeting: Meeting, *, overrun: bool = False) -> Sheet:
    """Everybody's attendance, for facilitators of the meeting and coordinators of its programme.

    Before the signature computed at this moment; `overrun` shows what attesting an overrun would give. The
    look is on record for the session and for each client of it.

    Raises:
        NotFound, NotAllowed: see access.require.
    """
    require(actor, Act.SEE_ATTENDANCE, meeting)
    attestation, digest = signature_of(meeting)
    # Who was signed for stands in the records: nobody has to be looked up.
    found = proposals.hear(meeting, people=attestation is None)
    policy = policy_for(meeting, overrun)
    rows = _signed_rows(meeting) if attestation else _proposed_rows(found, policy)
    rows = _with_absences(meeting, rows)
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_ATTENDANCE,
        subject_type="meeting",
        subject_id=meeting.pk,
        people=[row.person.pk for row in rows],
        scope=meeting.program_id,
    )
    staff = found.staff_spans()
    return Sheet(
        meeting=meeting,
        attestation=attestation,
        digest=digest,
        started_at=found.started_at(),
        ended_at=found.ended_at,
        ready=attestation is None
        and meeting.cancelled_at is None
        and over(found, clock.now())
        and found.complete,
        rows=rows,
        facilitators=()
        if attestation
        else tuple(entry.person for entry in programs.roster(meeting) if entry.role == RoomRole.FACILITATOR),
        staff_spans=staff,
        breaks=found.break_spans(),
        policy=policy,
    )


def own(actor: Person, meeting: Meeting) -> Credited | None:
    """The actor's own credit of the meeting: as signed, else as proposed; None before anything is computed.

    Raises NotFound or NotAllowed for who is not credited there.
    """
    require(actor, Act.SEE_OWN_ATTENDANCE, meeting)
    record = AttendanceRecord.objects.filter(meeting=meeting, person=actor).first()
    return record or Proposal.objects.filter(meeting=meeting, person=actor).first()


def overdue(now: datetime) -> list[Overdue]:
    """Meetings that count towards the week and were not signed within 24 h of their scheduled end, oldest
    first. For staff reminders; names nobody."""
    return _overdue(Meeting.objects.all(), now)


def overdue_for(actor: Person, now: datetime) -> list[Overdue]:
    """Those that the actor leads: for the facilitator's home."""
    led = Meeting.objects.filter(pk__in=MeetingFacilitator.objects.filter(person=actor).values("meeting"))
    found = _overdue(led, now)
    roles = Meeting.objects.filter(pk__in=[one.meeting.pk for one in found]).roles_of(actor)
    return [one for one in found if roles.get(one.meeting.pk) is RoomRole.FACILITATOR]


def _overdue(meetings: MeetingQuerySet, now: datetime) -> list[Overdue]:
    rows = (
        meetings.standing()
        .filter(_counting(), ends_at__lte=now - DUE_AFTER)
        .exclude(Exists(Attestation.objects.filter(meeting=OuterRef("pk"))))
        .select_related("program")
        .order_by("ends_at", "id")
    )
    return [Overdue(row, row.ends_at, row.ends_at <= now - LATE_AFTER) for row in rows]


def _counting() -> Q:
    """Meetings of kinds that count towards the week in their programme."""
    programs: dict[tuple[str, ...], list[UUID]] = defaultdict(list)
    for program in Program.objects.all():
        programs[creditable(program.settings)].append(program.pk)
    found = Q(pk__in=[])
    for kinds, pks in programs.items():
        found |= Q(program__in=pks, kind__in=kinds)
    return found


def _signed_rows(meeting: Meeting) -> tuple[Row, ...]:
    records = with_adjustments(AttendanceRecord.objects.filter(meeting=meeting).select_related("person"))
    noted = notes.has_notes(meeting)
    rows = [
        Row(
            person=record.person,
            credited=record,
            record=record,
            effective=effective(record),
            adjustments=tuple(record.adjustments.all()),
            noted=record.person_id in noted,
        )
        for record in records
    ]
    return tuple(sorted(rows, key=_by_name))


def _proposed_rows(found: proposals.Hearing, policy: Policy) -> tuple[Row, ...]:
    credits_ = found.credits(policy)
    people = {entry.person.pk: entry.person for entry in programs.roster(found.meeting)}
    if gone := credits_.keys() - people.keys():  # was there, and belongs to it no more
        people |= Person.objects.in_bulk(gone)
    noted = notes.has_notes(found.meeting)
    rows = [
        Row(people[pk], proposals.proposal(found, pk, credit, policy), None, None, noted=pk in noted)
        for pk, credit in credits_.items()
    ]
    return tuple(sorted(rows, key=_by_name))


def _with_absences(meeting: Meeting, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    told = {pk: Notice(*one) for pk, one in absences.notices(meeting).items()}
    here, later = makeups.of_meeting(meeting)
    return tuple(
        replace(
            row,
            notice=told.get(row.person.pk),
            makes_up=here.get(row.person.pk),
            made_up=later.get(row.person.pk),
        )
        for row in rows
    )


def _by_name(row: Row) -> tuple[str, str]:
    return row.person.name, str(row.person.pk)


__all__ = [
    "DUE_AFTER",
    "LATE_AFTER",
    "AlreadySigned",
    "Cancelled",
    "Change",
    "Draft",
    "Effective",
    "EvidenceMissing",
    "NotOver",
    "Note",
    "Overdue",
    "Row",
    "Sheet",
    "WrongName",
    "adjust",
    "attest",
    "client_of",
    "effective",
    "overdue",
    "overdue_for",
    "own",
    "policy_of",
    "read_notes",
    "record_of",
    "set_policy",
    "sheet",
    "with_adjustments",
    "write_note",
]
