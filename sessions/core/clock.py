"""The one clock. The server's, in UTC; nothing a browser says about time counts."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)
