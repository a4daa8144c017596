"""Attendance: what was computed, what was signed, what was changed afterwards. Asked through service.py.

Progress and Proposal are computed and can be thrown away: the room's log makes them anew. CreditPolicy,
Attestation, AttendanceRecord, Adjustment, Seal and DailyHead are written once.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions.attendance.hours import Status
from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, Program


class AttendanceStatus(models.TextChoices):
    PRESENT = Status.PRESENT.value, _("present")
    PARTIAL = Status.PARTIAL.value, _("partial")
    INSUFFICIENT = Status.INSUFFICIENT.value, _("insufficient")
    ABSENT = Status.ABSENT.value, _("absent")


class CreditPolicy(AppendOnlyModel):
    """One version of how a programme counts: one kind of meeting or, with kind "", all without their own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32, choices=MeetingKind.choices, blank=True)
    number = models.PositiveIntegerField()  # of this programme and kind, from 1
    values = models.JSONField(default=dict)  # what differs from the default; policy.decode reads it
    effective_from = models.DateTimeField()  # meetings that start at this time or later
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "number"], name="credit_policy_number"),
            models.CheckConstraint(
                condition=Q(kind__in=["", *MeetingKind.values]), name="credit_policy_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        """As results carry it, for example "family_group-2"."""
        return f"{self.kind or 'program'}-{self.number}"


class Progress(models.Model):
    """How far the room's log of one meeting has been read, and the chain of what was signed about it."""

    meeting = models.OneToOneField(Meeting, models.PROTECT, primary_key=True, related_name="attendance")
    seq = models.PositiveIntegerField(default=0)  # last fact read
    folded = models.BinaryField(default=b"")  # what feed.py keeps of the facts up to `seq`
    computed_at = models.DateTimeField(null=True)
    evidence_at = models.DateTimeField(null=True)  # latest evidence that the proposals rest on
    stale = models.BooleanField(default=False)  # a policy changed
    sealed = models.PositiveIntegerField(default=0)  # length of the chain of seals
    digest = models.CharField(max_length=64, default="", blank=True)  # its last one

    class Meta:
        indexes = [models.Index(fields=["meeting"], condition=Q(stale=True), name="progress_stale")]

    def __str__(self) -> str:
        return f"attendance of {self.meeting_id} up to {self.seq}"


class Credited(models.Model):
    """The numbers of one client and one meeting: hours.Credit as columns."""

    credited_seconds = models.PositiveIntegerField()
    raw_seconds = models.PositiveIntegerField()  # without any bridging: what claims use
    bridged_seconds = models.PositiveIntegerField()
    eligible_seconds = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=AttendanceStatus.choices)
    late = models.BooleanField()
    arrived_at = models.DateTimeField(null=True)  # first at the door
    left_at = models.DateTimeField(null=True)  # last evidence in a room of the meeting
    spans = models.JSONField(default=list)  # [[start, end, hours.Reason], …], seconds since the epoch
    flags = models.JSONField(default=list)  # of flags.Flag
    policy_version = models.CharField(max_length=64)
    policy = models.JSONField(default=dict)  # the values that `policy_version` stood for

    class Meta:
        abstract = True

    @property
    def credited_minutes(self) -> int:
        return self.credited_seconds // 60

    @property
    def raw_minutes(self) -> int:
        return self.raw_seconds // 60

    @property
    def eligible_minutes(self) -> int:
        return self.eligible_seconds // 60


