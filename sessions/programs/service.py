"""Enrolling, scheduling, and reading who has which part in which meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import Invalid, NotFound
from sessions.core.span import Span
from sessions.people.access import Act, require
from sessions.people.models import HouseholdMember, Membership, NoContact, Person
from sessions.people.roles import CLIENTS, LEADING, Role, RoomRole
from sessions.programs import breaks as break_times
from sessions.programs.kinds import DEFAULTS, MeetingKind
from sessions.programs.models import (
    Cohort,
    Enrollment,
    EnrollmentStatus,
    LevelOfCare,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    MeetingQuerySet,
    Program,
)

Invitation = tuple[Person, RoomRole]


@dataclass(frozen=True, slots=True)
class OwnMeeting:
    """A meeting with the part one person has in it."""

    meeting: Meeting
    role: RoomRole


@dataclass(frozen=True, slots=True)
class RosterEntry:
    person: Person
    role: RoomRole


# Reading.


def meeting(meeting_id: UUID | str) -> Meeting:
    """With its programme. Raises NotFound, also for what is no id at all. Access is asked separately."""
    try:
        return Meeting.objects.select_related("program").get(pk=meeting_id)
    except (Meeting.DoesNotExist, ValidationError, ValueError) as none:
        raise NotFound from none


def role_in(meeting: Meeting, person: Person) -> RoomRole | None:
    """The person's part in the meeting's room now; None without any. One query."""
    return meeting.role_of(person)


def meetings_today(person: Person, now: datetime) -> list[OwnMeeting]:
    """The person's meetings on their own calendar day, in order. Over midnight counts for both days."""
    today = zones.day(zones.local_date(now, person.time_zone), person.time_zone)
    return _own(Meeting.objects.all().overlapping(today), person)


def meetings_after(person: Person, moment: datetime, limit: int = 5) -> list[OwnMeeting]:
    """The person's next meetings that start at `moment` or later."""
    return _own(Meeting.objects.filter(starts_at__gte=moment), person, limit)


def program_meetings_today(actor: Person, program: Program, now: datetime) -> list[Meeting]:
    """The programme's meetings on its own calendar day. Raises NotFound unless the actor coordinates it."""
    require(actor, Act.SEE_PROGRAM_MEETINGS, program)
    today = zones.day(zones.local_date(now, program.time_zone), program.time_zone)
    return list(_shown(Meeting.objects.filter(program=program).overlapping(today)))


def roster(meeting: Meeting) -> list[RosterEntry]:
    """Everybody with a part in the meeting now: facilitators first, then by name.

    For each of them `role_in` says the same.
    """
    invited = MeetingInvitee.objects.filter(meeting=meeting).values_list("person_id", "role")
    enrolled = Enrollment.objects.filter(cohort=meeting.cohort_id).counted_on(meeting.held_on)
    leading = MeetingFacilitator.objects.filter(meeting=meeting).values_list("person_id", flat=True)
    # The later outweighs the earlier; each needs one of these roles in the programme.
    claims: list[tuple[UUID, RoomRole, frozenset[Role]]] = [
        *((pk, RoomRole(role), frozenset({Role(role)})) for pk, role in invited),
        *((pk, RoomRole.CLIENT, CLIENTS) for pk in enrolled.values_list("person_id", flat=True)),
        *((pk, RoomRole.FACILITATOR, LEADING) for pk in leading),
    ]
    people: dict[UUID, Person] = {}
    live: dict[UUID, set[str]] = {}
    memberships = Membership.objects.filter(
        program=meeting.program_id, person__in={pk for pk, _, _ in claims}
    ).active()
    for membership in memberships.select_related("person"):
        people[membership.person_id] = membership.person
        live.setdefault(membership.person_id, set()).add(membership.role)
    parts = {pk: role for pk, role, needed in claims if live.get(pk, set()) & needed}
    entries = [RosterEntry(people[pk], role) for pk, role in parts.items()]
    return sorted(entries, key=lambda e: (e.role != RoomRole.FACILITATOR, e.person.name, str(e.person.pk)))


def _own(meetings: MeetingQuerySet, person: Person, limit: int | None = None) -> list[OwnMeeting]:
    rows: Any = _shown(meetings.attended_by(person))[:limit]
    return [OwnMeeting(row, RoomRole(row.room_role)) for row in rows]


def _shown(meetings: MeetingQuerySet) -> MeetingQuerySet:
    return (
        meetings.standing()
        .select_related("program")
        .prefetch_related("facilitators")
        .order_by("starts_at", "id")
    )


