"""The outbox: each notice once, to those who want it, when they may be disturbed; and what became of it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import icalendar
import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from sessions import tasks
from sessions.audit.models import AuditEvent
from sessions.core import clock as clocks
from sessions.core.errors import Fault, NotFound
from sessions.messages import channels, consents, service
from sessions.messages.channels import Letter, NotNow, Undeliverable, Unsure
from sessions.messages.models import Channel, Message, MessageState
from sessions.messages.service import Address, queue
from sessions.people.models import Person
from sessions.people.service import disable
from tests import cast as people
from tests.cast import MORNING, Cast

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = MORNING + 14 * HOUR  # 23:00 in New York


@dataclass
class Gateway:
    """A carrier of text messages that does as it is told."""

    idempotent: bool = True
    trouble: list[Exception] = field(default_factory=list)
    carried: list[Letter] = field(default_factory=list)

    def carry(self, letter: Letter) -> str:
        if self.trouble:
            raise self.trouble.pop(0)
        self.carried.append(letter)
        return f"gateway-{letter.id}"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 9 AM in New York."""
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    return people.assemble()


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    ours = Gateway()
    kept = channels.carrier
    monkeypatch.setattr(
        channels, "carrier", lambda channel: ours if channel is Channel.SMS else kept(channel)
    )
    return ours


@pytest.fixture
def ada(cast: Cast) -> Person:
    """With a phone, and both kinds of reminder wanted."""
    cast.ada.phone = "+1 (555) 010-2000"
    cast.ada.save()
    for channel in Channel:
        consents.give(cast.ada, channel)
    return cast.ada


def remind(
    person: Person | Address, channel: Channel = Channel.EMAIL, key: str = "call-1", **more: Any
) -> Message:
    at = clocks.now() + HOUR
    return queue("appointment.reminder", person, channel, key=key, params={"at": at}, **more)


def state(key: str = "call-1") -> tuple[str, str]:
    row = Message.objects.get(key=key)
    return row.state, row.code


def test_a_reminder_is_sent_once_however_often_it_is_queued_and_sent(ada: Person) -> None:
    assert remind(ada) == remind(ada)
    tasks.send_messages()
    tasks.send_messages()
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ada@example.org"], "Your appointment, 10:00 AM")
    assert state() == (MessageState.SENT, "")


def test_it_goes_out_only_if_the_callers_transaction_does(ada: Person) -> None:
    with transaction.atomic():
        remind(ada)
        transaction.set_rollback(True)
    tasks.send_messages()
    assert (mail.outbox, Message.objects.count()) == ([], 0)


def test_it_waits_until_it_is_due(ada: Person, clock: time_machine.Traveller) -> None:
    remind(ada, due_at=MORNING + HOUR)
    tasks.send_messages()
    assert mail.outbox == []
    clock.shift(HOUR)
    tasks.send_messages()
    assert len(mail.outbox) == 1


def test_what_comes_too_late_is_never_sent(ada: Person, clock: time_machine.Traveller) -> None:
    """As after an hour in which nothing ran."""
    remind(ada, due_at=MORNING + HOUR, not_after=MORNING + 2 * HOUR)
    clock.shift(3 * HOUR)
    tasks.send_messages()
    assert (mail.outbox, state()) == ([], (MessageState.EXPIRED, "too-late"))


def test_nobody_is_written_to_at_night(ada: Person, clock: time_machine.Traveller) -> None:
    clock.move_to(NIGHT)
    remind(ada)
    tasks.send_messages()
    assert mail.outbox == []
    clock.shift(9 * HOUR)
    tasks.send_messages()
    assert len(mail.outbox) == 1


def test_who_moved_to_another_zone_is_not_woken_either(ada: Person, clock: time_machine.Traveller) -> None:
    """Queued for 9 AM in New York; in Honolulu that is 4 AM."""
    remind(ada, due_at=MORNING + DAY)
    Person.objects.filter(pk=ada.pk).update(time_zone="Pacific/Honolulu")
    clock.shift(DAY)
    tasks.send_messages()
    assert (mail.outbox, state()) == ([], (MessageState.QUEUED, "quiet-hours"))


