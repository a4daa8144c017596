"""What an invitation is made of: the secret of its link, the two addresses behind it, the proof of a code.

Neither link nor code is kept in clear, addresses are encrypted.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Literal

from django.conf import settings

from sessions.audit import service as audit
from sessions.core import clock, encryption, ids
from sessions.families.models import Invitation
from sessions.people.models import Household, Person


def prepare(
    household: Household, guest: Person, email: str, phone: str, by_email: bool, by: Person
) -> tuple[Invitation, str]:
    """A new invitation and the token of its link, which is nowhere else; earlier ones of this guest end."""
    now = clock.now()
    Invitation.objects.filter(household=household, guest=guest, revoked_at=None).update(revoked_at=now)
    token = ids.token()
    row = Invitation(
        household=household,
        guest=guest,
        token_hash=hashed(token),
        by_email=by_email,
        created_by=by,
        expires_at=now + timedelta(days=household.program.rules.invitation_days),
    )
    row.link_to = encryption.encrypt(email if by_email else phone, f"invitation {row.pk} link")
    row.code_to = encryption.encrypt(phone if by_email else email, f"invitation {row.pk} code")
    row.save()
    return row, token


def address(row: Invitation, which: Literal["link", "code"]) -> str:
    """Where the link, or the codes, are sent."""
    return encryption.decrypt(row.link_to if which == "link" else row.code_to, f"invitation {row.pk} {which}")


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def proof(row: Invitation, code: str) -> str:
    """Six digits are quickly tried against a hash alone: this one needs a key from outside the database."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{row.pk} {code}".encode(), hashlib.sha256).hexdigest()


def record(by: Person | None, act: str, row: Invitation) -> None:
    """A line of the audit record."""
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="invitation",
        subject_id=row.pk,
        scope=row.household.program_id,
    )
