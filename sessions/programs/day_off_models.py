"""Which days of their group's series a client's prescribed week leaves out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import models
from django.db.models import F, OuterRef, Q

from sessions.people.models import Person


class DayOffQuerySet(models.QuerySet["DayOff"]):
    def on(
        self, series: UUID | OuterRef | None, on: date | OuterRef, weekday: int | OuterRef
    ) -> DayOffQuerySet:
        """Those that hold on this day of the series' rule, a `weekday`: Monday is 0."""
        return self.filter(
            Q(ended_on=None) | Q(ended_on__gte=on), series=series, weekday=weekday, starts_on__lte=on
        )

    def within(self, first: date, last: date | None) -> DayOffQuerySet:
        """Those that hold at some time between these days, both included; `last` None: from `first` on."""
        rows = self.filter(Q(ended_on=None) | Q(ended_on__gte=first))
        return rows if last is None else rows.filter(starts_on__lte=last)


class DayOff(models.Model):
    """One client is not expected on one weekday of a series of their group.

    They may come all the same: a facilitator lets them in, and what they attend counts. The day is that of
    the series' rule, also for a meeting that was moved to another.
    """

    series = models.ForeignKey("iop.Series", models.CASCADE, related_name="days_off")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    weekday = models.PositiveIntegerField()  # Monday is 0
    starts_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)  # the last day

    objects = DayOffQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "person", "weekday"],
                condition=Q(ended_on__isnull=True),
                name="day_off_one_open",
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="day_off_weekday"),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("starts_on")),
                name="day_off_ends_after_start",
            ),
        ]
        ordering = ["weekday", "starts_on", "pk"]

    def __str__(self) -> str:
        return "day off"

    def holds(self, on: date) -> bool:
        return (
            on.weekday() == self.weekday
            and self.starts_on <= on
            and (self.ended_on is None or on <= self.ended_on)
        )
