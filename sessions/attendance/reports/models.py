"""Reports that were made: the very bytes, frozen, hashed and chained; and the orders to make them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.consents.models import Consent
from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.programs.models import Meeting, Program


class Asked(models.Model):
    """What a report is about and for whom: one client and a period, or one meeting."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    patient = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+", null=True)
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True)  # both included
    audience = models.CharField(max_length=12)  # audiences.Audience
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+", null=True)  # outside parties
    format = models.CharField(max_length=8)  # audiences.Format
    payer = models.CharField(max_length=16, blank=True)  # units.Payer
    language = models.CharField(max_length=2)
    ordered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField()

    class Meta:
        abstract = True


def _about(name: str) -> models.CheckConstraint:
    client = Q(patient__isnull=False, meeting__isnull=True, from_on__isnull=False, to_on__isnull=False)
    meeting = Q(patient__isnull=True, meeting__isnull=False, from_on__isnull=True, to_on__isnull=True)
    return models.CheckConstraint(condition=client | meeting, name=name)


class Report(AppendOnlyModel, Asked):
    """One file, as it was handed out. When what it rests on changes, another is needed; this one stays."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_at = models.DateTimeField()
    records = models.PositiveIntegerField()  # signed attendances it rests on
    changes = models.PositiveIntegerField()  # and adjustments of them
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    ciphertext = models.BinaryField()  # the bytes, encrypted for this row
    seq = models.PositiveIntegerField()  # from 1, without gaps in its programme
    digest = models.CharField(max_length=64)  # chained: over the report before and this one

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["program", "seq"], name="report_seq_unique"),
            _about("report_about_one_thing"),
        ]
        indexes = [
            models.Index(fields=["patient", "made_at"], name="report_of"),
            models.Index(fields=["sha256"], name="report_hash"),
        ]

    def __str__(self) -> str:
        return f"report {self.seq}"

    def content(self) -> list[Any]:
        """What the chain vouches for."""
        return [
            self.program_id,
            self.seq,
            self.pk,
            self.patient_id,
            self.meeting_id,
            self.from_on,
            self.to_on,
            self.audience,
            self.consent_id,
            self.format,
            self.payer,
            self.language,
            self.ordered_by_id,
            self.ordered_at,
            self.made_at,
            self.records,
            self.changes,
            self.size,
            self.sha256,
        ]


class ReportChain(models.Model):
    """The head of a programme's chain of reports, and the lock under which the next gets its number."""

    program = models.OneToOneField(Program, models.PROTECT, primary_key=True, related_name="+")
    length = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.length} reports"


class State(models.TextChoices):
    WAITING = "waiting", _("waiting")
    MAKING = "making", _("being made")
    MADE = "made", _("ready")
    REFUSED = "refused", _("not allowed any more")
    FAILED = "failed", _("could not be made")


class ReportOrder(Asked):
    """A report that somebody asked for. Claimed by conditional UPDATE; a claim that lapses is taken over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=32, blank=True)  # a code, when refused or failed
    report = models.OneToOneField(Report, models.PROTECT, related_name="order", null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            _about("report_order_about_one_thing"),
            models.CheckConstraint(
                condition=Q(state=State.MADE, report__isnull=False)
                | ~Q(state=State.MADE) & Q(report__isnull=True),
                name="report_order_made_has_report",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ordered_at"],
                condition=Q(state__in=[State.WAITING, State.MAKING]),
                name="report_order_open",
            )
        ]

    def __str__(self) -> str:
        return self.state
