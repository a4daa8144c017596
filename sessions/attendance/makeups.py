"""Make-ups: what a client could join this week, joining it, and taking it back.

Bookable is a coming meeting of the same programme and week that counts towards the hours, has room, lies
beside everything else the client has, and holds nobody whom the client is not to meet. Groups with families
in them, and individual sessions that are somebody else's, never are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from sessions.attendance import week_service
from sessions.attendance.absence_models import MakeUp
from sessions.attendance.hours import Status
from sessions.attendance.week_reading import Read, touching
from sessions.attendance.week_service import ClientWeek, Part
from sessions.attendance.weeks import week_of, week_span
from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages import consents
from sessions.messages import service as messages
from sessions.people.access import Act, require
from sessions.people.models import Membership, NoContact, Person
from sessions.people.roles import CLIENTS, RoomRole
from sessions.programs import service as programs
from sessions.programs.day_off_models import DayOff
from sessions.programs.kinds import DEFAULTS, KindDefaults, MeetingKind
from sessions.programs.models import BEGUN, Enrollment, Meeting, MeetingInvitee, Program

MISSED: Final = (Status.ABSENT.value, Status.INSUFFICIENT.value, Status.PARTIAL.value)


class NotBookable(IllegalMove):
    code = "not-bookable"
    text = "This session cannot be booked any more. Please choose another one."


@dataclass(frozen=True, slots=True)
class Missed:
    """A meeting of the week, or of the one before, from which minutes are missing, or will be, not yet
    made up for."""

    meeting: Meeting
    minutes: int


@dataclass(frozen=True, slots=True)
class Option:
    meeting: Meeting
    minutes: int  # what it can credit
    free: int  # places, this client's included


@dataclass(frozen=True, slots=True)
class Options:
    client: ClientWeek
    monday: date
    missed: tuple[Missed, ...]  # the week's own first, then last week's; of each the largest first
    bookable: tuple[Option, ...]  # in order of time
    booked: tuple[MakeUp, ...]


def options(
    actor: Person, program: Program, person_id: UUID, now: datetime, monday: date | None = None
) -> Options:
    """What can be done about one client's week. The number of queries knows no size.

    Raises NotFound unless the actor coordinates the programme and the person is a client in that week.
    """
    require(actor, Act.BOOK_MAKE_UP, program)
    zone = zones.zone(program.time_zone)
    monday = week_of(now, zone) if monday is None else week_of(week_span(monday, zone).start, zone)
    person = Person(pk=person_id)  # whether a client there: the week says
    days, before = week_service.days(monday), monday - timedelta(days=7)
    read = Read(
        days_off=_days_off(program),
        make_ups=list(touching((before, days[1])).filter(person=person).order_by("booked__starts_at")),
    )
    client = week_service.client_week(program, person, monday, now, read)
    if client is None:
        raise NotFound
    # What was missed on a week's last day can only be made up for in the next.
    earlier = week_service.client_week(program, person, before, now, read)
    _record(actor, Act.BOOK_MAKE_UP, program.pk, person_id)
    return Options(
        client=client,
        monday=monday,
        missed=_missed(client) + (_missed(earlier) if earlier is not None else ()),
        bookable=tuple(_bookable(program, person, monday, now, read.days_off)),
        booked=tuple(one for one in read.make_ups if days[0] <= one.booked.held_on <= days[1]),
    )


def book(
    actor: Person, meeting: Meeting, person_id: UUID, missed_id: UUID | None = None, *, own: bool = False
) -> MakeUp:
    """Let the client take part in the meeting; they see it at once, and are told if they want to be.

    Args:
        missed_id: the meeting it makes up for, if any.
        own: it was made for this client; everybody concerned hears of it as of any new meeting.

    Raises:
        NotFound, NotAllowed: the actor does not coordinate the programme; no such client or missed meeting.
        NotBookable: it is full, over, overlaps, or is not for this client.
    """
    program = meeting.program
    require(actor, Act.BOOK_MAKE_UP, program)
    now = clock.now()
    person = Person.objects.filter(
        pk__in=Membership.objects.filter(person=person_id, program=program, role__in=CLIENTS)
        .active()
        .values("person")
    ).first()
    missed = None if missed_id is None else programs.meeting(missed_id)
    if person is None or (missed is not None and missed.program_id != program.pk):
        raise NotFound
    if missed is not None and missed.role_of(person) is not RoomRole.CLIENT:
        raise NotFound
    with transaction.atomic():
        Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)  # who takes the last place
        Person.objects.select_for_update(of=("self",)).get(pk=person.pk)  # and two bookings at one time
        monday = week_of(meeting.starts_at, zones.zone(program.time_zone))
        if meeting.pk not in [
            one.meeting.pk for one in _bookable(program, person, monday, now, _days_off(program))
        ]:
            raise NotBookable
        MeetingInvitee.objects.create(meeting=meeting, person=person, role=RoomRole.CLIENT)
        programs.book(meeting)
        row = MakeUp.objects.create(
            person=person, booked=meeting, missed=missed, own=own, booked_by=actor, booked_at=now
        )
        if not own:
            _tell(row, "appointment.new", "new")
        _record(actor, "make-up.booked", program.pk, person.pk)
    return row


def book_own(
    actor: Person,
    program: Program,
    person_id: UUID,
    span: Span,
    facilitator_id: UUID,
    missed_id: UUID | None = None,
) -> MakeUp:
    """An individual session of the client's own, at a new time.

    Raises as `book` does; Invalid for a time in the past, Booked when the facilitator's time is taken.
    """
    require(actor, Act.BOOK_MAKE_UP, program)
    if span.start <= clock.now():
        raise Invalid("This time has passed.")
    leader = Person.objects.filter(pk=facilitator_id).first()
    if leader is None:
        raise NotFound
    with transaction.atomic():
        meeting = programs.schedule(
            program, MeetingKind.INDIVIDUAL_THERAPY, span, facilitators=[leader], by=actor
        )
        return book(actor, meeting, person_id, missed_id, own=True)


def cancel(actor: Person, make_up_id: UUID) -> None:
    """Take a make-up back, before its meeting begins. Idempotent.

    Raises:
        NotFound, NotAllowed: no such make-up, or the actor does not coordinate its programme.
        NotBookable: the meeting has begun.
    """
    row = MakeUp.objects.select_related("booked__program", "person").filter(pk=make_up_id).first()
    if row is None:
        raise NotFound
    require(actor, Act.BOOK_MAKE_UP, row.booked.program)
    now = clock.now()
    if row.cancelled_at is not None:
        return
    if now >= row.booked.starts_at:
        raise NotBookable("This session has begun. What was attended counts by itself.")
    with transaction.atomic():
        if not MakeUp.objects.filter(pk=row.pk, cancelled_at=None).update(
            cancelled_at=now, cancelled_by=actor
        ):
            return
        messages.cancel(row.pk)
        if row.own:
            programs.cancel(row.booked, actor)
        else:
            MeetingInvitee.objects.filter(
                meeting=row.booked, person=row.person, role=RoomRole.CLIENT
            ).delete()
            programs.book(row.booked)
            _tell(row, "appointment.cancelled", "cancelled")
        _record(actor, "make-up.cancelled", row.booked.program_id, row.person_id)


def of_meeting(meeting: Meeting) -> tuple[dict[UUID, MakeUp], dict[UUID, MakeUp]]:
    """For a meeting's sheet, by client: what their being here makes up for; and what makes up for it."""
    rows = MakeUp.objects.filter(Q(booked=meeting) | Q(missed=meeting), cancelled_at=None).select_related(
        "booked", "missed"
    )
    here = {row.person_id: row for row in rows if row.booked_id == meeting.pk}
    later = {row.person_id: row for row in rows if row.missed_id == meeting.pk}
    return here, later


