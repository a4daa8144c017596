"""Who speaks. Pure: levels in, changes out.

Levels are those of RFC 6464: 0 dBov loudest, 127 silence. What clients are told is linear, 0.0 to 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

QUIETEST_DBOV: Final = 40  # quieter is not speaking
CHANGE: Final = 0.02  # smaller changes of the linear level are not worth a message


def loudness(level_dbov: int) -> float:
    """Linear amplitude of an audio level; 0.0 for what does not count as speaking."""
    return 10 ** (-level_dbov / 20) if 0 <= level_dbov < QUIETEST_DBOV else 0.0


def changes(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What to tell: participant -> new linear level, 0.0 for who stopped. Empty: tell nothing."""
    speaking = {who: level for who, level in now.items() if level > 0}
    out = {who: level for who, level in speaking.items() if abs(before.get(who, 0.0) - level) > CHANGE}
    out |= {who: 0.0 for who in before if who not in speaking}
    return out
