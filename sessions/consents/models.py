"""Consents and disclosures: who agreed to what, until when, and what was then told to whom.

All but ConsentReminder are written once. A paper's state is read from its rows: offered (Consent), signed
(ConsentSignature), ended (ConsentEnd). Who is told, and the paper's own words, are encrypted. Asked through
service.py.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from sessions.consents.purposes import Purpose, RecipientKind
from sessions.core import clock, zones
from sessions.core.append_only import AppendOnlyModel
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.episode_models import Episode
from sessions.programs.models import Program


class Recipient(AppendOnlyModel):
    """Somebody outside who may be told something about one client; a changed name is another recipient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    patient = models.ForeignKey(Person, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)  # purposes.RecipientKind
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)  # a family guest
    ciphertext = models.BinaryField(default=b"")  # name, and where they are reached; see service.Named
    created_at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RecipientKind]), name="recipient_kind_known"
            ),
            models.UniqueConstraint(
                fields=["program", "patient", "kind", "person"],
                condition=Q(person__isnull=False),
                name="recipient_guest_once",
            ),
            models.UniqueConstraint(
                fields=["program", "patient"],
                condition=Q(kind=RecipientKind.PROGRAM.value),
                name="recipient_program_once",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class Signer(models.TextChoices):
    PATIENT = "patient", _("client")
    GUARDIAN = "guardian", _("guardian")


class How(models.TextChoices):
    """Why a paper no longer counts."""

    REVOKED = "revoked", _("taken back")
    DECLINED = "declined", _("not agreed to")
    WITHDRAWN = "withdrawn", _("withdrawn by staff")
    REPLACED = "replaced", _("replaced by a newer one")


class ConsentQuerySet(models.QuerySet["Consent"]):
    def of(self, program_id: uuid.UUID) -> ConsentQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def signed(self, at: datetime | OuterRef) -> ConsentQuerySet:
        """By everybody whose signature it needs."""

        def by(signer: Signer) -> Exists:
            rows = ConsentSignature.objects.filter(consent=OuterRef("pk"), signer=signer)
            return Exists(rows.filter(signed_at__lte=at))

        return self.filter(
            Q(needs_patient=False) | by(Signer.PATIENT), Q(needs_guardian=False) | by(Signer.GUARDIAN)
        )

    def live(self, at: datetime, today: date | None = None) -> ConsentQuerySet:
        """Signed, not ended, not expired at this moment.

        Args:
            today: which day it is for the programme, when all rows are of one; else each programme's calendar
                is asked.
        """
        return self.signed(at).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            Q(guardian_until__isnull=True) | Q(guardian_until__gt=at),
            Q(with_episode=False) | (_in_episode(at) if today is None else _has_episode(today)),
            ~Exists(ConsentEnd.objects.filter(consent=OuterRef("pk"), at__lte=at)),
        )


def _in_episode(at: datetime) -> Q:
    """As `_has_episode`, in every programme by its own calendar."""
    found = Q(pk__in=[])
    for name in Program.objects.values_list("time_zone", flat=True).distinct():
        found |= _has_episode(zones.local_date(at, name)) & Q(program__time_zone=name)
    return found


def _has_episode(today: date) -> Q:
    """The patient has an episode that is not over: its last day is told by the programme's own calendar.

    A pause is no end: the paper says "until I leave", and who pauses has not left.
    """
    episode = Episode.objects.filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=today),
        person=OuterRef("patient"),
        program=OuterRef("program"),
    )
    return Q(Exists(episode))


