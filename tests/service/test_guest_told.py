"""A family guest who is let into a session is told that their client is here: it stands in the accounting.

Alice has agreed to her father's presence, Bruno to his sister's; both guests are asked to the family session.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.consents import service as consents
from sessions.consents.models import Consent, Disclosure
from sessions.consents.purposes import Purpose, Scope
from sessions.people.models import Person
from sessions.room.commands import Admit, AdmitAll, SendBack
from sessions.room.floor_commands import SetAutoAdmit
from tests import cast as people
from tests.cast import HOUR, MORNING, Cast
from tests.service import papers
from tests.service.room import Evening


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    cast = people.assemble()
    agrees(cast, cast.alice, cast.omar)
    agrees(cast, cast.bruno, cast.rosa)
    clock.shift(5 * HOUR)
    return cast


@pytest.fixture
def evening(cast: Cast) -> Evening:
    """The family session has begun: Mina and Alice are at it."""
    evening = Evening(cast.family)
    evening.comes(cast.mina, cast.alice)
    return evening


def agrees(cast: Cast, client: Person, guest: Person) -> Consent:
    file = papers.file(cast, client)
    what = consents.Offer(
        Purpose.PRESENCE,
        consents.guest_recipient(file, guest),
        {Scope.PRESENCE},
        papers.in_days(cast, 90),
    )
    return papers.signs(client, consents.offer(cast.carol, file, what))


def told(of: Person) -> list[tuple[str, str, str]]:
    rows = Disclosure.objects.filter(patient=of).select_related("recipient__person", "by")
    return [(row.recipient.person.name if row.recipient.person else "", row.via, row.by.name) for row in rows]


def test_who_waits_at_the_door_has_been_told_nothing(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.omar)
    assert told(cast.alice) == []


def test_a_guest_who_is_let_in_stands_in_the_accounting_of_their_client_alone(
    evening: Evening, cast: Cast
) -> None:
    evening.comes(cast.omar)
    evening.does(cast.mina, Admit(cast.omar.pk))
    assert told(cast.alice) == [("Omar Haddad", "session", "Mina Park")]
    assert told(cast.bruno) == []
    row = Disclosure.objects.get()
    assert (row.at, row.purpose, row.scopes) == (MORNING + 5 * HOUR, "presence", ["presence"])
    assert row.consent is not None
    assert row.reference == str(cast.family.pk)


def test_once_for_a_session_however_often_they_come_back(evening: Evening, cast: Cast) -> None:
    for _ in range(3):
        evening.comes(cast.omar)
        evening.does(cast.mina, Admit(cast.omar.pk))
        evening.does(cast.mina, SendBack(cast.omar.pk))
    evening.comes(cast.rosa)
    evening.does(cast.mina, AdmitAll())
    assert len(told(cast.alice)) == 1
    assert told(cast.bruno) == [("Rosa Silva", "session", "Mina Park")]


def test_an_open_door_tells_too(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, SetAutoAdmit(True))
    evening.comes(cast.omar)
    assert told(cast.alice) == [("Omar Haddad", "session", "Mina Park")]


def test_the_client_reads_it_and_takes_it_along(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.omar)
    evening.does(cast.mina, Admit(cast.omar.pk))
    browser = Client()
    browser.force_login(cast.alice)
    page = browser.get(reverse("told", args=[cast.north.pk, cast.alice.pk])).content.decode()
    assert "<strong>Omar Haddad</strong>, in a session" in page
    table = browser.get(reverse("told-csv", args=[cast.north.pk, cast.alice.pk])).content.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(table))
    assert (line["recipient"], line["via"], line["what"], line["by"]) == (
        "Omar Haddad",
        "session",
        "presence",
        "Mina Park",
    )
