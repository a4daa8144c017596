"""Who takes calls in a programme, and when they can."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, QuerySet

from sessions.aftercare.hours_models import BookedCell, CallerException, CallerHours
from sessions.aftercare.models import CheckIn
from sessions.aftercare.slots import CELL, Caller, Hours
from sessions.core.prepared import Prepared
from sessions.core.span import Span
from sessions.people.models import Membership, MembershipQuerySet
from sessions.people.roles import LEADING
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import MeetingFacilitator

# Asked at every offer: prepared.


def _staff(program: UUID) -> MembershipQuerySet:
    return Membership.objects.filter(program=program, role__in=LEADING).active()


def _led(program: UUID, start: datetime, end: datetime) -> QuerySet[MeetingFacilitator, Any]:
    """What else they lead, in any programme."""
    rows = MeetingFacilitator.objects.filter(
        person__in=_staff(program).values("person"),
        meeting__cancelled_at=None,
        meeting__starts_at__lt=end,
        meeting__ends_at__gt=start,
    ).exclude(meeting__kind=MeetingKind.CHECK_IN_CALL)
    return rows.values_list("person_id", "meeting__starts_at", "meeting__ends_at")


_STAFF: Final = Prepared(lambda program: _staff(program).values_list("person_id", "person__time_zone"))
_HOURS: Final = Prepared(
    lambda program: CallerHours.objects.filter(program=program).values_list(
        "person_id", "weekday", "start", "end"
    )
)
_EXCEPTIONS: Final = Prepared(
    lambda program, start, end: CallerException.objects.filter(
        program=program, starts_at__lt=end, ends_at__gt=start
    ).values_list("person_id", "away", "starts_at", "ends_at"),
    UUID,
    datetime,
    datetime,
)
_LED: Final = Prepared(_led, UUID, datetime, datetime)
_TAKEN: Final = Prepared(
    lambda program, start, end: BookedCell.objects.filter(
        caller__in=_staff(program).values("person"), at__gte=start, at__lt=end
    ).values_list("caller_id", "at"),
    UUID,
    datetime,
    datetime,
)


def callers(program_id: UUID, within: Span) -> list[Caller]:
    """Everybody who takes calls in the programme, with what they can do in this time. Five queries."""
    home = dict(_STAFF.rows(program_id))  # by which clock each lives
    hours: dict[UUID, list[Hours]] = {}
    for person_id, weekday, start, end in _HOURS.rows(program_id):
        hours.setdefault(person_id, []).append(Hours(weekday, start, end))
    extra: dict[UUID, list[Span]] = {}
    away: dict[UUID, list[Span]] = {}
    for person_id, is_away, starts_at, ends_at in _EXCEPTIONS.rows(program_id, within.start, within.end):
        (away if is_away else extra).setdefault(person_id, []).append(Span(starts_at, ends_at))
    able = home.keys() & (hours.keys() | extra.keys())
    for person_id, starts_at, ends_at in _LED.rows(program_id, within.start, within.end):
        away.setdefault(person_id, []).append(Span(starts_at, ends_at))
    busy: dict[UUID, set[datetime]] = {}
    for person_id, at in _TAKEN.rows(program_id, within.start - CELL, within.end):
        busy.setdefault(person_id, set()).add(at)
    return [
        Caller(
            id=pk,
            zone=home[pk],
            hours=tuple(hours.get(pk, ())),
            extra=tuple(extra.get(pk, ())),
            away=tuple(away.get(pk, ())),
            busy=frozenset(busy.get(pk, ())),
            load=len(busy.get(pk, ())),
        )
        for pk in sorted(able, key=str)
    ]


def loads(program_id: UUID, span: Span) -> dict[UUID, int]:
    """How many calls each caller has in this time."""
    rows = CheckIn.objects.of(program_id).filter(starts_at__gte=span.start, starts_at__lt=span.end)
    counted = rows.exclude(caller=None).values_list("caller_id").annotate(n=Count("pk"))
    return {pk: n for pk, n in counted if pk is not None}
