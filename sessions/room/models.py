"""The room's tables. Private to this slice: everybody else asks sessions.room.service.

RoomFact is the truth. Room and Placement are what its fold says (tests replay the log and compare), kept so
that a change reads a dozen rows and not the whole evening. Connection adds the one thing that is not a fact
yet: when each open connection was last heard.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from sessions.core import clock, ids
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.models import Meeting
from sessions.room.machine import Place
from sessions.room.sides import SideKind

PLACES = [(place.value, place.value) for place in Place]


class Room(models.Model):
    """The live place of a meeting, made when the first device connects. Its row is the lock of its log."""

    meeting = models.OneToOneField(Meeting, models.PROTECT, primary_key=True, related_name="room")
    media_name = models.CharField(max_length=32, unique=True, default=ids.token)  # opaque
    next_seq = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(null=True)  # first at the door
    ended_at = models.DateTimeField(null=True)
    floor = models.JSONField(default=dict)  # floor.Floor
    break_ends_at = models.DateTimeField(null=True)  # while a break is on
    digest = models.CharField(max_length=64, default="", blank=True)  # of the last fact
    uncredited = models.BooleanField(default=False)  # has facts that attendance has not read
    sides = models.JSONField(default=dict, blank=True)  # sides.Sides
    due_at = models.DateTimeField(null=True)  # when the clock alone closes the breakouts
    paused_at = models.DateTimeField(null=True)  # from then on nobody without staff hears another

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="room_due"),
            models.Index(fields=["opened_at"], condition=Q(ended_at__isnull=True), name="room_live"),
            models.Index(fields=["meeting"], condition=Q(uncredited=True), name="room_uncredited"),
            models.Index(
                fields=["break_ends_at"], condition=Q(break_ends_at__isnull=False), name="room_on_break"
            ),
        ]

    def __str__(self) -> str:
        return f"room of {self.meeting_id}"


class SideRoom(models.Model):
    """A breakout room or a room aside that was opened at least once."""

    id = models.UUIDField(primary_key=True, editable=False)  # given by the fact that speaks of it first
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in SideKind])
    name = models.CharField(max_length=60, blank=True)  # as staff named it
    media_name = models.CharField(max_length=32, unique=True, default=ids.token)  # opaque
    opened_at = models.DateTimeField()  # latest
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"side room {self.id}"


class Connection(models.Model):
    """One socket of one device, from opening to its last evidence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    device = models.CharField(max_length=64)
    process = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["meeting", "person"], name="connection_person"),
            # Not on seen_at, which is rewritten every few seconds.
            models.Index(fields=["meeting"], condition=Q(closed_at__isnull=True), name="connection_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(seen_at__gte=models.F("opened_at")), name="connection_seen_after_opened"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=models.F("opened_at")),
                name="connection_closed_after_opened",
            ),
        ]

    def __str__(self) -> str:
        return f"connection {self.id}"


class RoomFact(AppendOnlyModel):
    """One fact of one room's log; see events.py."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveIntegerField()  # from 1, without gaps in its meeting
    kind = models.CharField(max_length=24)  # of events.KINDS
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    commanded_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    command_id = models.CharField(max_length=64, null=True)
    digest = models.CharField(max_length=64, default="", blank=True)  # chained by meeting: core.chain

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["meeting", "seq"], name="room_fact_seq_unique"),
            models.UniqueConstraint(
                fields=["meeting", "commanded_by", "command_id"], name="room_fact_command_once"
            ),
            models.CheckConstraint(
                condition=Q(command_id__isnull=True) | Q(commanded_by__isnull=False),
                name="room_fact_command_has_giver",
            ),
        ]
        indexes = [  # of whom staff have made sure: asked at every proposal, must know no history
            models.Index(
                fields=["person"], condition=Q(kind="identity_verified"), name="room_fact_identified"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    def content(self) -> list[Any]:
        """What the digest is taken over, in this order."""
        return [
            self.meeting_id,
            self.seq,
            self.kind,
            self.at,
            self.recorded_at,
            self.person_id,
            self.actor_id,
            self.connection_id,
            self.data,
            self.commanded_by_id,
            self.command_id,
        ]


class Placement(models.Model):
    """Where one person is in one room now: machine.Standing as a row."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    identity = models.CharField(max_length=32, unique=True, default=ids.token)  # in the media room
    role = models.CharField(max_length=16, choices=RoomRole.choices)  # as of the person's last act
    place = models.CharField(max_length=16, choices=PLACES, default=Place.OUTSIDE.value)
    version = models.PositiveIntegerField(default=0)
    line_seq = models.PositiveIntegerField(null=True)
    knocked_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)
    entered_seq = models.PositiveIntegerField(null=True)
    interrupted_since = models.DateTimeField(null=True)
    heard_until = models.DateTimeField(null=True)
    room = models.ForeignKey(SideRoom, models.PROTECT, null=True, related_name="+")
    back_to = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="placement_one_per_person"),
            models.CheckConstraint(
                condition=Q(place__in=[place.value for place in Place]), name="placement_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["interrupted_since"],
                condition=Q(interrupted_since__isnull=False),
                name="placement_interrupted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.version}"
