"""What people want to be told, what a notice says, and how it is stopped."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import icalendar
import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client

from sessions import tasks
from sessions.audit.models import AuditEvent
from sessions.messages import consents, service
from sessions.messages.models import Channel, MessageState
from sessions.messages.service import Address, queue
from sessions.people.models import Person
from sessions.people.service import disable
from tests.cast import MORNING, Cast, assemble, person
from tests.service.outbox import DAY, Gateway, remind, state


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 9 AM in New York."""
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    return assemble()


def test_without_consent_nothing_is_sent_and_staff_see_why(cast: Cast) -> None:
    remind(cast.ada, program_id=cast.north.pk)
    tasks.send_messages()
    assert (mail.outbox, state()) == ([], (MessageState.WITHHELD, "no-consent"))
    client = Client()
    client.force_login(cast.carol)
    page = client.get("/messages/").content.decode()
    assert "Ada Novak" in page
    assert "has not agreed to messages this way" in page


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (lambda ada: consents.withdraw(ada, Channel.SMS), "no-consent"),
        (lambda ada: consents.heard(Channel.SMS, "15550102000", " stop. "), "stopped"),
        (lambda ada: consents.heard(Channel.SMS, "+1 555 010 2000", "Alto"), "stopped"),
        (disable, "disabled"),
        (lambda ada: Person.objects.filter(pk=ada.pk).update(phone=""), "no-address"),
    ],
)
def test_what_is_under_way_is_stopped_too(ada: Person, gateway: Gateway, what: Any, code: str) -> None:
    remind(ada, Channel.SMS)
    what(ada)
    tasks.send_messages()
    assert (gateway.carried, state()) == ([], (MessageState.WITHHELD, code))


def test_stop_withdraws_the_consent_and_start_gives_it_back(ada: Person, gateway: Gateway) -> None:
    for _ in range(2):  # said twice, the second counts for nothing
        assert consents.heard(Channel.SMS, "+15550102000", "STOP") == "stopped"
    assert consents.wanted(ada) == {Channel.EMAIL}
    for _ in range(2):
        assert consents.heard(Channel.SMS, "+15550102000", "START") == "started"
    assert consents.wanted(ada) == {Channel.EMAIL, Channel.SMS}
    remind(ada, Channel.SMS)
    tasks.send_messages()
    assert len(gateway.carried) == 1
    assert consents.heard(Channel.SMS, "+15550102000", "I cannot come, I am drinking") == ""
    for act in ("message.consent-withdrawn", "message.consent-given"):
        rows = AuditEvent.objects.filter(act=act, subject_id=str(ada.pk), reason="sms")
        assert rows.count() == (1 if act == "message.consent-withdrawn" else 2)


def test_start_gives_nobody_what_they_did_not_end_by_stop(ada: Person) -> None:
    consents.withdraw(ada, Channel.SMS)  # on her page
    consents.heard(Channel.SMS, ada.phone, "STOP")
    consents.heard(Channel.SMS, ada.phone, "START")
    assert consents.wanted(ada) == {Channel.EMAIL}
    never = person("Noa", "Never", phone="+1 555 010 2999")
    consents.heard(Channel.SMS, never.phone, "START")
    assert consents.wanted(never) == frozenset()


@pytest.mark.parametrize(
    ("said", "obeyed"),
    [
        *(
            (word, "stopped")
            for word in ("stop", " Stop. ", "STOP ALL", "opt-out", "Revoke", "Stop texting me")
        ),
        *((word, "stopped") for word in ("ALTO", "pare", "¡Baja!", "No más", "cancelar")),
        *((word, "started") for word in ("Start", "unstop", "sí", "INICIAR")),
        *((word, "") for word in ("When does it stop?", "At the end of the week", "stopped by", "", "👍")),
    ],
)
def test_what_counts_as_stop(ada: Person, said: str, obeyed: str) -> None:
    assert consents.heard(Channel.SMS, ada.phone, said) == obeyed


def test_opting_in_again_on_the_page_ends_a_stop(ada: Person, gateway: Gateway) -> None:
    consents.heard(Channel.SMS, ada.phone, "STOP")
    consents.give(ada, Channel.SMS)
    remind(ada, Channel.SMS)
    tasks.send_messages()
    assert len(gateway.carried) == 1


