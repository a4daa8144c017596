"""Meetings on the calendar: scheduled, moved, cancelled, led by somebody else.

What else other slices ask of a programme's calendar stands here too: who is expected (rosters.py), places in
groups (places.py), whose time is taken (bookings.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid
from sessions.core.span import Span
from sessions.people.models import HouseholdMember, NoContact, Person
from sessions.people.roles import LEADING, Role, RoomRole
from sessions.programs import bookings, kinds
from sessions.programs import breaks as break_times
from sessions.programs.bookings import book as book
from sessions.programs.bookings import rebook as rebook
from sessions.programs.calendar_models import ChangeKind, ScheduleChange, Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import (
    CancelReason,
    Cohort,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    Program,
)
from sessions.programs.places import Full as Full
from sessions.programs.places import enroll as enroll
from sessions.programs.places import kept_in as kept_in
from sessions.programs.places import kept_places as kept_places
from sessions.programs.places import places as places
from sessions.programs.places import places_of as places_of
from sessions.programs.places import wait_for_place as wait_for_place
from sessions.programs.rosters import OwnMeeting as OwnMeeting
from sessions.programs.rosters import RosterEntry as RosterEntry
from sessions.programs.rosters import guests_of as guests_of
from sessions.programs.rosters import has_role
from sessions.programs.rosters import leads_in as leads_in
from sessions.programs.rosters import meeting as meeting
from sessions.programs.rosters import meetings_after as meetings_after
from sessions.programs.rosters import meetings_today as meetings_today
from sessions.programs.rosters import program_meetings_today as program_meetings_today
from sessions.programs.rosters import role_in as role_in
from sessions.programs.rosters import roster as roster
from sessions.programs.rosters import today_and_after as today_and_after

Invitation = tuple[Person, RoomRole]


class Crowd(Invalid):
    """More people than this kind of meeting takes in this programme."""

    text = "There are more people than this kind of session takes."


def crowd(cohort: Cohort | None, invited: Iterable[Invitation] = ()) -> int:
    """How many who are not staff: the cohort's clients now, and those invited by name."""
    people = {person.pk for person, _ in invited}
    if cohort is not None:
        people |= set(cohort.enrollments.filter(ended_on=None).values_list("person", flat=True))
    return len(people)


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
    on_call: Iterable[Person] = (),
    drop_in: bool = False,
    series: Series | None = None,
    recurs_on: date | None = None,
    told: bool = True,
) -> Meeting:
    """Put a meeting on the calendar.

    Those `on_call` may lead it too, and their time is not taken; a drop-in takes nobody's. Unless `told` is
    False the people concerned hear of it.

    Raises Booked when somebody's time is taken. Raises Invalid unless: there is a facilitator and all are
    staff of the programme; the kind admits the cohort, every invited role, and so many people (a meeting of a
    series that is on the calendar is made all the same); everybody invited has that role
    in the programme; each family guest belongs to the household of a client who is asked too; no two of them
    are to be kept apart; the breaks lie inside.
    """
    invited = list(invitees)
    defaults = kinds.of(program.settings, kind)
    standby = [person for person in on_call if person not in facilitators]
    leading = [*facilitators, *standby]
    if not facilitators or not all(has_role(p, program.pk, LEADING) for p in leading):
        raise Invalid("A meeting needs a facilitator, and all of them must be staff of the programme.")
    if cohort is not None and not defaults.by_cohort:
        raise Invalid("This kind of meeting is by invitation only.")
    if any(role not in defaults.attend for _, role in invited):
        raise Invalid("This kind of meeting is not for everybody invited.")
    if series is None and crowd(cohort, invited) > defaults.largest:
        raise Crowd
    if not all(has_role(person, program.pk, {Role(role.value)}) for person, role in invited):
        raise Invalid("Somebody invited has no such part in this programme.")
    row = Meeting(
        program=program,
        cohort=cohort,
        kind=kind,
        title=title,
        starts_at=span.start,
        ends_at=span.end,
        breaks=break_times.write(breaks),
        drop_in=drop_in,
        series=series,
        recurs_on=recurs_on,
    )
    try:
        row.full_clean(exclude=["held_on"])
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    row.save()
    MeetingFacilitator.objects.bulk_create(
        MeetingFacilitator(meeting=row, person=p, on_call=p in standby) for p in leading
    )
    MeetingInvitee.objects.bulk_create(
        MeetingInvitee(meeting=row, person=person, role=role) for person, role in invited
    )
    _refuse_strangers(row, invited)
    book(row)
    if told:
        ScheduleChange.objects.create(meeting=row, kind=ChangeKind.SCHEDULED, by=by)
    _record(by, "meeting.scheduled", "meeting", row.pk, program.pk)
    return row


