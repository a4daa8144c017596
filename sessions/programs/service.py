"""Enrolling, scheduling, and reading who has which part in which meeting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.core.span import Span
from sessions.people.access import Act, require
from sessions.people.models import HouseholdMember, Membership, NoContact, Person
from sessions.people.roles import CLIENTS, LEADING, Role, RoomRole
from sessions.programs import bookings, kinds
from sessions.programs import breaks as break_times
from sessions.programs.calendar_models import ChangeKind, ScheduleChange, Series, WaitlistEntry
from sessions.programs.day_off_models import DayOff
from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import (
    CancelReason,
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


class Crowd(Invalid):
    """More people than this kind of meeting takes in this programme."""

    text = "There are more people than this kind of session takes."


class Full(Invalid):
    """The cohort has no place left."""

    text = "This group is full. You can put them on its waitlist."


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


def program_meetings_today(actor: Person, program: Program, now: datetime) -> list[Meeting]:
    """The programme's meetings on its own calendar day. Raises NotFound unless the actor coordinates it."""
    require(actor, Act.SEE_PROGRAM_MEETINGS, program)
    today = zones.day(zones.local_date(now, program.time_zone), program.time_zone)
    return list(_shown(Meeting.objects.filter(program=program).overlapping(today)))


_INVITED: Final = Prepared(
    lambda meeting: MeetingInvitee.objects.filter(meeting=meeting).values_list("person_id", "role")
)
_LEADING: Final = Prepared(
    lambda meeting: MeetingFacilitator.objects.filter(meeting=meeting).values_list("person_id")
)


_DAYS_OFF: Final = Prepared(
    lambda series, on, weekday: DayOff.objects.on(series, on, weekday).order_by().values_list("person_id"),
    UUID,
    date,
    int,
)


def roster(meeting: Meeting) -> list[RosterEntry]:
    """Everybody with a part in the meeting now who is expected: facilitators first, then by name.

    For each of them `role_in` says the same; it also knows clients whose week leaves the day out.
    """
    return list(once(("roster", meeting.pk, meeting.held_on), lambda: _roster(meeting)))


def _roster(meeting: Meeting) -> list[RosterEntry]:
    enrolled = Enrollment.objects.filter(cohort=meeting.cohort_id).counted_on(meeting.held_on)
    off = _off(meeting)
    # The later outweighs the earlier; each needs one of these roles in the programme.
    claims: list[tuple[UUID, RoomRole, frozenset[Role]]] = [
        *((pk, RoomRole(role), frozenset({Role(role)})) for pk, role in _INVITED.rows(meeting.pk)),
        *(
            (pk, RoomRole.CLIENT, CLIENTS)
            for pk in enrolled.values_list("person_id", flat=True)
            if pk not in off
        ),
        *((pk, RoomRole.FACILITATOR, LEADING) for (pk,) in _LEADING.rows(meeting.pk)),
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


def _off(meeting: Meeting) -> set[UUID]:
    """Whose prescribed week leaves this day of the series out."""
    if meeting.series_id is None or meeting.recurs_on is None:
        return set()
    return {pk for (pk,) in _DAYS_OFF.rows(meeting.series_id, meeting.recurs_on, meeting.recurs_on.weekday())}


def _own(meetings: MeetingQuerySet, person: Person, limit: int | None = None) -> list[OwnMeeting]:
    rows: Any = list(_shown(meetings.attended_by(person))[:limit])
    for row in rows:  # who asks for the part again while the same page is made has it
        once(("part", row.pk, person.pk), partial(str, row.room_role))
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
    days_a_week: int = 3,
    minutes_a_day: int = 180,
    by: Person | None = None,
) -> Enrollment:
    """Begin a stretch in a cohort, and with it the episode when there is none yet.

    The client's time is taken by the cohort's coming meetings.

    Raises:
        Invalid: the person is no client of the cohort's programme.
        Full: the cohort has no place, or keeps those it has for people who were offered one.
        Booked: one of the cohort's coming meetings overlaps another of this client's.
    """
    if not _has_role(person, cohort.program_id, CLIENTS):
        raise Invalid("Only a client of the programme can be enrolled.")
    Cohort.objects.select_for_update(of=("self",), no_key=True).get(pk=cohort.pk)  # who takes the last place
    if (left := places(cohort, person)) is not None and left <= kept_places(cohort, person):
        raise Full
    enrollment = Enrollment.objects.create(
        person=person,
        cohort=cohort,
        starts_on=starts_on,
        weekly_target_minutes=weekly_target_minutes,
        planned_end_on=planned_end_on,
        level_of_care=level_of_care,
        status=EnrollmentStatus.ACTIVE,
        days_a_week=days_a_week,
        minutes_a_day=minutes_a_day,
        episode=_open_episode(person, cohort.program, starts_on, planned_end_on, by),
    )
    WaitlistEntry.objects.filter(cohort=cohort, person=person, ended_at=None).update(ended_at=clock.now())
    rebook(cohort)
    _record(by, "enrollment.began", "enrollment", enrollment.pk, cohort.program_id)
    return enrollment


def places(cohort: Cohort, but: Person | None = None) -> int | None:
    """How many more clients the cohort takes; None when nobody counts. `but`: whose own place is not counted.

    Its own number of places, or else as many as the smallest kind of its running series takes.
    """
    return places_of([cohort], but)[cohort.pk]


