"""Minutes as payers count them (DOMAIN 3, rule 13)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance.reports.units import Attended, Form, Line, Payer, Why, session_code, units

MON, TUE = date(2026, 3, 2), date(2026, 3, 3)


@pytest.mark.parametrize(
    ("payer", "minutes", "count"),
    [
        (Payer.QUARTER_HOURS, 0, 0),
        (Payer.QUARTER_HOURS, 14, 0),
        (Payer.QUARTER_HOURS, 15, 1),
        (Payer.QUARTER_HOURS, 29, 1),
        (Payer.QUARTER_HOURS, 170, 11),
        (Payer.HOURS, 59, 0),
        (Payer.HOURS, 60, 1),
        (Payer.HOURS, 119, 1),
        (Payer.HOURS, 170, 2),
    ],
)
def test_only_complete_units_count(payer: Payer, minutes: int, count: int) -> None:
    (line,) = units(payer, [Attended(MON, Form.GROUP, minutes)])
    assert (line.units, line.why) == (count, None if count else Why.SHORT)


@pytest.mark.parametrize(
    ("sessions", "lines"),
    [
        ([Attended(MON, Form.GROUP, 180)], [Line(MON, 180, "H0015", 1)]),
        ([Attended(MON, Form.GROUP, 170)], [Line(MON, 170, "", 0, Why.SHORT)]),  # the trap of one break
        (
            [Attended(MON, Form.GROUP, 90), Attended(MON, Form.OTHER, 90)],
            [Line(MON, 180, "H0015", 1)],
        ),
        (
            [Attended(MON, Form.GROUP, 120), Attended(TUE, Form.GROUP, 60)],
            [Line(MON, 120, "", 0, Why.SHORT), Line(TUE, 60, "", 0, Why.SHORT)],  # days are not added up
        ),
        ([Attended(MON, Form.GROUP, 420)], [Line(MON, 420, "H0015", 1)]),  # a day is one
    ],
)
def test_a_day_counts_from_three_hours(sessions: list[Attended], lines: list[Line]) -> None:
    assert list(units(Payer.PER_DIEM, sessions)) == lines


@pytest.mark.parametrize(
    ("minutes", "code", "why"),
    [
        (15, "", Why.SHORT),
        (16, "90832", None),
        (37, "90832", None),
        (38, "90834", None),
        (52, "90834", None),
        (53, "90837", None),
        (120, "90837", None),
    ],
)
def test_individual_sessions(minutes: int, code: str, why: Why | None) -> None:
    assert session_code(Attended(MON, Form.INDIVIDUAL, minutes)) == (code, why)


@pytest.mark.parametrize(
    ("minutes", "with_client", "code", "why"),
    [
        (25, True, "", Why.SHORT),
        (26, True, "90847", None),
        (26, False, "90846", None),
        (25, False, "", Why.SHORT),
    ],
)
def test_family_sessions_with_and_without_the_client(
    minutes: int, with_client: bool, code: str, why: Why | None
) -> None:
    assert session_code(Attended(MON, Form.FAMILY, minutes, with_client=with_client)) == (code, why)


@pytest.mark.parametrize(
    ("form", "minutes", "people", "code", "why"),
    [
        (Form.GROUP, 90, 12, "90853", None),
        (Form.GROUP, 5, 2, "90853", None),  # untimed
        (Form.GROUP, 90, 13, "", Why.TOO_MANY),
        (Form.GROUP, 0, 8, "", Why.SHORT),
        (Form.OTHER, 90, 20, "", Why.NO_CODE),
    ],
)
def test_groups_are_untimed_and_have_a_largest_size(
    form: Form, minutes: int, people: int, code: str, why: Why | None
) -> None:
    assert session_code(Attended(MON, form, minutes, people)) == (code, why)


attended = st.builds(
    Attended,
    on=st.dates(date(2026, 1, 1), date(2026, 1, 9)),
    form=st.sampled_from(Form),
    minutes=st.integers(0, 400),
    head_count=st.integers(0, 30),
    with_client=st.booleans(),
)


@given(st.lists(attended, max_size=20), st.sampled_from(Payer))
def test_no_payer_is_asked_for_more_than_there_was(sessions: list[Attended], payer: Payer) -> None:
    lines = units(payer, sessions)
    assert sum(line.minutes for line in lines) == sum(one.minutes for one in sessions)
    assert [line.on for line in lines] == sorted(line.on for line in lines)
    for line in lines:
        assert (line.units == 0) == (line.why is not None)
        assert line.units * {Payer.QUARTER_HOURS: 15, Payer.HOURS: 60}.get(payer, 0) <= line.minutes
