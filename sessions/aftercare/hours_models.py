"""When those who call take calls, and which quarters of an hour are taken."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from sessions.aftercare.models import CheckIn
from sessions.people.models import Person
from sessions.programs.models import Program


class CallerHours(models.Model):
    """When somebody takes calls, weekly, by the wall clock of their own zone."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="caller_hours")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0
    start = models.TimeField()
    end = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="caller_hours_weekday"),
            models.UniqueConstraint(
                fields=["program", "person", "weekday", "start"], name="caller_hours_once"
            ),
        ]
        ordering = ["weekday", "start"]

    def __str__(self) -> str:
        return f"{self.weekday} {self.start}"


class CallerException(models.Model):
    """A stretch in which a caller is away, or there beside the weekly hours."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="caller_exceptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    away = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="caller_exception_ends"),
        ]
        ordering = ["starts_at"]

    def __str__(self) -> str:
        return "away" if self.away else "extra"


class BookedCell(models.Model):
    """A quarter of an hour of a caller, taken by one call: nobody is ever in two calls."""

    caller = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    check_in = models.ForeignKey(CheckIn, models.CASCADE, related_name="cells")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "at"], name="booked_cell_once")]

    def __str__(self) -> str:
        return f"{self.at}"