def test_every_reminder_says_how_to_stop_it(ada: Person, gateway: Gateway) -> None:
    remind(ada)
    remind(ada, Channel.SMS, "call-1-sms")
    tasks.send_messages()
    (letter,) = mail.outbox
    assert "http://localhost:8000/messages/stop/" in str(letter.body)
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert gateway.carried[0].body.endswith("Reply STOP to end.")


def test_a_spanish_reader_is_written_to_in_spanish_and_told_their_own_time(ada: Person) -> None:
    Person.objects.filter(pk=ada.pk).update(language="es", time_zone="America/Chicago")
    remind(ada)
    tasks.send_messages()
    assert mail.outbox[0].subject.startswith("Su cita, 9:00")


@pytest.mark.parametrize(
    ("template", "method", "status"),
    [("appointment.new", "PUBLISH", "CONFIRMED"), ("appointment.cancelled", "CANCEL", "CANCELLED")],
)
def test_an_appointment_comes_with_a_file_for_the_calendar(
    ada: Person, template: str, method: str, status: str
) -> None:
    """A time and the word "appointment": calendars lie open on phones and in offices."""
    about = uuid.uuid4()
    at = MORNING + DAY
    params: dict[str, str | int | datetime] = {"at": at, "minutes": 30, "version": 2}
    queue(template, ada, Channel.EMAIL, key="call-1", params=params, about=about)
    service.send_due()
    (name, content, kind) = mail.outbox[0].attachments[0]
    assert (name, kind) == ("appointment.ics", "text/calendar")
    (event,) = icalendar.Calendar.from_ical(str(content)).walk("VEVENT")
    assert f"METHOD:{method}" in str(content)
    assert (event["uid"], event["sequence"], event["status"]) == (str(about), 2, status)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (at, at + timedelta(minutes=30))
    assert event["summary"] == "Your appointment"


def test_a_notice_without_an_appointment_comes_without_a_file(ada: Person) -> None:
    queue("page.look", ada, Channel.EMAIL, key="call-1", params={"link": "/"}, about=uuid.uuid4())
    service.send_due()
    assert mail.outbox[0].attachments == []


def test_the_link_under_a_letter_is_inert_until_the_button_is_pressed(ada: Person) -> None:
    remind(ada)
    tasks.send_messages()
    link = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost:8000")
    stranger = Client(enforce_csrf_checks=True)
    for _ in range(10):
        assert stranger.get(link).status_code == 200
        assert stranger.head(link).status_code == 200
    assert Channel.EMAIL in consents.wanted(ada)
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Channel.EMAIL not in consents.wanted(ada)
    assert stranger.post(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404


def test_neither_text_nor_address_nor_values_stand_in_clear(cast: Cast) -> None:
    queue(
        "invitation.link",
        Address("omar.private@example.org"),
        Channel.EMAIL,
        key="invitation-1",
        params={"link": "https://x.example/secret-token"},
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM iop_message")
        row = repr([bytes(v) if isinstance(v, memoryview) else v for v in cursor.fetchone()])
    assert "omar.private" not in row
    assert "secret-token" not in row
    tasks.send_messages()
    assert mail.outbox[0].to == ["omar.private@example.org"]
    assert "secret-token" in str(mail.outbox[0].body)


def test_one_chooses_reminders_on_ones_own_page(ada: Person) -> None:
    client = Client()
    client.force_login(ada)
    page = client.get("/messages/mine").content.decode()
    assert page.count("checked") == 2
    client.post("/messages/mine", {"email": "on", "quiet_from": "20:00", "quiet_until": "09:00"})
    assert consents.wanted(ada) == {Channel.EMAIL}
    assert consents.quiet_of(ada).end.hour == 9
    Person.objects.filter(pk=ada.pk).update(phone="")
    refused = client.post("/messages/mine", {"sms": "on", "quiet_from": "20:00", "quiet_until": "09:00"})
    assert refused.status_code == 422
    assert "We have no phone number of yours." in refused.content.decode()
