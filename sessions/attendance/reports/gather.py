"""What holds at this moment, from the signed records, for one client and a period or for one meeting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions.attendance import elsewhere
from sessions.attendance import flags as flag_rules
from sessions.attendance.models import Adjustment, AttendanceRecord, AttendanceStatus, Attestation, Seal
from sessions.attendance.records import values, with_adjustments
from sessions.attendance.reports.audiences import COLUMNS, MEETING, Audience
from sessions.attendance.reports.content import (
    Change,
    Content,
    Entry,
    Permission,
    Values,
    WeekTotal,
    form_of,
)
from sessions.attendance.reports.units import Attended, Payer, units
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.clients import ClientFile
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence, held_by
from sessions.programs.models import Enrollment, Meeting, MeetingFacilitator, MeetingInvitee

DEFAULT_HOUR: Final = 60
# Not for who pays or employs: what another place kept proves nothing that was delivered here.
WITH_ELSEWHERE: Final = frozenset({Audience.CHART, Audience.CLIENT, Audience.PROVIDER, Audience.COURT})


def records_of(file: ClientFile, from_on: date, to_on: date) -> QuerySet[AttendanceRecord]:
    """The client's signed attendances of meetings of these days, both included."""
    return AttendanceRecord.objects.filter(
        person=file.person, meeting__program=file.program, meeting__held_on__range=(from_on, to_on)
    )


def of_client(
    file: ClientFile,
    from_on: date,
    to_on: date,
    audience: Audience,
    *,
    payer: Payer | None = None,
    permission: Permission | None = None,
    now: datetime,
) -> Content:
    entries = _entries(records_of(file, from_on, to_on))
    return Content(
        audience=audience,
        columns=COLUMNS[audience],
        program=file.program.name,
        time_zone=file.program.time_zone,
        patient=file.person.name,
        patient_id=file.person.pk,
        meeting="",
        from_on=from_on,
        to_on=to_on,
        entries=entries,
        weeks=_weeks(file, entries, from_on, to_on),
        unsigned=_unsigned(file, from_on, to_on, now),
        hour_minutes=_hours(entries),
        payer=payer,
        units=() if payer is None else units(payer, [_attended(entry) for entry in entries if entry.counts]),
        permission=permission,
        elsewhere=elsewhere.held(file.program.pk, file.person.pk, from_on, to_on)
        if audience in WITH_ELSEWHERE
        else (),
    )


def of_meeting(meeting: Meeting) -> Content:
    """Everybody's signed attendance of one meeting: for the chart only."""
    entries = _entries(AttendanceRecord.objects.filter(meeting=meeting))
    return Content(
        audience=Audience.CHART,
        columns=MEETING,
        program=meeting.program.name,
        time_zone=meeting.program.time_zone,
        patient="",
        patient_id=None,
        meeting=meeting.shown_title,
        from_on=meeting.held_on,
        to_on=meeting.held_on,
        entries=tuple(sorted(entries, key=lambda entry: (entry.person, str(entry.person_id)))),
        weeks=(),
        unsigned=0 if entries else 1,
        hour_minutes=_hours(entries),
        payer=None,
        units=(),
        permission=None,
    )


def _entries(records: QuerySet[AttendanceRecord]) -> tuple[Entry, ...]:
    rows = list(
        with_adjustments(records)
        .select_related("meeting", "attestation__signed_by", "person")
        .order_by("meeting__starts_at", "meeting_id", "person_id")
    )
    attestations = {row.attestation_id for row in rows}
    seals = dict(Seal.objects.filter(of="attestation", row__in=attestations).values_list("row", "digest"))
    rosters = staff_of({row.meeting_id for row in rows})
    signers = {row.attestation.signed_by for row in rows}
    leads = {person for roster in rosters.values() for person in roster}
    licences = held_by({person.pk for person in signers | leads})
    return tuple(
        _entry(row, seals.get(row.attestation_id, ""), _staff(row, rosters.get(row.meeting_id, ()), licences))
        for row in rows
    )


def _staff(
    row: AttendanceRecord, roster: Iterable[Person], licences: Mapping[UUID, Sequence[Licence]]
) -> tuple[str, ...]:
    """Who led, as signed, each with the licences in force on that day: `Mina Park (NY 012345)`.

    The signature keeps co-facilitators by name: a name that two of them share is not told apart, and stands
    alone.
    """
    attestation = row.attestation
    named: dict[str, set[UUID]] = defaultdict(set)
    for person in roster:
        named[person.name].add(person.pk)

    def told(name: str, person: UUID | None) -> str:
        rows = licences.get(person, ()) if person is not None else ()
        held = [str(one) for one in rows if one.counts(row.meeting.held_on)]
        return f"{name} ({', '.join(held)})" if held else name

    def alone(people: set[UUID]) -> UUID | None:
        return next(iter(people)) if len(people) == 1 else None

    return (
        told(attestation.typed_name, attestation.signed_by_id),
        *(told(name, alone(named[name])) for name in attestation.co_facilitators),
    )


