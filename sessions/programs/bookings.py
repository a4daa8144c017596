"""Whose time a meeting takes. The database refuses what overlaps; this says so in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.calendar_models import Busy
from sessions.programs.models import Cohort, Meeting, MeetingFacilitator
from sessions.programs.rosters import roster

STAFF_SCOPE: Final = UUID(int=0)  # staff are booked once over all programmes


class Booked(Invalid):
    """Somebody is in another meeting at this time. `people` are those of them the scheduler may know of."""

    text = "Somebody is already booked at this time. Choose another time or another person."

    def __init__(self, people: Collection[Person] = ()) -> None:
        super().__init__()
        self.people = tuple(people)


def rebook(cohort: Cohort) -> None:
    """Bring whose time the cohort's coming meetings take up to who belongs to it now. Raises Booked."""
    for one in Meeting.objects.filter(cohort=cohort, starts_at__gte=clock.now()).standing():
        book(one)


def book(meeting: Meeting) -> None:
    """Take the time of everybody on the roster but those on call. Raises Booked."""
    on_call = set(
        MeetingFacilitator.objects.filter(meeting=meeting, on_call=True).values_list("person_id", flat=True)
    )
    keep(meeting, [(one.person, one.role) for one in roster(meeting) if one.person.pk not in on_call])


def keep(meeting: Meeting, wanted: Iterable[tuple[Person, RoomRole]]) -> None:
    """Make the meeting take exactly these people's time. Raises Booked, and changes nothing then.

    A cancelled meeting and a drop-in take nobody's.
    """
    asked = (
        {}
        if meeting.cancelled_at or meeting.drop_in
        else {person.pk: (person, role) for person, role in wanted}
    )
    held = Busy.objects.filter(meeting=meeting)
    try:
        with transaction.atomic():
            # Two overlapping rows written at once would each wait for the other: one after the other instead.
            list(Person.objects.filter(pk__in=asked).select_for_update(no_key=True).order_by("pk"))
            held.exclude(person__in=asked, starts_at=meeting.starts_at, ends_at=meeting.ends_at).delete()
            there = set(held.values_list("person_id", flat=True))
            Busy.objects.bulk_create(
                Busy(
                    person=person,
                    scope=_scope(meeting, role),
                    meeting=meeting,
                    starts_at=meeting.starts_at,
                    ends_at=meeting.ends_at,
                )
                for pk, (person, role) in asked.items()
                if pk not in there
            )
    except IntegrityError as overlap:
        raise Booked(clashes(meeting, asked.values())) from overlap


def clashes(meeting: Meeting, wanted: Iterable[tuple[Person, RoomRole]]) -> list[Person]:
    """Those of `wanted` whose time another meeting takes."""
    people = {(person.pk, _scope(meeting, role)): person for person, role in wanted}
    rows = Busy.objects.filter(
        person__in=[pk for pk, _ in people], starts_at__lt=meeting.ends_at, ends_at__gt=meeting.starts_at
    ).exclude(meeting=meeting)
    found = {key for key in rows.values_list("person_id", "scope") if key in people}
    return sorted((people[key] for key in found), key=lambda person: person.name)


def free(person: Person, spans: Collection[Span], program_id: UUID | None = None) -> list[Span]:
    """Those of `spans` in which nothing is booked: for staff without a programme, for others in that one."""
    if not spans:
        return []
    rows = Busy.objects.filter(
        person=person,
        scope=program_id or STAFF_SCOPE,
        starts_at__lt=max(span.end for span in spans),
        ends_at__gt=min(span.start for span in spans),
    )
    taken = [Span(start, end) for start, end in rows.values_list("starts_at", "ends_at")]
    return [span for span in spans if not any(span.overlaps(other) for other in taken)]


def _scope(meeting: Meeting, role: RoomRole) -> UUID:
    return STAFF_SCOPE if role == RoomRole.FACILITATOR else meeting.program_id
