"""The outbox. `queue` puts a notice into the caller's transaction; tasks send it: once, or not at all.

    queued ── claimed, handed over ──► sent ──► delivered          (the provider said so)
       │                              └───────► unsure             (we died before the provider's answer)
       ├──► queued again, later                                    (not now; quiet hours)
       └──► failed | withheld | expired | cancelled

A message is claimed with a lease, so that many processes send side by side; the moment at which it is handed
to the provider is committed before the handing over. A crash before that moment loses nothing, a crash after
it never sends twice: providers that honour our id are asked again, the others are not, and staff see
"perhaps".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from sessions.audit import service as audit
from sessions.core import claiming, clock, encryption
from sessions.core.daytime import Quiet
from sessions.core.errors import Fault
from sessions.core.prepared import Prepared
from sessions.messages import calendar, channels, consents, texts, timing
from sessions.messages.models import Channel, Message, MessageState
from sessions.messages.texts import Value
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Program

log = logging.getLogger(__name__)

BATCH: Final = 20
MOST_A_RUN: Final = 200
_KEYED: Final = Prepared(lambda key: Message.objects.filter(key=key), str)
_PERSON: Final = Prepared(lambda pk: Person.objects.filter(pk=pk))
_MESSAGE: Final = Prepared(lambda pk: Message.objects.filter(pk=pk))


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody without an account: where, in which language, and by which clock."""

    to: str  # an e-mail address or a phone number
    language: str = "en"
    time_zone: str = "America/New_York"


