"""An end that was a mistake, taken back: not admitted, completed, discharged, transferred.

    declined | completed | discharged | transferred ─► reopen ─► where they were before, within a week

The end stays in the history, and so does that it was taken back. On the same day it is as if nothing was;
later a new stretch in the last group begins today, since sessions of the days between were held without them.
`Enrollment.left_with["ended"]` holds what the end removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from sessions.core import clock, zones
from sessions.core.errors import IllegalMove
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import end_membership, join
from sessions.programs import joining, service
from sessions.programs import series as calendar
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import Series
from sessions.programs.episode_facts import fact, today
from sessions.programs.episode_models import ENDED, Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.models import (
    CancelReason,
    Cohort,
    Enrollment,
    EnrollmentStatus,
    LevelOfCare,
    Meeting,
)
from sessions.programs.places import lock_places
from sessions.programs.stretches import Hours, begin, free_from, hours_of

WITHIN: Final = timedelta(days=7)
_ENDS: Final = (
    EpisodeFactKind.COMPLETED,
    EpisodeFactKind.DISCHARGED,
    EpisodeFactKind.TRANSFERRED,
    EpisodeFactKind.DECLINED,
)
# The last of these before the end says where they were.
_BEFORE: Final = {
    EpisodeFactKind.REFERRED: Stage.REFERRED,
    EpisodeFactKind.ASSESSMENT: Stage.ASSESSING,
    EpisodeFactKind.ENROLLED: Stage.ENROLLED,
    EpisodeFactKind.STARTED: Stage.ACTIVE,
    EpisodeFactKind.PAUSED: Stage.ON_HOLD,
    EpisodeFactKind.RESUMED: Stage.ACTIVE,
}


@dataclass(frozen=True, slots=True)
class Reopened:
    """The stretch that runs again, for who was in a group, and from which session on it concerns anybody."""

    stretch: Enrollment | None
    first_at: datetime | None


class TooLate(IllegalMove):
    text = "This end is part of the record by now. Note a new referral instead."


def may_reopen(row: Episode) -> bool:
    """Whether the end is the last that happened, no longer ago than WITHIN, and nothing has begun since."""
    return row.stage in ENDED and _ending(row) is not None


def what_is_removed(row: Episode, on: date) -> dict[str, Any]:
    """What ending the episode on `on` is about to change, as `reopen` needs it. Asked before."""
    last = _last(row)
    asked_to = Series.objects.of(row.program_id).filter(
        invitee_rows__person=row.person, invitee_rows__role=RoomRole.CLIENT
    )
    running = asked_to.filter(Q(ends_on=None) | Q(ends_on__gt=on))
    alumnus = row.person.memberships.filter(program=row.program_id, role=Role.ALUMNUS, ended_at=None)
    return {
        "stretch": str(last.pk) if last is not None else "",
        "status": last.status if last is not None else "",
        "until": last.ended_on.isoformat() if last is not None and last.ended_on is not None else "",
        "series": [[str(one.pk), one.ends_on.isoformat() if one.ends_on else ""] for one in running],
        "alumnus": alumnus.exists(),
        "at": clock.now().isoformat(),
        **(_values(last) if last is not None else {}),
    }


def _values(stretch: Enrollment) -> dict[str, Any]:
    """What it takes to begin it once more: an end on a day before it began leaves nothing of it."""
    hours = hours_of(stretch)
    return {
        "cohort": str(stretch.cohort_id),
        "level": stretch.level_of_care,
        "hours": [hours.weekly_target_minutes, hours.days_a_week, hours.minutes_a_day],
    }


@asked(Act.KEEP_EPISODES)
def reopen(row: Episode, by: Person) -> Reopened:
    """Take the end back. Raises TooLate, IllegalMove; Full and Booked when their place is taken by now."""
    row.stage = Episode.objects.select_for_update().get(pk=row.pk).stage
    if row.stage not in ENDED:
        raise IllegalMove("This episode goes on.")
    ending = _ending(row)
    if ending is None:
        raise TooLate
    kinds = [EpisodeFactKind(one) for one in row.history.order_by("pk").values_list("kind", flat=True)]
    row.stage, last = next(_BEFORE[kind] for kind in reversed(kinds) if kind in _BEFORE), _last(row)
    if row.stage == Stage.ENROLLED and last is None:  # nothing of it had begun: they are admitted once more
        row.stage = Stage.ASSESSING
    row.ended_on = None
    row.save(update_fields=["stage", "ended_on"])
    fact(row, EpisodeFactKind.REOPENED, today(row), by)
    join(row.person, row.program_id, Role.CLIENT, by)
    if ending.kind == EpisodeFactKind.DECLINED or last is None:
        return Reopened(None, None)
    removed = last.left_with.get("ended", {})
    if not removed.get("alumnus", True):
        for membership in row.person.memberships.filter(
            program=row.program_id, role=Role.ALUMNUS, ended_at=None
        ):
            end_membership(membership, by)
    stretch = _back_in_group(row, last, removed, ending, by)
    _calendar_again(row, removed, by)
    if stretch is None:
        return Reopened(None, None)
    coming = Meeting.objects.filter(cohort=stretch.cohort, held_on__gte=today(row)).standing()
    coming = coming.filter(starts_at__gt=clock.now()).order_by("starts_at")
    return Reopened(stretch, coming.values_list("starts_at", flat=True).first())


def _ending(row: Episode) -> EpisodeFact | None:
    """The end that can be taken back."""
    last = row.history.order_by("-pk").first()
    if last is None or last.kind not in _ENDS or clock.now() - last.at > WITHIN:
        return None
    others = Episode.objects.of(row.program_id).filter(person=row.person_id, ended_on=None)
    return None if others.exists() else last


def _last(row: Episode) -> Enrollment | None:
    return row.enrollments.select_related("cohort__program").order_by("-starts_on", "-ended_on").first()


def _back_in_group(
    row: Episode, last: Enrollment, removed: dict[str, Any], ending: EpisodeFact, by: Person
) -> Enrollment | None:
    """Into the stretch that the end closed. None for who was in no group then."""
    status = removed.get("status") or EnrollmentStatus.ACTIVE
    if status != EnrollmentStatus.ACTIVE:  # paused, or out of their group: that it was
        last.status, until = status, removed.get("until")
        last.ended_on = date.fromisoformat(until) if until else last.ended_on
        last.save(update_fields=["status", "ended_on"])
        return None
    gone = removed.get("stretch") != str(last.pk)
    if gone or zones.local_date(ending.at, row.program.time_zone) < today(row):
        kept = {**_values(last), **removed}
        cohort = Cohort.objects.of(row.program_id).select_related("program").get(pk=kept["cohort"])
        on = max(today(row), free_from(last))
        begin(row, cohort, on, LevelOfCare(kept["level"]), Hours(*kept["hours"]), by)
        return row.enrollments.select_related("cohort").filter(ended_on=None).latest("starts_on")
    lock_places(last.cohort)
    left = service.places(last.cohort, row.person)
    if left is not None and left <= service.kept_places(last.cohort, row.person):
        raise service.Full
    last.ended_on, last.status = None, EnrollmentStatus.ACTIVE
    last.save(update_fields=["ended_on", "status"])
    service.rebook(last.cohort)
    return last


def _calendar_again(row: Episode, removed: dict[str, Any], by: Person) -> None:
    """Series of their own go on, they belong to those of other groups again, and sessions that were cancelled
    with the end take place: where nobody is booked by now."""
    for pk, until in removed.get("series", ()):
        series = Series.objects.of(row.program_id).select_related("program").filter(pk=pk).first()
        if series is None:
            continue
        if series.cohort_id is None and not series.followed_by.exists():
            calendar.go_on(series, date.fromisoformat(until) if until else None, by)
        try:
            joining.attend(series, row.person, today(row))
        except Booked:
            continue  # stands on the page of their week as missing
    since = datetime.fromisoformat(removed["at"]) if "at" in removed else clock.now()
    alone = Meeting.objects.of(row.program_id).filter(
        cohort=None,
        series=None,
        invitee_rows__person=row.person,
        cancelled_because=CancelReason.OTHER,
        cancelled_at__gte=since,
        starts_at__gt=clock.now(),
    )
    for meeting in alone.select_related("program"):
        try:
            with transaction.atomic():
                service.restore(meeting, by)
        except Booked:
            continue
