"""Who wants to be reminded where, and when they want quiet. STOP and unsubscribing count at once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import time
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Exists, OuterRef

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.daytime import Quiet
from sessions.core.errors import NotFound
from sessions.core.prepared import Prepared
from sessions.messages.models import Channel, ChannelConsent, Message, QuietHours, StoppedAddress
from sessions.people.models import Person

# The words carriers ask for (CTIA Messaging Principles) and the law names (47 CFR 64.1200(a)(10)), and their
# Spanish; without blanks and signs.
STOPS: Final = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
    | {"ALTO", "PARAR", "PARE", "BAJA", "CANCELAR", "DETENER", "DETENGA", "NOMAS", "NOMÁS"}
)
STARTS: Final = frozenset({"START", "UNSTOP", "YES", "SI", "SÍ", "INICIAR"})
_BEGINS: Final = ("STOP ", "UNSUBSCRIBE ")  # and what else they say: "Stop texting me"
_SALT: Final = "messages.stop"
# Asked of every message.
_QUIET: Final = Prepared(lambda person: QuietHours.objects.filter(person=person))
_WANTS: Final = Prepared(
    lambda person, channel: ChannelConsent.objects.filter(
        person=person, channel=channel, withdrawn_at=None
    ).values_list("pk"),
    UUID,
    str,
)
_STOPPED: Final = Prepared(
    lambda channel, digest: StoppedAddress.objects.filter(channel=channel, digest=digest).values_list("pk"),
    str,
    str,
)


def wants(person: Person, channel: Channel) -> bool:
    return _WANTS.value(person.pk, channel.value) is not None


def wanted(person: Person) -> frozenset[Channel]:
    """The channels on which the person wants reminders."""
    rows = ChannelConsent.objects.filter(person=person, withdrawn_at=None)
    return frozenset(Channel(channel) for channel in rows.values_list("channel", flat=True))


@transaction.atomic
def give(person: Person, channel: Channel, *, how: str = "page", by: Person | None = None) -> None:
    """The person opts in; an earlier STOP of their address ends with it. Idempotent."""
    _, new = ChannelConsent.objects.get_or_create(
        person=person, channel=channel, withdrawn_at=None, defaults={"how": how}
    )
    StoppedAddress.objects.filter(channel=channel, digest=_digest(address_of(person, channel))).delete()
    if new:
        _record(by or person, "message.consent-given", person, channel)


@transaction.atomic
def withdraw(person: Person, channel: Channel, *, how: str = "page", by: Person | None = None) -> None:
    """Reminders on this channel end now, also those already on their way out. Idempotent."""
    rows = ChannelConsent.objects.filter(person=person, channel=channel, withdrawn_at=None)
    if rows.update(withdrawn_at=clock.now(), how=how):
        _record(by or person, "message.consent-withdrawn", person, channel)


def quiet_of(person: Person | None) -> Quiet:
    row = _QUIET.model(person.pk) if person is not None else None
    return Quiet(row.begins, row.ends) if row else Quiet()


def set_quiet(person: Person, begins: time, ends: time) -> None:
    QuietHours.objects.update_or_create(person=person, defaults={"begins": begins, "ends": ends})


def address_of(person: Person, channel: Channel) -> str:
    """As it is now; "" when the person has none."""
    return person.email if channel is Channel.EMAIL else person.phone


def stopped(channel: Channel, address: str) -> bool:
    return _STOPPED.value(channel.value, _digest(address)) is not None


def heard(channel: Channel, address: str, text: str) -> str:
    """An answer that came in. STOP and START are obeyed, in English and Spanish; what else it says is
    neither kept nor logged. Returns "stopped", "started" or ""."""
    said = text.strip().upper()
    word = "".join(letter for letter in said if letter.isalnum())
    if word in STOPS or said.startswith(_BEGINS):
        stop(channel, address)
        return "stopped"
    if word in STARTS:
        start(channel, address)
        return "started"
    return ""


@transaction.atomic
def start(channel: Channel, address: str) -> None:
    """STOP is taken back by who said it: the block ends, and who had asked for reminders gets them again.
    Nobody gets any by this word who never asked, or who ended them in another way. Idempotent."""
    StoppedAddress.objects.filter(channel=channel, digest=_digest(address)).delete()
    for person in _people_at(channel, address, asking=False):
        latest = ChannelConsent.objects.filter(person=person, channel=channel).order_by("-pk").first()
        if latest is not None and latest.withdrawn_at is not None and latest.how == "stop":
            give(person, channel, how="start")


@transaction.atomic
def stop(channel: Channel, address: str, *, how: str = "stop") -> None:
    """Nothing goes to this address any more, whoever it belongs to. Idempotent."""
    StoppedAddress.objects.get_or_create(channel=channel, digest=_digest(address))
    for person in _people_at(channel, address, asking=True):
        withdraw(person, channel, how=how)


def stop_token(message_id: UUID) -> str:
    """For the link under an e-mail. Signed, kept nowhere; says nothing."""
    return signing.Signer(salt=_SALT).sign_object(message_id.hex)


def message_of(token: str) -> Message:
    """Raises NotFound for a token that we did not make."""
    try:
        pk = UUID(signing.Signer(salt=_SALT).unsign_object(token))
    except (signing.BadSignature, ValueError, TypeError) as bad:
        raise NotFound from bad
    message = Message.objects.select_related("person").filter(pk=pk).first()
    if message is None:
        raise NotFound
    return message


def _people_at(channel: Channel, address: str, *, asking: bool) -> Iterable[Person]:
    """Whose address it is: of those who ask for reminders now, or who once did and do not now."""
    if channel is Channel.EMAIL:
        return Person.objects.filter(email=address.strip().lower())
    digest = _digest(address)
    consents = ChannelConsent.objects.filter(channel=channel, person=OuterRef("pk"))
    now = Exists(consents.filter(withdrawn_at=None))
    people = Person.objects.filter(now) if asking else Person.objects.filter(~now, Exists(consents))
    return [person for person in people if _digest(person.phone) == digest]


def _digest(address: str) -> str:
    """One digest for one address, however it is written: +1 (555) 010-2000 and 15550102000."""
    plain = address.strip().lower()
    if "@" not in plain:
        plain = "".join(letter for letter in plain if letter.isdigit()).lstrip("0")
        plain = plain[1:] if len(plain) == 11 and plain.startswith("1") else plain
    key = b"address " + settings.FIELD_KEYS[-1].encode()  # the oldest: rotation keeps it listed
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def _record(by: Person, act: str, person: Person, channel: Channel) -> None:
    audit.record(actor_id=by.pk, act=act, subject_type="person", subject_id=person.pk, reason=channel.value)