def queue(
    template: str,
    to: Person | Address,
    channel: Channel,
    *,
    key: str,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    params: Mapping[str, Value] | None = None,
    program_id: UUID | None = None,
    about: UUID | None = None,
    urgent: bool = False,
) -> Message:
    """Put one notice into the outbox, in the caller's transaction: it goes out only if that commits.

    Args:
        template: a row of texts.TEXTS. Its `asked_for` and `to_staff` decide whether consent is asked.
        to: an account (address, language, zone as they are when it is sent), or an address.
        key: names the event, for example f"check-in {id} reminder-24h"; the same key queues nothing new and
            returns the first message. Ids and codes only, never a word about health.
        due_at: send at this time or as soon as possible after it; now by default.
        not_after: better not at all than later, for example the appointment's start.
        params: what the template needs; datetimes are told in the recipient's zone.
        program_id: whose coordinators see the delivery.
            With "at", "minutes" and "version" an e-mail about an appointment carries it as a calendar file.
        about: the meeting, call or invitation, for `cancel`.
        urgent: also in quiet hours (a code somebody waits for, a crisis).

    Raises:
        Fault: no such template, or a value is missing.
    """
    person = to if isinstance(to, Person) else None
    zone, language = to.time_zone, to.language
    texts.render(template, params or {}, language, zone)  # what cannot be said must not be queued
    if (earlier := _KEYED.model(key)) is not None:
        return earlier
    now = clock.now()
    due = due_at or now
    quiet = Quiet(end=Quiet().start) if urgent else consents.quiet_of(person)
    send_at = timing.sending_time(due, not_after, now, zone, quiet)
    message = Message(
        key=key,
        program_id=program_id,
        person=person,
        address=None if isinstance(to, Person) else encryption.encrypt(to.to, f"message {key}"),
        channel=channel,
        template=template,
        params=encryption.encrypt(_dump(params or {}), f"message params {key}"),
        language=language,
        time_zone=zone,
        about=about,
        due_at=due,
        send_at=send_at or due,
        not_after=not_after,
        urgent=urgent,
        **({} if send_at else _finished(MessageState.EXPIRED, "too-late", now)),
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        faster = _KEYED.model(key)  # somebody was, by a moment
        if faster is None:
            raise
        return faster
    return message


def cancel(about: UUID) -> int:
    """Nothing more goes out about this meeting, call or invitation; returns how many were stopped."""
    rows = Message.objects.filter(about=about, state=MessageState.QUEUED, handed_at=None)
    return rows.update(**_finished(MessageState.CANCELLED, "cancelled", clock.now()))


def link(name: str, *args: Any) -> str:
    """The address of one of our pages as it stands in messages."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(name, args=args)


# Sending.


def send_due(now: datetime | None = None) -> int:
    """Send what is due; returns how many left. Safe beside other processes, and to run twice."""
    sent = 0
    while sent < MOST_A_RUN and (claimed := _claim(now or clock.now())):
        for pk in claimed:
            sent += _send(pk, now or clock.now())
    return sent


def _claim(now: datetime) -> list[UUID]:
    """Take a few messages for ourselves for the length of a lease."""
    unheld = Q(claimed_until=None) | Q(claimed_until__lt=now)
    free = Message.objects.filter(unheld, state=MessageState.QUEUED, send_at__lte=now)
    return claiming.claim(free, ("send_at", "id"), BATCH, claimed_until=now + timing.LEASE)


def _send(pk: UUID, now: datetime) -> bool:
    """One claimed message: checked once more, handed over, written down."""
    message = _MESSAGE.model(pk)
    if message is None:
        raise Message.DoesNotExist
    message.person = _PERSON.model(message.person_id) if message.person_id is not None else None
    text = texts.text(message.template)
    to = _address(message)
    carrier = channels.carrier(Channel(message.channel))
    refused, moment = _why_not(message, text, to, now), now
    if refused is None and not message.urgent:
        quiet = consents.quiet_of(message.person)
        allowed = timing.sending_time(now, message.not_after, now, _zone(message), quiet)
        if allowed is None:
            refused = MessageState.EXPIRED, "quiet-hours"
        else:
            moment = allowed
    if message.handed_at is not None and (refused or moment > now or not carrier.idempotent):
        # A process died between handing it over and writing the answer down; it is not to be asked again, or
        # not now. It may have left: nothing else can be said of it.
        return _end(message, MessageState.UNSURE, "no-answer", now)
    if refused:
        return _end(message, *refused, now)
    if moment > now:
        return _later(message, moment, "quiet-hours")
    letter = _letter(message, text, to)
    ours = Message.objects.filter(pk=pk, state=MessageState.QUEUED, handed_at=message.handed_at)
    if not ours.update(handed_at=now):
        return False  # it was cancelled since we claimed it, or whoever took us for dead hands it over
    try:
        provider_id = carrier.carry(letter)
    except channels.Undeliverable as never:
        return _end(message, MessageState.FAILED, str(never), now)
    except channels.Unsure as broken:
        return _end(message, MessageState.UNSURE, str(broken), now, tries=message.tries + 1)
    except channels.NotNow as trouble:
        tries = message.tries + 1
        again = timing.next_try(tries, now, message.not_after)
        log.warning("message %s not sent, try %d: %s", pk, tries, trouble)
        if again is None:
            return _end(message, MessageState.FAILED, str(trouble), now, tries=tries)
        return _later(message, again, str(trouble), tries=tries)
    _end(message, MessageState.SENT, "", now, provider_id=provider_id[:200], tries=message.tries + 1)
    return True


def _why_not(message: Message, text: texts.Text, to: str, now: datetime) -> tuple[MessageState, str] | None:
    channel, person = Channel(message.channel), message.person
    if message.not_after is not None and now > message.not_after:
        return MessageState.EXPIRED, "too-late"
    if not to:
        return MessageState.WITHHELD, "no-address"
    if person is not None and not person.is_active:
        return MessageState.WITHHELD, "disabled"
    if consents.stopped(channel, to):
        return MessageState.WITHHELD, "stopped"
    free = text.to_staff or text.asked_for or person is None
    if not free and person is not None and not consents.wants(person, channel):
        return MessageState.WITHHELD, "no-consent"
    return None


def _letter(message: Message, text: texts.Text, to: str) -> channels.Letter:
    language = message.person.language if message.person else message.language
    params = _load(encryption.decrypt(message.params, f"message params {message.key}"))
    rendered = texts.render(message.template, params, language, _zone(message))
    body, stop_link = rendered.body, ""
    with translation.override(language):
        if message.channel == Channel.SMS and not text.asked_for and not text.to_staff:
            body += "\n" + gettext(texts.STOP_SMS)
        elif message.channel == Channel.EMAIL and not text.asked_for and not text.to_staff:
            stop_link = link("messages-stop", consents.stop_token(message.pk))
            body += "\n\n" + gettext(texts.STOP_EMAIL) % {"link": stop_link}
    return channels.Letter(
        message.pk, to, rendered.subject, body, stop_link, _calendar(message, params, language)
    )


def _calendar(message: Message, params: Mapping[str, Value], language: str) -> str:
    """The appointment that an e-mail is about as a file for the recipient's calendar; "" without one."""
    at, minutes, version = params.get("at"), params.get("minutes"), params.get("version")
    if message.channel != Channel.EMAIL or message.about is None:
        return ""
    if not (isinstance(at, datetime) and isinstance(minutes, int) and isinstance(version, int)):
        return ""
    return calendar.event(
        str(message.about),
        at,
        timedelta(minutes=minutes),
        version,
        message.created_at,
        language,
        cancelled=message.template == "appointment.cancelled",
    )


def _address(message: Message) -> str:
    if message.person is not None:
        return consents.address_of(message.person, Channel(message.channel))
    if message.address is None:
        raise Fault("a message without a recipient")
    return encryption.decrypt(message.address, f"message {message.key}")


def _zone(message: Message) -> str:
    return message.person.time_zone if message.person else message.time_zone


def _end(message: Message, state: MessageState, code: str, now: datetime, **more: Any) -> bool:
    """Returns False: only what was sent counts as sent."""
    Message.objects.filter(pk=message.pk, state=MessageState.QUEUED).update(
        **_finished(state, code, now), **more
    )
    return False


def _later(message: Message, moment: datetime, code: str, **more: Any) -> bool:
    Message.objects.filter(pk=message.pk, state=MessageState.QUEUED).update(
        send_at=moment, claimed_until=None, handed_at=None, code=code[:40], **more
    )
    return False


def _finished(state: MessageState, code: str, now: datetime) -> dict[str, Any]:
    return {"state": state, "code": code[:40], "finished_at": now, "claimed_until": None}


# What came of it.


def told(provider_id: str, delivered: bool, code: str = "") -> bool:
    """The provider's later word on a message. Returns whether it is one of ours."""
    state = MessageState.DELIVERED if delivered else MessageState.FAILED
    rows = Message.objects.filter(
        provider_id=provider_id, state__in=[MessageState.SENT, MessageState.UNSURE, MessageState.DELIVERED]
    )
    return bool(provider_id) and bool(rows.update(state=state, code=code[:40]))


def stop_recipient(message: Message) -> None:
    """Nothing goes to this message's address any more."""
    consents.stop(Channel(message.channel), _address(message), how="unsubscribe")


def deliveries(actor: Person, program: Program, *, person_id: UUID | None = None) -> QuerySet[Message]:
    """The programme's latest messages, newest first: to whom, on which channel, what became of each. Not
    what they
    say: that is the template's, and neutral.

    Raises NotFound unless the actor coordinates the programme.
    """
    require(actor, Act.SEE_MESSAGES, program)
    audit.record(
        actor_id=actor.pk,
        act=Act.SEE_MESSAGES,
        subject_type="program",
        subject_id=program.pk,
        scope=program.pk,
    )
    rows = Message.objects.filter(program=program).select_related("person").order_by("-created_at", "-id")
    return rows.filter(person=person_id) if person_id is not None else rows


def _dump(params: Mapping[str, Value]) -> str:
    return json.dumps(
        {
            name: {"at": value.isoformat()} if isinstance(value, datetime) else value
            for name, value in params.items()
        }
    )


def _load(stored: str) -> dict[str, Value]:
    return {
        name: datetime.fromisoformat(value["at"]) if isinstance(value, dict) else value
        for name, value in json.loads(stored).items()
    }


__all__ = [
    "Address",
    "Channel",
    "Message",
    "MessageState",
    "cancel",
    "deliveries",
    "link",
    "queue",
    "send_due",
    "stop_recipient",
    "told",
]