def test_ones_own_quiet_hours_hold(ada: Person) -> None:
    from datetime import time

    consents.set_quiet(ada, time(8), time(12))
    remind(ada)
    tasks.send_messages()
    assert mail.outbox == []


def test_a_code_somebody_waits_for_comes_at_night_and_without_consent(
    cast: Cast, gateway: Gateway, clock: time_machine.Traveller
) -> None:
    clock.move_to(NIGHT)
    queue("code", Address("+15550102001"), Channel.SMS, key="code-1", params={"code": "493 018"}, urgent=True)
    tasks.send_messages()
    assert [letter.body for letter in gateway.carried] == ["Your code is 493 018. Do not give it to anybody."]


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
    never = people.person("Noa", "Never", phone="+1 555 010 2999")
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


def test_a_provider_that_cannot_now_is_asked_again_later(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller
) -> None:
    gateway.trouble = [NotNow("http-503"), NotNow("http-503")]
    remind(ada, Channel.SMS)
    tasks.send_messages()
    assert state() == (MessageState.QUEUED, "http-503")
    tasks.send_messages()
    assert len(gateway.trouble) == 1  # not at once
    for pause in (MINUTE, 5 * MINUTE):
        clock.shift(pause)
        tasks.send_messages()
    assert (len(gateway.carried), state()) == (1, (MessageState.SENT, ""))


def test_what_never_works_is_given_up(ada: Person, gateway: Gateway, clock: time_machine.Traveller) -> None:
    gateway.trouble = [NotNow("http-503")] * 99
    remind(ada, Channel.SMS)
    for _ in range(12):
        tasks.send_messages()
        clock.shift(4 * HOUR)
    assert (99 - len(gateway.trouble), state()) == (6, (MessageState.FAILED, "http-503"))


@pytest.mark.parametrize(
    ("trouble", "ended"),
    [(Undeliverable("http-404"), MessageState.FAILED), (Unsure("TimeoutError"), MessageState.UNSURE)],
)
def test_what_is_wrong_for_good_or_perhaps_out_is_not_tried_again(
    ada: Person, gateway: Gateway, clock: time_machine.Traveller, trouble: Exception, ended: MessageState
) -> None:
    gateway.trouble = [trouble]
    remind(ada, Channel.SMS)
    tasks.send_messages()
    clock.shift(HOUR)
    tasks.send_messages()
    assert (gateway.carried, state()[0]) == ([], ended)


@pytest.mark.parametrize(
    ("idempotent", "handed", "letters", "ended"),
    [
        (False, False, 1, MessageState.SENT),  # died before handing it over: nothing went out
        (False, True, 0, MessageState.UNSURE),  # after it: it may have gone out, so never again
        (True, True, 1, MessageState.SENT),  # the provider knows our id: asked again, it still goes out once
    ],
)
def test_a_worker_that_dies_in_the_middle(
    ada: Person,
    gateway: Gateway,
    clock: time_machine.Traveller,
    idempotent: bool,
    handed: bool,
    letters: int,
    ended: MessageState,
) -> None:
    gateway.idempotent = idempotent
    message = remind(ada, Channel.SMS)
    assert service._claim(clocks.now()) == [message.pk]
    if handed:
        Message.objects.filter(pk=message.pk).update(handed_at=clocks.now())
    tasks.send_messages()
    assert gateway.carried == []  # somebody else has it in hand
    clock.shift(61)
    tasks.send_messages()
    assert (len(gateway.carried), state()[0]) == (letters, ended)


def test_two_workers_never_claim_the_same(ada: Person) -> None:
    for number in range(30):
        remind(ada, key=f"call-{number}")
    first, second = service._claim(clocks.now()), service._claim(clocks.now())
    assert (len(first), len(second)) == (20, 10)
    assert not set(first) & set(second)


