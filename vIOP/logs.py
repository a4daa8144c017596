"""What a log may hold: no secret of an address. A personal link is as good as a key to who reads it."""

from __future__ import annotations

import logging
import re
from typing import Final

# sessions.web.urls: invitations, appointments, calendars, unsubscribing; allauth: new passwords
_SECRET: Final = re.compile(r"(/(?:i|a|calendar|messages/stop|accounts/password/reset/key)/)[^/\s?\"']{8,}")


def without_secrets(text: str) -> str:
    """`text` with "…" for what makes a personal link work."""
    return _SECRET.sub(r"\1…", text)


class SecretLinks(logging.Filter):
    """Lets every record through, its text without the secrets of addresses in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), None
        return True