class Consent(AppendOnlyModel):
    """One version of one paper, as offered. Its words are `ciphertext`, their hash `sha256`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")  # the discloser
    patient = models.ForeignKey(Person, models.PROTECT, related_name="consents")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=16)  # purposes.Purpose
    number = models.PositiveIntegerField()  # version, from 1, of this recipient and purpose
    scopes = models.JSONField()  # of purposes.Scope
    expires_at = models.DateTimeField(null=True)
    with_episode = models.BooleanField(default=False)  # ends with the client's last episode in the programme
    needs_patient = models.BooleanField(default=True)
    needs_guardian = models.BooleanField(default=False)
    guardian = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    guardian_until = models.DateTimeField(null=True)  # the client comes of age: signs anew, alone
    language = models.CharField(max_length=2)
    ciphertext = models.BinaryField()  # document.Document as JSON
    sha256 = models.CharField(max_length=64)  # of that JSON
    offered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()

    objects = ConsentQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["recipient", "purpose", "number"], name="consent_number"),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in Purpose]), name="consent_purpose_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False) | Q(with_episode=True), name="consent_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(needs_patient=True) | Q(needs_guardian=True), name="consent_needs_a_signature"
            ),
            models.CheckConstraint(
                condition=Q(needs_guardian=False)
                | Q(guardian__isnull=False, guardian_until__isnull=False) & ~Q(guardian=F("patient")),
                name="consent_guardian_named",
            ),
        ]
        indexes = [models.Index(fields=["patient", "purpose"], name="consent_of")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.number}"

    def role_of(self, person: Person) -> RoomRole | None:
        """For access rules: the client and the guardian have a part in it, whatever became of the episode."""
        if person.pk == self.patient_id:
            return RoomRole.CLIENT
        return RoomRole.FAMILY if self.guardian_id is not None and person.pk == self.guardian_id else None


class ConsentSignature(AppendOnlyModel):
    """Typed name, intent, time, and the hash of the words that were read."""

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="signatures", db_index=False)
    signer = models.CharField(max_length=8, choices=Signer.choices)
    signed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    typed_name = models.CharField(max_length=200)
    intent = models.CharField(max_length=400)  # the sentence that was ticked
    sha256 = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["consent", "signer"], name="consent_signature_once"),
        ]

    def __str__(self) -> str:
        return self.signer


class ConsentEnd(AppendOnlyModel):
    """From this moment the paper does not count. What was told before stays told."""

    consent = models.OneToOneField(Consent, models.PROTECT, related_name="end")
    how = models.CharField(max_length=12, choices=How.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.how


class Basis(models.TextChoices):
    """What allows a disclosure."""

    CONSENT = "consent", _("your consent")
    EMERGENCY = "emergency", _("a medical emergency")
    COURT_ORDER = "court_order", _("a court's order")
    AUDIT = "audit", _("an audit or evaluation")
    LAW = "law", _("a duty by law to report")


class Disclosure(AppendOnlyModel):
    """Something about a client was told to somebody outside. For the accounting; kept like the record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    patient = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    basis = models.CharField(max_length=12, choices=Basis.choices)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="disclosures", null=True)
    purpose = models.CharField(max_length=16, blank=True)
    scopes = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    via = models.CharField(max_length=16)  # report, telephone, letter, session, …: service.VIA
    reference = models.CharField(max_length=64, blank=True)  # the report's id
    sha256 = models.CharField(max_length=64, blank=True)  # of what was handed over
    ciphertext = models.BinaryField(default=b"")  # in words, when somebody wrote it down by hand

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(basis=Basis.CONSENT, consent__isnull=False)
                | ~Q(basis=Basis.CONSENT) & Q(consent__isnull=True),
                name="disclosure_has_its_basis",
            ),
        ]
        indexes = [models.Index(fields=["patient", "at"], name="disclosure_of")]
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.via

    def content(self) -> list[Any]:
        return [
            self.program_id,
            self.patient_id,
            self.recipient_id,
            str(self.basis),
            self.consent_id,
            self.purpose,
            self.scopes,
            self.at,
            self.by_id,
            self.via,
            self.reference,
            self.sha256,
        ]


class ConsentReminder(models.Model):
    """That a consent is about to end was said, this many days before; once each."""

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+", db_index=False)
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consent", "days"], name="consent_reminder_once")]

    def __str__(self) -> str:
        return f"{self.days} days before"
