"""The stretches of an episode: one cohort, one level, one weekly target, from a day to a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from sessions.core.errors import Invalid
from sessions.core.reading import once
from sessions.people.models import Person
from sessions.programs import service
from sessions.programs.episode_models import Episode
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, LevelOfCare


@dataclass(frozen=True, slots=True)
class Hours:
    """What a client's week is to hold."""

    weekly_target_minutes: int
    days_a_week: int
    minutes_a_day: int

    def __post_init__(self) -> None:
        if not (0 < self.days_a_week <= 7 and 0 < self.weekly_target_minutes <= 2400):
            raise Invalid("A week has one to seven days and at most forty hours.")
        if self.days_a_week * self.minutes_a_day < self.weekly_target_minutes:
            raise Invalid("So many minutes a day on so many days do not reach the weekly target.")


def open_stretch(row: Episode) -> Enrollment | None:
    """The stretch that runs now, or is about to."""
    rows = row.enrollments.filter(ended_on=None).select_related("cohort").order_by("-starts_on")
    return once(("open-stretch", row.pk), rows.first)


def begin(
    row: Episode, cohort: Cohort, on: date, level: LevelOfCare, hours: Hours, by: Person | None
) -> None:
    """A place in the cohort from `on` on, until the episode's planned end. Raises Full and Booked."""
    service.enroll(
        row.person,
        cohort,
        on,
        weekly_target_minutes=hours.weekly_target_minutes,
        days_a_week=hours.days_a_week,
        minutes_a_day=hours.minutes_a_day,
        planned_end_on=row.planned_end_on,
        level_of_care=level,
        by=by,
    )


def close(row: Episode, on: date, status: EnrollmentStatus) -> None:
    """End the open stretches on `on`, and those that were to end later; what would begin later never was."""
    still = row.enrollments.filter(Q(ended_on=None) | Q(ended_on__gt=on))
    for stretch in still.select_related("cohort__program"):
        cohort = stretch.cohort
        if stretch.starts_on > on:
            stretch.delete()
        else:
            stretch.ended_on, stretch.status = on, status
            stretch.save(update_fields=["ended_on", "status"])
        service.rebook(cohort)


def free_from(row: Enrollment) -> date:
    """The first day on which another stretch can begin."""
    return row.starts_on if row.ended_on is None else row.ended_on + timedelta(days=1)


def hours_of(row: Enrollment) -> Hours:
    return Hours(row.weekly_target_minutes, row.days_a_week, row.minutes_a_day)
