"""Crises in meetings, and what was done. Private to the room's slice; asked through sessions.room.crisis."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.models import Meeting


class Crisis(models.Model):
    """Somebody in a meeting is in danger; staff act. One at a time for one person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "person"],
                condition=Q(closed_at__isnull=True),
                name="crisis_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"crisis {self.id}"


class CrisisStep(AppendOnlyModel):
    """One entry of its timeline."""

    crisis = models.ForeignKey(Crisis, models.PROTECT, related_name="steps", db_index=False)
    number = models.PositiveIntegerField()  # from 1, in its crisis
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8)  # opened, paged, answered, note, aside, closed
    ciphertext = models.BinaryField(null=True)  # what was written; null for nothing

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["crisis", "number"], name="crisis_step_number")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class CrisisReading(models.Model):
    """How far somebody has read a timeline: each time there is more, reading it is on record again."""

    crisis = models.ForeignKey(Crisis, models.PROTECT, related_name="readings", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    steps = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["crisis", "person"], name="crisis_reading_once")]

    def __str__(self) -> str:
        return f"{self.steps} steps read"
