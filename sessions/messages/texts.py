"""What messages say. Nothing in any of them says who we are, what it is about, or whom else it concerns.

Outside of the product everything is neutral: no programme, no kind of treatment, no name, also not in subject
and link (DOMAIN 6 and 7). A template says by `to_staff` that its readers are staff: they are told when
something waits for them, without anybody's name; and by `asked_for` that the recipient (or somebody in front
of them) just asked for this one message, so that no consent to reminders is needed.

To add one: a row in TEXTS, its Spanish in the catalogue. tests/unit/test_messages_texts.py reads them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from django.utils import dateformat, translation
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_noop, pgettext

from sessions.core.errors import Fault

Value: TypeAlias = str | int | datetime


@dataclass(frozen=True, slots=True)
class Text:
    """English, and the key of its translation.

    Placeholders: `%(at_time)s`, `%(at_day)s`, `%(at_when)s` for a datetime under "at" (told in the
    recipient's zone and language); `%(name)s` for a text or number under "name"; `%(link)s` for an address
    under "link".
    """

    body: str
    subject: str = ""  # of e-mails
    to_staff: bool = False
    asked_for: bool = False


APPOINTMENT: Final = gettext_noop("Your appointment")

TEXTS: Final[dict[str, Text]] = {
    # appointments
    "appointment.reminder": Text(
        gettext_noop("Your appointment, %(at_when)s."), gettext_noop("Your appointment, %(at_time)s")
    ),
    "appointment.new": Text(gettext_noop("You have a new appointment: %(at_when)s."), APPOINTMENT),
    "appointment.moved": Text(gettext_noop("Your appointment is now %(at_when)s."), APPOINTMENT),
    "appointment.cancelled": Text(
        gettext_noop("Your appointment on %(at_when)s does not take place. You need to do nothing."),
        APPOINTMENT,
    ),
    "appointment.calendar": Text(
        gettext_noop("Your appointments change from %(at_when)s on. They are on your page: %(link)s"),
        APPOINTMENT,
    ),
    "appointment.local-time": Text(
        gettext_noop("The clocks change. For you, your appointment is now %(at_when)s."), APPOINTMENT
    ),
    "appointment.choose": Text(
        gettext_noop("Please choose a time for your appointment: %(link)s"), APPOINTMENT
    ),
    "appointment.confirm": Text(
        gettext_noop("Your appointment, %(at_when)s. Keep it or move it: %(link)s"), APPOINTMENT
    ),
    "appointment.missed": Text(
        gettext_noop("We missed you today. You can choose another time: %(link)s"), APPOINTMENT
    ),
    # something on the person's own page
    "page.look": Text(
        gettext_noop("There is something new on your page: %(link)s"),
        gettext_noop("Something new on your page"),
    ),
    "page.by": Text(
        gettext_noop("Please look at your page before %(at_when)s: %(link)s"),
        gettext_noop("Please look at your page"),
    ),
    # letters and invitations
    "letter.stay-in-touch": Text(
        gettext_noop("We would like to hear from you. Choose a time that suits you: %(link)s"),
        gettext_noop("We would like to hear from you"),
    ),
    "invitation": Text(
        gettext_noop("You are invited on %(at_when)s. Your personal link: %(link)s"),
        gettext_noop("Your invitation"),
        asked_for=True,
    ),
    "invitation.link": Text(
        gettext_noop("Your personal link: %(link)s"), gettext_noop("Your invitation"), asked_for=True
    ),
    "code": Text(
        gettext_noop("Your code is %(code)s. Do not give it to anybody."),
        gettext_noop("Your code"),
        asked_for=True,
    ),
    # to staff
    "staff.sign": Text(
        gettext_noop("Something waits for your signature since %(at_when)s: %(link)s"),
        gettext_noop("Something waits for your signature"),
        to_staff=True,
    ),
    "staff.sign-late": Text(
        gettext_noop(
            "Something has waited for your signature since %(at_when)s. Please sign today: %(link)s"
        ),
        gettext_noop("Please sign today"),
        to_staff=True,
    ),
    "staff.task": Text(
        gettext_noop("There is something for you to do: %(link)s"),
        gettext_noop("There is something for you to do"),
        to_staff=True,
    ),
    "staff.urgent": Text(
        gettext_noop("Please look at once: %(link)s"), gettext_noop("Please look at once"), to_staff=True
    ),
    "staff.welcome": Text(
        gettext_noop("An account is ready for you. Choose your password with this e-mail address: %(link)s"),
        gettext_noop("Your account"),
        to_staff=True,
    ),
    "staff.role": Text(
        gettext_noop("There is something new on your page: %(link)s"),
        gettext_noop("Something new on your page"),
        to_staff=True,
    ),
    "staff.calendar": Text(
        gettext_noop("Who comes to appointments of yours changes from %(at_when)s on: %(link)s"),
        gettext_noop("Appointments of yours have changed"),
        to_staff=True,
    ),
    "staff.appointment": Text(
        gettext_noop("An appointment of yours has changed: %(at_when)s."),
        gettext_noop("An appointment of yours has changed"),
        to_staff=True,
    ),
}

STOP_SMS: Final = gettext_noop("Reply STOP to end.")
STOP_EMAIL: Final = gettext_noop("To get no more of these: %(link)s")


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    body: str


def text(template: str) -> Text:
    """Raises Fault for a template that nobody wrote."""
    try:
        return TEXTS[template]
    except KeyError:
        raise Fault(f"no message template {template}") from None


def render(template: str, params: Mapping[str, Value], language: str, time_zone: str) -> Rendered:
    """In the recipient's language and zone. Raises Fault when a value is missing."""
    found = text(template)
    with translation.override(language):
        values: dict[str, str] = {}
        for name, value in params.items():
            if isinstance(value, datetime):
                local = localtime(value, ZoneInfo(time_zone))
                values[f"{name}_time"], values[f"{name}_day"] = _time(local), _day(local)
                values[f"{name}_when"] = gettext("%(day)s, %(time)s") % {
                    "day": _day(local),
                    "time": _time(local),
                }
            else:
                values[name] = str(value)
        try:
            subject = gettext(found.subject) % values if found.subject else ""
            return Rendered(subject, gettext(found.body) % values)
        except KeyError as missing:
            raise Fault(f"message template {template} needs {missing}") from None


def _time(local: datetime) -> str:
    return dateformat.format(local, pgettext("format", "g:i A"))


def _day(local: datetime) -> str:
    return dateformat.format(local, pgettext("format", "l, F j"))
