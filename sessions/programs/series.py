"""Series: making their meetings, ending and changing them, holidays.

Meetings of a series are put on the calendar some weeks ahead (settings.planning_weeks) and a little further
every day. A day on which somebody is booked elsewhere is passed over and shown to the coordinator, never
double-booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import Invalid, NotFound
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import kinds, recurrence, service
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import (
    Holiday,
    Series,
    SeriesFacilitator,
    SeriesInvitee,
    SeriesSkip,
    Skipped,
)
from sessions.programs.day_off_models import DayOff
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import CancelReason, Cohort, Meeting, Program

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A series as somebody wants it. Times are of the wall clock in the programme's zone."""

    kind: MeetingKind
    rule: str
    starts_on: date
    start: time
    end: time
    facilitators: Sequence[Person]
    cohort: Cohort | None = None
    invitees: Sequence[service.Invitation] = ()
    ends_on: date | None = None
    title: str = ""
    breaks: Sequence[tuple[time, time]] = ()
    on_call: Sequence[Person] = ()


class Clash(Booked):
    """A series would book somebody twice on `days`."""

    text = "On some of these days somebody is already booked."

    def __init__(self, days: Sequence[date], people: Iterable[Person]) -> None:
        super().__init__(tuple(people))
        self.days = tuple(days)


def series(series_id: UUID, program_id: UUID) -> Series:
    """Raises NotFound, also for a series of another programme."""
    try:
        return Series.objects.of(program_id).select_related("program", "cohort").get(pk=series_id)
    except (Series.DoesNotExist, ValidationError) as none:
        raise NotFound from none


@transaction.atomic
def create(
    program: Program, draft: Draft, by: Person | None = None, *, follows: Series | None = None
) -> Series:
    """A series with its meetings of the next weeks, or nothing at all.

    Raises Invalid for what fits no rule, Clash when somebody is booked on one of the days.
    """
    try:
        rule = recurrence.normal(draft.rule)
    except ValueError as wrong:
        raise Invalid("This is no rule of recurrence we know.") from wrong
    if draft.ends_on is not None and draft.ends_on < draft.starts_on:
        raise Invalid("The last day lies before the first.")
    if service.crowd(draft.cohort, draft.invitees) > kinds.of(program.settings, draft.kind).largest:
        raise service.Crowd
    row = Series.objects.create(
        program=program,
        cohort=draft.cohort,
        kind=draft.kind,
        title=draft.title,
        rule=rule,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        start=draft.start,
        end=draft.end,
        breaks=[[a.isoformat("minutes"), b.isoformat("minutes")] for a, b in draft.breaks],
        follows=follows,
    )
    SeriesFacilitator.objects.bulk_create(
        SeriesFacilitator(series=row, person=person, on_call=person in draft.on_call)
        for person in [*draft.facilitators, *(p for p in draft.on_call if p not in draft.facilitators)]
    )
    SeriesInvitee.objects.bulk_create(
        SeriesInvitee(series=row, person=person, role=role) for person, role in draft.invitees
    )
    if follows is not None and row.cohort_id == follows.cohort_id:
        _keep_days_off(follows, row)
    taken = _make(row, _horizon(program, max(draft.starts_on, _today(program))), by)
    if taken:
        people = {person.pk: person for _, found in taken for person in found}
        raise Clash([on for on, _ in taken], people.values())
    if not row.meetings.exists():
        raise Invalid("There is no such day in the next weeks.")
    _record(by, "series.created", row)
    return row


def extend_all(now: datetime) -> int:
    """Bring every running series up to its programme's horizon. Returns the meetings made. Safe to repeat."""
    made = 0
    for row in Series.objects.select_related("program").order_by("pk"):
        through = _horizon(row.program, zones.local_date(now, row.program.time_zone))
        last = through if row.ends_on is None else min(through, row.ends_on)
        if row.made_through is None or row.made_through < last:
            with transaction.atomic():
                before = row.meetings.count()
                _make(Series.objects.select_for_update(of=("self",)).get(pk=row.pk), through, None)
                made += row.meetings.count() - before
    return made


@transaction.atomic
def end(row: Series, last_on: date, by: Person | None = None) -> None:
    """`last_on` is the last day. Meetings after it that have not begun are cancelled. Idempotent."""
    now = clock.now()
    if row.ends_on is not None and row.ends_on <= last_on:
        return
    row.ends_on = last_on
    row.sequence += 1
    row.save(update_fields=["ends_on", "sequence"])
    for meeting in row.meetings.filter(recurs_on__gt=last_on, starts_at__gt=now, cancelled_at=None):
        service.cancel(meeting, by, CancelReason.SERIES_ENDED)
    _record(by, "series.ended", row)


