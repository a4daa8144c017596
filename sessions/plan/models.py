from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.episode_models import Episode


class Modality(models.TextChoices):
    CBT = "cbt", _("Cognitive behavioural therapy")
    DBT = "dbt", _("Dialectical behaviour therapy")
    MOTIVATIONAL = "mi", _("Motivational interviewing")
    MATRIX = "matrix", _("Matrix model")
    TWELVE_STEP = "twelve_step", _("12-step facilitation")
    HOLISTIC = "holistic", _("Mindfulness and movement")
    FAMILY = "family", _("Work with the family")
    MEDICATION = "medication", _("Medication")


class Assessment(AppendOnlyModel):
    """One form as it was answered. Corrections are another one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="assessments")
    form = models.CharField(max_length=32)  # of forms.FORMS
    version = models.PositiveSmallIntegerField()
    answers = models.BinaryField()  # encrypted
    flagged = models.BooleanField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["at"]

    def __str__(self) -> str:
        return "assessment"


class CarePlan(models.Model):
    """One version of a client's plan. It does not change once written; the next one replaces it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="plans")
    number = models.PositiveSmallIntegerField()
    modalities = models.JSONField(default=list)
    words = models.BinaryField()  # summary and goals, encrypted
    sha256 = models.CharField(max_length=64)  # of the words, as signed
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    client_name = models.CharField(max_length=200, blank=True)
    client_at = models.DateTimeField(null=True, blank=True)
    clinician = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    clinician_name = models.CharField(max_length=200, blank=True)
    clinician_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["episode", "number"], name="plan_number_once"),
            models.UniqueConstraint(
                fields=["episode"], condition=Q(replaced_at__isnull=True), name="plan_one_current"
            ),
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"plan {self.number}"


class PlanReview(AppendOnlyModel):
    """That the team looked at the plan with the client, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="reviews")
    on = models.DateField()
    text = models.BinaryField()  # encrypted
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["at"]

    def __str__(self) -> str:
        return "review"
