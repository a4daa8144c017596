"""Where people said they are, per meeting. Private to the room's slice; asked through room.arrival."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Meeting


class Arrival(models.Model):
    """As last told for this meeting. The details are erased after a while; that they were told is a fact."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    told_at = models.DateTimeField(default=clock.now)
    ciphertext = models.BinaryField(null=True)  # arrival.Details; null once erased
    alone = models.BooleanField()
    covered = models.BooleanField()  # by a licence of the meeting's facilitators

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "person"], name="arrival_once")]
        indexes = [
            models.Index(
                fields=["person", "-told_at"],
                condition=Q(ciphertext__isnull=False),
                name="arrival_latest",
            ),
        ]

    def __str__(self) -> str:
        return f"arrival {self.id}"