def _entry(row: AttendanceRecord, seal: str, staff: tuple[str, ...]) -> Entry:
    meeting, attestation = row.meeting, row.attestation
    changes = sorted(row.adjustments.all(), key=lambda one: one.number)
    kind = MeetingKind(meeting.kind)
    return Entry(
        record_id=row.pk,
        meeting_id=meeting.pk,
        person_id=row.person_id,
        person=row.person.name,
        on=meeting.held_on,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        started_at=attestation.started_at,
        stopped_at=attestation.stopped_at,
        arrived_at=row.arrived_at,
        left_at=row.left_at,
        kind=kind,
        form=form_of(kind),
        title=meeting.title,
        now=_values(values(row, changes)),
        eligible_minutes=row.eligible_minutes,
        counts=attestation.creditable,
        left_early=flag_rules.Flag.LEFT_EARLY.value in row.flags,
        head_count=attestation.head_count,
        staff=staff,
        signed_by=attestation.typed_name,
        signed_at=attestation.signed_at,
        seal=seal,
        hour_minutes=int(row.policy.get("hour_minutes", DEFAULT_HOUR)),
        policy_version=row.policy_version,
        changes=tuple(_change(one) for one in changes),
    )


def _change(one: Adjustment) -> Change:
    return Change(
        one.number, _values(one.before), _values(one.after), one.reason, one.typed_name, one.signed_at
    )


def _values(held: dict[str, Any]) -> Values:
    return Values(
        credited_minutes=held["credited_seconds"] // 60,
        raw_minutes=held["raw_seconds"] // 60,
        status=AttendanceStatus(held["status"]),
        late=held["late"],
        excused=held["excused"],
    )


def _attended(entry: Entry) -> Attended:
    return Attended(entry.on, entry.form, entry.now.raw_minutes, entry.head_count)


def _hours(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(sorted({entry.hour_minutes for entry in entries})) or (DEFAULT_HOUR,)


def _weeks(file: ClientFile, entries: Iterable[Entry], from_on: date, to_on: date) -> tuple[WeekTotal, ...]:
    """Monday to Sunday of the programme's calendar, cut to the period (DOMAIN 3, rule 10)."""
    by_week: dict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_week[entry.on - timedelta(days=entry.on.weekday())].append(entry)
    episodes = list(
        Enrollment.objects.filter(person=file.person, cohort__program=file.program).order_by("starts_on")
    )
    found = []
    for monday in sorted(by_week):
        sunday = monday + timedelta(days=6)
        targets = [
            row.weekly_target_minutes
            for row in episodes
            if row.starts_on <= sunday and (row.ended_on is None or row.ended_on >= monday)
        ]
        rows = by_week[monday]
        minutes = sum(entry.now.credited_minutes for entry in rows if entry.counts)
        attended = sum(1 for entry in rows if entry.now.credited_minutes)
        first, last = max(monday, from_on), min(sunday, to_on)
        found.append(WeekTotal(first, last, attended, minutes, max(targets, default=0)))
    return tuple(found)


def _unsigned(file: ClientFile, from_on: date, to_on: date, now: datetime) -> int:
    """Meetings of the client in the period that are over and that nobody has signed."""
    enrolled = Enrollment.objects.filter(person=file.person, cohort=OuterRef("cohort"))
    invited = MeetingInvitee.objects.filter(meeting=OuterRef("pk"), person=file.person, role=RoomRole.CLIENT)
    meetings = (
        Meeting.objects.of(file.program.pk)
        .standing()
        .filter(
            Q(Exists(enrolled.counted_on(OuterRef("held_on")))) | Q(Exists(invited)),
            held_on__range=(from_on, to_on),
            ends_at__lte=now,
        )
        .expecting(file.person)
    )
    return meetings.exclude(Exists(Attestation.objects.filter(meeting=OuterRef("pk")))).count()


def staff_of(meetings: Iterable[UUID]) -> dict[UUID, tuple[Person, ...]]:
    """Facilitators on the roster, by meeting."""
    found: dict[UUID, list[Person]] = defaultdict(list)
    rows = MeetingFacilitator.objects.filter(meeting__in=list(meetings)).select_related("person")
    for row in rows.order_by("pk"):
        found[row.meeting_id].append(row.person)
    return {meeting: tuple(people) for meeting, people in found.items()}
