"""How a programme calls its alumni, set on a page: each change a version; and what the engine's clock shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.aftercare import engine, policies
from sessions.aftercare.policy import DEFAULT, FORTNIGHTLY, MONTHLY, Phase, Policy, values_of
from sessions.core import clock
from tests import cast as people
from tests.cast import MORNING, Cast

TYPED = {
    **{name: str(value) for name, value in values_of(DEFAULT).items() if isinstance(value, int)},
    "weekly_until": "8",
    "fortnightly_until": "12",
    "monthly_until": "18",
    "quiet_from": "21:00",
    "quiet_to": "08:00",
    "holidays": "",
}  # as the page shows the default


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield people.assemble()


def address(cast: Cast) -> str:
    return reverse("aftercare-policy", args=[cast.north.pk])


def keep(cast: Cast, **changed: str) -> int:
    client = Client()
    client.force_login(cast.ines)
    return client.post(address(cast), {**TYPED, **changed}).status_code


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ({}, DEFAULT),
        ({"contact_hours": "24"}, Policy(contact_hours=24)),
        ({"quiet_from": "20:30"}, Policy(quiet_from=time(20, 30))),
        ({"weekly_until": "12"}, Policy(phases=(Phase(weeks=1, until_weeks=12), FORTNIGHTLY, MONTHLY))),
        ({"holidays": "2026-12-25\n2026-07-04"}, Policy(holidays=(date(2026, 7, 4), date(2026, 12, 25)))),
    ],
)
def test_what_is_typed_holds_from_now_on(cast: Cast, typed: dict[str, str], held: Policy) -> None:
    assert keep(cast, **typed) == 302
    assert values_of(policies.policy_of(cast.north.pk)) == values_of(held)
    assert values_of(policies.policy_of(cast.south.pk)) == values_of(DEFAULT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"length_minutes": "20"},  # calls fill quarters of an hour
        {"first_within_days": "2"},  # before the first call is proposed
        {"monthly_until": "6"},  # over before the stretch before it
        {"holidays": "Christmas"},
        {"contact_hours": "soon"},
        {"phq9": "28"},
    ],
)
def test_what_cannot_be_is_refused_and_stays_in_the_form(cast: Cast, wrong: dict[str, str]) -> None:
    assert keep(cast, **wrong) == 422
    assert policies.versions(cast.north) == []


def test_the_page_says_what_holds_and_who_changed_it(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ines)
    assert "Nothing was changed yet" in client.get(address(cast)).content.decode()
    keep(cast, contact_hours="24", holidays="2026-12-25", weekly_until="12")
    page = " ".join(client.get(address(cast)).content.decode().split())
    assert 'name="contact_hours" value="24"' in page
    assert "<strong>program-1</strong>" in page
    assert f"by {cast.ines.name}" in page
    assert "2026-12-25</dd>" in page


def test_the_page_and_the_probe_say_when_the_engines_clock_stands_still(cast: Cast, client: Client) -> None:
    still = client.get("/clockz")
    assert (still.status_code, still.json()) == (503, {"goes": False, "age_s": None, "late_s": 0})
    engine.run(clock.now())
    with time_machine.travel(clock.now() + timedelta(seconds=20), tick=False):
        goes = client.get("/clockz")
        assert (goes.status_code, goes.json()) == (200, {"goes": True, "age_s": 20, "late_s": 0})
        client.force_login(cast.ines)
        assert "stands still" not in client.get(address(cast)).content.decode()
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        client.force_login(cast.ines)
        assert "stands still" in client.get(address(cast)).content.decode()


def test_the_probe_answers_no_without_the_database(client: Client) -> None:
    """pytest-django refuses the database to this test, as an outage would."""
    assert client.get("/clockz").status_code == 503
