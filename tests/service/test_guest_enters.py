"""A family guest's way in: the link does nothing by being looked at, a code by the other channel, one device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.families import entering
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.messages.models import Channel, Message
from tests.cast import MORNING, Cast, assemble
from tests.service.guests import WHO, added, comes_in, consent, invited, of, said, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def test_looking_and_guessing_leave_an_invitation_unused(cast: Cast) -> None:
    address, scanner = invited(cast), Client()
    for _ in range(10):
        assert scanner.get(address).status_code == 200
        assert scanner.head(address).status_code == 200
    typed = {"code": "000000", "agreed": "on", "typed_name": "X Y"}
    for guess in (typed, {**typed, "code": ""}, {"code": "123456"}):
        assert scanner.post(address, guess).status_code == 422
    row = Invitation.objects.get(revoked_at=None)
    assert (row.accepted_at, row.device_hash, row.codes) == (None, "", 0)
    assert Message.objects.filter(template="code").count() == 0
    assert "_auth_user_id" not in scanner.session


def test_a_guest_comes_in_on_one_device_with_a_code_by_the_other_channel(cast: Cast) -> None:
    address, phone = invited(cast), Client()
    assert Message.objects.get(template="invitation.link").channel == Channel.EMAIL
    assert comes_in(phone, address) == 302
    assert Message.objects.get(template="code").channel == Channel.SMS
    home = phone.get("/")
    assert home.status_code == 200
    assert "Fatima" in home.content.decode()
    for hidden in ("/week/", reverse("census", args=[cast.north.pk]), f"/episodes/{of(cast).pk}/"):
        assert phone.get(hidden).status_code == 404
    with time_machine.travel(MORNING + timedelta(minutes=2), tick=False):
        assert comes_in(phone, address) == 302  # every visit has a code of its own
    assert Message.objects.filter(template="code").count() == 2
    with time_machine.travel(MORNING + timedelta(minutes=4), tick=False):
        assert comes_in(Client(), address) == 422  # another device


@pytest.mark.parametrize("by_email", [True, False], ids=["link by e-mail", "link by SMS"])
def test_the_link_goes_one_way_and_every_code_the_other(cast: Cast, client: Client, by_email: bool) -> None:
    """From the coordinator's form to the guest's page, on one device, whichever way the link goes."""
    client.force_login(cast.carol)
    row = of(cast)
    typed = {
        "which": "guest",
        "given_name": WHO.given_name,
        "family_name": WHO.family_name,
        "relationship": WHO.relationship,
        "email": WHO.email,
        "phone": WHO.phone,
        "by_email": "email" if by_email else "sms",
        "language": "en",
    }
    assert client.post(reverse("family", args=[row.pk]), typed).status_code == 302
    one = Invitation.objects.get(revoked_at=None)
    consent(cast, one.guest)
    assert client.post(reverse("family-invite", args=[row.pk, one.pk])).status_code == 302
    link, code = (Channel.EMAIL, Channel.SMS) if by_email else (Channel.SMS, Channel.EMAIL)
    to = {Channel.EMAIL: WHO.email, Channel.SMS: WHO.phone}
    assert sent("invitation.link") == [(link, to[link])]
    address = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
    phone = Client()
    page = phone.get(address).content.decode()
    assert ("a code to your phone" if by_email else "a code to your e-mail address") in page
    assert WHO.email not in page  # whoever holds the link does not learn the other address
    assert WHO.phone not in page
    assert comes_in(phone, address) == 302
    assert sent("code") == [(code, to[code])]
    with time_machine.travel(MORNING + timedelta(minutes=2), tick=False):
        assert comes_in(Client(), address) == 422
    with time_machine.travel(MORNING + timedelta(minutes=4), tick=False):
        assert comes_in(phone, address) == 302
    assert sent("code") == [(code, to[code])] * 3
    assert said("invitation.link", "link") not in str(Message.objects.values_list("params", "address"))
    # A new link goes the same way and ends the device.
    families.invite(Invitation.objects.get(revoked_at=None), by=cast.carol)
    assert sent("invitation.link") == [(link, to[link])] * 2
    assert phone.get(address).status_code == 404


def test_codes_are_sent_one_a_minute_and_not_without_end(cast: Cast) -> None:
    """Who has the link cannot flood the other address; the team can send a new link."""
    address, client = invited(cast), Client()
    for minute in range(entering.MOST_CODES + 3):
        with time_machine.travel(MORNING + timedelta(minutes=minute), tick=False):
            client.post(address)
            client.post(address)
    assert len(sent("code")) == entering.MOST_CODES
    with time_machine.travel(MORNING + timedelta(minutes=30), tick=False):
        page = client.post(address, follow=True).content.decode()
        assert "Ask the team for a new link" in page
        assert len(sent("code")) == entering.MOST_CODES
        families.invite(Invitation.objects.get(revoked_at=None), by=cast.carol)
        fresh = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
        assert comes_in(client, fresh) == 302


def test_a_code_is_good_once_for_ten_minutes_and_five_tries(cast: Cast) -> None:
    address, client = invited(cast), Client()
    client.post(address)
    code = said("code", "code")
    typed = {"agreed": "on", "typed_name": "F"}
    wrong = "111111" if code != "111111" else "222222"
    for _ in range(5):
        assert client.post(address, {**typed, "code": wrong}).status_code == 422
    assert client.post(address, {**typed, "code": code}).status_code == 422
    assert AuditEvent.objects.filter(act="invitation.used", outcome="refused").count() == 6
    client.post(address)
    assert Message.objects.filter(template="code").count() == 1  # too soon for another
    with time_machine.travel(MORNING + timedelta(minutes=1), tick=False):
        client.post(address)
        code = said("code", "code")
    with time_machine.travel(MORNING + timedelta(minutes=12), tick=False):
        assert client.post(address, {**typed, "code": code}).status_code == 422
    with time_machine.travel(MORNING + timedelta(minutes=10), tick=False):
        assert client.post(address, {"code": code}).status_code == 422  # the agreement comes first
        assert client.post(address, {**typed, "code": code}).status_code == 302


def test_links_end_and_are_nowhere_in_clear(cast: Cast) -> None:
    address = invited(cast)
    token = address.rsplit("/", 1)[1]
    row = Invitation.objects.get(revoked_at=None)
    assert token not in row.token_hash
    assert b"fatima" not in bytes(row.link_to)
    assert Client().get(address[:-3] + "abc").status_code == 404
    with time_machine.travel(MORNING + timedelta(days=15), tick=False):
        assert Client().get(address).status_code == 404
    families.invite(row, by=cast.carol)
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_link_that_never_was_and_one_that_is_over_are_answered_alike(cast: Cast, method: str) -> None:
    address = invited(cast)
    families.revoke(Invitation.objects.get(revoked_at=None), by=cast.carol)
    never = f"{address[:-8]}abcdefgh"
    said = []
    for where in (address, never):
        answer = getattr(Client(), method)(where, {"code": "123456"})
        text = re.sub(r'(nonce-?=?"?|csrfmiddlewaretoken" value=")[\w+/=-]+', "", answer.content.decode())
        headers = {name: value for name, value in answer.headers.items() if "Security-Policy" not in name}
        said.append((answer.status_code, text.replace(where, "here"), headers))
    assert said[0] == said[1]
    assert said[0][0] == 404


def test_no_log_holds_a_link_that_works(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    address = invited(cast)
    assert Client().post(address, {"code": "000000"}).status_code == 422
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    assert caplog.text.count("/i/…") == 2
    assert address not in caplog.text


def test_the_guest_has_no_account_to_reset_a_password_of(cast: Cast) -> None:
    guest = added(cast).guest
    assert guest.email.endswith("@guest.invalid")
    assert not guest.has_usable_password()
