"""What carriers and providers say of a notice, and who may see it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from sessions import tasks
from sessions.core.errors import NotFound
from sessions.messages import channels, consents, service
from sessions.messages.channels import Letter, NotNow, Undeliverable
from sessions.messages.models import Channel, Message, MessageState
from sessions.people.models import Person
from tests.cast import MORNING, Cast, assemble
from tests.service.outbox import Gateway, remind, state


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 9 AM in New York."""
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    return assemble()


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
