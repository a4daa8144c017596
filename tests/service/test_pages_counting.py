"""How minutes are counted, set on a page: a version from a day on, for all kinds of session or for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.attendance import policies
from sessions.attendance.policy import DEFAULT, Policy, values_of
from sessions.core import clock
from sessions.programs.kinds import MeetingKind
from tests import cast as people
from tests.cast import EVENING, Cast

TYPED = {
    "reconnect_grace": "60",
    "reconnect_cap": "300",
    "facilitator_gap": "120",
    "early_credit": "0",
    "overrun_cap": "0",
    "late_after": "5",
    "present_percent": "90",
    "partial_minutes": "45",
    "breakout_supervision": "session",
    "hour_minutes": "60",
    "starting": "",
}  # as the page shows the default


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(EVENING - timedelta(days=3), tick=False):
        yield people.assemble()


def address(cast: Cast, kind: str = "") -> str:
    return reverse("credit-policy", args=[cast.north.pk]) + (f"?kind={kind}" if kind else "")


def keep(cast: Cast, kind: str = "", **changed: str) -> int:
    client = Client()
    client.force_login(cast.ines)
    return client.post(address(cast, kind), {**TYPED, **changed}).status_code


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ({}, DEFAULT),
        ({"reconnect_grace": "90"}, Policy(reconnect_grace=90)),
        ({"late_after": "10", "overrun_cap": "15"}, Policy(late_after=600, overrun_cap=900)),
        ({"credit_breaks": "on"}, Policy(credit_breaks=True)),
        ({"breakout_supervision": "room"}, Policy(breakout_supervision="room")),
        ({"hour_minutes": "50", "partial_minutes": "30"}, Policy(hour_minutes=50, partial_minutes=30)),
    ],
)
def test_what_is_typed_counts_from_now_on(cast: Cast, typed: dict[str, str], held: Policy) -> None:
    assert keep(cast, **typed) == 302
    assert values_of(policies.policy_of(cast.individual)) == values_of(held)


def test_one_kind_may_have_rules_of_its_own(cast: Cast) -> None:
    assert keep(cast, MeetingKind.INDIVIDUAL_THERAPY, late_after="0") == 302
    assert policies.policy_of(cast.individual).late_after == 0
    assert policies.policy_of(cast.check_in) == DEFAULT


def test_a_day_may_be_named_from_which_it_counts(cast: Cast) -> None:
    """The programme's own day, from midnight there."""
    on = cast.individual.held_on
    assert keep(cast, late_after="0", starting=(on + timedelta(days=1)).isoformat()) == 302
    assert policies.policy_of(cast.individual) == DEFAULT
    assert keep(cast, late_after="1", starting=on.isoformat()) == 302
    assert policies.policy_of(cast.individual).late_after == 60


@pytest.mark.parametrize(
    "wrong",
    [{"reconnect_grace": "-1"}, {"present_percent": "101"}, {"hour_minutes": "45"}, {"late_after": "soon"}],
)
def test_what_cannot_be_is_refused_and_stays_in_the_form(cast: Cast, wrong: dict[str, str]) -> None:
    assert keep(cast, **wrong) == 422
    assert policies.versions(cast.north, None) == []


def test_the_page_says_what_holds_and_what_was_changed_by_whom(cast: Cast) -> None:
    keep(cast, late_after="10")
    client = Client()
    client.force_login(cast.ines)
    page = " ".join(client.get(address(cast)).content.decode().split())
    assert 'name="late_after" value="10"' in page
    assert "<strong>program-1</strong>" in page
    assert f"by {cast.ines.name}" in page
    assert policies.held(cast.north, None, clock.now()).version == "program-1"
    assert "Nothing was changed yet" in client.get(address(cast, "family_group")).content.decode()
