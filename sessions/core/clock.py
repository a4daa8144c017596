"""The one clock. The server's, in UTC; nothing a browser says about time counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_held: ContextVar[datetime | None] = ContextVar("held", default=None)


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _held.get() or datetime.now(UTC)


@contextmanager
def held_at(moment: datetime) -> Iterator[None]:
    """In this context the clock shows `moment` and does not move: simulations, and work done for a moment
    that has passed. Nothing that serves people runs in it."""
    token = _held.set(moment)
    try:
        yield
    finally:
        _held.reset(token)
