"""Tables of the calendar: series and exceptions, holidays, whose time is taken, offered hours, feeds."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Meeting, Program
from sessions.programs.recurrence import Pattern


class SeriesQuerySet(models.QuerySet["Series"]):
    def of(self, program_id: uuid.UUID) -> SeriesQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)


class Series(models.Model):
    """The recurrence from which meetings are made. Times are of the wall clock in the programme's zone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="series")
    cohort = models.ForeignKey(Cohort, models.PROTECT, null=True, blank=True, related_name="series")
    kind = models.CharField(max_length=32, choices=MeetingKind.choices)
    title = models.CharField(max_length=120, blank=True)
    rule = models.CharField(max_length=120)  # RRULE without an end
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)  # the last day, included
    start = models.TimeField()
    end = models.TimeField()  # of the next day when not after the start
    breaks = models.JSONField(default=list, blank=True)  # [["19:25", "19:35"], …]
    made_through = models.DateField(null=True, blank=True)  # meetings are on the calendar up to this day
    sequence = models.PositiveIntegerField(default=0)  # RFC 5545: grows with every change people must see
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followed_by")
    created_at = models.DateTimeField(default=clock.now)
    facilitators = models.ManyToManyField(Person, through="iop.SeriesFacilitator", related_name="+")
    invitees = models.ManyToManyField(Person, through="iop.SeriesInvitee", related_name="+")

    objects = SeriesQuerySet.as_manager()

    class Meta:
        ordering = ["start", "starts_on", "id"]

    def __str__(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def shown_title(self) -> str:
        return str(self)

    @property
    def pattern(self) -> Pattern:
        return Pattern(
            rule=self.rule,
            starts_on=self.starts_on,
            start=self.start,
            end=self.end,
            zone=self.program.time_zone,
            ends_on=self.ends_on,
            breaks=tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in self.breaks),
        )


class SeriesFacilitator(models.Model):
    series = models.ForeignKey(Series, models.CASCADE, related_name="facilitator_rows")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    on_call = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "person"], name="series_facilitator_once")]

    def __str__(self) -> str:
        return "facilitator"


class SeriesInvitee(models.Model):
    """Somebody asked to every meeting of a series by name: a weekly individual session."""

    ROLES: ClassVar[list[tuple[str, Any]]] = [
        (role.value, role.label) for role in RoomRole if role != RoomRole.FACILITATOR
    ]

    series = models.ForeignKey(Series, models.CASCADE, related_name="invitee_rows")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=ROLES)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "person"], name="series_invitee_once")]

    def __str__(self) -> str:
        return self.get_role_display()


class Skipped(models.TextChoices):
    HOLIDAY = "holiday", _("holiday")
    BY_HAND = "by_hand", _("left out")
    TAKEN = "taken", _("somebody is booked elsewhere")


class SeriesSkip(models.Model):
    """A day of the rule on which no meeting was made, and why."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="skips")
    on = models.DateField()
    because = models.CharField(max_length=16, choices=Skipped.choices)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "on"], name="series_skip_once")]

    def __str__(self) -> str:
        return self.get_because_display()


class Holiday(models.Model):
    """A day on which the programme's series rest."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="holidays")
    on = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "on"], name="holiday_once")]
        ordering = ["on"]

    def __str__(self) -> str:
        return self.name


class Busy(models.Model):
    """Somebody's time, taken by a meeting. The database refuses a second one at the same time
    (no_overlap.py).

    `scope` is the programme for clients and guests and one for all programmes for staff: that somebody is a
    client elsewhere must not show, that a facilitator is busy may.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    scope = models.UUIDField()
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="busy")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "person"], name="busy_once")]
        indexes = [models.Index(fields=["person", "scope", "starts_at"], name="busy_person_start")]

    def __str__(self) -> str:
        return "busy"


class OfferedSlotQuerySet(models.QuerySet["OfferedSlot"]):
    def of(self, program_id: uuid.UUID) -> OfferedSlotQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def open(self) -> OfferedSlotQuerySet:
        return self.filter(meeting__isnull=True, withdrawn_at__isnull=True)


class OfferedSlot(models.Model):
    """An hour that a facilitator offers; the first client who takes it has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="offered_slots")
    facilitator = models.ForeignKey(Person, models.PROTECT, related_name="offered_slots")
    kind = models.CharField(max_length=32, choices=MeetingKind.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    meeting = models.OneToOneField(Meeting, models.PROTECT, null=True, blank=True, related_name="slot")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OfferedSlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="slot_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["facilitator", "starts_at"], condition=Q(withdrawn_at__isnull=True), name="slot_once"
            ),
        ]
        ordering = ["starts_at", "id"]

    def __str__(self) -> str:
        return "slot"


class WaitlistEntry(models.Model):
    """Somebody who waits for a place in a full cohort: who was moved up first, then in order of `since`.

    Kept by waitlist.py. An offer is open while `offer_ends_at` lies ahead and nothing was answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="waitlist")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)
    moved_up = models.PositiveIntegerField(default=0)  # by hand; the highest stands first
    offered_at = models.DateTimeField(null=True, blank=True)
    offer_ends_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)  # they want the place: staff admit them
    passed_at = models.DateTimeField(null=True, blank=True)  # they let an offer go, or did not answer
    told_at = models.DateTimeField(null=True, blank=True)  # of the offer, or staff of the answer
    ended_at = models.DateTimeField(null=True, blank=True)  # placed, or no longer wanted

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "person"], condition=Q(ended_at__isnull=True), name="waitlist_once"
            )
        ]
        ordering = ["-moved_up", "since", "id"]

    def __str__(self) -> str:
        return "waiting for a place"


class ChangeKind(models.TextChoices):
    SCHEDULED = "scheduled", _("new")
    MOVED = "moved", _("moved")
    CANCELLED = "cancelled", _("cancelled")
    RESTORED = "restored", _("takes place after all")
    SUBSTITUTED = "substituted", _("somebody else leads")


class ScheduleChange(models.Model):
    """Something people concerned must hear of. `told_at` is set when their messages are in the outbox."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=16, choices=ChangeKind.choices)
    before = models.DateTimeField(null=True, blank=True)  # the start until now, when that changed
    also = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )  # no longer in it
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], condition=Q(told_at__isnull=True), name="change_untold")]
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.get_kind_display()


class CalendarFeed(models.Model):
    """A person's calendar address. Only its hash is kept; who has the address reads, until revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="calendar_feeds")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(revoked_at__isnull=True), name="calendar_feed_one"
            )
        ]

    def __str__(self) -> str:
        return "calendar feed"
