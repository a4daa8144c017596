"""What the engine has to do, each thing once, and its pulse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.db import models
from django.db.models import Q

from sessions.aftercare.models import AftercareCourse, CheckIn

NEVER_LEASED: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Due(models.Model):
    """One thing the engine has to do at a time, once. A row stays when it is done, and says what came of
    it."""

    key = models.CharField(max_length=96, unique=True)  # the same thing is never put down twice
    step = models.CharField(max_length=16)
    course = models.ForeignKey(AftercareCourse, models.PROTECT, related_name="+")
    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="due", null=True)
    at = models.DateTimeField()
    leased_until = models.DateTimeField(default=NEVER_LEASED)
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes = [
            # The scan reads this index alone, however many things have been done. `done_at` is in it for
            # SQLite, which else looks into the table to see what the condition has said.
            models.Index(
                fields=["at", "leased_until", "id", "done_at"],
                condition=Q(done_at__isnull=True),
                name="due_open",
            ),
            models.Index(fields=["check_in"], condition=Q(done_at__isnull=True), name="due_open_check_in"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.key}"


class EngineBeat(models.Model):
    """The engine's pulse: written at every round, read by health checks."""

    name = models.CharField(max_length=32, primary_key=True)
    ran_at = models.DateTimeField()
    done = models.PositiveBigIntegerField(default=0)  # all it ever did

    def __str__(self) -> str:
        return self.name
