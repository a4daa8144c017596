"""How much one client may ask. Pure: the caller brings the time.

A client pays for what it says from its Allowance. What it says because of us, or of others in the room, is
Due: that is never its flood, however fast staff move people about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

SIGNAL_RATE: Final = 20.0  # messages a second, for ever
SIGNAL_BURST: Final = 60.0  # at once: a join into a full room
# An ICE candidate is told for each section, address and server: a phone with two networks that is offered a
# full room tells hundreds at once, and none of them costs us more than being read.
CANDIDATE_RATE: Final = 100.0
CANDIDATE_BURST: Final = 2000.0
MAX_SIGNAL_BYTES: Final = 256 << 10  # an offer into a full room; see sdp.MAX_BYTES
DATA_RATE: Final = 10.0  # data packets a second, for ever: each is copied to everybody in the room
DATA_BURST: Final = 128.0
BYTES_A_TOKEN: Final = 16 << 10  # a large message costs as many as several
MAX_INFLATED_BYTES: Final = 256 << 10  # of a gzipped join request
MAX_TRACKS: Final = 8  # pending and published, of one participant
MAX_SIDS: Final = 256  # tracks named in one message
MAX_TEXT: Final = 256  # characters of a name or label
MAX_METADATA: Final = 4096  # characters
MAX_ATTRIBUTES: Final = 32

# Messages a client sends once for each tile or beat; they cost little to us.
CHEAP: Final = frozenset({"track_setting", "ping", "ping_req"})
CHEAP_COST: Final = 0.25

# How many of each the worker's own doings may let a client say for nothing, at most saved up. Large ones are
# few: a client negotiates one round after another. Of small ones a move into a full room asks many.
MOST_DUE: Final = {"offer": 8, "answer": 8, "subscription": 64, "track_setting": 128}

# Frames of one signal line, of whatever kind: never fewer than all of the above let pass.
FRAME_RATE: Final = SIGNAL_RATE / CHEAP_COST + CANDIDATE_RATE
FRAME_BURST: Final = SIGNAL_BURST / CHEAP_COST + CANDIDATE_BURST + sum(MOST_DUE.values())


@dataclass(slots=True)
class TokenBucket:
    """`rate_per_s` tokens a second, at most `burst` saved up."""

    rate_per_s: float
    burst: float
    tokens: float
    at_s: float

    def take(self, cost: float, now_s: float) -> bool:
        """Whether `cost` tokens were there; they are then gone. A clock that runs backwards gives none."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now_s - self.at_s) * self.rate_per_s)
        self.at_s = now_s
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True


@dataclass(slots=True)
class Due:
    """What the client owes us an answer to, by kind of message.

    Only what others caused may be put here, never what the client itself asked for: then nobody can earn more
    free messages by sending free messages.
    """

    counts: Counter[str] = field(default_factory=Counter)

    def negotiation(self) -> None:
        """Two offers: sections that carried another track rest for one round (peer.py)."""
        self._add(offer=2, answer=1)

    def track(self) -> None:
        """One more to choose, and to say how it is shown: hidden at first, then how large."""
        self._add(subscription=1, track_setting=2)

    def settle(self, kind: str) -> bool:
        """Whether a message of this kind was due; then one less is."""
        if not self.counts[kind]:
            return False
        self.counts[kind] -= 1
        return True

    def _add(self, **more: int) -> None:
        for kind, count in more.items():
            self.counts[kind] = min(MOST_DUE[kind], self.counts[kind] + count)


def signal_cost(kind: str, size: int) -> float:
    """Of one message of `size` bytes."""
    return (CHEAP_COST if kind in CHEAP else 1.0) + size / BYTES_A_TOKEN


class Allowance:
    """What one signal line may still say."""

    def __init__(self, now_s: float) -> None:
        self.due = Due()
        self._signals = TokenBucket(SIGNAL_RATE, SIGNAL_BURST, SIGNAL_BURST, now_s)
        self._candidates = TokenBucket(CANDIDATE_RATE, CANDIDATE_BURST, CANDIDATE_BURST, now_s)

    def take(self, kind: str, size: int, now_s: float) -> bool:
        """Whether a message of `size` bytes is no flood; it is then counted."""
        if self.due.settle(kind):
            return True
        bucket = self._candidates if kind == "trickle" else self._signals
        return bucket.take(signal_cost(kind, size), now_s)


def data_bucket(now_s: float) -> TokenBucket:
    return TokenBucket(DATA_RATE, DATA_BURST, DATA_BURST, now_s)


def data_cost(size: int) -> float:
    """Of one data packet of `size` bytes."""
    return 1.0 + size / BYTES_A_TOKEN
