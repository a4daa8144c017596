"""When a caller is there: weekly hours, and the days on which it is otherwise. What is booked follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.aftercare import journal, slots
from sessions.aftercare.booking import rebook
from sessions.aftercare.free import callers
from sessions.aftercare.hours_models import CallerException, CallerHours
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.slots import Caller, Hours
from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import Invalid, NotFound
from sessions.core.span import Span
from sessions.people.access import Act, may, require
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING
from sessions.programs.models import Program

LONGEST: Final = timedelta(hours=2)  # of a call, as policies allow
FOR_GOOD: Final = timedelta(days=3_650)


def set_hours(actor: Person, program_id: UUID, hours: Iterable[Hours]) -> None:
    """The actor's own weekly hours. Raises NotFound for who does not call, Invalid for hours that overlap."""
    program = program_of(actor, program_id)
    wanted = sorted(hours, key=lambda one: (one.weekday, one.start))
    for earlier, later in pairwise(wanted):
        if earlier.weekday == later.weekday and later.start < earlier.end:
            raise Invalid("Two of these hours overlap.")
    if any(one.start >= one.end or not 0 <= one.weekday <= 6 for one in wanted):
        raise Invalid("Each stretch ends after it begins.")
    with transaction.atomic():
        CallerHours.objects.filter(program=program, person=actor).delete()
        CallerHours.objects.bulk_create(
            CallerHours(program=program, person=actor, weekday=one.weekday, start=one.start, end=one.end)
            for one in wanted
        )
    _rebook_outside(actor, program_id)


def be_away(
    actor: Person, program_id: UUID, span: Span, *, away: bool = True, who: Person | None = None
) -> None:
    """The actor is away then (or there beside the weekly hours). Their calls in it go to others or to another
    time, and the alumni are told.

    Args:
        who: somebody else, who has fallen ill: said by a coordinator.

    Raises NotFound for who does not call, and for who speaks for others without coordinating.
    """
    program = program_of(actor, program_id)
    who = who or actor
    if who != actor:
        require(actor, Act.SEE_AFTERCARE, program)
        program_of(who, program_id)
        audit.record(
            actor_id=actor.pk,
            act="caller.away" if away else "caller.there",
            subject_type="person",
            subject_id=who.pk,
            scope=program_id,
        )
    CallerException.objects.create(
        program=program, person=who, starts_at=span.start, ends_at=span.end, away=away
    )
    if away:
        reassign(who, program_id, span)


def coming(actor: Person, program_id: UUID) -> list[CallerException]:
    """What is said of the days ahead: the actor's own; for a coordinator everybody's. Raises NotFound."""
    program = program_of(actor, program_id)
    rows = CallerException.objects.filter(program=program, ends_at__gt=clock.now()).select_related("person")
    return list(rows if may(actor, Act.SEE_AFTERCARE, program) else rows.filter(person=actor))


def take_back(actor: Person, program_id: UUID, exception_id: int) -> None:
    """It is as the weekly hours say after all; calls that were moved stay where they are. Idempotent.
    Raises NotFound."""
    known = [row.pk for row in coming(actor, program_id)]
    CallerException.objects.filter(pk=exception_id, pk__in=known).delete()


def reassign(person: Person, program_id: UUID, span: Span) -> int:
    """Find others, or other times, for a caller's calls in this time. Returns how many were moved."""
    rows = CheckIn.objects.of(program_id).filter(
        caller=person, state=Call.SCHEDULED.value, starts_at__gt=span.start - LONGEST, starts_at__lt=span.end
    )
    pks = [
        row.pk
        for row in rows.order_by("starts_at")
        if row.starts_at is not None and row.starts_at + timedelta(minutes=row.length_minutes) > span.start
    ]
    for pk in pks:
        with transaction.atomic():
            row = journal.locked(pk)
            if row.state == Call.SCHEDULED.value and row.caller_id == person.pk:
                rebook(row, clock.now(), "caller_away")
    return len(pks)


def part_ended(person: UUID, by: UUID, **_: object) -> None:
    """Receives `people.service.access_ended`: where they do not call any more they are nobody's caller, have
    nothing in hand, and their calls go to others."""
    calls = CheckIn.objects.unfinished()
    courses = AftercareCourse.objects.running().filter(caller=person)
    programs = {
        *courses.values_list("program_id", flat=True),
        *calls.filter(caller=person).values_list("program_id", flat=True),
        *calls.filter(claimed_by=person).values_list("program_id", flat=True),
    }
    still = Membership.objects.filter(person=person, role__in=LEADING).active()
    for program_id in programs - set(still.values_list("program_id", flat=True)):
        for pk in courses.filter(program=program_id).values_list("pk", flat=True):
            with transaction.atomic():
                course = journal.locked_course(pk)
                course.caller = None
                course.save(update_fields=["caller"])
        calls.of(program_id).filter(claimed_by=person).update(claimed_by=None, claimed_until=None)
        reassign(Person.objects.get(pk=person), program_id, Span(clock.now(), clock.now() + FOR_GOOD))


def program_of(actor: Person, program_id: UUID) -> Program:
    """The programme, for who may call in it. Raises NotFound."""
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise NotFound
    require(actor, Act.SEE_CALLS, program)
    return program


def _rebook_outside(person: Person, program_id: UUID) -> None:
    """Calls that the caller's hours do not cover any more go to others."""
    now = clock.now()
    rows = CheckIn.objects.of(program_id).filter(caller=person, state=Call.SCHEDULED.value, starts_at__gt=now)
    for pk, starts_at, minutes in rows.values_list("pk", "starts_at", "length_minutes"):
        if starts_at is None:
            continue
        span = Span(starts_at, starts_at + timedelta(minutes=minutes))
        own = next((c for c in callers(program_id, span) if c.id == person.pk), None)
        if own is None or not _covers(own, span):
            with transaction.atomic():
                row = journal.locked(pk)
                if row.state == Call.SCHEDULED.value and row.caller_id == person.pk:
                    rebook(row, now, "caller_away")


def _covers(caller: Caller, span: Span) -> bool:
    alone = Caller(caller.id, caller.zone, caller.hours, caller.extra, caller.away)
    return span.start in set(slots.free(alone, span, span.length))
