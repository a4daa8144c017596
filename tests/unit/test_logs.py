"""What makes a personal link work is in no log; ids, which open nothing by themselves, may be."""

from __future__ import annotations

import pytest

from vIOP.logs import without_secrets

MEETING = "/meetings/0190c7a4-7f0e-7cc0-9f55-5f6e0c9e2a11/"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Not Found: /i/7DlhuwOuiRDOAToSWnGWHQ", "Not Found: /i/…"),
        ("GET /a/7DlhuwOuiRDOAToSWnGWHQ/calendar 404", "GET /a/…/calendar 404"),
        ('"/calendar/7DlhuwOuiRDOATo.ics?x=1"', '"/calendar/…?x=1"'),
        ("/messages/stop/7DlhuwOuiRDO_-ATo", "/messages/stop/…"),
        ("/accounts/password/reset/key/1b-cx3f9a-set/", "/accounts/password/reset/key/…/"),
        (f"Forbidden: {MEETING}", f"Forbidden: {MEETING}"),
    ],
)
def test_secrets_of_addresses_are_left_out(said: str, kept: str) -> None:
    assert without_secrets(said) == kept
