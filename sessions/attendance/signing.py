"""Signing a meeting's attendance, and changing what was signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from sessions.attendance import absences, notes, proposals, seals
from sessions.attendance.hours import status_of
from sessions.attendance.models import Adjustment, AttendanceRecord, AttendanceStatus, Attestation
from sessions.attendance.policies import policy_of
from sessions.attendance.policy import Policy, decode, with_overrun
from sessions.attendance.records import values
from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.worklist import service as worklist


class NotOver(IllegalMove):
    code = "not-over"
    text = "This meeting is not over yet."


class EvidenceMissing(IllegalMove):
    code = "evidence-missing"
    text = "The last seconds are still being counted. Try again in half a minute."


class Cancelled(IllegalMove):
    code = "cancelled"
    text = "This meeting was cancelled. There is nothing to sign."


class AlreadySigned(IllegalMove):
    code = "already-signed"
    text = "This meeting has been signed. Use an adjustment to change it."


class WrongName(Invalid):
    code = "wrong-name"
    text = "Type your full name, as it is in your account, to sign."


@dataclass(frozen=True, slots=True)
class Draft:
    """What a facilitator adds to the computed numbers when signing."""

    typed_name: str
    topic: str = ""
    excused: Collection[UUID] = ()  # clients whose absence is excused
    notes: Mapping[UUID, str] = field(default_factory=dict)  # individual notes by client
    overrun: bool = False  # the meeting ran over, by up to 15 minutes
    started_at: datetime | None = None  # default: as recorded
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an adjustment sets; None leaves it. Lowering the minutes lowers those for claims with them."""

    credited_minutes: int | None = None
    raw_minutes: int | None = None
    status: AttendanceStatus | None = None
    late: bool | None = None
    excused: bool | None = None


def attest(actor: Person, meeting: Meeting, draft: Draft) -> Attestation:
    """Sign everybody's attendance as it is computed at this moment; from now on it stands.

    Raises:
        NotFound, NotAllowed: the actor does not facilitate the meeting.
        NotOver, EvidenceMissing, AlreadySigned, Cancelled: not now, or never.
        WrongName: the typed name is not the actor's.
        Invalid: excused or noted somebody who is no client of the meeting.
    """
    require(actor, Act.ATTEST, meeting)
    _same_name(actor, draft.typed_name)
    with transaction.atomic():
        progress = proposals.locked(meeting.pk)
        if Attestation.objects.filter(meeting=meeting).exists():
            raise AlreadySigned
        if Meeting.objects.filter(pk=meeting.pk, cancelled_at__isnull=False).exists():
            raise Cancelled
        found = proposals.hear(meeting, lock=True)
        now = clock.now()
        if not over(found, now):
            raise NotOver
        if not found.complete:
            raise EvidenceMissing
        policy = policy_for(meeting, draft.overrun)
        credits_ = found.credits(policy)
        if set(draft.excused) - credits_.keys():
            raise Invalid("Somebody excused is no client of this meeting.")
        started_at = draft.started_at or found.started_at() or meeting.starts_at
        stopped_at = draft.stopped_at or found.ended_at or meeting.ends_at
        if stopped_at < started_at:
            raise Invalid("The meeting stopped before it started.")
        attestation = Attestation(
            meeting=meeting,
            signed_by=actor,
            signed_at=now,
            typed_name=draft.typed_name.strip(),
            topic=draft.topic.strip(),
            started_at=started_at,
            stopped_at=stopped_at,
            head_count=sum(1 for credit in credits_.values() if credit.credited_seconds),
            co_facilitators=_co_facilitators(actor, meeting),
            overrun=draft.overrun,
            creditable=meeting.kind_defaults.creditable,
            fact_seq=found.seq,
            fact_digest=found.digest,
        )
        attestation.save()
        records = [
            AttendanceRecord(
                attestation=attestation,
                meeting=meeting,
                person_id=person,
                excused=person in draft.excused,
                **proposals.columns(found, person, credit, policy),
            )
            for person, credit in sorted(credits_.items())
        ]
        for record in records:
            record.save()
        seals.seal(progress, [attestation, *records])
        notes.add(
            progress, actor, meeting, {person: text for person, text in draft.notes.items() if text.strip()}
        )
        absences.review(meeting, list(credits_))
        worklist.settled(meeting.program_id, f"unsigned {meeting.pk}")
        _record(actor, Act.ATTEST, "attestation", attestation.pk, meeting)
    return attestation


