"""What a facilitator should look at before signing. Pure."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from sessions.attendance.hours import Credit, Reason

SHORT_S: Final = 60  # people close the page while everybody says good-bye
LONG_S: Final = 300


class Flag(StrEnum):
    UNCERTAIN = "uncertain"  # fell silent and did not come back: the end is the last evidence
    LONG_GAP = "long_gap"  # five minutes or more without connection, and back
    CAPPED = "capped"  # dropped so often that not every short drop could be bridged
    REMOVED = "removed"
    LEFT_EARLY = "left_early"
    UNSUPERVISED = "unsupervised"  # five minutes or more of the meeting without a facilitator


_BY_REASON: Final[dict[Reason, tuple[Flag, int]]] = {
    Reason.GONE: (Flag.UNCERTAIN, SHORT_S),
    Reason.SILENT: (Flag.LONG_GAP, LONG_S),
    Reason.CAPPED: (Flag.CAPPED, 1),
    Reason.REMOVED: (Flag.REMOVED, 1),
    Reason.AWAY: (Flag.LEFT_EARLY, SHORT_S),
    Reason.UNSUPERVISED: (Flag.UNSUPERVISED, LONG_S),
}


def flags(credit: Credit) -> tuple[Flag, ...]:
    """In the order of the list above; none for somebody who never came."""
    if credit.arrived_at is None:
        return ()
    spent: Counter[Reason] = Counter()
    for stretch in credit.stretches:
        spent[stretch.reason] += stretch.end - stretch.start
    return tuple(flag for reason, (flag, least_s) in _BY_REASON.items() if spent[reason] >= least_s)
