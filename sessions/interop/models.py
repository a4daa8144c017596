"""Systems of a programme that may read its records: a health record, a billing system."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.people.models import Person
from sessions.programs.models import Program


class ConnectedSystem(models.Model):
    """One system with its own secret, of which only the hash is kept, and what it may read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # its client_id
    program = models.ForeignKey(Program, models.PROTECT, related_name="systems")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)  # of scopes.SCOPES
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"], condition=Q(ended_at__isnull=True), name="system_name_once"
            )
        ]
        ordering = ["name", "made_at"]

    def __str__(self) -> str:
        return self.name


class AccessToken(models.Model):
    """What a system shows at each request. Short-lived; ends at once with its system."""

    system = models.ForeignKey(ConnectedSystem, models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return "access token"
