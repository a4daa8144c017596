"""What messages say discloses nothing, in both languages (DOMAIN 6, 7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import translation
from django.utils.translation import gettext

from sessions.core.errors import Fault
from sessions.messages.texts import STOP_EMAIL, STOP_SMS, TEXTS, Value, render

SIX_PM = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
PARAMS: dict[str, Value] = {"at": SIX_PM, "link": "https://example.org/x", "code": "493 018"}
TELLING = re.compile(
    r"group|session|program|therap|treat|clinic|patient|client|recover|addict|sober|health|care|counsel|test|drug"
    r"|grupo|sesi[oó]n|terap|tratam|cl[ií]nic|pacient|recuper|adicc|salud|consej|prueba|droga",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("template", TEXTS)
def test_no_text_says_who_we_are_or_what_it_is_about(template: str, language: str) -> None:
    said = render(template, PARAMS, language, "America/New_York")
    assert TELLING.search(said.subject + " " + said.body) is None
    assert said.body
    assert TEXTS[template].subject, "every text may go by e-mail"
    assert "%(" not in said.subject + said.body


@pytest.mark.parametrize("template", TEXTS)
def test_spanish_is_spanish(template: str) -> None:
    assert render(template, PARAMS, "es", "UTC") != render(template, PARAMS, "en", "UTC")


@pytest.mark.parametrize("text", [STOP_SMS, STOP_EMAIL])
def test_every_reminder_says_how_it_ends(text: str) -> None:
    with translation.override("es"):
        assert gettext(text) != text


def test_a_text_message_fits_one_part() -> None:
    """160 characters of the GSM alphabet; a link takes the place of a short one here."""
    for template, text in TEXTS.items():
        stop = "" if text.asked_for or text.to_staff else "\n" + STOP_SMS
        assert len(render(template, PARAMS, "en", "UTC").body + stop) <= 160, template


def test_times_are_the_recipients() -> None:
    assert (
        render("appointment.reminder", PARAMS, "en", "America/New_York").subject
        == "Your appointment, 6:00 PM"
    )
    assert (
        render("appointment.reminder", PARAMS, "en", "America/Phoenix").subject == "Your appointment, 4:00 PM"
    )
    assert "lunes 2 de marzo" in render("appointment.reminder", PARAMS, "es", "America/New_York").body


def test_what_cannot_be_said_is_a_fault_of_ours() -> None:
    with pytest.raises(Fault):
        render("appointment.reminder", {}, "en", "UTC")
    with pytest.raises(Fault):
        render("no.such", PARAMS, "en", "UTC")
