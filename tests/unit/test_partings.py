"""How those who are not here went, from the log's facts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sessions.room.partings import Parting, partings

ALICE, BRUNO = UUID(int=1), UUID(int=2)
START = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)  # and over midnight


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("kinds", "gone"),
    [
        ("knocked", None),
        ("knocked left", Parting(minute(1), True, "")),
        ("knocked lapsed", Parting(minute(1), True, "")),
        ("knocked lapsed knocked", None),
        ("knocked admitted", None),
        ("knocked admitted left", Parting(minute(2), False, "")),
        ("knocked admitted lapsed", Parting(minute(2), False, "")),
        ("knocked admitted left knocked left", Parting(minute(4), True, "")),
        ("knocked admitted sent_back lapsed", Parting(minute(3), True, "")),
        ("knocked admitted kept_apart left", Parting(minute(3), True, "")),
        ("knocked declined", Parting(minute(1), True, "call first")),
        ("knocked declined sent_back", None),
        ("knocked declined sent_back left", Parting(minute(3), True, "")),
        ("knocked admitted removed", Parting(minute(2), False, "call first")),
        ("entered left", Parting(minute(1), False, "")),
        ("entered left entered", None),
    ],
)
def test_the_last_going_counts_and_coming_back_undoes_it(kinds: str, gone: Parting | None) -> None:
    facts: list[tuple[str, UUID, datetime, dict[str, Any]]] = [
        (kind, ALICE, minute(number), {"reason": "call first"} if kind in ("declined", "removed") else {})
        for number, kind in enumerate(kinds.split())
    ]
    assert partings(facts).get(ALICE) == gone


def test_everybody_goes_for_themselves() -> None:
    facts: list[tuple[str, UUID, datetime, dict[str, Any]]] = [
        ("knocked", ALICE, minute(0), {}),
        ("knocked", BRUNO, minute(1), {}),
        ("admitted", ALICE, minute(2), {}),
        ("left", BRUNO, minute(3), {}),
    ]
    assert partings(facts) == {BRUNO: Parting(minute(3), True, "")}
