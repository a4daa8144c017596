"""Reading who has which part in which meeting, and who is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Value, prefetch_related_objects

from sessions.core import zones
from sessions.core.errors import NotFound
from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.people.access import Act, require
from sessions.people.models import HouseholdMember, Membership, Person
from sessions.people.roles import CLIENTS, LEADING, Role, RoomRole
from sessions.programs.day_off_models import DayOff
from sessions.programs.models import (
    Enrollment,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    MeetingQuerySet,
    Program,
)


@dataclass(frozen=True, slots=True)
class OwnMeeting:
    """A meeting with the part one person has in it."""

    meeting: Meeting
    role: RoomRole


@dataclass(frozen=True, slots=True)
class RosterEntry:
    person: Person
    role: RoomRole


def meeting(meeting_id: UUID | str) -> Meeting:
    """With its programme. Raises NotFound, also for what is no id at all. Access is asked separately."""
    try:
        pk = UUID(str(meeting_id))
    except ValueError as none:
        raise NotFound from none
    row = once(("meeting", pk), lambda: _with_program(pk))
    if row is None:
        raise NotFound
    return row


def _with_program(pk: UUID) -> Meeting | None:
    row = _MEETING.model(pk)
    program = _PROGRAM.model(row.program_id) if row is not None else None
    if row is not None and program is not None:
        row.program = program
    return row


_MEETING: Final = Prepared(lambda pk: Meeting.objects.filter(pk=pk).order_by())
_PROGRAM: Final = Prepared(lambda pk: Program.objects.filter(pk=pk))


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


def today_and_after(person: Person, now: datetime) -> tuple[list[OwnMeeting], list[OwnMeeting]]:
    """The meetings of the person's day, and their next ones after it; leaders are read once for both."""
    today = zones.day(zones.local_date(now, person.time_zone), person.time_zone)
    days = Meeting.objects.all().overlapping(today), Meeting.objects.filter(starts_at__gte=today.end)
    own, coming = (
        _own(rows, person, limit, leaders=False) for rows, limit in zip(days, (None, 5), strict=True)
    )
    prefetch_related_objects([one.meeting for one in (*own, *coming)], "facilitators")
    return own, coming


def program_meetings_today(actor: Person, program: Program, now: datetime) -> list[Meeting]:
    """The programme's meetings on its own calendar day. Raises NotFound unless the actor coordinates it."""
    require(actor, Act.SEE_PROGRAM_MEETINGS, program)
    today = zones.day(zones.local_date(now, program.time_zone), program.time_zone)
    return list(_shown(Meeting.objects.filter(program=program).overlapping(today)))


def _invited_and_leading(meeting: UUID) -> QuerySet[Any, tuple[UUID, str, int]]:
    """Who, as what, and which outweighs the other: of two claims of one person the later."""
    invited = MeetingInvitee.objects.filter(meeting=meeting).values_list("person_id", "role", Value(0))
    leading = MeetingFacilitator.objects.filter(meeting=meeting)
    return invited.union(
        leading.values_list("person_id", Value(RoomRole.FACILITATOR.value), Value(2)), all=True
    )


_CLAIMS: Final = Prepared(_invited_and_leading)


def roster(meeting: Meeting) -> list[RosterEntry]:
    """Everybody with a part in the meeting now who is expected: facilitators first, then by name.

    For each of them `role_in` says the same; it also knows clients whose week leaves the day out.
    """
    return list(once(("roster", meeting.pk, meeting.held_on), lambda: _roster(meeting)))


def _roster(meeting: Meeting) -> list[RosterEntry]:
    # Each needs one of these roles in the programme.
    claims: list[tuple[UUID, RoomRole, frozenset[Role]]] = []
    for pk, part, weight in sorted(_claims(meeting), key=lambda row: row[2]):
        needed = (frozenset({Role(part)}), CLIENTS, LEADING)[weight]
        claims.append((pk, RoomRole(part), needed))
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


def _claims(meeting: Meeting) -> Iterable[tuple[UUID, str, int]]:
    """One query, whoever it may be: pages and proposals ask for the roster all the time."""
    if meeting.cohort_id is None:
        return _CLAIMS.rows(meeting.pk)
    enrolled = Enrollment.objects.filter(cohort=meeting.cohort_id).counted_on(meeting.held_on)
    if meeting.recurs_on is not None:  # whose prescribed week leaves this day of the series out
        off = DayOff.objects.on(meeting.series_id, meeting.recurs_on, meeting.recurs_on.weekday())
        enrolled = enrolled.exclude(Exists(off.filter(person=OuterRef("person"))))
    return _invited_and_leading(meeting.pk).union(
        enrolled.values_list("person_id", Value(RoomRole.CLIENT.value), Value(1)), all=True
    )


def _own(
    meetings: MeetingQuerySet, person: Person, limit: int | None = None, *, leaders: bool = True
) -> list[OwnMeeting]:
    rows: Any = list(_shown(meetings.attended_by(person), leaders=leaders)[:limit])
    for row in rows:  # who asks for the part again while the same page is made has it
        once(("part", row.pk, person.pk), partial(str, row.room_role))
    return [OwnMeeting(row, RoomRole(row.room_role)) for row in rows]


def _shown(meetings: MeetingQuerySet, *, leaders: bool = True) -> MeetingQuerySet:
    rows = meetings.standing().select_related("program").order_by("starts_at", "id")
    return rows.prefetch_related("facilitators") if leaders else rows


def guests_of(meeting: Meeting, parts: Mapping[UUID, RoomRole] | None = None) -> dict[UUID, UUID]:
    """Whose guest each family guest asked to the meeting is, by person. `parts`: its roster, when known."""
    if parts is None:
        parts = {entry.person.pk: entry.role for entry in roster(meeting)}
    guests = [pk for pk, role in parts.items() if role == RoomRole.FAMILY]
    if not guests:
        return {}
    bound = HouseholdMember.objects.filter(
        person__in=guests, household__program=meeting.program_id, household__client__in=parts
    )
    return dict(bound.order_by("-pk").values_list("person_id", "household__client_id"))


def leads_in(person: Person, program_id: UUID) -> bool:
    """Whether the person may be a facilitator of the programme's meetings."""
    return has_role(person, program_id, LEADING)


def has_role(person: Person, program_id: UUID, roles: Iterable[Role]) -> bool:
    return Membership.objects.filter(person=person, program=program_id, role__in=roles).active().exists()
