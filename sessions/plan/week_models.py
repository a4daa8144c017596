from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.calendar_models import Series
from sessions.programs.episode_models import Episode


class WeekPlan(models.Model):
    """A client's weekly schedule as a clinician prescribed it, from a day on. Kept when another follows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="week_plans")
    starts_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)  # the last day
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    target_minutes = models.PositiveIntegerField()  # of the week, when it was prescribed
    scheduled_minutes = models.PositiveIntegerField(default=0)  # on the calendar, as checked at once

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"], condition=Q(ended_on__isnull=True), name="week_plan_one_open"
            ),
        ]
        ordering = ["starts_on", "at"]

    def __str__(self) -> str:
        return f"week from {self.starts_on}"


class WeekPlanSeries(models.Model):
    """One series of a prescribed week: a group's that the client joins, or made for this client alone."""

    week_plan = models.ForeignKey(WeekPlan, models.CASCADE, related_name="lines")
    series = models.ForeignKey(Series, models.PROTECT, related_name="+")
    own = models.BooleanField()  # made for this client, and ends when it is prescribed no more

    class Meta:
        constraints = [models.UniqueConstraint(fields=["week_plan", "series"], name="week_plan_series_once")]

    def __str__(self) -> str:
        return str(self.series)
