"""Which breaks attendance subtracts: planned, or taken."""

from __future__ import annotations

import pytest

from sessions.attendance.breaks import NEAR_S, counted
from sessions.attendance.intervals import Interval

M = 60
PLANNED: list[Interval] = [(85 * M, 95 * M)]


@pytest.mark.parametrize(
    ("what", "planned", "taken", "found"),
    [
        ("no button pressed: as planned", PLANNED, [], ((85 * M, 95 * M),)),
        ("taken later and longer than planned", PLANNED, [(92 * M, 104 * M)], ((92 * M, 104 * M),)),
        ("taken shorter", PLANNED, [(85 * M, 88 * M)], ((85 * M, 88 * M),)),
        ("one more, far from the plan", PLANNED, [(20 * M, 25 * M)], ((20 * M, 25 * M), (85 * M, 95 * M))),
        ("none planned", [], [(20 * M, 25 * M)], ((20 * M, 25 * M),)),
        (
            "made longer by starting it again",
            PLANNED,
            [(85 * M, 86 * M), (86 * M, 99 * M)],
            ((85 * M, 99 * M),),
        ),
        ("ended in the second it began", PLANNED, [(85 * M, 85 * M)], ((85 * M, 95 * M),)),
        (
            "each is taken for the nearest",
            [(60 * M, 65 * M), (100 * M, 105 * M)],
            [(97 * M, 103 * M)],
            ((60 * M, 65 * M), (97 * M, 103 * M)),
        ),
        ("just near enough", [(NEAR_S, NEAR_S + M)], [(0, M)], ((0, M),)),
        ("just too far", [(NEAR_S + 1, NEAR_S + M)], [(0, M)], ((0, M), (NEAR_S + 1, NEAR_S + M))),
    ],
)
def test_which_breaks_count(
    what: str, planned: list[Interval], taken: list[Interval], found: tuple[Interval, ...]
) -> None:
    assert counted(planned, taken) == found, what
