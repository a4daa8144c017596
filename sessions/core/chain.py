"""Rows that vouch for the row before them, so that an edited, lost, inserted or moved one shows.

A digest is an HMAC over the digest before and the row's own content, under a key that lies outside the
database: whoever can write to the tables alone cannot make a chain that holds. Pure: keys come in as values.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID


def seal(key: str, previous: str, content: Sequence[Any]) -> str:
    """The digest (hex, 64 characters) of the row that follows `previous`; "" before the first."""
    return hmac.new(key.encode(), canonical([previous, *content]), hashlib.sha256).hexdigest()


def holds(keys: Sequence[str], digest: str, previous: str, content: Sequence[Any]) -> bool:
    """Whether one of `keys` made `digest`. Older keys stay listed so that older rows hold."""
    # In bytes: what somebody put in place of a digest may be any text.
    return any(hmac.compare_digest(digest.encode(), seal(key, previous, content).encode()) for key in keys)


def canonical(content: Sequence[Any]) -> bytes:
    """One byte string for one content, whichever database it was read from. Times are told in UTC."""
    return json.dumps(
        content, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode()


def _plain(value: Any) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date() | UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