@transaction.atomic
def cancel(meeting: Meeting, by: Person | None = None, because: CancelReason = CancelReason.OTHER) -> None:
    """Take the meeting off the calendar; it stays on record and takes nobody's time. Idempotent."""
    cancelled = Meeting.objects.filter(pk=meeting.pk, cancelled_at=None).update(
        cancelled_at=clock.now(), cancelled_because=because, sequence=F("sequence") + 1
    )
    meeting.refresh_from_db(fields=["cancelled_at", "cancelled_because", "sequence"])
    if cancelled:
        bookings.keep(meeting, ())
        changed(meeting, ChangeKind.CANCELLED, by)
        _record(by, "meeting.cancelled", "meeting", meeting.pk, meeting.program_id)


@transaction.atomic
def restore(meeting: Meeting, by: Person | None = None) -> None:
    """Undo `cancel` before the start. Idempotent. Raises Booked, and IllegalMove when the time has come."""
    if meeting.cancelled_at is None:
        return
    if meeting.starts_at <= clock.now():
        raise IllegalMove("This session's time has passed.")
    restored = Meeting.objects.filter(pk=meeting.pk, cancelled_at__isnull=False).update(
        cancelled_at=None, cancelled_because="", sequence=F("sequence") + 1
    )
    meeting.refresh_from_db(fields=["cancelled_at", "cancelled_because", "sequence"])
    if not restored:
        return
    book(meeting)
    changed(meeting, ChangeKind.RESTORED, by)
    _record(by, "meeting.restored", "meeting", meeting.pk, meeting.program_id)


@transaction.atomic
def move(meeting: Meeting, span: Span, by: Person | None = None) -> None:
    """To another time, breaks along with it: those that fit. Only what has not begun, to what has not either.

    Raises IllegalMove, and Booked when somebody's time is taken then.
    """
    now, before = clock.now(), meeting.span
    if meeting.cancelled_at or min(before.start, span.start) <= now or not span.length:
        raise IllegalMove(
            "Only a session that is still to come can be moved, and only to a time to come.", about="on"
        )
    if span == before:
        return
    shift = span.start - before.start
    breaks = [Span(one.start + shift, one.end + shift) for one in meeting.break_spans]
    meeting.breaks = break_times.write(one for one in breaks if span.covers(one))
    meeting.starts_at, meeting.ends_at = span.start, span.end
    meeting.sequence += 1
    meeting.save(update_fields=["starts_at", "ends_at", "breaks", "sequence"])
    book(meeting)
    changed(meeting, ChangeKind.MOVED, by, before=before.start)
    _record(by, "meeting.moved", "meeting", meeting.pk, meeting.program_id)


@transaction.atomic
def substitute(meeting: Meeting, out: Person, instead: Person, by: Person | None = None) -> None:
    """Somebody else leads, this once. Raises Invalid, Booked, IllegalMove once over or cancelled."""
    if meeting.cancelled_at or meeting.ends_at <= clock.now():
        raise IllegalMove("This session's time has passed.")
    if not has_role(instead, meeting.program_id, LEADING):
        raise Invalid("A meeting needs a facilitator, and all of them must be staff of the programme.")
    row = MeetingFacilitator.objects.filter(meeting=meeting, person=out).first()
    if row is None or MeetingFacilitator.objects.filter(meeting=meeting, person=instead).exists():
        raise Invalid("Choose who cannot come, and somebody who does not lead this session yet.")
    row.person, row.on_call = instead, False
    row.save(update_fields=["person", "on_call"])
    meeting.sequence += 1
    meeting.save(update_fields=["sequence"])
    _refuse_strangers(meeting, ())
    book(meeting)
    changed(meeting, ChangeKind.SUBSTITUTED, by, also=out)
    _record(by, "meeting.substituted", "meeting", meeting.pk, meeting.program_id)


def changed(
    meeting: Meeting,
    kind: ChangeKind,
    by: Person | None,
    *,
    before: datetime | None = None,
    also: Person | None = None,
) -> None:
    """Note that people concerned must hear of it; calendars see it by the series' sequence too.

    Of check-in calls aftercare tells itself, with a link to keep or move them.
    """
    if meeting.kind == MeetingKind.CHECK_IN_CALL:
        return
    ScheduleChange.objects.create(meeting=meeting, kind=kind, before=before, also=also, by=by)
    if meeting.series_id is not None:
        Series.objects.filter(pk=meeting.series_id).update(sequence=F("sequence") + 1)


@transaction.atomic
def add_facilitator(meeting: Meeting, person: Person, by: Person) -> None:
    """From now on the person may lead the meeting, whatever else their time was for. Idempotent.

    Raises Invalid for who is no staff of the programme.
    """
    if not has_role(person, meeting.program_id, LEADING):
        raise Invalid("Only staff of the programme can be a meeting's facilitator.")
    _, new = MeetingFacilitator.objects.get_or_create(
        meeting=meeting, person=person, defaults={"on_call": True}
    )
    if new:
        _record(by, "meeting.facilitator-added", "meeting", meeting.pk, meeting.program_id)


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


def _record(by: Person | None, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=program_id,
    )
