"""On which days of a week a client is asked for a sample. Pure, and the same for the same seed: anybody can
check it.

The seed is drawn once and kept secret from those it is about; each week's days follow from it by
HMAC-SHA-256, so that nobody chooses them and nobody can foresee them without the seed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

WORKDAYS: Final = 5


class Frequency(StrEnum):
    ONCE = "once"
    TWICE = "twice"
    THREE = "three"
    RANDOM = "random"  # none to three times, a different number each week


TIMES: Final = {Frequency.ONCE: 1, Frequency.TWICE: 2, Frequency.THREE: 3}


def days(seed: str, frequency: Frequency, monday: date) -> tuple[date, ...]:
    """The days of the week that begins on `monday`, in order."""
    count = TIMES[frequency] if frequency in TIMES else _number(seed, monday, "count") % 4
    ranked = sorted(range(WORKDAYS), key=lambda day: _number(seed, monday, str(day)))
    return tuple(monday + timedelta(days=day) for day in sorted(ranked[:count]))


def chosen(seed: str, frequency: Frequency, on: date) -> bool:
    return on in days(seed, frequency, on - timedelta(days=on.weekday()))


def _number(seed: str, monday: date, what: str) -> int:
    digest = hmac.new(seed.encode(), f"{monday.isoformat()} {what}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big")
