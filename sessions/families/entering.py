"""A family guest's way in: a link that does nothing by being looked at, a code, one device.

look ─► send_code ─► come_in: the agreement signed and the device bound, the first time
                └──► come_in, with a new code each time
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound, Refusal
from sessions.families import links
from sessions.families.models import Invitation
from sessions.messages import service as messages
from sessions.messages.models import Channel
from sessions.people.models import Person

AGREEMENT: Final = "family.1"
CODE_LIVES: Final = timedelta(minutes=10)
CODE_EVERY: Final = timedelta(seconds=60)
MOST_TRIES: Final = 5
MOST_CODES: Final = 10


class WrongCode(Refusal):
    code = "wrong-code"
    text = "This code is not right, or it is too old. You can have a new one."


class TooSoon(IllegalMove):
    text = "A code is on its way. You can ask for another in a minute."


class TooMany(IllegalMove):
    text = "We have sent many codes and none was used. Ask the team for a new link."


class OtherDevice(IllegalMove):
    text = "This invitation is bound to another phone or computer. Ask the team for a new one."


def look(token: str, now: datetime) -> Invitation:
    """Behind a link that is good. Changes nothing. Raises NotFound."""
    found = (
        Invitation.objects.filter(
            token_hash=links.hashed(token), revoked_at=None, expires_at__gt=now, guest__is_active=True
        )
        .exclude(code_to=b"")
        .select_related("household__program", "household__client", "guest")
        .first()
    )
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def send_code(token: str) -> None:
    """A code by the other channel, good for ten minutes. Raises NotFound, TooSoon, TooMany."""
    now = clock.now()
    row = Invitation.objects.select_for_update().get(pk=look(token, now).pk)
    if row.codes >= MOST_CODES:
        raise TooMany
    if row.code_at is not None and now < row.code_at + CODE_EVERY:
        raise TooSoon
    code = f"{secrets.randbelow(1_000_000):06d}"
    row.code_hash, row.code_at, row.codes, row.tries = links.proof(row, code), now, row.codes + 1, 0
    row.save(update_fields=["code_hash", "code_at", "codes", "tries"])
    guest = row.guest
    messages.queue(
        "code",
        messages.Address(links.address(row, "code"), guest.language, guest.time_zone),
        Channel.SMS if row.by_email else Channel.EMAIL,
        key=f"invitation code {row.pk} {now.isoformat()}",  # the count begins anew with every visit
        params={"code": code},
        program_id=row.household.program_id,
        about=row.pk,
        not_after=now + CODE_LIVES,
        urgent=True,
    )


def come_in(token: str, code: str, *, device: str, typed_name: str = "", agreed: bool = False) -> Person:
    """The guest, when the code is right and this is their device (or their first).

    The first time the confidentiality agreement is signed with it. Raises NotFound, WrongCode, OtherDevice,
    Invalid.
    """
    now = clock.now()
    pk = look(token, now).pk
    wrong = False
    with transaction.atomic():
        row = (
            Invitation.objects.select_for_update(of=("self",)).select_related("household", "guest").get(pk=pk)
        )
        if row.accepted_at is not None and not hmac.compare_digest(row.device_hash, links.hashed(device)):
            raise OtherDevice
        if row.accepted_at is None and (not agreed or not typed_name.strip()):
            raise Invalid("Please read the agreement and sign it with your name.")
        fresh = row.code_at is not None and now < row.code_at + CODE_LIVES and row.tries < MOST_TRIES
        if not (
            fresh and row.code_hash and hmac.compare_digest(row.code_hash, links.proof(row, code.strip()))
        ):
            row.tries += 1
            row.save(update_fields=["tries"])
            wrong = True
        else:
            row.code_hash, row.codes = "", 0
            if row.accepted_at is None:
                row.accepted_at, row.agreement = now, AGREEMENT
                row.typed_name, row.device_hash = typed_name.strip()[:200], links.hashed(device)
            row.save()
            links.record(row.guest, "invitation.used", row)
    if wrong:
        audit.record(
            actor_id=row.guest_id,
            act="invitation.used",
            subject_type="invitation",
            subject_id=row.pk,
            scope=row.household.program_id,
            outcome=audit.Outcome.REFUSED,
            reason=WrongCode.code,
        )
        raise WrongCode
    return row.guest
