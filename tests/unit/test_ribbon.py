"""Stays as bars on one scale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.core.span import Span
from sessions.web.ribbon import SLIVER, WIDTH, Bar, Scale

SIX = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def span(start: float, end: float) -> Span:
    """Minutes after six."""
    return Span(SIX + start * MINUTE, SIX + end * MINUTE)


GROUP = span(0, 180)


@pytest.mark.parametrize(
    ("stay", "bar"),
    [
        (span(0, 180), Bar(0, 1000)),
        (span(0, 90), Bar(0, 500)),
        (span(90, 180), Bar(500, 500)),
        (span(45, 45.1), Bar(250, SLIVER)),
        (span(179.99, 180), Bar(WIDTH - SLIVER, SLIVER)),
    ],
)
def test_bars_lie_where_the_time_lies(stay: Span, bar: Bar) -> None:
    assert Scale.over(GROUP, [stay]).bar(stay) == bar


def test_who_overruns_is_not_cut_off() -> None:
    scale = Scale.over(GROUP, [span(-20, 10), span(100, 200)])
    assert scale.shown == span(-20, 200)
    assert scale.bar(GROUP) == Bar(round(20 / 220 * 1000), scale.x(GROUP.end) - round(20 / 220 * 1000))


@pytest.mark.parametrize(("minutes", "marks"), [(60, 3), (90, 5), (180, 5), (300, 4), (24 * 60, 4)])
def test_lines_at_round_times(minutes: int, marks: int) -> None:
    found = Scale.over(span(0, minutes), []).marks()
    assert len(found) == marks
    assert all(mark.minute % 15 == 0 for mark in found)


minutes_after = st.floats(min_value=-600, max_value=600, allow_nan=False)


@given(st.lists(st.tuples(minutes_after, minutes_after), max_size=8))
def test_everything_stays_inside_the_frame(pairs: list[tuple[float, float]]) -> None:
    stays = [span(min(pair), max(pair)) for pair in pairs]
    scale = Scale.over(GROUP, stays)
    for stay in (*stays, GROUP):
        bar = scale.bar(stay)
        assert bar.x >= 0
        assert bar.width >= SLIVER
        assert bar.x + bar.width <= WIDTH
    assert all(0 <= scale.x(mark) <= WIDTH for mark in scale.marks())
