"""Attendance that another place kept, as it was brought in: never seen, signed or sealed here."""

from __future__ import annotations

import uuid

from django.db import models

from sessions.attendance.models import AttendanceStatus
from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Program


class ElsewhereAttendance(AppendOnlyModel):
    """One client at one session held elsewhere. A correction is a further row: the highest number counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=120)  # who kept it: "Harbor House, paper file"
    held_on = models.DateField()
    start = models.CharField(max_length=5, blank=True)  # "18:00", by the clock there, when it is known
    kind = models.CharField(max_length=32, choices=MeetingKind.choices)
    number = models.PositiveSmallIntegerField()  # of this session's rows, from 1
    status = models.CharField(max_length=16, choices=AttendanceStatus.choices)
    minutes = models.PositiveSmallIntegerField()  # as that place counted
    brought_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    brought_at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["program", "person", "source", "held_on", "start", "kind", "number"],
                name="elsewhere_attendance_once",
            ),
        ]
        indexes = [models.Index(fields=["person", "held_on"], name="elsewhere_attendance_of")]
        ordering = ["held_on", "start", "kind", "number"]

    def __str__(self) -> str:
        return self.kind
