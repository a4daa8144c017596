"""Individual sessions that clients book themselves, from the hours their facilitators offer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import bookings, service
from sessions.programs.calendar_models import OfferedSlot
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import CancelReason, Meeting, Program

BY_CLIENTS: Final = (  # the kinds that are offered so
    MeetingKind.INDIVIDUAL_THERAPY,
    MeetingKind.CASE_MANAGEMENT,
    MeetingKind.MEDICATION_MANAGEMENT,
)


class Gone(IllegalMove):
    text = "Somebody else has just taken this hour. Please choose another."


@transaction.atomic
def offer(
    program: Program, facilitator: Person, kind: MeetingKind, spans: Iterable[Span], by: Person | None = None
) -> list[OfferedSlot]:
    """Open these hours for booking. Hours that are past, taken or offered already are passed over.

    Raises Invalid for a kind that is not booked by clients and for who does not lead in the programme.
    """
    now = clock.now()
    if kind not in BY_CLIENTS:
        raise Invalid("This kind of meeting is not booked by clients.")
    if not service.leads_in(facilitator, program.pk):
        raise Invalid("A meeting needs a facilitator, and all of them must be staff of the programme.")
    wanted = [span for span in spans if span.start > now and span.length]
    standing = OfferedSlot.objects.filter(facilitator=facilitator, withdrawn_at=None, ends_at__gt=now)
    held = [Span(start, end) for start, end in standing.values_list("starts_at", "ends_at")]
    made: list[OfferedSlot] = []
    for span in bookings.free(facilitator, wanted):
        if any(span.overlaps(other) for other in held):
            continue
        held.append(span)
        made.append(
            OfferedSlot(
                program=program, facilitator=facilitator, kind=kind, starts_at=span.start, ends_at=span.end
            )
        )
    OfferedSlot.objects.bulk_create(made)
    if made:
        _record(by or facilitator, "slots.offered", "person", facilitator.pk, program.pk)
    return made


def withdraw(slot: OfferedSlot, by: Person) -> None:
    """Take back an hour that nobody has taken. Idempotent. Raises IllegalMove once it is taken."""
    open_still = OfferedSlot.objects.filter(pk=slot.pk, meeting=None)
    if not open_still.update(withdrawn_at=clock.now()):
        raise IllegalMove("A client has booked this hour. Cancel the session instead.")
    _record(by, "slot.withdrawn", "person", slot.facilitator_id, slot.program_id)


def slot(slot_id: UUID, program_ids: Iterable[UUID]) -> OfferedSlot:
    """Raises NotFound, also for one of another programme."""
    found = OfferedSlot.objects.filter(pk=slot_id, program__in=program_ids).select_related("program").first()
    if found is None:
        raise NotFound
    return found


def open_to(client: Person, now: datetime) -> list[OfferedSlot]:
    """What the client can book: of facilitators of their groups, and not while either is busy."""
    found: list[OfferedSlot] = []
    enrollments = client.enrollments.filter(ended_on=None).select_related("cohort__program")
    seen: set[UUID] = set()
    for program in {row.cohort.program for row in enrollments}:
        notice = timedelta(hours=program.rules.booking_notice_hours)
        rows = (
            OfferedSlot.objects.of(program.pk)
            .open()
            .filter(
                facilitator__cohorts_led__enrollments__in=[
                    row for row in enrollments if row.cohort.program_id == program.pk
                ],
                starts_at__gte=now + notice,
            )
            .select_related("facilitator")
            .distinct()
        )
        mine = set(bookings.free(client, [_span(row) for row in rows], program.pk))
        by_facilitator: dict[Person, list[OfferedSlot]] = {}
        for row in rows:
            by_facilitator.setdefault(row.facilitator, []).append(row)
        for facilitator, offered in by_facilitator.items():
            theirs = set(bookings.free(facilitator, [_span(row) for row in offered]))
            for row in offered:
                if row.pk not in seen and _span(row) in theirs and _span(row) in mine:
                    seen.add(row.pk)
                    found.append(row)
    return sorted(found, key=lambda row: (row.starts_at, row.facilitator.name))


@transaction.atomic
def take(client: Person, slot: OfferedSlot) -> Meeting:
    """Book the hour for this client.

    Raises NotFound when it was never open to them, Gone when somebody was faster, Booked when the client is
    elsewhere then.
    """
    held = (
        OfferedSlot.objects.select_for_update(of=("self",))
        .select_related("program", "facilitator")
        .get(pk=slot.pk)
    )
    mine = client.enrollments.filter(
        ended_on=None, cohort__program=held.program, cohort__facilitators=held.facilitator
    )
    if not mine.exists():
        raise NotFound
    if held.meeting_id is not None or held.withdrawn_at is not None:
        raise Gone
    if held.starts_at < clock.now() + timedelta(hours=held.program.rules.booking_notice_hours):
        raise IllegalMove("This hour is too near to book. Please choose a later one.")
    meeting = service.schedule(
        held.program,
        MeetingKind(held.kind),
        _span(held),
        facilitators=[held.facilitator],
        invitees=[(client, RoomRole.CLIENT)],
        by=client,
    )
    held.meeting = meeting
    try:
        held.save(update_fields=["meeting"])
    except IntegrityError as taken:
        raise Gone from taken
    return meeting


@transaction.atomic
def give_back(client: Person, meeting: Meeting) -> None:
    """Cancel what one booked oneself, in time; the hour is open again. Raises NotFound, IllegalMove."""
    slot = (
        OfferedSlot.objects.filter(meeting=meeting, meeting__invitees=client)
        .select_related("program")
        .first()
    )
    if slot is None:
        raise NotFound
    if not can_give_back(slot, clock.now()):
        raise IllegalMove("It is too late to cancel this here. Please call your team.")
    service.cancel(meeting, client, CancelReason.BY_CLIENT)
    slot.meeting = None
    slot.save(update_fields=["meeting"])


def can_give_back(slot: OfferedSlot, now: datetime) -> bool:
    return slot.starts_at >= now + timedelta(hours=slot.program.rules.change_notice_hours)


def _span(slot: OfferedSlot) -> Span:
    return Span(slot.starts_at, slot.ends_at)


def _record(by: Person | None, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=program_id,
    )
