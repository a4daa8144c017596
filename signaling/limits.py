"""How much one client may ask for. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """Allows `rate` per second in the long run and `burst` at once."""

    rate: float
    burst: float
    _tokens: float = -1.0
    _at: float = 0.0

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed at `now_s` (any monotonic clock, seconds)."""
        if self._tokens < 0:
            self._tokens, self._at = self.burst, now_s
        elapsed_s = max(0.0, now_s - self._at)
        self._tokens = min(self.burst, self._tokens + elapsed_s * self.rate)
        self._at = max(self._at, now_s)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
