"""Where a client's sessions differ from their group's: series of other groups they join, days they have off.

To another group's series they are asked meeting by meeting, by name. A day off of their own group's takes the
session from their calendar and nothing from their right to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.people.models import NoContact, Person
from sessions.people.roles import RoomRole
from sessions.programs import service
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import Series, SeriesInvitee
from sessions.programs.day_off_models import DayOff
from sessions.programs.models import Meeting, MeetingInvitee, MeetingQuerySet
from sessions.programs.series import Clash


@transaction.atomic
def attend(series: Series, person: Person, from_on: date) -> None:
    """The client belongs to the series' meetings from `from_on` on, also to those made later. Idempotent.

    Raises Invalid when the kind is not for clients, a meeting is full, or somebody there is to be kept apart
    from them; Clash with the days on which they are booked elsewhere. Then nothing changes.
    """
    SeriesInvitee.objects.get_or_create(series=series, person=person, defaults={"role": RoomRole.CLIENT})
    taken: list[date] = []
    # Who takes the last place of a meeting: locked in one order, as every booking of one does.
    for meeting in (
        _to_come(series, from_on).select_for_update(of=("self",), no_key=True).select_related("program")
    ):
        entries = service.roster(meeting)
        if person.pk in {entry.person.pk for entry in entries}:
            continue
        _refuse(meeting, person, entries)
        try:
            with transaction.atomic():
                MeetingInvitee.objects.create(meeting=meeting, person=person, role=RoomRole.CLIENT)
                service.book(meeting)
        except Booked:
            taken.append(meeting.held_on)
    if taken:
        raise Clash(taken, [person])


@transaction.atomic
def leave(series: Series, person: Person, from_on: date) -> None:
    """From `from_on` on the series' meetings no longer expect them. What has begun stays. Idempotent."""
    SeriesInvitee.objects.filter(series=series, person=person, role=RoomRole.CLIENT).delete()
    for meeting in _to_come(series, from_on).filter(invitee_rows__person=person):
        MeetingInvitee.objects.filter(meeting=meeting, person=person, role=RoomRole.CLIENT).delete()
        service.book(meeting)


@transaction.atomic
def ask_back(guest: Person, client: Person, meetings: Iterable[str], series: Iterable[str]) -> None:
    """A family guest belongs again to those of the meetings and series to which their client does.

    Raises Booked, and Invalid when somebody there is to be kept apart from them. Then nothing changes.
    """
    for one in Series.objects.filter(pk__in=list(series), invitee_rows__person=client):
        SeriesInvitee.objects.get_or_create(series=one, person=guest, defaults={"role": RoomRole.FAMILY})
    coming = Meeting.objects.filter(pk__in=list(meetings), ends_at__gt=clock.now()).standing()
    for meeting in coming.select_related("program").order_by("starts_at"):
        entries = service.roster(meeting)
        there = {entry.person.pk for entry in entries}
        if client.pk in there and guest.pk not in there:
            _refuse_apart(meeting, guest, entries)
            MeetingInvitee.objects.create(meeting=meeting, person=guest, role=RoomRole.FAMILY)
            service.book(meeting)


@transaction.atomic
def take_off(person: Person, program_id: UUID, days: Collection[tuple[Series, int]], from_on: date) -> None:
    """From `from_on` on the client has exactly these days off in the programme: series and weekday (Monday is
    0). Idempotent.

    Raises Clash with the days on which they are expected again but booked elsewhere. Then nothing changes.
    """
    wanted = {(series.pk, weekday) for series, weekday in days}
    changed: set[UUID] = set()
    held = DayOff.objects.filter(person=person, series__program=program_id).within(from_on, None)
    for row in held:
        if row.ended_on is None and row.starts_on <= from_on and (row.series_id, row.weekday) in wanted:
            wanted.discard((row.series_id, row.weekday))
            continue
        changed.add(row.series_id)
        if row.starts_on >= from_on:
            row.delete()
        else:
            row.ended_on = from_on - timedelta(days=1)
            row.save(update_fields=["ended_on"])
    DayOff.objects.bulk_create(
        DayOff(series_id=series, person=person, weekday=weekday, starts_on=from_on)
        for series, weekday in sorted(wanted)
    )
    taken: list[date] = []
    for series in Series.objects.filter(pk__in=changed | {pk for pk, _ in wanted}):
        for meeting in _to_come(series, from_on).select_related("program"):
            try:
                service.book(meeting)
            except Booked:
                taken.append(meeting.held_on)
    if taken:
        raise Clash(sorted(taken), [person])


def _to_come(series: Series, from_on: date) -> MeetingQuerySet:
    rows = Meeting.objects.filter(series=series, held_on__gte=from_on, starts_at__gt=clock.now())
    return rows.standing().order_by("starts_at")


def _refuse(meeting: Meeting, person: Person, entries: list[service.RosterEntry]) -> None:
    kind = meeting.kind_defaults
    if RoomRole.CLIENT not in kind.attend:
        raise Invalid("This kind of meeting is not for everybody invited.")
    if sum(entry.role != RoomRole.FACILITATOR for entry in entries) >= kind.largest:
        raise service.Full
    _refuse_apart(meeting, person, entries)


def _refuse_apart(meeting: Meeting, person: Person, entries: list[service.RosterEntry]) -> None:
    there = [entry.person.pk for entry in entries]
    pairs = NoContact.objects.filter(program=meeting.program_id)
    if (pairs.filter(lower=person, higher__in=there) | pairs.filter(higher=person, lower__in=there)).exists():
        raise Invalid("Two of these people are not to be in one room.")
