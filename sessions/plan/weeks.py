"""A client's week, prescribed: their group but for days off, series they join, sessions of their own.

    prescribe ─► from its first day on the calendar is this ─► checked at once against the target

The group (the track) follows from the stretch, which a signed step changes; its series need no line here. On
a day off the client is not expected and not absent; who comes all the same is let in, and it counts. A week
that is replaced ends the day before the next begins, and stays on record.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from sessions.core import zones
from sessions.core.errors import Invalid
from sessions.core.reading import once
from sessions.people.access import Act, require
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.plan import service as plans
from sessions.plan.week_models import WeekPlan, WeekPlanSeries
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series
from sessions.programs.day_off_models import DayOff
from sessions.programs.episode_facts import record, today
from sessions.programs.episode_models import Episode, Stage
from sessions.programs.joining import attend, leave, take_off
from sessions.programs.kinds import MeetingKind
from sessions.programs.recurrence import weekly
from sessions.programs.stretches import open_stretch

ALONE = (
    MeetingKind.INDIVIDUAL_THERAPY,
    MeetingKind.FAMILY_THERAPY,
    MeetingKind.MEDICATION_MANAGEMENT,
    MeetingKind.CASE_MANAGEMENT,
)
HERE = (Stage.ENROLLED, Stage.ACTIVE)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Alone:
    """A weekly session of the client's own. Times are of the wall clock in the programme's zone."""

    kind: MeetingKind
    weekday: int  # Monday is 0
    start: time
    end: time
    leader: Person


@dataclass(frozen=True, slots=True)
class Prescribed:
    """A week with what it holds."""

    week: WeekPlan
    joined: list[Series]
    own: list[Series]
    off: list[tuple[Series, int]]  # days of the group's series that it leaves out; Monday is 0


def current(row: Episode) -> WeekPlan | None:
    """The week that holds, or is about to."""
    if row.stage not in HERE:
        return None
    return once(("week-plan", row.pk), lambda: row.week_plans.filter(ended_on=None).first())


def history(actor: Person, row: Episode) -> list[Prescribed]:
    """Every week that was prescribed, the newest first. The look is on record. Raises NotFound."""
    require(actor, Act.SEE_PLAN, row)
    record(actor, "week.seen", row)
    found = []
    days_off = list(
        DayOff.objects.filter(person=row.person, series__program=row.program_id).select_related(
            "series__program", "series__cohort"
        )
    )
    lines_ = WeekPlanSeries.objects.select_related("series__program", "series__cohort")
    weeks = list(
        row.week_plans.select_related("by").prefetch_related(
            Prefetch("lines", lines_), "lines__series__facilitators"
        )
    )
    # Who asks for the week that holds while the same page is made has it, with its lines.
    once(("week-plan", row.pk), lambda: next((week for week in weeks if week.ended_on is None), None))
    for week in weeks:
        lines = sorted(week.lines.all(), key=lambda line: (line.series.rule, line.series.start))
        found.append(
            Prescribed(
                week,
                [line.series for line in lines if not line.own],
                [line.series for line in lines if line.own],
                [
                    (one.series, one.weekday)
                    for one in days_off
                    if (week.ended_on is None or one.starts_on <= week.ended_on)
                    and (one.ended_on is None or week.starts_on <= one.ended_on)
                ],
            )
        )
    return found[::-1]


def own(row: Episode) -> QuerySet[Series]:
    """Of the client's own, what runs and was prescribed: it may stay."""
    held = current(row)
    lines = [] if held is None else held.lines.filter(own=True).values_list("series", flat=True)
    return _running(row).filter(pk__in=lines)


def of_group(row: Episode) -> list[Series]:
    """The series that come with the client's group."""
    stretch = open_stretch(row)
    if stretch is None:
        return []
    return once(("group-series", row.pk), lambda: list(_running(row).filter(cohort=stretch.cohort)))


def days_of_group(row: Episode) -> list[tuple[Series, int]]:
    """Every weekday of the series that come with the client's group: each may be left out."""
    return [(one, weekday) for one in of_group(row) for weekday in calendar.weekdays(one)]


def days_off(row: Episode) -> set[tuple[UUID, int]]:
    """Those left out by the week that holds, or is about to: series and weekday."""
    if current(row) is None:
        return set()
    rows = DayOff.objects.filter(person=row.person, series__program=row.program_id, ended_on=None)
    return once(("days-off", row.pk), lambda: set(rows.values_list("series_id", "weekday")))


