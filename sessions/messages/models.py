"""Messages on their way out, and who wants which. Asked through service.py."""

from __future__ import annotations

import uuid
from datetime import time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.people.models import Language, Person, validate_time_zone
from sessions.programs.models import Program


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    UNSURE = "unsure", _("sent, perhaps not received")  # handed over, and the process died before the answer
    FAILED = "failed", _("not delivered")
    WITHHELD = "withheld", _("not sent")  # no consent, stopped, no address: `code` says which
    EXPIRED = "expired", _("too late")
    CANCELLED = "cancelled", _("cancelled")


class Message(models.Model):
    """One notice to one recipient on one channel, exactly once per `key`.

    The text is made when it is sent, from a template and `params`; neither text nor address stands here in
    clear. A message to a person goes to the address the person has at that moment.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)  # the event it is for; ids and codes only
    program = models.ForeignKey(Program, models.PROTECT, null=True, related_name="+")  # whose staff see it
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    address = models.BinaryField(null=True)  # encrypted; of somebody without an account
    channel = models.CharField(max_length=8, choices=Channel.choices)
    template = models.CharField(max_length=40)
    params = models.BinaryField()  # encrypted JSON
    language = models.CharField(max_length=2, choices=Language.choices)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    about = models.UUIDField(null=True)  # the meeting, call, invitation …: `service.cancel` finds it by this
    state = models.CharField(max_length=12, choices=MessageState.choices, default=MessageState.QUEUED)
    code = models.CharField(max_length=40, blank=True)  # why it is in this state
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()  # as asked
    send_at = models.DateTimeField()  # out of quiet hours, after a failed try: not before this
    not_after = models.DateTimeField(null=True)
    urgent = models.BooleanField(default=False)  # also in quiet hours
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)  # some process has it in hand
    handed_at = models.DateTimeField(null=True)  # given to the provider; without an answer if still queued
    finished_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(address__isnull=False), name="message_one_recipient"
            ),
        ]
        indexes = [
            models.Index(fields=["send_at"], condition=Q(state="queued"), name="message_waiting"),
            models.Index(fields=["about"], condition=Q(about__isnull=False), name="message_about"),
            models.Index(fields=["program", "-created_at"], name="message_program"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.template} {self.state}"


class ChannelConsent(models.Model):
    """A person's wish to be reminded on one channel. Withdrawn, not deleted."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="channel_consents")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    given_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=16)  # page, stop, unsubscribe, staff

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "channel"],
                condition=Q(withdrawn_at__isnull=True),
                name="channel_consent_once",
            ),
        ]

    def __str__(self) -> str:
        return self.channel


class QuietHours(models.Model):
    """A person's own quiet hours, in their own zone; without a row 21:00 to 8:00."""

    person = models.OneToOneField(Person, models.PROTECT, primary_key=True, related_name="quiet_hours")
    begins = models.TimeField(default=time(21))
    ends = models.TimeField(default=time(8))

    def __str__(self) -> str:
        return f"{self.begins:%H:%M} to {self.ends:%H:%M}"


class StoppedAddress(models.Model):
    """An address that answered STOP: nothing is sent there until it says START. Kept as a keyed digest."""

    channel = models.CharField(max_length=8, choices=Channel.choices)
    digest = models.CharField(max_length=64)
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="stopped_address_once"),
        ]

    def __str__(self) -> str:
        return self.channel
