from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.episode_models import Episode
from sessions.programs.models import Meeting


class FrequencyChoice(models.TextChoices):
    ONCE = "once", _("once a week")
    TWICE = "twice", _("twice a week")
    THREE = "three", _("three times a week")
    RANDOM = "random", _("at random")


class TestPlan(models.Model):
    """How often one client is asked. The seed makes the days; see selection.py."""

    __test__ = False  # for pytest: not a test

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="test_plans")
    frequency = models.CharField(max_length=8, choices=FrequencyChoice.choices)
    seed = models.CharField(max_length=64)
    observed = models.BooleanField(default=False)  # by video, in a short meeting
    starts_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)  # the last day
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"], condition=Q(ended_on__isnull=True), name="test_plan_one_open"
            )
        ]

    def __str__(self) -> str:
        return self.get_frequency_display()


class SampleState(models.TextChoices):
    ASKED = "asked", _("asked for")
    GIVEN = "given", _("given")
    RESULT = "result", _("result is there")
    MISSED = "missed", _("not given in time")
    EXCUSED = "excused", _("excused")


class Sample(models.Model):
    """One sample that a client is asked for, from the notice to the result."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(TestPlan, models.PROTECT, related_name="samples")
    on = models.DateField()
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=SampleState.choices, default=SampleState.ASKED)
    meeting = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "on"], name="sample_once_a_day")]
        ordering = ["-on"]

    def __str__(self) -> str:
        return self.get_state_display()


class CustodyStep(models.TextChoices):
    ASKED = "asked", _("asked for")
    COLLECTED = "collected", _("collected")
    SEALED = "sealed", _("sealed and labelled")
    SENT = "sent", _("sent to the laboratory")
    RECEIVED = "received", _("received by the laboratory")
    RESULT = "result", _("result entered")
    EXCUSED = "excused", _("excused")
    MISSED = "missed", _("not given in time")


class Custody(AppendOnlyModel):
    """Who had the sample when: the chain of custody, and in the end the result. Never changed."""

    sample = models.ForeignKey(Sample, models.PROTECT, related_name="custody")
    step = models.CharField(max_length=10, choices=CustodyStep.choices)
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    text = models.BinaryField(default=bytes)  # remark or result, encrypted

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["id"]

    def __str__(self) -> str:
        return self.get_step_display()