class Proposal(Credited):
    """A client's credit as computed from the facts so far; `final` once the meeting is over."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="proposals", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    final = models.BooleanField(default=False)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="proposal_once"),
            models.CheckConstraint(
                condition=Q(credited_seconds=F("raw_seconds") + F("bridged_seconds")), name="proposal_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.credited_minutes}"


class Attestation(AppendOnlyModel):
    """A facilitator's signature under everybody's attendance of a meeting, with the group note."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.OneToOneField(Meeting, models.PROTECT, related_name="attestation")
    signed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    typed_name = models.CharField(max_length=200)
    topic = models.CharField(max_length=400, blank=True)
    started_at = models.DateTimeField()  # actual
    stopped_at = models.DateTimeField()
    head_count = models.PositiveIntegerField()  # clients with any credited time
    co_facilitators = models.JSONField(default=list)  # full names, as they were at signing
    overrun = models.BooleanField(default=False)  # time after the scheduled end attested, up to 15 minutes
    creditable = models.BooleanField()  # whether the kind counted towards the week at signing
    fact_seq = models.PositiveIntegerField()  # the room's log as it was signed: length and digest
    fact_digest = models.CharField(max_length=64, blank=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"signed {self.signed_at:%Y-%m-%d}"

    def content(self) -> list[Any]:
        return [
            self.meeting_id,
            self.signed_by_id,
            self.signed_at,
            self.typed_name,
            self.topic,
            self.started_at,
            self.stopped_at,
            self.head_count,
            self.co_facilitators,
            self.overrun,
            self.creditable,
            self.fact_seq,
            self.fact_digest,
        ]


class AttendanceRecord(AppendOnlyModel, Credited):
    """One client's attendance of one meeting as signed. What holds now: `service.effective`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attestation = models.ForeignKey(Attestation, models.PROTECT, related_name="records")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="attendance_records", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="attendance_records")
    excused = models.BooleanField(default=False)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="attendance_record_once"),
            models.CheckConstraint(
                condition=Q(credited_seconds=F("raw_seconds") + F("bridged_seconds")),
                name="attendance_record_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.credited_minutes}"

    def content(self) -> list[Any]:
        return [
            self.attestation_id,
            self.meeting_id,
            self.person_id,
            self.credited_seconds,
            self.raw_seconds,
            self.bridged_seconds,
            self.eligible_seconds,
            str(self.status),
            self.late,
            self.arrived_at,
            self.left_at,
            self.spans,
            self.flags,
            self.policy_version,
            self.policy,
            self.excused,
        ]


class Adjustment(AppendOnlyModel):
    """A signed change of a signed record. The last one holds; `before` repeats what held until then.

    `before` and `after` have the keys credited_seconds, raw_seconds, status, late, excused.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(AttendanceRecord, models.PROTECT, related_name="adjustments", db_index=False)
    number = models.PositiveIntegerField()  # from 1
    before = models.JSONField()
    after = models.JSONField()
    reason = models.CharField(max_length=400)
    signed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    typed_name = models.CharField(max_length=200)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["record", "number"], name="adjustment_number"),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustment_has_reason"),
        ]
        ordering = ["record", "number"]

    def __str__(self) -> str:
        return f"adjustment {self.number}"

    def content(self) -> list[Any]:
        return [
            self.record_id,
            self.number,
            self.before,
            self.after,
            self.reason,
            self.signed_by_id,
            self.signed_at,
            self.typed_name,
        ]


class IndividualNote(AppendOnlyModel):
    """What a facilitator wrote about one client in one meeting. Kept apart, encrypted; see notes.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")  # about whom
    written_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    ciphertext = models.BinaryField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["meeting", "person"], name="individual_note_of")]
        ordering = ["written_at"]

    def __str__(self) -> str:
        return "note"

    def content(self) -> list[Any]:
        return [
            self.meeting_id,
            self.person_id,
            self.written_by_id,
            self.written_at,
            bytes(self.ciphertext).decode("ascii", "backslashreplace"),  # ASCII, unless somebody edited it
        ]


class Seal(AppendOnlyModel):
    """One link of a meeting's chain of signed rows: which row, and a digest over it and the link before."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveIntegerField()  # from 1, without gaps in its meeting
    of = models.CharField(max_length=16)  # seals.KINDS
    row = models.UUIDField()
    digest = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["meeting", "seq"], name="seal_seq_unique"),
            models.UniqueConstraint(fields=["of", "row"], name="seal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.of}"


class DailyHead(AppendOnlyModel):
    """The heads of all chains that grew since the head before: what an operator keeps elsewhere."""

    on = models.DateField(unique=True)  # UTC
    taken_at = models.DateTimeField()
    heads = models.JSONField()  # {meeting id: [facts, their digest, seals, their digest]}
    digest = models.CharField(max_length=64)  # chained from day to day

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["on"]

    def __str__(self) -> str:
        return f"{self.on}"

    def content(self) -> list[Any]:
        return [self.on, self.taken_at, self.heads]
