"""What is asked again and again while one page is looked at, read once.

Rules read the database at every question, so that what ended counts at once, also for a connection that has
been open for hours. A page that is only looked at asks the same things dozens of times within milliseconds:
inside `reading()`, and nowhere else, the answers are remembered. Nothing that changes anything runs inside.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_memo: ContextVar[dict[Hashable, Any] | None] = ContextVar("reading", default=None)


@contextmanager
def reading() -> Iterator[None]:
    """For the length of one request that changes nothing."""
    token = _memo.set({})
    try:
        yield
    finally:
        _memo.reset(token)


def once(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` returns; inside `reading()`, at the first time of asking with this key."""
    memo = _memo.get()
    if memo is None:
        return read()
    if key not in memo:
        memo[key] = read()
    found: T = memo[key]
    return found
