"""What a log may hold: no secret of an address, and no text of an exception.

A personal link is as good as a key to who reads it. An exception's text quotes what people typed: PostgreSQL
names the e-mail address that is there already, a parser the line that it could not read.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final, TypeAlias

_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# sessions.web.urls: invitations, appointments, calendars, unsubscribing; allauth: new passwords
_SECRET: Final = re.compile(r"(/(?:i|a|calendar|messages/stop|accounts/password/reset/key)/)[^/\s?\"']{8,}")


def without_secrets(text: str) -> str:
    """`text` with "…" for what makes a personal link work."""
    return _SECRET.sub(r"\1…", text)


class SecretLinks(logging.Filter):
    """Lets every record through, its text without the secrets of addresses in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict) and record.exc_info and "exc" in record.args:
            kind = record.exc_info[0]  # Celery's words for a task that failed quote the exception
            record.args = record.args | {"exc": "" if kind is None else kind.__qualname__}
        record.msg, record.args = without_secrets(record.getMessage()), None
        return True


class Plain(logging.Formatter):
    """Tells of an exception, and of those behind it, the kind and the places it passed; never its text."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have written the text there
        return super().format(record)

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 logging's name
        return "\n".join(_kinds_and_places(ei[1]))


def _kinds_and_places(error: BaseException | None) -> Iterator[str]:
    told: list[BaseException] = []
    while error is not None and error not in told:  # a chain may lead back to itself
        told.append(error)
        yield f"{type(error).__module__}.{type(error).__qualname__}"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
