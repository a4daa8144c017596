from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sessions.core import clock
from sessions.people.models import Household, Person


class Invitation(models.Model):
    """A family guest's personal link. Neither the link nor a code is kept, only what proves them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, models.PROTECT, related_name="invitations")
    guest = models.ForeignKey(Person, models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    link_to = models.BinaryField()  # where the link went, encrypted
    code_to = models.BinaryField()  # where codes go: the other channel; encrypted
    by_email = models.BooleanField()  # the link; codes then go by SMS, and the other way round
    code_hash = models.CharField(max_length=128, blank=True)
    code_at = models.DateTimeField(null=True, blank=True)
    codes = models.PositiveSmallIntegerField(default=0)  # sent so far
    tries = models.PositiveSmallIntegerField(default=0)  # wrong ones, of the present code
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    agreement = models.CharField(max_length=16, blank=True)  # version of the confidentiality agreement
    typed_name = models.CharField(max_length=200, blank=True)
    device_hash = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # What ended with it, so that it can be undone: the relationship, ids of sessions and series.
    ended_with = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["household", "guest"],
                condition=Q(revoked_at__isnull=True),
                name="invitation_one_live",
            )
        ]

    def __str__(self) -> str:
        return "invitation"
