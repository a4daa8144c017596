"""What a facilitator is asked to look at: cameras and identity, beside what test_attendance_proposals shows."""

from __future__ import annotations

import pytest

from sessions.attendance.flags import Flag, flags
from sessions.attendance.hours import Credit, Reason, Status, Stretch

MINUTE = 60


def there(minutes: int, *, came: bool = True) -> Credit:
    stretches = (Stretch(0, minutes * MINUTE, Reason.PRESENT),) if came else ()
    seconds = minutes * MINUTE
    arrived = 0 if came else None
    return Credit(
        seconds, seconds, 0, seconds, Status.PRESENT, False, stretches, "default-1", arrived, arrived
    )


@pytest.mark.parametrize(
    ("why", "camera", "flagged"),
    [
        ("nobody told of any camera: nothing is known", None, False),
        ("never on", (), True),
        ("on all the time", ((0, 60 * MINUTE),), False),
        ("off for five minutes", ((0, 55 * MINUTE),), False),
        ("off for longer", ((0, 55 * MINUTE - 1),), True),
        (
            "off in pieces that add up",
            ((0, 20 * MINUTE), (23 * MINUTE, 40 * MINUTE), (44 * MINUTE, 60 * MINUTE)),
            True,
        ),
        ("still on, and nobody said that it went off", ((0, 2**40),), False),
    ],
)
def test_a_camera_that_was_off_for_more_than_five_minutes(
    why: str, camera: tuple[tuple[int, int], ...] | None, flagged: bool
) -> None:
    assert (Flag.CAMERA_OFF in flags(there(60), camera)) == flagged, why


def test_an_identity_nobody_confirmed() -> None:
    assert flags(there(60), identified=False) == (Flag.UNIDENTIFIED,)
    assert flags(there(60), identified=True) == ()


def test_nothing_is_asked_about_somebody_who_never_came() -> None:
    assert flags(there(0, came=False), (), identified=False) == ()
