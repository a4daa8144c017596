"""When absences ask for a review, and that they never do more than ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance.absence import Asks, Attended, Rules, excused_by_notice, reviews
from sessions.programs import settings

FIRST = date(2026, 3, 2)


def history(words: str, every: int = 2) -> list[Attended]:
    """. was there, x was not, e was not and it is excused; a meeting every two days."""
    return [
        Attended(UUID(int=n), FIRST + timedelta(days=n * every), letter in "xe", letter == "e")
        for n, letter in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", {}),
        ("..", {}),
        (".e", {}),
        ("x.", {}),
        (".x", {Asks.UNEXCUSED: 1}),
        ("xx", {Asks.UNEXCUSED: 1, Asks.IN_A_ROW: 2}),
        ("x.x", {Asks.UNEXCUSED: 1}),
        ("xex", {Asks.UNEXCUSED: 1, Asks.IN_A_ROW: 2}),  # excused: neither adds nor ends
        ("xxe", {}),
        ("x.x.x.x", {Asks.UNEXCUSED: 1, Asks.IN_DAYS: 4}),
        ("xxxx", {Asks.UNEXCUSED: 1, Asks.IN_A_ROW: 4, Asks.IN_DAYS: 4}),
    ],
)
def test_what_the_last_meeting_raises(words: str, asked: dict[Asks, int]) -> None:
    assert {one.why: one.count for one in reviews(history(words), Rules())} == asked


def test_absences_long_ago_do_not_count_together() -> None:
    assert Asks.IN_DAYS not in {one.why for one in reviews(history("x.x.x.x", every=6), Rules())}


def test_one_run_raises_one_review_however_long_it_gets() -> None:
    runs = [reviews(history("." + "x" * n), Rules()) for n in (2, 3, 4)]
    assert {one.since for found in runs for one in found if one.why is Asks.IN_A_ROW} == {UUID(int=1)}


def test_a_programme_sets_or_switches_off_its_thresholds() -> None:
    rules = Rules.of(settings.read({"absences_in_a_row": 3, "absences_in_days": 0, "absence_days": "many"}))
    assert rules == Rules(in_a_row=3, in_days=0)
    assert [one.why for one in reviews(history("xxxx"), rules)] == [Asks.UNEXCUSED, Asks.IN_A_ROW]
    assert [one.why for one in reviews(history("xx"), rules)] == [Asks.UNEXCUSED]


@pytest.mark.parametrize(("hours", "excuses"), [(48, True), (47.99, False), (72, True), (0, False)])
def test_a_notice_in_time_excuses(hours: float, excuses: bool) -> None:
    start = datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert excused_by_notice(start - timedelta(hours=hours), start, Rules()) == excuses
    assert not excused_by_notice(None, start, Rules())


@given(st.text(alphabet=".xe", max_size=20))
def test_an_excuse_never_raises_anything(words: str) -> None:
    excused = words.replace("x", "e")
    assert reviews(history(excused), Rules()) == ()
    assert len(reviews(history(words), Rules())) <= 3