@transaction.atomic
def go_on(row: Series, until: date | None, by: Person | None = None) -> None:
    """Undo `end`: `until` is its last day again, None for none. What the end cancelled takes place, where
    nobody is booked by now; such days stand on the coordinator's calendar as left out. Idempotent.

    Raises Invalid when another series has taken its place, or for a day before its last one.
    """
    row = Series.objects.select_for_update(of=("self",)).select_related("program").get(pk=row.pk)
    if row.ends_on is None or row.ends_on == until:
        return
    if row.followed_by.exists():
        raise Invalid("Another series has taken its place.")
    if until is not None and until < row.ends_on:
        raise Invalid("The last day lies before the one it has.")
    last_on, now = row.ends_on, clock.now()
    row.ends_on = until
    row.sequence += 1
    row.save(update_fields=["ends_on", "sequence"])
    rows = row.meetings.filter(
        recurs_on__gt=last_on, starts_at__gt=now, cancelled_because=CancelReason.SERIES_ENDED
    )
    if until is not None:
        rows = rows.filter(recurs_on__lte=until)
    for meeting in rows.order_by("starts_at"):
        try:
            with transaction.atomic():
                service.restore(meeting, by)
        except Booked:
            if meeting.recurs_on is not None:
                SeriesSkip.objects.get_or_create(
                    series=row, on=meeting.recurs_on, defaults={"because": Skipped.TAKEN}
                )
    _make(row, _horizon(row.program, max(row.starts_on, _today(row.program))), by)
    _record(by, "series.goes-on", row)


@transaction.atomic
def change(row: Series, from_on: date, draft: Draft, by: Person | None = None) -> Series:
    """From `from_on` on it is as in `draft`: this series ends the day before, another follows it.

    Raises Invalid for a day that has passed: what has been stays in the series it was of.
    Days off that clients have of it go on where the new rule has such a weekday.
    """
    if from_on < _today(row.program):
        raise Invalid("This day has passed.")
    end(row, from_on - _DAY, by)
    return create(row.program, draft, by, follows=row)


@transaction.atomic
def skip(row: Series, on: date, by: Person | None = None) -> None:
    """Leave out one day: its meeting is cancelled, or never made. Idempotent."""
    SeriesSkip.objects.get_or_create(series=row, on=on, defaults={"because": Skipped.BY_HAND})
    for meeting in row.meetings.filter(recurs_on=on, cancelled_at=None):
        service.cancel(meeting, by)


@transaction.atomic
def retry(skipped: SeriesSkip, by: Person | None = None) -> None:
    """Make the meeting of a day that was passed over. Raises Booked while somebody is still booked."""
    row = skipped.series
    if skipped.on < _today(row.program):
        raise Invalid("This day has passed.")
    if _over(row, skipped.on):
        raise Invalid("The series has ended before this day.")
    skipped.delete()
    cancelled = row.meetings.filter(recurs_on=skipped.on).first()
    if cancelled is not None:
        service.restore(cancelled, by)
    else:
        _meeting(row, recurrence.occurrence(row.pattern, skipped.on), by)


@transaction.atomic
def rest_on(program: Program, on: date, name: str, by: Person | None = None) -> Holiday:
    """No series takes place on that day; meetings already made are cancelled and people told. Idempotent."""
    holiday, new = Holiday.objects.get_or_create(program=program, on=on, defaults={"name": name})
    rows = Meeting.objects.filter(program=program, series__isnull=False, held_on=on, cancelled_at=None)
    for meeting in rows.filter(starts_at__gt=clock.now()):
        service.cancel(meeting, by, CancelReason.HOLIDAY)
    if new:
        audit.record(
            actor_id=by.pk if by else None,
            act="holiday.set",
            subject_type="program",
            subject_id=program.pk,
            scope=program.pk,
        )
    return holiday