# Changing.


@transaction.atomic
def enroll(
    person: Person,
    cohort: Cohort,
    starts_on: date,
    *,
    weekly_target_minutes: int = 540,
    planned_end_on: date | None = None,
    level_of_care: LevelOfCare = LevelOfCare.INTENSIVE_OUTPATIENT,
    by: Person | None = None,
) -> Enrollment:
    """Begin an episode. Raises Invalid when the person is no client of the cohort's programme."""
    if not _has_role(person, cohort.program_id, CLIENTS):
        raise Invalid("Only a client of the programme can be enrolled.")
    enrollment = Enrollment.objects.create(
        person=person,
        cohort=cohort,
        starts_on=starts_on,
        weekly_target_minutes=weekly_target_minutes,
        planned_end_on=planned_end_on,
        level_of_care=level_of_care,
        status=EnrollmentStatus.ACTIVE,
    )
    _record(by, "enrollment.began", "enrollment", enrollment.pk, cohort.program_id)
    return enrollment


@transaction.atomic
def schedule(
    program: Program,
    kind: MeetingKind,
    span: Span,
    *,
    facilitators: Sequence[Person],
    cohort: Cohort | None = None,
    invitees: Iterable[Invitation] = (),
    title: str = "",
    breaks: Iterable[Span] = (),
    by: Person | None = None,
) -> Meeting:
    """Put a meeting on the calendar.

    Raises Invalid unless: there is a facilitator and all are staff of the programme; the kind admits the
    cohort and every invited role; everybody invited has that role in the programme; each family guest belongs
    to the household of a client who is asked too; no two of them are to be kept apart; the breaks lie inside.
    """
    invited = list(invitees)
    defaults = DEFAULTS[kind]
    if not facilitators or not all(_has_role(p, program.pk, LEADING) for p in facilitators):
        raise Invalid("A meeting needs a facilitator, and all of them must be staff of the programme.")
    if cohort is not None and not defaults.by_cohort:
        raise Invalid("This kind of meeting is by invitation only.")
    if any(role not in defaults.attend for _, role in invited):
        raise Invalid("This kind of meeting is not for everybody invited.")
    if not all(_has_role(person, program.pk, {Role(role.value)}) for person, role in invited):
        raise Invalid("Somebody invited has no such part in this programme.")
    row = Meeting(
        program=program,
        cohort=cohort,
        kind=kind,
        title=title,
        starts_at=span.start,
        ends_at=span.end,
        breaks=break_times.write(breaks),
    )
    try:
        row.full_clean(exclude=["held_on"])
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    row.save()
    MeetingFacilitator.objects.bulk_create(MeetingFacilitator(meeting=row, person=p) for p in facilitators)
    MeetingInvitee.objects.bulk_create(
        MeetingInvitee(meeting=row, person=person, role=role) for person, role in invited
    )
    _refuse_strangers(row, invited)
    _record(by, "meeting.scheduled", "meeting", row.pk, program.pk)
    return row


@transaction.atomic
def cancel(meeting: Meeting, by: Person | None = None) -> None:
    """Take the meeting off the calendar; it stays on record. Idempotent."""
    cancelled = Meeting.objects.filter(pk=meeting.pk, cancelled_at=None).update(cancelled_at=clock.now())
    meeting.refresh_from_db(fields=["cancelled_at"])
    if cancelled:
        _record(by, "meeting.cancelled", "meeting", meeting.pk, meeting.program_id)


def _refuse_strangers(row: Meeting, invited: Sequence[Invitation]) -> None:
    asked = {entry.person.pk: entry.role for entry in roster(row)}
    clients = [pk for pk, role in asked.items() if role == RoomRole.CLIENT]
    guests = {person.pk for person, role in invited if role == RoomRole.FAMILY}
    related = HouseholdMember.objects.filter(
        person__in=guests, household__program=row.program_id, household__client__in=clients
    ).values_list("person_id", flat=True)
    if guests - set(related):
        raise Invalid("A family guest is invited only together with their client.")
    if NoContact.objects.filter(program=row.program_id, lower__in=asked, higher__in=asked).exists():
        raise Invalid("Two of these people are not to be in one room.")


def _has_role(person: Person, program_id: UUID, roles: Iterable[Role]) -> bool:
    return Membership.objects.filter(person=person, program=program_id, role__in=roles).active().exists()


def _record(by: Person | None, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=program_id,
    )