@pytest.mark.django_db(transaction=True)
def test_workers_that_race_send_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads with connections of their own; on PostgreSQL with SKIP LOCKED, on SQLite one after the other."""
    ours, lock = Gateway(), threading.Lock()
    carried: list[uuid.UUID] = []

    def carry(letter: Letter) -> str:
        with lock:
            carried.append(letter.id)
        return "x"

    monkeypatch.setattr(ours, "carry", carry)
    monkeypatch.setattr(channels, "carrier", lambda channel: ours)
    for number in range(40):
        queue(
            "code", Address("+15550102001"), Channel.SMS, key=f"c{number}", params={"code": "1"}, urgent=True
        )
    failed: list[BaseException] = []

    def work() -> None:
        try:
            service.send_due()
        except BaseException as trouble:
            failed.append(trouble)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []
    assert sorted(carried) == sorted(Message.objects.values_list("pk", flat=True))


def test_what_is_no_longer_needed_is_cancelled(ada: Person) -> None:
    call = uuid.uuid4()
    remind(ada, about=call, due_at=MORNING + HOUR)
    remind(ada, key="sent", about=call)
    tasks.send_messages()
    assert service.cancel(call) == 1
    assert (state()[0], state("sent")[0]) == (MessageState.CANCELLED, MessageState.SENT)


def test_the_providers_later_word_is_kept(ada: Person, gateway: Gateway) -> None:
    message = remind(ada, Channel.SMS)
    tasks.send_messages()
    assert service.told(f"gateway-{message.pk}", delivered=True)
    assert state()[0] == MessageState.DELIVERED
    assert service.told(f"gateway-{message.pk}", delivered=False, code="unreachable")
    assert state() == (MessageState.FAILED, "unreachable")
    assert not service.told("", delivered=True)


def test_a_mail_providers_bounce_and_complaint_are_heard(ada: Person) -> None:
    from anymail.signals import AnymailTrackingEvent, tracking

    remind(ada)
    tasks.send_messages()
    row = Message.objects.get()
    for kind in ("bounced", "complained"):
        event = AnymailTrackingEvent(event_type=kind, message_id=row.provider_id, recipient=ada.email)
        tracking.send(None, event=event, esp_name="any")
    assert state()[0] == MessageState.FAILED
    assert consents.wanted(ada) == {Channel.SMS}


@pytest.mark.parametrize(
    ("token", "body", "status"),
    [
        ("t" * 32, '{"from": "+15550102000", "text": "STOP"}', 204),
        ("t" * 32, "[", 400),
        ("t" * 32, "[]", 400),
        ("wrong", '{"from": "+15550102000", "text": "STOP"}', 404),
    ],
)
def test_the_gateway_tells_of_answers_with_its_token(
    ada: Person, client: Client, settings: Settings, token: str, body: str, status: int
) -> None:
    settings.SMS_TOKEN = "t" * 32
    answer = client.post(
        "/messages/heard", body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == status
    assert (Channel.SMS in consents.wanted(ada)) == (status != 204)


def test_without_a_token_in_the_settings_nobody_may_tell_of_answers(db: None, client: Client) -> None:
    assert client.post("/messages/heard", "{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize(
    ("status", "raised"), [(200, None), (404, Undeliverable), (429, NotNow), (500, NotNow), (0, NotNow)]
)
def test_text_messages_over_http(settings: Settings, status: int, raised: type[Exception] | None) -> None:
    asked: list[tuple[dict[str, Any], str | None]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((content, self.headers["Idempotency-Key"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"id": "g1"}')

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    letter = Letter(uuid.uuid4(), "+15550102000", "", "Your appointment, 6:00 PM")
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.handle_request)
        if status:
            thread.start()
        else:
            server.server_close()
        if raised is None:
            assert channels.HttpSms().carry(letter) == "g1"
        else:
            with pytest.raises(raised):
                channels.HttpSms().carry(letter)
        if status:
            thread.join(10)
            assert asked == [({"to": letter.to, "text": letter.body, "id": str(letter.id)}, str(letter.id))]


@pytest.mark.parametrize("who", ["mina", "alice", "omar", "ada", "ines", "otto", "nora"])
def test_deliveries_are_for_coordinators(cast: Cast, who: str) -> None:
    with pytest.raises(NotFound):
        service.deliveries(getattr(cast, who), cast.north)


def test_a_message_that_nobody_wrote_is_refused_when_it_is_queued(cast: Cast) -> None:
    with pytest.raises(Fault):
        queue("no.such", cast.ada, Channel.EMAIL, key="x")
    with pytest.raises(Fault):
        queue("appointment.reminder", cast.ada, Channel.EMAIL, key="x")


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