def _tell(row: MakeUp, template: str, what: str) -> None:
    """On every channel on which the client wants to be told."""
    for channel in sorted(consents.wanted(row.person)):
        messages.queue(
            template,
            row.person,
            channel,
            key=f"make-up {row.pk} {what} {channel}",
            params={"at": row.booked.starts_at},
            not_after=row.booked.starts_at,
            program_id=row.booked.program_id,
            about=row.pk,
        )


def _missed(client: ClientWeek) -> tuple[Missed, ...]:
    found = [
        Missed(part.meeting, _lost(part))
        for part in client.parts
        if (part.status in MISSED or part.told) and part.made_up is None and _lost(part) > 0
    ]
    return tuple(sorted(found, key=lambda one: -one.minutes))


def _lost(part: Part) -> int:
    return max(part.hour.eligible or part.hour.scheduled, 0) - part.hour.credited


def _bookable(
    program: Program, person: Person, monday: date, now: datetime, off: Sequence[DayOff]
) -> list[Option]:
    over = week_span(monday, zones.zone(program.time_zone)).end
    if now >= over:
        return []
    days = week_service.days(monday)
    mine = Meeting.objects.attended_by(person).filter(pk=OuterRef("pk"), drop_in=False)
    coming = Q(program=program, held_on__range=days, starts_at__gt=now)
    # What they have in any programme, and what there is: a session of Sunday night may reach into Monday.
    meetings: Any = (
        Meeting.objects.standing()
        .overlapping(Span(now, over + timedelta(days=1)))
        .annotate(theirs=Exists(mine))
        .filter(Q(("theirs", True)) | coming)
        .select_related("program")
        .prefetch_related("facilitators")
        .order_by("starts_at", "id")
    )
    busy = [row.span for row in meetings if row.theirs]
    rows: list[Meeting] = [
        row
        for row in meetings
        if row.program_id == program.pk
        and days[0] <= row.held_on <= days[1]
        and row.starts_at > now
        and _open_to_others(row.kind_defaults)
    ]
    if not rows:
        return []
    there = _who_is_there(program, rows, off)
    minutes = week_service.creditable_minutes(program, rows)
    apart = _not_to_meet(program, person)
    found = []
    for row in rows:
        people = there[row.pk]
        free = row.kind_defaults.largest - len(people)
        leaders = {one.pk for one in row.facilitators.all()}
        if (
            free > 0
            and person.pk not in people
            and not apart & (people | leaders)
            and not any(row.span.overlaps(one) for one in busy)
        ):
            found.append(Option(row, minutes[row.pk], free))
    return found


