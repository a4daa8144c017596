"""What staff have been asked to do. Asked through service.py."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Program


class TaskStatus(models.TextChoices):
    OPEN = "open", _("open")
    CLAIMED = "claimed", _("in hand")
    DONE = "done", _("done")
    DISMISSED = "dismissed", _("set aside")


class StaffTask(models.Model):
    """One thing to do. Nothing happens by itself: a task asks, a person decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="staff_tasks")
    key = models.CharField(max_length=200)  # names the event: the same key asks once
    kind = models.CharField(max_length=32)  # of kinds.KINDS
    reason = models.CharField(max_length=40)  # of kinds.REASONS
    params = models.JSONField(default=dict)  # numbers and dates for the reason's sentence; no free text
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # whom it is about
    about_type = models.CharField(max_length=32, blank=True)  # "meeting", "check-in" …: where it leads
    about = models.CharField(max_length=64, blank=True)  # its id
    assigned_to = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    urgent = models.BooleanField(default=False)  # stands first
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=TaskStatus.choices, default=TaskStatus.OPEN)
    claimed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    finished_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # null: by itself
    finished_at = models.DateTimeField(null=True)
    note = models.BinaryField(null=True)  # encrypted

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="staff_task_once")]
        indexes = [
            models.Index(
                fields=["program", "due_at"],
                condition=Q(status__in=["open", "claimed"]),
                name="staff_task_open",
            ),
            models.Index(fields=["program", "-finished_at"], name="staff_task_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
