"""Attendance that has been signed, without living through each evening: rows as signing makes them, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from sessions.attendance import policy as rules
from sessions.attendance import proposals, seals
from sessions.attendance.models import AttendanceRecord, AttendanceStatus, Attestation
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.kinds import DEFAULTS, MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.service import schedule
from tests.cast import Cast

MINUTE = timedelta(minutes=1)


def signed(
    cast: Cast,
    starts_at: datetime,
    minutes: Mapping[Person, int],
    *,
    kind: MeetingKind = MeetingKind.PROCESS_GROUP,
    length: int = 90,
    bridged: int = 0,
    excused: tuple[Person, ...] = (),
    flags: tuple[str, ...] = (),
    **policy: Any,
) -> Meeting:
    """A meeting of North led by Mina (with Theo when it is a group): who was there for how many minutes."""
    by_cohort = DEFAULTS[kind].by_cohort
    meeting = schedule(
        cast.north,
        kind,
        Span(starts_at, starts_at + length * MINUTE),
        facilitators=[cast.mina, cast.theo] if by_cohort else [cast.mina],
        cohort=cast.evening if by_cohort else None,
        invitees=[] if by_cohort else [(person, RoomRole.CLIENT) for person in minutes],
    )
    return sign(cast, meeting, minutes, bridged=bridged, excused=excused, flags=flags, **policy)


@transaction.atomic
def sign(
    cast: Cast,
    meeting: Meeting,
    minutes: Mapping[Person, int],
    *,
    bridged: int = 0,
    excused: tuple[Person, ...] = (),
    flags: tuple[str, ...] = (),
    **policy: Any,
) -> Meeting:
    length = meeting.span.length // MINUTE
    values = rules.decode(policy)
    attestation = Attestation(
        meeting=meeting,
        signed_by=cast.mina,
        signed_at=meeting.ends_at + 20 * MINUTE,
        typed_name=cast.mina.name,
        topic="Saying no",
        started_at=meeting.starts_at + MINUTE,
        stopped_at=meeting.ends_at,
        head_count=sum(1 for count in minutes.values() if count),
        co_facilitators=[cast.theo.name] if meeting.cohort_id else [],
        creditable=meeting.kind_defaults.creditable,
        fact_seq=0,
    )
    attestation.save()
    records = []
    for person, count in minutes.items():
        status = (
            AttendanceStatus.ABSENT
            if not count
            else AttendanceStatus.PRESENT
            if count * 10 >= length * 9
            else AttendanceStatus.PARTIAL
        )
        record = AttendanceRecord(
            attestation=attestation,
            meeting=meeting,
            person=person,
            excused=person in excused,
            credited_seconds=count * 60,
            raw_seconds=max(0, count - bridged) * 60,
            bridged_seconds=min(bridged, count) * 60,
            eligible_seconds=length * 60,
            status=status,
            late=bool(count) and count < length,
            arrived_at=meeting.ends_at - count * MINUTE if count else None,
            left_at=meeting.ends_at if count else None,
            flags=list(flags) if count else [],
            policy_version=values.version,
            policy=rules.values_of(values),
        )
        record.save()
        records.append(record)
    seals.seal(proposals.locked(meeting.pk), [attestation, *records])
    return meeting
