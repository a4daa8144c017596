"""Which systems may read a programme's records, and the tokens they read with (OAuth 2.0 client credentials).

A connected system belongs to the programme, like its health record: what it reads stays inside. Telling
anybody else is a disclosure and goes through papers and reports.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from sessions.audit import service as audit
from sessions.core import clock, ids
from sessions.core.errors import Invalid, NotFound
from sessions.interop.models import AccessToken, ConnectedSystem
from sessions.interop.scopes import SCOPES, granted
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.programs.models import Program

LIFETIME: Final = timedelta(minutes=15)


class WrongSystem(Exception):
    """No such system, or not its secret: the two are never told apart (RFC 6749: invalid_client)."""


class WrongScope(Exception):
    """It asks for more than it was given (RFC 6749: invalid_scope)."""


@dataclass(frozen=True, slots=True)
class Granted:
    token: str
    expires_in: timedelta
    scopes: tuple[str, ...]


@asked(Act.KEEP_SYSTEMS)
def connect(program: Program, name: str, scopes: Collection[str], by: Person) -> tuple[ConnectedSystem, str]:
    """A system and its secret, which is shown once and not kept. Raises Invalid."""
    if not name.strip() or not scopes or set(scopes) - set(SCOPES):
        raise Invalid("A system has a name, and something that it may read.")
    if ConnectedSystem.objects.filter(program=program, name=name.strip(), ended_at=None).exists():
        raise Invalid("There is a system of this name already.")
    secret = ids.token() + ids.token()
    try:
        with transaction.atomic():
            row = ConnectedSystem.objects.create(
                program=program,
                name=name.strip(),
                secret_hash=_hash(secret),
                scopes=[scope for scope in SCOPES if scope in scopes],
                made_by=by,
            )
    except IntegrityError as twice:  # the same form, sent twice at once
        raise Invalid("There is a system of this name already.") from twice
    _record(by.pk, "system.connected", row)
    return row, secret


@asked(Act.KEEP_SYSTEMS, of=lambda row: row.program)
def end(row: ConnectedSystem, by: Person) -> None:
    """It reads nothing any more, from this moment on. Idempotent."""
    if ConnectedSystem.objects.filter(pk=row.pk, ended_at=None).update(ended_at=clock.now()):
        row.tokens.all().delete()
        _record(by.pk, "system.ended", row)


def of(program: Program) -> list[ConnectedSystem]:
    """Those that read now. For who has been let in."""
    return list(ConnectedSystem.objects.filter(program=program, ended_at=None).select_related("made_by"))


def system(system_id: UUID, program: Program) -> ConnectedSystem:
    """Raises NotFound, also for one of another programme."""
    row = ConnectedSystem.objects.filter(pk=system_id, program=program).select_related("program").first()
    if row is None:
        raise NotFound
    return row


def grant(system_id: str, secret: str, scope: str) -> Granted:
    """A token for who knows the secret. Raises WrongSystem, WrongScope; these are on record too."""
    row = _reading(system_id)
    # The same work for a system that is not there.
    known = row.secret_hash if row is not None else _hash("")
    if not hmac.compare_digest(known, _hash(secret)) or row is None:
        _refused(None, row, "invalid-client")
        raise WrongSystem
    try:
        scopes = granted(scope, row.scopes)
    except ValueError as more:
        _refused(row.pk, row, "invalid-scope")
        raise WrongScope from more
    return _token(row, scopes)


def _reading(system_id: str) -> ConnectedSystem | None:
    try:
        return ConnectedSystem.objects.filter(pk=UUID(system_id), ended_at=None).first()
    except ValueError:
        return None


@transaction.atomic
def _token(row: ConnectedSystem, scopes: tuple[str, ...]) -> Granted:
    # Locked, so that none is made while the system ends.
    if not ConnectedSystem.objects.select_for_update().filter(pk=row.pk, ended_at=None):
        raise WrongSystem
    now = clock.now()
    AccessToken.objects.filter(system=row, expires_at__lte=now).delete()
    token = ids.token() + ids.token()
    AccessToken.objects.create(
        system=row, token_hash=_hash(token), scopes=list(scopes), expires_at=now + LIFETIME
    )
    _record(row.pk, "system.token", row)
    return Granted(token, LIFETIME, scopes)


def shown(token: str) -> AccessToken | None:
    """What the token stands for, while it does."""
    return (
        AccessToken.objects.select_related("system__program")
        .filter(token_hash=_hash(token), expires_at__gt=clock.now(), system__ended_at=None)
        .first()
    )


def names(actors: Collection[UUID]) -> dict[UUID, str]:
    """Of those actors on record that are systems."""
    return dict(ConnectedSystem.objects.filter(pk__in=actors).values_list("pk", "name"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _refused(actor: UUID | None, row: ConnectedSystem | None, reason: str) -> None:
    """One row, whether there is such a system or not: the time that it takes tells nothing."""
    audit.record(
        actor_id=actor,
        act="system.token",
        subject_type="system",
        subject_id=row.pk if row is not None else "unknown",
        scope=row.program_id if row is not None else audit.GLOBAL,
        outcome=audit.Outcome.REFUSED,
        reason=reason,
    )


def _record(actor: UUID, act: str, row: ConnectedSystem) -> None:
    audit.record(actor_id=actor, act=act, subject_type="system", subject_id=row.pk, scope=row.program_id)
