"""What may become of a call and of a course: the rules as rows of the table."""

from __future__ import annotations

import pytest

from sessions.aftercare.machine import (
    AHEAD,
    CALL_MOVES,
    CALLED,
    COURSE_MOVES,
    ENDED,
    OVER,
    UNDER_WAY,
    Call,
    CallEvent,
    Course,
    CourseEvent,
    call_after,
    course_after,
    diagram,
)
from sessions.core.errors import IllegalMove


def test_a_call_is_completed_only_after_somebody_was_reached() -> None:
    assert {start for (start, _), end in CALL_MOVES.items() if end is Call.COMPLETED} == {Call.CONNECTED}
    assert {event for (_, event), end in CALL_MOVES.items() if end is Call.CONNECTED} == {CallEvent.REACHED}


def test_every_call_ends_and_what_has_ended_stays_ended_but_for_somebody_who_calls_back() -> None:
    out = {start for start, _ in CALL_MOVES}
    assert out == set(Call) - (OVER - {Call.MISSED})
    assert {(event, end) for (start, event), end in CALL_MOVES.items() if start is Call.MISSED} == {
        (CallEvent.REACHED, Call.CONNECTED)
    }
    reachable = {Call.PLANNED}
    while more := {end for (start, _), end in CALL_MOVES.items() if start in reachable} - reachable:
        reachable |= more
    assert reachable == set(Call)


@pytest.mark.parametrize("state", sorted(AHEAD | CALLED))
def test_whatever_is_not_under_way_can_be_called_off_or_revoked(state: Call) -> None:
    assert call_after(state, CallEvent.CALLED_OFF) is Call.CANCELLED
    assert call_after(state, CallEvent.REVOKED) is Call.REVOKED


def test_a_call_is_missed_only_after_its_time_came() -> None:
    assert {start for (start, _), end in CALL_MOVES.items() if end is Call.MISSED} == {
        Call.DUE,
        Call.ATTEMPTING,
    }


def test_a_crisis_ends_only_with_a_hand_off_or_without_consent() -> None:
    ways = {event: end for (start, event), end in COURSE_MOVES.items() if start is Course.CRISIS}
    assert ways == {
        CourseEvent.HANDED_OFF: Course.ACTIVE,
        CourseEvent.REVOKED: Course.REVOKED,
    }


@pytest.mark.parametrize("state", sorted(UNDER_WAY - {Course.CRISIS}))
def test_a_crisis_can_come_at_any_time(state: Course) -> None:
    assert course_after(state, CourseEvent.CRISIS) is Course.CRISIS


@pytest.mark.parametrize("state", sorted(UNDER_WAY | {Course.PROPOSED, Course.PAUSED}))
def test_consent_can_be_taken_back_at_any_time(state: Course) -> None:
    assert course_after(state, CourseEvent.REVOKED) is Course.REVOKED


def test_nobody_is_lost_at_once_and_being_reached_always_helps() -> None:
    assert {start for (start, _), end in COURSE_MOVES.items() if end is Course.LOST} == {Course.OUTREACH}
    for state in (Course.OUTREACH, Course.LOST):
        assert course_after(state, CourseEvent.REACHED) is Course.ACTIVE


def test_only_consent_given_again_leads_back_from_an_end() -> None:
    back = {(start, event) for start, event in COURSE_MOVES if start in ENDED}
    assert back == {(Course.REVOKED, CourseEvent.CONSENTED)}


def test_what_is_not_in_the_table_is_refused() -> None:
    for state in Call:
        for event in CallEvent:
            if (state, event) not in CALL_MOVES:
                with pytest.raises(IllegalMove):
                    call_after(state, event)
    for course in Course:
        for happening in CourseEvent:
            if (course, happening) not in COURSE_MOVES:
                with pytest.raises(IllegalMove):
                    course_after(course, happening)


@pytest.mark.parametrize(("kind", "rows"), [(Call, CALL_MOVES), (Course, COURSE_MOVES)])
def test_the_diagram_shows_every_row(kind: type[Call] | type[Course], rows: dict[object, object]) -> None:
    assert diagram(kind).count("-->") == len(rows) + 1