def _open_to_others(kind: KindDefaults) -> bool:
    alone = kind.largest == 1  # nobody's yet, or it is full
    return (
        kind.creditable
        and RoomRole.CLIENT in kind.attend
        and RoomRole.FAMILY not in kind.attend
        and (kind.by_cohort or (alone and kind is DEFAULTS[MeetingKind.INDIVIDUAL_THERAPY]))
    )


def _who_is_there(program: Program, rows: list[Meeting], days_off: Sequence[DayOff]) -> dict[UUID, set[UUID]]:
    """By meeting: everybody on its roster who is not staff. Two queries for any number of meetings.
    Not who has the day off: their place is free, and they may book it themselves."""
    cohorts = {row.cohort_id for row in rows if row.cohort_id is not None}
    first, last = min(row.held_on for row in rows), max(row.held_on for row in rows)
    live = Membership.objects.filter(person=OuterRef("person"), program=program, role__in=CLIENTS).active()
    enrolled: dict[UUID, list[tuple[UUID, date, date | None]]] = defaultdict(list)
    columns = ("cohort_id", "person_id", "starts_on", "ended_on")
    for cohort, person, starts_on, ended_on in Enrollment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=first),
        Exists(live),
        cohort__in=cohorts,
        starts_on__lte=last,
        status__in=BEGUN,
    ).values_list(*columns):
        enrolled[cohort].append((person, starts_on, ended_on))
    there: dict[UUID, set[UUID]] = {
        row.pk: {
            person
            for person, starts_on, ended_on in (enrolled[row.cohort_id] if row.cohort_id else ())
            if starts_on <= row.held_on and (ended_on is None or row.held_on <= ended_on)
        }
        for row in rows
    }
    for off in days_off:
        for row in rows:
            if row.series_id == off.series_id and row.recurs_on is not None and off.holds(row.recurs_on):
                there[row.pk].discard(off.person_id)
    invited = MeetingInvitee.objects.filter(meeting__in=there).values_list("meeting_id", "person_id")
    for meeting, person in invited:
        there[meeting].add(person)
    return there


def _days_off(program: Program) -> list[DayOff]:
    return list(DayOff.objects.filter(series__program=program))


def _not_to_meet(program: Program, person: Person) -> set[UUID]:
    pairs = NoContact.objects.filter(Q(lower=person) | Q(higher=person), program=program)
    return {one for pair in pairs.values_list("lower_id", "higher_id") for one in pair} - {person.pk}


def _record(actor: Person, act: str, program_id: UUID, person_id: UUID) -> None:
    audit.record(actor_id=actor.pk, act=act, subject_type="person", subject_id=person_id, scope=program_id)
