"""Sessions that a client attended elsewhere, before or beside this programme: brought in from a file.

They are another place's word and stay that: no facts of ours, no signature, no seal, no minute of a week or a
claim (credit is a function of our own facts). Weeks and reports show them apart, with who kept them and who
brought them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from sessions.attendance.elsewhere_models import ElsewhereAttendance
from sessions.attendance.models import AttendanceRecord, AttendanceStatus
from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Program


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One session, as it was brought in last."""

    on: date
    start: str  # "18:00" by the clock there, "" when it is not known
    kind: MeetingKind
    status: AttendanceStatus
    minutes: int
    source: str
    brought_by: str
    brought_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    source: str
    on: date
    start: str
    kind: MeetingKind
    status: AttendanceStatus
    minutes: int


class NotYet(Invalid):
    text = "This day has not come yet."


class NoMinutes(Invalid):
    text = "Who was absent has no minutes, and who was there has some."


class KnownAlready(IllegalMove):
    code = "known-already"
    text = "This session is here already."


class OurOwn(IllegalMove):
    code = "our-own"
    text = "There is a signed record of this session here, which counts."


def bring(program: Program, person: Person, draft: Draft, by: Person) -> ElsewhereAttendance:
    """Keep what another place says of a client's session; with other values than before, as a correction.

    For callers that have asked for the right, in their transaction.

    Raises:
        NotYet, NoMinutes: the day lies ahead; minutes and status do not fit together.
        OurOwn: this programme has a signed record of it.
        KnownAlready: it is here with the same values.
    """
    if draft.on > zones.local_date(clock.now(), program.time_zone):
        raise NotYet
    if (draft.status == AttendanceStatus.ABSENT) != (draft.minutes == 0):
        raise NoMinutes
    ours = AttendanceRecord.objects.filter(
        person=person, meeting__program=program, meeting__held_on=draft.on
    ).select_related("meeting")
    if any(_same(record, draft, program) for record in ours):
        raise OurOwn
    earlier = ElsewhereAttendance.objects.filter(
        program=program,
        person=person,
        source=draft.source,
        held_on=draft.on,
        start=draft.start,
        kind=draft.kind,
    ).last()
    if earlier is not None and (earlier.status, earlier.minutes) == (draft.status, draft.minutes):
        raise KnownAlready
    row = ElsewhereAttendance(
        program=program,
        person=person,
        source=draft.source,
        held_on=draft.on,
        start=draft.start,
        kind=draft.kind,
        number=1 if earlier is None else earlier.number + 1,
        status=draft.status,
        minutes=draft.minutes,
        brought_by=by,
    )
    row.save()
    audit.record(
        actor_id=by.pk,
        act="attendance.brought-in",
        subject_type="person",
        subject_id=person.pk,
        scope=program.pk,
    )
    return row


def any_of(person_id: UUID) -> Exists:
    """For a query of programmes: whether anything was brought in there about this client."""
    return Exists(ElsewhereAttendance.objects.filter(program=OuterRef("pk"), person=person_id))


def held(program_id: UUID, person_id: UUID, from_on: date, to_on: date) -> tuple[Elsewhere, ...]:
    """What was brought in about these days, both included, in order. One query.

    For callers that have asked for the right.
    """
    rows = ElsewhereAttendance.objects.filter(
        program=program_id, person=person_id, held_on__range=(from_on, to_on)
    )
    last: dict[tuple[str, date, str, str], ElsewhereAttendance] = {}
    for row in rows.select_related("brought_by").order_by("held_on", "start", "kind", "number"):
        last[row.source, row.held_on, row.start, row.kind] = row
    return tuple(
        Elsewhere(
            on=row.held_on,
            start=row.start,
            kind=MeetingKind(row.kind),
            status=AttendanceStatus(row.status),
            minutes=row.minutes,
            source=row.source,
            brought_by=row.brought_by.name,
            brought_at=row.brought_at,
        )
        for row in last.values()
    )


def _same(record: AttendanceRecord, draft: Draft, program: Program) -> bool:
    """Ours of that day is about the same session: by its hours, or by its kind when these are not known."""
    if not draft.start:
        return record.meeting.kind == draft.kind
    zone = zones.zone(program.time_zone)
    start, end = (
        moment.astimezone(zone).strftime("%H:%M")
        for moment in (record.meeting.starts_at, record.meeting.ends_at)
    )
    return start <= draft.start < end or (end <= start and draft.start >= start)
