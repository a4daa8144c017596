"""Telling everybody concerned when the calendar changes: in their own zone, on the channels they want."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.messages import consents, service
from sessions.messages.models import Channel
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.calendar_models import ChangeKind, ScheduleChange

_TEMPLATES: Final[dict[ChangeKind, str]] = {
    ChangeKind.SCHEDULED: "appointment.new",
    ChangeKind.RESTORED: "appointment.new",
    ChangeKind.MOVED: "appointment.moved",
    ChangeKind.CANCELLED: "appointment.cancelled",
}
MOST_A_RUN: Final = 100


def tell(now: datetime) -> int:
    """Put a message into the outbox for everybody each change concerns, but who made it. Returns the changes.

    Safe to run twice and side by side: a change is claimed, and a message has a key of its own.
    """
    waiting = ScheduleChange.objects.filter(told_at=None).values_list("pk", flat=True)[:MOST_A_RUN]
    return sum(_tell(pk, now) for pk in list(waiting))


@transaction.atomic
def _tell(pk: UUID, now: datetime) -> int:
    if not ScheduleChange.objects.filter(pk=pk, told_at=None).update(told_at=now):
        return 0
    change = ScheduleChange.objects.select_related("meeting__program", "also").get(pk=pk)
    meeting, kind = change.meeting, ChangeKind(change.kind)
    if kind in (ChangeKind.MOVED, ChangeKind.CANCELLED):
        service.cancel(meeting.pk)  # what was queued for the old time
    if meeting.starts_at <= now and (change.before is None or change.before <= now):
        return 1
    concerned = {entry.person: entry.role for entry in programs.roster(meeting)}
    if change.also is not None:
        concerned.setdefault(change.also, RoomRole.FACILITATOR)
    for person, role in concerned.items():
        if person.pk != change.by_id:
            _queue(change, kind, person, role)
    return 1


def _queue(change: ScheduleChange, kind: ChangeKind, person: Person, role: RoomRole) -> None:
    staff = role == RoomRole.FACILITATOR
    if kind == ChangeKind.SUBSTITUTED and not staff:
        return  # for clients the time is the same; who leads stands on their page
    template = "staff.appointment" if staff else _TEMPLATES[kind]
    for channel in (Channel.EMAIL,) if staff else consents.wanted(person):
        service.queue(
            template,
            person,
            channel,
            key=f"change {change.pk} {person.pk} {channel}",
            params={"at": change.meeting.starts_at},
            not_after=max(change.meeting.starts_at, change.before or change.meeting.starts_at),
            program_id=change.meeting.program_id,
            about=None if kind == ChangeKind.CANCELLED else change.meeting.pk,
        )
