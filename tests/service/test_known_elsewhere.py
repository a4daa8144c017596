"""A programme that takes somebody in under an address learns nothing of what another one knows (42 CFR Part 2).

Alice Haddad is a client of North. South's coordinator, Sam, takes in somebody under her address, and somebody
under an address that nobody has: what Sam is shown is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sessions.interop.columns import Sort
from sessions.interop.importing import bring_in
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs import episodes
from sessions.programs.episode_models import Episode, EpisodeFactKind
from sessions.programs.episodes import Newcomer
from sessions.web import letters
from sessions.web.accounts import ACCOUNTS
from tests import cast as people
from tests.cast import MORNING, Cast

KNOWN, UNKNOWN = "alice@example.org", "somebody@example.org"
NORTHERN, SOUTHERN = "a quiet lantern at dusk", "a loud lantern at dawn"


@pytest.fixture
def cast(db: None, settings: Settings) -> Iterator[Cast]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    with time_machine.travel(MORNING, tick=False):
        cast = people.assemble()
        cast.alice.set_password(NORTHERN)
        cast.alice.phone = "+15550100"
        cast.alice.time_zone = "America/Phoenix"
        cast.alice.save()
        yield cast
    cache.clear()


@pytest.fixture
def sam(cast: Cast) -> Person:
    sam = people.person("Sam", "Lund")
    join(sam, cast.south.pk, Role.COORDINATOR)
    join(sam, cast.south.pk, Role.ADMINISTRATOR)
    return sam


def signed_in(person: Person) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def pages_after(cast: Cast, sam: Person, email: str) -> list[str]:
    """What Sam is shown from the referral on, without what differs by nature: ids, tokens and the address."""
    browser = signed_in(sam)
    typed = {
        "given_name": "Lena",
        "family_name": "Storm",
        "email": email,
        "language": "en",
        "referred_on": "2026-03-02",
        "source": "County hospital",
    }
    said = browser.post(reverse("refer", args=[cast.south.pk]), typed, follow=True)
    row = Episode.objects.get(program=cast.south, person__email=email)
    shown = [
        said,
        browser.get(reverse("episode", args=[row.pk])),
        browser.get(reverse("census", args=[cast.south.pk])),
        browser.post(reverse("search"), {"q": "lena"}),
        browser.post(reverse("search"), {"q": "haddad"}),
        browser.post(reverse("episode-welcome", args=[row.pk]), follow=True),
        browser.get(reverse("file", args=[cast.south.pk, row.person_id])),
    ]
    assert [one.status_code for one in shown] == [200] * len(shown)
    return [
        re.sub(
            r'[0-9a-f]{8}-[0-9a-f-]{27}|nonce="[^"]*"|csrf\w*" value="[^"]*"', "", one.content.decode()
        ).replace(email, "")
        for one in shown
    ]


def test_a_referral_shows_the_same_for_a_known_and_an_unknown_address(cast: Cast, sam: Person) -> None:
    with transaction.atomic():
        known = pages_after(cast, sam, KNOWN)
        transaction.set_rollback(True)
    unknown = pages_after(cast, sam, UNKNOWN)
    assert known == unknown
    assert "Lena Storm" in known[1]
    assert not [word for word in ("Haddad", "Alice", "+15550100", "Phoenix") if word in "".join(known)]


def test_nothing_of_the_other_programmes_account_changes(cast: Cast, sam: Person) -> None:
    pages_after(cast, sam, KNOWN)
    cast.alice.refresh_from_db()
    assert (cast.alice.name, cast.alice.phone) == ("Alice Haddad", "+15550100")
    assert not Episode.objects.filter(program=cast.south, person=cast.alice).exists()
    shown = signed_in(cast.alice).get(reverse("record-seen")).content.decode()
    assert "Sam Lund" not in shown


def test_who_was_here_before_keeps_their_account(cast: Cast) -> None:
    row = Episode.objects.get(program=cast.north, person=cast.alice)
    today = MORNING.date()
    episodes.finish(row, EpisodeFactKind.COMPLETED, today, "all goals met", by=cast.carol)
    again = episodes.refer(cast.north, Newcomer("Al", "H", KNOWN), "", today, by=cast.carol)
    assert again.person == cast.alice


def test_a_file_and_an_invitation_of_staff_show_it_neither(cast: Cast, sam: Person) -> None:
    lines = f"role,given_name,family_name,email\nclient,Lena,Storm,{KNOWN}\nclient,Lena,Sturm,{UNKNOWN}\n"
    bring_in(cast.south, Sort.PEOPLE, lines.encode(), by=sam, only_try=False)
    names = Person.objects.filter(home=cast.south.pk).order_by("family_name")
    assert [one.name for one in names] == ["Lena Storm", "Lena Sturm"]
    typed = {"given_name": "Lena", "family_name": "Brandt", "role": "facilitator", "language": "en"}
    browser = signed_in(sam)
    for email in ("bruno@example.org", "else@example.org"):
        browser.post(reverse("staff-invite", args=[cast.south.pk]), {**typed, "email": email})
    shown = browser.get(reverse("staff", args=[cast.south.pk])).content.decode()
    assert "Bruno" not in shown
    assert shown.count("Lena Brandt") >= 2


def test_an_address_has_one_account_in_a_programme(cast: Cast, sam: Person) -> None:
    pages_after(cast, sam, KNOWN)
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email=KNOWN, home=cast.south.pk, given_name="Lena")
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email=KNOWN, given_name="Alice")


def link_of(letter: mail.EmailMessage) -> str:
    return str(letter.body).split("http://testserver")[1].split()[0]


def chosen(link: str, password: str) -> str:
    browser = Client()
    at = browser.get(link, follow=True).redirect_chain[-1][0]
    return browser.post(at, {"password1": password, "password2": password}, follow=True).content.decode()


def test_the_password_says_which_account_signs_in(cast: Cast, sam: Person) -> None:
    pages_after(cast, sam, KNOWN)
    letters.post(None).result(timeout=10)
    (letter,) = mail.outbox
    assert letter.to == [KNOWN]
    assert "another account with this address" in chosen(link_of(letter), NORTHERN)
    assert "another account" not in chosen(link_of(letter), SOUTHERN)
    for password, greeted, not_greeted in ((NORTHERN, "Alice", "Lena"), (SOUTHERN, "Lena", "Alice")):
        browser = Client()
        assert (
            browser.post(reverse("account_login"), {"login": KNOWN, "password": password}).status_code == 302
        )
        shown = browser.get("/").content.decode()
        assert greeted in shown
        assert not_greeted not in shown


def test_who_forgot_a_password_gets_a_letter_for_each_account(cast: Cast, sam: Person) -> None:
    pages_after(cast, sam, KNOWN)
    letters.post(None).result(timeout=10)
    mail.outbox.clear()
    Client().post(reverse("account_reset_password"), {"email": KNOWN})
    letters.post(None).result(timeout=10)
    assert [letter.to for letter in mail.outbox] == [[KNOWN], [KNOWN]]
    assert len({link_of(letter) for letter in mail.outbox}) == 2


def test_a_wrong_password_costs_the_same_however_many_accounts_there_are(
    cast: Cast, sam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages_after(cast, sam, KNOWN)
    Person.objects.filter(email=KNOWN).update(password=cast.alice.password)
    cast.bruno.set_password(NORTHERN)
    cast.bruno.save()
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for email in (KNOWN, "bruno@example.org", UNKNOWN):
        hashed.clear()
        Client().post(reverse("account_login"), {"login": email, "password": "wrong"})
        assert len(hashed) == ACCOUNTS, email