@transaction.atomic
def work_on(holiday: Holiday, by: Person | None = None) -> None:
    """Take a holiday back: what it cancelled takes place, where nobody is booked by now."""
    program, on = holiday.program, holiday.on
    holiday.delete()
    rows = Meeting.objects.filter(program=program, held_on=on, cancelled_because=CancelReason.HOLIDAY)
    for meeting in rows.filter(starts_at__gt=clock.now()).select_related("series"):
        if meeting.series is None or (meeting.recurs_on and _over(meeting.series, meeting.recurs_on)):
            continue
        try:
            service.restore(meeting, by)
        except Booked:
            SeriesSkip.objects.get_or_create(
                series=meeting.series, on=on, defaults={"because": Skipped.TAKEN}
            )
    for skipped in SeriesSkip.objects.filter(
        series__program=program, on=on, because=Skipped.HOLIDAY
    ).select_related("series__program"):
        if _over(skipped.series, on):
            continue
        try:
            with transaction.atomic():
                retry(skipped, by)
        except (Invalid, IntegrityError):
            SeriesSkip.objects.filter(series=skipped.series, on=on).update(because=Skipped.TAKEN)


def left_out(program: Program, now: datetime) -> list[SeriesSkip]:
    """Days to come on which a series could not be held because somebody was booked."""
    rows = SeriesSkip.objects.filter(
        series__program=program,
        because=Skipped.TAKEN,
        on__gte=zones.local_date(now, program.time_zone),
    ).exclude(series__ends_on__lt=F("on"))
    return list(rows.select_related("series__program", "series__cohort").order_by("on"))


def _over(row: Series, on: date) -> bool:
    return row.ends_on is not None and row.ends_on < on


def _make(row: Series, through: date, by: Person | None) -> list[tuple[date, Sequence[Person]]]:
    """The meetings up to `through`. Returns the days on which somebody was booked, noted as left out."""
    first = row.starts_on if row.made_through is None else row.made_through + _DAY
    first = max(first, _today(row.program))
    made = row.meetings.filter(recurs_on__gte=first).values_list("recurs_on", flat=True)
    known = {on for on in made if on is not None}
    known |= set(row.skips.filter(on__gte=first).values_list("on", flat=True))
    rests = set(
        Holiday.objects.filter(program=row.program, on__range=(first, through)).values_list("on", flat=True)
    )
    now = clock.now()
    taken: list[tuple[date, Sequence[Person]]] = []
    for one in recurrence.occurrences(row.pattern, first, through, known):
        if one.span.start <= now:
            continue
        if one.on in rests:
            SeriesSkip.objects.create(series=row, on=one.on, because=Skipped.HOLIDAY)
            continue
        try:
            with transaction.atomic():
                _meeting(row, one, by)
        except Booked as booked:
            SeriesSkip.objects.create(series=row, on=one.on, because=Skipped.TAKEN)
            taken.append((one.on, booked.people))
    row.made_through = through if row.ends_on is None else min(through, row.ends_on)
    row.save(update_fields=["made_through"])
    return taken


def _meeting(row: Series, one: recurrence.Occurrence, by: Person | None) -> Meeting:
    leading = list(row.facilitator_rows.select_related("person"))
    return service.schedule(
        row.program,
        MeetingKind(row.kind),
        one.span,
        facilitators=[each.person for each in leading if not each.on_call],
        on_call=[each.person for each in leading if each.on_call],
        cohort=row.cohort,
        invitees=[(each.person, RoomRole(each.role)) for each in row.invitee_rows.select_related("person")],
        title=row.title,
        breaks=one.breaks,
        by=by,
        series=row,
        recurs_on=one.on,
        told=False,
    )


def weekdays(row: Series) -> list[int]:
    """On which weekdays it takes place within the year, Monday is 0; in order."""
    year = recurrence.occurrences(row.pattern, row.starts_on, row.starts_on + timedelta(days=366))
    return sorted({one.on.weekday() for one in year})


def _keep_days_off(before: Series, row: Series) -> None:
    held = set(weekdays(row))
    for one in before.days_off.filter(ended_on=None):
        if one.weekday in held:
            DayOff.objects.create(
                series=row,
                person_id=one.person_id,
                weekday=one.weekday,
                starts_on=max(one.starts_on, row.starts_on),
            )


def _horizon(program: Program, on: date) -> date:
    """The last day of the programme's planning: whole weeks from `on` on."""
    return on + timedelta(weeks=program.rules.planning_weeks)


def _today(program: Program) -> date:
    return zones.local_date(clock.now(), program.time_zone)


def _record(by: Person | None, act: str, row: Series) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="series",
        subject_id=row.pk,
        scope=row.program_id,
    )
