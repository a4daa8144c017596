"""Around absences: what a client said beforehand, and what makes up for them afterwards."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Meeting


class AbsenceNotice(models.Model):
    """A client said before a meeting that they cannot come. Taken back, not deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="absence_notices")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(default=clock.now)
    given_by = models.ForeignKey(Person, models.PROTECT, related_name="+")  # staff may take it by phone
    reason = models.BinaryField(null=True)  # encrypted
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "person"],
                condition=Q(withdrawn_at__isnull=True),
                name="absence_notice_once",
            ),
        ]

    def __str__(self) -> str:
        return "absence notice"


class MakeUp(models.Model):
    """A client takes part in one more meeting, for minutes missed or never scheduled.

    It counts in the week in which it is delivered (DOMAIN 3, rule 11). Cancelled, not deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="make_ups")
    booked = models.ForeignKey(Meeting, models.PROTECT, related_name="make_ups")
    missed = models.ForeignKey(Meeting, models.PROTECT, null=True, related_name="made_up_by")
    own = models.BooleanField(default=False)  # `booked` was made for this client
    booked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    booked_at = models.DateTimeField(default=clock.now)
    cancelled_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booked", "person"], condition=Q(cancelled_at__isnull=True), name="make_up_once"
            ),
            models.CheckConstraint(condition=~Q(booked=models.F("missed")), name="make_up_of_another"),
        ]
        indexes = [models.Index(fields=["person", "missed"], name="make_up_of")]

    def __str__(self) -> str:
        return "make-up"
