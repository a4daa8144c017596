"""A sent message as staff see it: to whom, when, on which channel, what became of it. Never its text."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from sessions.messages.models import Channel, Message, MessageState
from sessions.web import words


@dataclass(frozen=True, slots=True)
class Delivery:
    who: str
    channel: str
    what: str
    when: str
    state: str
    why: str
    trouble: bool


def told(row: Message) -> Delivery:
    moment = row.finished_at or row.send_at
    return Delivery(
        who=row.person.name if row.person else _("somebody invited"),
        channel=str(Channel(row.channel).label),
        what=_what(row.template),
        when=f"{words.day(moment)}, {words.clock(moment)}",
        state=str(MessageState(row.state).label),
        why=_why(row.code),
        trouble=row.state in (MessageState.FAILED, MessageState.UNSURE, MessageState.WITHHELD),
    )


def _what(template: str) -> str:
    """The family of its template: nothing of its content."""
    said = {
        "appointment": _("appointment"),
        "page": _("pointer to the page"),
        "letter": _("letter"),
        "invitation": _("invitation"),
        "code": _("code"),
        "staff": _("to staff"),
    }
    return said.get(template.partition(".")[0], _("message"))


def _why(code: str) -> str:
    said = {
        "no-consent": _("has not agreed to messages this way"),
        "stopped": _("has asked us to stop"),
        "no-address": _("no address or number"),
        "disabled": _("the account is closed"),
        "too-late": _("it would have come too late"),
        "quiet-hours": _("quiet hours"),
        "no-answer": _("the line broke while sending"),
        "cancelled": _("no longer needed"),
    }
    return said.get(code, _("the provider refused it") if code else "")