def to_join(row: Episode) -> QuerySet[Series]:
    """Series of other groups that a client may be sent to: of the programme's, and with room for clients."""
    stretch = open_stretch(row)
    rows = _running(row).filter(cohort__isnull=False)
    return rows if stretch is None else rows.exclude(cohort=stretch.cohort)


@asked(Act.PRESCRIBE)
def prescribe(
    row: Episode,
    starts_on: date,
    joined: Collection[Series],
    keep: Collection[Series],
    new: Sequence[Alone],
    by: Person,
    off: Collection[tuple[Series, int]] = (),
) -> WeekPlan:
    """From `starts_on` on the week is this: the group but for the days `off` of its series (Monday is 0), the
    series `joined`, of the client's own those in `keep` and the `new` ones.

    Raises Invalid for a day that has passed or lies beyond the calendar, for a series the client may not
    join or that is full, for a day off that the group does not have; Booked, with the days, when somebody's
    time is taken. Then nothing changes.
    """
    stretch, before = open_stretch(row), current(row)
    if row.stage not in HERE or stretch is None:
        raise Invalid("A week is prescribed while somebody is here.")
    day = today(row)
    if not day <= starts_on <= day + timedelta(weeks=row.program.rules.planning_weeks):
        raise Invalid(
            "The first day lies between today and the last week on the calendar.", about="starts_on"
        )
    if before is not None and starts_on < before.starts_on:
        raise Invalid(
            "A later week is prescribed already. Begin on its first day or after it.", about="starts_on"
        )
    had = _lines(before)
    if set(joined) - set(to_join(row)) - {one for one, alone in had.items() if not alone}:
        raise Invalid("This series is not open to them.")
    if set(keep) - set(own(row)):
        raise Invalid("This series is not open to them.")
    if set(off) - set(days_of_group(row)):
        raise Invalid("The group does not meet on this day.")
    for one, alone in had.items():
        if alone and one not in keep:
            calendar.end(one, starts_on - _DAY, by)
        elif not alone and one not in joined:
            leave(one, row.person, starts_on)
    take_off(row.person, row.program_id, off, starts_on)
    made = [_alone(row, starts_on, one, by) for one in new]
    for one in joined:
        attend(one, row.person, starts_on)
    _close(before, starts_on)
    week = WeekPlan.objects.create(
        episode=row, starts_on=starts_on, by=by, target_minutes=stretch.weekly_target_minutes
    )
    WeekPlanSeries.objects.bulk_create(
        WeekPlanSeries(week_plan=week, series=one, own=alone)
        for one, alone in [*((one, False) for one in joined), *((one, True) for one in [*keep, *made])]
    )
    found = plans.week_check(row, starts_on)
    if found is not None:
        week.scheduled_minutes = found.scheduled_minutes
        week.save(update_fields=["scheduled_minutes"])
    record(by, "week.prescribed", row)
    return week


def watch(now: datetime) -> int:
    """Weeks of clients who pause or have left end that day. Returns how many. Safe to repeat."""
    over = WeekPlan.objects.filter(ended_on=None).exclude(episode__stage__in=HERE)
    done = 0
    for week in over.select_related("episode__program", "episode__person"):
        on = zones.local_date(now, week.episode.program.time_zone)
        done += WeekPlan.objects.filter(pk=week.pk, ended_on=None).update(ended_on=max(on, week.starts_on))
        take_off(week.episode.person, week.episode.program_id, (), max(on, week.starts_on) + _DAY)
    return done


def _close(before: WeekPlan | None, starts_on: date) -> None:
    """The week before ends the day before. One that would begin on the same day never was: it is replaced."""
    if before is None:
        return
    if before.starts_on == starts_on:
        before.delete()
    else:
        before.ended_on = starts_on - _DAY
        before.save(update_fields=["ended_on"])


def _alone(row: Episode, starts_on: date, one: Alone, by: Person) -> Series:
    if one.kind not in ALONE:
        raise Invalid("This kind of session is not for one client alone.")
    draft = calendar.Draft(
        kind=one.kind,
        rule=weekly([one.weekday]),
        starts_on=starts_on,
        start=one.start,
        end=one.end,
        facilitators=[one.leader],
        invitees=[(row.person, RoomRole.CLIENT)],
    )
    return calendar.create(row.program, draft, by)


def _lines(week: WeekPlan | None) -> dict[Series, bool]:
    if week is None:
        return {}
    return {line.series: line.own for line in week.lines.select_related("series__program", "series__cohort")}


def _running(row: Episode) -> QuerySet[Series]:
    rows = Series.objects.of(row.program_id).filter(Q(ends_on=None) | Q(ends_on__gte=today(row)))
    return rows.select_related("program", "cohort").prefetch_related("facilitators")
