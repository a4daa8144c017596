"""Aftercare: how urgent a call was found to be, and what that must lead to."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person


class TierDecision(AppendOnlyModel):
    """What a person settled, beside what the answers proposed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="decisions")
    proposed = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)  # of risk.Reason
    decided = models.PositiveSmallIntegerField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ciphertext = models.BinaryField(default=b"")  # why it differs

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"decision {self.pk}"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def open(self) -> EscalationQuerySet:
        return self.filter(closed_at__isnull=True)


class Escalation(models.Model):
    """What a HIGH or CRISIS call must lead to, until it has."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(AftercareCourse, models.PROTECT, related_name="escalations")
    check_in = models.OneToOneField(CheckIn, models.PROTECT, related_name="escalation")
    tier = models.PositiveSmallIntegerField()
    reassess = models.BooleanField(default=False)  # is another level of care needed?
    opened_at = models.DateTimeField()
    contact_by = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    review_by = models.DateTimeField(null=True)
    handed_off_at = models.DateTimeField(null=True)  # a live hand-off to a clinician
    handed_off_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    hand_off_ciphertext = models.BinaryField(default=b"")  # to whom, and how
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    decision = models.CharField(max_length=16, blank=True)  # escalation.Review
    review_ciphertext = models.BinaryField(default=b"")  # why
    closed_at = models.DateTimeField(null=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(tier__lt=4) | Q(handed_off_at__isnull=False),
                name="crisis_closed_after_hand_off",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(reviewed_at__isnull=False),
                name="escalation_closed_after_review",
            ),
        ]

    def __str__(self) -> str:
        return f"escalation {self.pk}"
