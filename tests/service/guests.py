"""A family guest of Alice, from the form to the door: who they are, what was sent to them, coming in by the link."""

from __future__ import annotations

import json

from django.conf import settings
from django.test import Client

from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import encryption
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.families.service import Guest
from sessions.messages.models import Message
from sessions.people.models import Person
from sessions.programs import episodes
from sessions.programs.episode_models import Episode
from tests.cast import Cast
from tests.service import papers

WHO = Guest("Fatima", "Haddad", "mother", "fatima@example.org", "+12125550177")


def of(cast: Cast) -> Episode:
    found = episodes.current(cast.alice, cast.north.pk)
    assert found is not None
    return found


def added(cast: Cast) -> Invitation:
    guest = families.add(of(cast), WHO, by=cast.carol)
    return Invitation.objects.get(guest=guest, revoked_at=None)


def said(template: str, word: str) -> str:
    """A value in the newest message of this kind."""
    row = Message.objects.filter(template=template).order_by("created_at").last()
    assert row is not None
    params = json.loads(encryption.decrypt(row.params, f"message params {row.key}"))
    return str(params[word])


def consent(cast: Cast, guest: Person) -> Consent:
    to = consents.guest_recipient(papers.file(cast), guest)
    return papers.signs(cast.alice, papers.offered(cast, Purpose.PRESENCE, to, [Scope.PRESENCE]))


def invited(cast: Cast) -> str:
    """A guest with the client's consent and a link. Returns the link's address."""
    one = added(cast)
    consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    return said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))


def comes_in(client: Client, address: str) -> int:
    client.post(address)
    typed = {"code": said("code", "code"), "agreed": "on", "typed_name": "Fatima Haddad"}
    return client.post(address, typed).status_code


def sent(template: str) -> list[tuple[str, str]]:
    """Every message of this kind: by which channel, and to which address."""
    rows = Message.objects.filter(template=template)
    return [
        (row.channel, encryption.decrypt(bytes(row.address or b""), f"message {row.key}")) for row in rows
    ]
