"""Signing in, and what a visitor may learn by trying: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from sessions.audit.models import AuditEvent
from sessions.people.models import Person
from sessions.people.service import disable
from sessions.web import letters
from sessions.web.accounts import ACCOUNTS
from tests.cast import Cast

PASSWORD = "a quiet lantern at dusk"
KNOWN, UNKNOWN = "alice@example.org", "nobody@example.org"


@pytest.fixture(autouse=True)
def _no_earlier_tries_and_a_quick_hash(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(cast: Cast) -> Person:
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    return cast.alice


def sign_in(client: Client, email: str = KNOWN, password: str = PASSWORD, onward: str = "") -> int:
    return client.post(f"/accounts/login/{onward}", {"login": email, "password": password}).status_code


def body(content: bytes) -> str:
    return re.sub(r'value="[^"]*"', "", content.decode())


def test_signing_in_leads_home_and_out_again(alice: Person, client: Client) -> None:
    assert sign_in(client) == 302
    assert b"Alice" in client.get("/").content
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_signing_in_and_out_is_on_record(alice: Person, client: Client) -> None:
    sign_in(client, password="wrong")
    sign_in(client)
    client.post("/accounts/logout/")
    events = AuditEvent.objects.filter(subject_type="person", subject_id=str(alice.pk))
    assert [event.act for event in events.exclude(act="membership.began")] == ["signed-in", "signed-out"]


def test_signing_out_needs_a_form(alice: Person, client: Client) -> None:
    client.force_login(alice)
    assert b"Sign out?" in client.get("/accounts/logout/").content
    assert client.get("/").status_code == 200


def test_the_address_may_be_written_in_capitals(alice: Person, client: Client) -> None:
    assert sign_in(client, email="Alice@Example.ORG") == 302


def test_signing_in_leads_to_the_page_that_was_asked_for_if_it_is_ours(
    alice: Person, client: Client, cast: Cast
) -> None:
    path = f"/meetings/{cast.group.pk}/"
    answer = client.post(f"/accounts/login/?next={path}", {"login": KNOWN, "password": PASSWORD})
    assert answer.headers["Location"] == path
    answer = Client().post(
        "/accounts/login/?next=https://evil.example/", {"login": KNOWN, "password": PASSWORD}
    )
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(alice: Person) -> None:
    wrong = Client().post("/accounts/login/", {"login": KNOWN, "password": "wrong"})
    unknown = Client().post("/accounts/login/", {"login": UNKNOWN, "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 200
    assert "do not fit together" in wrong.content.decode()
    assert body(wrong.content) == body(unknown.content)


def test_both_cost_as_many_password_hashes(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow part of signing in is the hash: it is done for unknown addresses too, so time tells nothing."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for email in (KNOWN, UNKNOWN):
        hashed.clear()
        sign_in(Client(), email=email, password="wrong")
        assert len(hashed) == ACCOUNTS, (email, hashed)


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_after_five_wrong_tries_even_the_right_password_waits(
    alice: Person, client: Client, email: str
) -> None:
    for _ in range(5):
        assert (
            "do not fit"
            in client.post("/accounts/login/", {"login": email, "password": "wrong"}).content.decode()
        )
    answer = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == 200
    assert "wait 15 minutes" in answer.content.decode()


def test_one_address_on_the_net_cannot_try_many_people(alice: Person, client: Client) -> None:
    for number in range(15):
        sign_in(client, email=f"somebody{number}@example.org", password="wrong")
    assert (
        "wait 15 minutes"
        in client.post("/accounts/login/", {"login": KNOWN, "password": PASSWORD}).content.decode()
    )


def test_a_new_password_ends_the_wait(alice: Person, client: Client) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")
    assert sign_in(client) == 200
    choose_new_password(client, ask_for_link(client, KNOWN))
    assert sign_in(client, password="another lantern at dawn") == 302


def ask_for_link(client: Client, email: str) -> str:
    answer = client.post("/accounts/password/reset/", {"email": email})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    delivered()
    link: str
    (link,) = re.findall(r"https?://\S+", str(mail.outbox[-1].body))
    return link.split("testserver")[1]


def delivered() -> None:
    """Wait for the postman: letters go out in order."""
    letters.post(None).result(timeout=10)


def choose_new_password(client: Client, link: str) -> None:
    form = client.get(link, follow=True)
    assert "Choose a new password" in form.content.decode()
    chosen = {"password1": "another lantern at dawn", "password2": "another lantern at dawn"}
    answer = client.post(form.redirect_chain[-1][0], chosen, follow=True)
    assert "Your new password is set" in answer.content.decode()


def test_asking_for_a_link_gets_one_answer_for_known_unknown_and_disabled(alice: Person, cast: Cast) -> None:
    disable(cast.bruno)
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (KNOWN, UNKNOWN, "bruno@example.org")
    ]
    assert len({body(answer.content) for answer in answers}) == 1
    delivered()
    assert [letter.to for letter in mail.outbox] == [[KNOWN]]


def test_the_letter_says_nothing_about_who_sends_it(alice: Person, client: Client) -> None:
    ask_for_link(client, KNOWN)
    letter = mail.outbox[-1]
    assert letter.subject == "Your sign-in link"
    told = f"{letter.subject} {letter.body} {letter.from_email}".lower()
    for word in (
        "north",
        "program",
        "treatment",
        "recovery",
        "therap",
        "clinic",
        "patient",
        "health",
        "alice",
    ):
        assert word not in told.replace("alice@example.org", "")


def test_the_letter_is_in_its_readers_language(alice: Person, client: Client) -> None:
    Person.objects.filter(pk=alice.pk).update(language="es")
    ask_for_link(client, KNOWN)
    assert mail.outbox[-1].subject == "Su enlace para entrar"


def test_a_link_works_once(alice: Person, client: Client) -> None:
    link = ask_for_link(client, KNOWN)
    choose_new_password(client, link)
    assert "This link no longer works" in client.get(link, follow=True).content.decode()


def test_a_new_password_signs_other_devices_out(alice: Person, client: Client) -> None:
    other = Client()
    sign_in(other)
    assert other.get("/").status_code == 200
    choose_new_password(client, ask_for_link(client, KNOWN))
    assert other.get("/").status_code == 302


def test_a_made_up_link_is_refused(alice: Person, client: Client) -> None:
    page = client.get("/accounts/password/reset/key/1-set-abc/", follow=True)
    assert "This link no longer works" in page.content.decode()


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [("short", "too short"), ("password123", "too common"), ("haddad2026", "too similar")],
)
def test_weak_passwords_are_refused_with_the_reason(
    alice: Person, client: Client, chosen: str, complaint: str
) -> None:
    sign_in(client)
    form = {"oldpassword": PASSWORD, "password1": chosen, "password2": chosen}
    assert complaint in client.post("/accounts/password/change/", form).content.decode()


def test_changing_the_password_keeps_this_device_signed_in(alice: Person, client: Client) -> None:
    sign_in(client)
    new = "another lantern at dawn"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", form).status_code == 302
    assert client.get("/").status_code == 200
    assert sign_in(Client(), password=new) == 302


def test_a_disabled_person_cannot_come_in(alice: Person, client: Client) -> None:
    disable(alice)
    assert sign_in(client) == 302
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "confirm-email/",
        "confirm-email/abc/",
        "password/set/",
        "login/code/",
        "login/code/confirm/",
        "reauthenticate/",
        "phone/verify/",
        "3rdparty/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_doors_of_the_library_that_we_do_not_use_are_shut(
    alice: Person, client: Client, path: str, method: str
) -> None:
    assert getattr(client, method)(f"/accounts/{path}").status_code == 404
    client.force_login(alice)
    assert getattr(client, method)(f"/accounts/{path}").status_code == 404


def test_a_mail_server_that_fails_is_noted_without_an_address(
    alice: Person, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.service.no_such_backend"
    answer = client.post("/accounts/password/reset/", {"email": KNOWN})
    delivered()
    assert answer.status_code == 302
    assert "could not be sent" in caplog.text
    assert KNOWN not in caplog.text
