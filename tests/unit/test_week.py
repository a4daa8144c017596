"""The week in minutes: what is required, scheduled, delivered, credited and still reachable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance.week import Hour, State, Times, urgency, week
from sessions.core.span import Span

MONDAY = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # 18:00 in New York
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
BREAK = timedelta(minutes=85), timedelta(minutes=95)


def evening(day: int, *, over: bool = False) -> Times:
    """Three hours with one break of ten minutes: 170 that count."""
    start = MONDAY + day * DAY
    return Times(Span(start, start + 180 * MINUTE), (Span(start + BREAK[0], start + BREAK[1]),), over)


WEEK = [evening(day) for day in (0, 2, 3)]


def test_three_evenings_with_a_break_are_510_and_not_540() -> None:
    found = week(540, [Hour.of(times, MONDAY) for times in WEEK], over=False)
    assert (found.scheduled, found.underscheduled, found.state) == (510, 30, State.SHORT)


@pytest.mark.parametrize(
    ("minute", "left"),
    [(-60, 170), (0, 170), (1, 169), (85, 85), (90, 85), (95, 85), (96, 84), (179, 1), (180, 0), (9000, 0)],
)
def test_what_is_left_of_a_meeting_leaves_its_break_out(minute: int, left: int) -> None:
    assert evening(0).left_minutes(MONDAY + minute * MINUTE) == left


def test_a_meeting_that_was_ended_early_has_nothing_left() -> None:
    assert evening(0, over=True).left_minutes(MONDAY) == 0


@pytest.mark.parametrize(
    ("required", "credited", "day", "over", "state", "shortfall", "phrase"),
    [
        (510, (), 0, False, State.ON_TRACK, 0, "all is still ahead"),
        (510, (170,), 1, False, State.ON_TRACK, 0, "nothing missed so far"),
        (510, (138,), 1, False, State.SHORT, 32, "left early on Monday: 32 minutes to make up"),
        (510, (0, 170), 2.5, False, State.SHORT, 170, "missed a whole evening"),
        (510, (0, 170, 170), 5, False, State.SHORT, 170, "the last evening is over, the week is not"),
        (510, (0, 170, 170), 7, True, State.MISSED, 170, "the week is over"),
        (510, (170, 170, 170), 5, False, State.REACHED, 0, "all there"),
        (340, (170, 170), 2.5, False, State.REACHED, 0, "a plan that steps down needs two"),
    ],
)
def test_how_a_week_stands(
    required: int,
    credited: tuple[int, ...],
    day: float,
    over: bool,
    state: State,
    shortfall: int,
    phrase: str,
) -> None:
    now = MONDAY + day * DAY
    got = [*credited, *[0] * (len(WEEK) - len(credited))]
    found = week(required, [Hour.of(t, now, c, c) for t, c in zip(WEEK, got, strict=True)], over=over)
    assert (found.state, found.shortfall) == (state, shortfall), phrase
    assert found.taper == (required < 540)


def test_a_running_meeting_counts_what_was_and_what_is_left() -> None:
    now = MONDAY + 60 * MINUTE
    late = week(170, [Hour.of(WEEK[0], now, credited=48, eligible=60)], over=False)
    assert (late.credited, late.delivered, late.reachable, late.shortfall) == (48, 60, 158, 12)


def test_a_board_begins_with_what_can_still_be_mended() -> None:
    short, shorter = week(60, [], over=False), week(90, [], over=False)
    missed, reached = week(500, [], over=True), week(0, [], over=False)
    ahead = week(170, [Hour.of(WEEK[0], MONDAY)], over=False)
    assert sorted([reached, ahead, missed, short, shorter], key=urgency) == [
        shorter,
        short,
        missed,
        ahead,
        reached,
    ]


minutes = st.integers(0, 600)
hours = st.lists(
    st.builds(Hour, scheduled=minutes, left=minutes, credited=minutes, eligible=minutes), max_size=8
)


@given(required=minutes, hours=hours, over=st.booleans())
def test_nothing_reachable_is_less_than_what_one_has(required: int, hours: list[Hour], over: bool) -> None:
    found = week(required, hours, over=over)
    assert found.reachable >= found.credited
    assert found.shortfall <= found.to_go <= required
    assert (found.state is State.REACHED) == (found.to_go == 0)
    assert (found.state is State.SHORT) == (found.shortfall > 0 and not over)


@given(required=minutes, hours=hours, more=minutes)
def test_a_make_up_only_ever_helps(required: int, hours: list[Hour], more: int) -> None:
    before = week(required, hours, over=False)
    after = week(required, [*hours, Hour(more, more)], over=False)
    assert after.shortfall <= before.shortfall


@given(minute=st.integers(-300, 300))
def test_left_shrinks_with_time(minute: int) -> None:
    times, now = evening(0), MONDAY + minute * MINUTE
    assert times.left_minutes(now + MINUTE) <= times.left_minutes(now) <= times.scheduled_minutes()
