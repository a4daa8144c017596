from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from sessions.core.append_only import AppendOnlyModel


class Outcome(models.TextChoices):
    ALLOWED = "allowed"
    REFUSED = "refused"


class AuditChain(models.Model):
    """The head of one chain: of a programme (its id) or of everything else (`service.GLOBAL`).

    The row is also the lock under which the next event gets its number, and shows when the end was cut off.
    """

    scope = models.UUIDField(primary_key=True)
    length = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"chain {self.scope}"


class AuditEvent(AppendOnlyModel):
    """Who did, saw or was refused what, and when. Opaque ids and codes only: never a name, never health data.

    No foreign keys: a record of access outlives what was accessed.
    """

    scope = models.UUIDField()
    seq = models.PositiveBigIntegerField()  # from 1, without gaps in its scope
    at = models.DateTimeField()
    actor_id: models.UUIDField[uuid.UUID | str | None, uuid.UUID | None] = models.UUIDField(null=True)
    act = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField(max_length=64, blank=True)  # a code
    previous = models.CharField(max_length=64, blank=True)  # digest of the event before; empty for the first
    digest = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["scope", "seq"], name="audit_seq_unique"),
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "at"], name="audit_subject"),
            models.Index(fields=["actor_id", "at"], name="audit_actor"),
        ]
        ordering = ["scope", "seq"]

    def __str__(self) -> str:
        return f"{self.act} {self.outcome}"

    def content(self) -> list[Any]:
        """What the digest is taken over, in this order."""
        return [
            self.previous,
            str(self.scope),
            self.seq,
            self.at.isoformat(timespec="microseconds"),
            str(self.actor_id) if self.actor_id else "",
            self.act,
            self.subject_type,
            self.subject_id,
            str(self.outcome),
            self.reason,
        ]
