"""What carries a message away: e-mail through Django's mail (anymail's backends among them), SMS by an
adapter.

A carrier gets the message's id as idempotency key. One that promises to honour it (`idempotent`) may be asked
again after a crash; the others never are, because the message may have gone out.
"""

from __future__ import annotations

import json
import smtplib
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Final, Protocol
from uuid import UUID

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.module_loading import import_string

from sessions.messages.models import Channel

TIMEOUT_S: Final = 20


class Undeliverable(Exception):
    """This address will never work; trying again is useless. Its text is a code."""


class NotNow(Exception):
    """The provider cannot at the moment; nothing went out. Its text is a code."""


class Unsure(Exception):
    """It may have gone out or not. Its text is a code."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Ready to go. `stop_link` is the address at which the recipient ends such messages, `calendar` an
    appointment as a file (RFC 5545); "" for none."""

    id: UUID
    to: str
    subject: str
    body: str
    stop_link: str = ""
    calendar: str = ""


class Carrier(Protocol):
    idempotent: bool

    def carry(self, letter: Letter) -> str:
        """The provider's id of it, or "". Raises Undeliverable, NotNow, Unsure."""
        ...


class Mail:
    """Django's mail: the console by default, any of anymail's providers by VIOP_EMAIL_BACKEND."""

    idempotent = False

    def carry(self, letter: Letter) -> str:
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        headers = {"Message-ID": f"<{letter.id}@{domain}>", "Auto-Submitted": "auto-generated"}
        if letter.stop_link:  # RFC 2369, RFC 8058
            headers |= {
                "List-Unsubscribe": f"<{letter.stop_link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        post: Any = get_connection()
        mail = EmailMultiAlternatives(
            letter.subject, letter.body, to=[letter.to], headers=headers, connection=post
        )
        if letter.calendar:
            mail.attach("appointment.ics", letter.calendar, "text/calendar")
        # Addresses and texts may not reach a log: of a fault only its kind does.
        try:
            post.open()
        except Exception as trouble:  # the mail server's faults are many; nothing was handed over yet
            raise NotNow(type(trouble).__name__) from None
        try:
            mail.send()
        except (smtplib.SMTPRecipientsRefused, AnymailRecipientsRefused) as refused:
            raise Undeliverable(type(refused).__name__) from None
        except (smtplib.SMTPResponseException, AnymailAPIError) as trouble:
            raise NotNow(type(trouble).__name__) from None
        except Exception as trouble:  # broke off in the middle of it
            raise Unsure(type(trouble).__name__) from None
        finally:
            post.close()
        status = getattr(mail, "anymail_status", None)
        return str(getattr(status, "message_id", "") or f"{letter.id}@{domain}")


class ConsoleSms:
    """Writes to standard output: for development, and for a clinic that sends no text messages."""

    idempotent = True

    def carry(self, letter: Letter) -> str:
        sys.stdout.write(f"SMS to {letter.to}: {letter.body}\n")
        sys.stdout.flush()
        return str(letter.id)


class HttpSms:
    """Posts {"to", "text", "id"} as JSON to VIOP_SMS_URL, which a gateway of the operator's choice answers.

    The answer may hold {"id"}. 4xx but 408 and 429 means that the number is wrong for good. The message's id
    goes as Idempotency-Key too (draft-ietf-httpapi-idempotency-key-header).
    """

    idempotent = True

    def carry(self, letter: Letter) -> str:
        content = json.dumps({"to": letter.to, "text": letter.body, "id": str(letter.id)}).encode()
        asked = urllib.request.Request(  # noqa: S310 - the operator's own address, checked at start
            settings.SMS_URL,
            content,
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {settings.SMS_TOKEN}",
                "Idempotency-Key": str(letter.id),
            },
        )
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310
                told = json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refused:
            refused.close()
            if 400 <= refused.code < 500 and refused.code not in (408, 429):
                raise Undeliverable(f"http-{refused.code}") from None
            raise NotNow(f"http-{refused.code}") from None
        except (OSError, ValueError) as trouble:
            raise NotNow(type(trouble).__name__) from None
        return str(told.get("id", "") if isinstance(told, dict) else "") or str(letter.id)


def carrier(channel: Channel) -> Carrier:
    """As configured: Mail, and the class that VIOP_SMS_BACKEND names."""
    if channel is Channel.EMAIL:
        return Mail()
    adapter: Carrier = import_string(settings.SMS_BACKEND)()
    return adapter
