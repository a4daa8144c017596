"""What a facilitator should look at before signing. Pure."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from sessions.attendance.hours import Credit, Reason
from sessions.attendance.intervals import Seconds, difference, length, union

SHORT_S: Final = 60  # people close the page while everybody says good-bye
LONG_S: Final = 300
CAMERA_OFF_S: Final = 300


class Flag(StrEnum):
    UNCERTAIN = "uncertain"  # fell silent and did not come back: the end is the last evidence
    LONG_GAP = "long_gap"  # five minutes or more without connection, and back
    CAPPED = "capped"  # dropped so often that not every short drop could be bridged
    REMOVED = "removed"
    LEFT_EARLY = "left_early"
    CAMERA_OFF = "camera_off"  # for more than five minutes of the time in the room
    UNIDENTIFIED = "unidentified"  # nobody has confirmed yet that this is the person of the record
    UNSUPERVISED = "unsupervised"  # five minutes or more of the meeting without a facilitator


_BY_REASON: Final[dict[Reason, tuple[Flag, int]]] = {
    Reason.GONE: (Flag.UNCERTAIN, SHORT_S),
    Reason.SILENT: (Flag.LONG_GAP, LONG_S),
    Reason.CAPPED: (Flag.CAPPED, 1),
    Reason.REMOVED: (Flag.REMOVED, 1),
    Reason.AWAY: (Flag.LEFT_EARLY, SHORT_S),
    Reason.UNSUPERVISED: (Flag.UNSUPERVISED, LONG_S),
}


def flags(credit: Credit, camera: Seconds | None = None, *, identified: bool = True) -> tuple[Flag, ...]:
    """In the order of the list above; none for somebody who never came.

    `camera` is when theirs was on, in seconds since the epoch; None where no camera was ever told of.
    """
    if credit.arrived_at is None:
        return ()
    spent: Counter[Reason] = Counter()
    for stretch in credit.stretches:
        spent[stretch.reason] += stretch.end - stretch.start
    found = {flag for reason, (flag, least_s) in _BY_REASON.items() if spent[reason] >= least_s}
    if camera is not None:
        present = union(
            (one.start, one.end) for one in credit.stretches if one.reason in (Reason.PRESENT, Reason.MOVED)
        )
        if length(difference(present, camera)) > CAMERA_OFF_S:
            found.add(Flag.CAMERA_OFF)
    if not identified:
        found.add(Flag.UNIDENTIFIED)
    return tuple(flag for flag in Flag if flag in found)
