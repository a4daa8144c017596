"""Consents of the tests: offered by Carol, signed by whom they are about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sessions.consents import service
from sessions.consents.models import Consent, Recipient
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock, zones
from sessions.people.models import Person
from sessions.programs.clients import ClientFile, client_file
from tests.cast import Cast


def file(cast: Cast, person: Person | None = None) -> ClientFile:
    return client_file(cast.north.pk, (person or cast.alice).pk)


def recipient(cast: Cast, kind: RecipientKind, name: str = "", of: Person | None = None) -> Recipient:
    return service.outside_recipient(file(cast, of), kind, name or f"The {kind.value}", "1 Main Street")


def in_days(cast: Cast, days: int) -> date:
    return zones.local_date(clock.now(), cast.north.time_zone) + timedelta(days=days)


def offered(
    cast: Cast,
    purpose: Purpose = Purpose.COURT,
    to: Recipient | None = None,
    scopes: Collection[Scope] = (Scope.ATTENDANCE,),
    *,
    of: Person | None = None,
    days: int | None = 90,
    with_episode: bool = False,
    minor: service.Minor | None = None,
) -> Consent:
    to = to or recipient(cast, RecipientKind.COURT, "Kings County Drug Court", of)
    last_day = None if days is None else in_days(cast, days)
    what = service.Offer(purpose, to, scopes, last_day, with_episode, minor)
    return service.offer(cast.carol, file(cast, of), what)


def signs(person: Person, consent: Consent) -> Consent:
    service.sign(person, consent, typed_name=person.name, sha256=consent.sha256, agreed=True)
    return consent
