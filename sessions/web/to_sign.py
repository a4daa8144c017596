"""Meetings that wait for a facilitator's signature, for the facilitator's home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sessions.attendance import service
from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.web import words
from sessions.web.agenda import Agenda


@dataclass(frozen=True, slots=True)
class Unsigned:
    id: UUID
    title: str
    day: str
    span: str
    due: bool  # for a day
    late: bool  # for three


def unsigned(person: Person, today: Agenda, now: datetime) -> tuple[Unsigned, ...]:
    """The oldest first; today's as soon as they are over."""
    led = [card.id for card in today.over if card.is_staff]
    if today.part != "facilitator" and not led:
        return ()
    overdue = service.overdue_for(person, now)
    fresh = Meeting.objects.filter(pk__in=led, attestation=None).exclude(
        pk__in=[one.meeting.pk for one in overdue]
    )
    return (
        *(_told(one.meeting, due=True, late=one.late) for one in overdue),
        *(_told(meeting) for meeting in fresh if meeting.kind_defaults.creditable),
    )


def _told(meeting: Meeting, *, due: bool = False, late: bool = False) -> Unsigned:
    return Unsigned(
        id=meeting.pk,
        title=meeting.shown_title,
        day=words.day(meeting.starts_at),
        span=words.span(meeting.starts_at, meeting.ends_at),
        due=due,
        late=late,
    )