def places_of(cohorts: Sequence[Cohort], but: Person | None = None) -> dict[UUID, int | None]:
    """As `places`, by cohort. Who leaves has their place up to their last day. Two queries."""
    taken: dict[UUID, set[UUID]] = {}
    today = {one.pk: zones.local_date(clock.now(), one.program.time_zone) for one in cohorts}
    held = Enrollment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=min(today.values(), default=date.min)), cohort__in=cohorts
    )
    for pk, person, ended_on in held.values_list("cohort_id", "person_id", "ended_on"):
        if (ended_on is not None and ended_on < today[pk]) or (but is not None and person == but.pk):
            continue
        taken.setdefault(pk, set()).add(person)
    sizes: dict[UUID, list[int]] = {one.pk: [one.capacity] for one in cohorts if one.capacity is not None}
    uncounted = {one.pk: one.program.settings for one in cohorts if one.capacity is None}
    running = Series.objects.filter(cohort__in=uncounted).exclude(ends_on__lt=clock.now().date())
    for pk, kind in running.values_list("cohort_id", "kind"):
        if pk is not None:
            sizes.setdefault(pk, []).append(kinds.of(uncounted[pk], MeetingKind(kind)).largest)
    return {
        one.pk: max(0, min(sizes[one.pk]) - len(taken.get(one.pk, ()))) if one.pk in sizes else None
        for one in cohorts
    }


def kept_places(cohort: Cohort, but: Person | None = None) -> int:
    """How many of its places are kept for people who were offered one, or have said that they want it."""
    return kept_in([cohort.pk], but).get(cohort.pk, 0)


def kept_in(cohorts: Iterable[UUID], but: Person | None = None) -> dict[UUID, int]:
    """As `kept_places`, by cohort; cohorts that keep none are missing. One query."""
    held = Q(offer_ends_at__gt=clock.now()) | Q(taken_at__isnull=False)
    rows = WaitlistEntry.objects.filter(held, cohort__in=list(cohorts), ended_at=None)
    return Counter(rows.exclude(person=but).values_list("cohort_id", flat=True))


def crowd(cohort: Cohort | None, invited: Iterable[Invitation] = ()) -> int:
    """How many who are not staff: the cohort's clients now, and those invited by name."""
    people = {person.pk for person, _ in invited}
    if cohort is not None:
        people |= set(cohort.enrollments.filter(ended_on=None).values_list("person", flat=True))
    return len(people)


@transaction.atomic
def wait_for_place(person: Person, cohort: Cohort, by: Person | None = None) -> WaitlistEntry:
    """Put somebody at the end of the cohort's waitlist. Idempotent."""
    entry, new = WaitlistEntry.objects.get_or_create(cohort=cohort, person=person, ended_at=None)
    if new:
        _record(by, "waitlist.joined", "person", person.pk, cohort.program_id)
    return entry


def rebook(cohort: Cohort) -> None:
    """Bring whose time the cohort's coming meetings take up to who belongs to it now. Raises Booked."""
    for one in Meeting.objects.filter(cohort=cohort, starts_at__gte=clock.now()).standing():
        book(one)


def book(meeting: Meeting) -> None:
    """Take the time of everybody on the roster but those on call. Raises Booked."""
    on_call = set(
        MeetingFacilitator.objects.filter(meeting=meeting, on_call=True).values_list("person_id", flat=True)
    )
    bookings.keep(
        meeting, [(one.person, one.role) for one in roster(meeting) if one.person.pk not in on_call]
    )


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
    if not facilitators or not all(_has_role(p, program.pk, LEADING) for p in leading):
        raise Invalid("A meeting needs a facilitator, and all of them must be staff of the programme.")
    if cohort is not None and not defaults.by_cohort:
        raise Invalid("This kind of meeting is by invitation only.")
    if any(role not in defaults.attend for _, role in invited):
        raise Invalid("This kind of meeting is not for everybody invited.")
    if series is None and crowd(cohort, invited) > defaults.largest:
        raise Crowd
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
    meeting.cancelled_at, meeting.cancelled_because = None, ""
    meeting.sequence += 1
    meeting.save(update_fields=["cancelled_at", "cancelled_because", "sequence"])
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
        raise IllegalMove("Only a session that is still to come can be moved, and only to a time to come.")
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
    if not _has_role(instead, meeting.program_id, LEADING):
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


def _open_episode(
    person: Person, program: Program, starts_on: date, planned_end_on: date | None, by: Person | None
) -> Episode:
    episode, new = Episode.objects.get_or_create(
        program=program,
        person=person,
        ended_on=None,
        defaults={
            "stage": Stage.ACTIVE,
            "referred_on": starts_on,
            "starts_on": starts_on,
            "planned_end_on": planned_end_on,
        },
    )
    if new:
        EpisodeFact.objects.create(episode=episode, kind=EpisodeFactKind.STARTED, on=starts_on, by=by)
    return episode


@transaction.atomic
def add_facilitator(meeting: Meeting, person: Person, by: Person) -> None:
    """From now on the person may lead the meeting, whatever else their time was for. Idempotent.

    Raises Invalid for who is no staff of the programme.
    """
    if not _has_role(person, meeting.program_id, LEADING):
        raise Invalid("Only staff of the programme can be a meeting's facilitator.")
    _, new = MeetingFacilitator.objects.get_or_create(
        meeting=meeting, person=person, defaults={"on_call": True}
    )
    if new:
        _record(by, "meeting.facilitator-added", "meeting", meeting.pk, meeting.program_id)


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


def leads_in(person: Person, program_id: UUID) -> bool:
    """Whether the person may be a facilitator of the programme's meetings."""
    return _has_role(person, program_id, LEADING)


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