def adjust(
    actor: Person, record: AttendanceRecord, change: Change, *, reason: str, typed_name: str
) -> Adjustment:
    """Change what counts of a signed record. The record stays; both are shown wherever it is.

    Raises:
        NotFound, NotAllowed: the actor does not facilitate the meeting.
        WrongName: the typed name is not the actor's.
        Invalid: no reason, nothing changed, or minutes that cannot be.
    """
    meeting = record.meeting
    require(actor, Act.ADJUST_ATTENDANCE, meeting)
    _same_name(actor, typed_name)
    if not reason.strip():
        raise Invalid("An adjustment needs a reason.")
    with transaction.atomic():
        progress = proposals.locked(meeting.pk)
        earlier = list(Adjustment.objects.filter(record=record).order_by("number"))
        before = values(record, earlier)
        after = _changed(before, change, record)
        if after == before:
            raise Invalid("This changes nothing.")
        row = Adjustment(
            record=record,
            number=len(earlier) + 1,
            before=before,
            after=after,
            reason=reason.strip(),
            signed_by=actor,
            signed_at=clock.now(),
            typed_name=typed_name.strip(),
        )
        row.save()
        seals.seal(progress, [row])
        absences.review(meeting, [record.person_id])
        _record(actor, Act.ADJUST_ATTENDANCE, "record", record.pk, meeting)
    return row


def over(found: proposals.Hearing, now: datetime) -> bool:
    """Ended, or never opened and past its time."""
    return found.ended_at is not None or (found.seq == 0 and now >= found.meeting.ends_at)


def policy_for(meeting: Meeting, overrun: bool) -> Policy:
    policy = policy_of(meeting)
    return with_overrun(policy) if overrun else policy


def _changed(before: dict[str, Any], change: Change, record: AttendanceRecord) -> dict[str, Any]:
    after = dict(before)
    if change.credited_minutes is not None and change.credited_minutes != before["credited_seconds"] // 60:
        after["credited_seconds"] = change.credited_minutes * 60
    if change.raw_minutes is not None and change.raw_minutes != before["raw_seconds"] // 60:
        after["raw_seconds"] = change.raw_minutes * 60
        if after["raw_seconds"] > after["credited_seconds"]:
            raise Invalid("The minutes for claims cannot be more than the credited ones.")
    after["raw_seconds"] = min(after["raw_seconds"], after["credited_seconds"])
    if not 0 <= after["raw_seconds"] <= after["credited_seconds"] <= _most_seconds(record):
        raise Invalid("The minutes cannot be more than the meeting had, nor less than none.")
    if change.status is not None:
        after["status"] = change.status.value
    if after["status"] == AttendanceStatus.ABSENT and after["credited_seconds"]:
        if before["status"] != AttendanceStatus.ABSENT:
            raise Invalid("Who was absent has no minutes. Please change the minutes too.")
        # Whoever is given minutes was there, whether or not somebody thought of the status.
        counted = status_of(after["credited_seconds"], record.eligible_seconds, decode(record.policy))
        after["status"] = counted.value
    if change.late is not None:
        after["late"] = change.late
    if change.excused is not None:
        after["excused"] = change.excused
    return after


def _most_seconds(record: AttendanceRecord) -> int:
    """As scheduled, and what the signed policy lets count before and after."""
    extra = int(record.policy.get("early_credit", 0)) + int(record.policy.get("overrun_cap", 0))
    return int(record.meeting.span.length.total_seconds()) + extra


def _co_facilitators(actor: Person, meeting: Meeting) -> list[str]:
    return [
        entry.person.name
        for entry in programs.roster(meeting)
        if entry.role == RoomRole.FACILITATOR and entry.person.pk != actor.pk
    ]


def _same_name(actor: Person, typed: str) -> None:
    if " ".join(typed.split()).casefold() != " ".join(actor.name.split()).casefold():
        raise WrongName


def _record(actor: Person, act: Act, subject_type: str, subject_id: UUID, meeting: Meeting) -> None:
    audit.record(
        actor_id=actor.pk,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=meeting.program_id,
    )
