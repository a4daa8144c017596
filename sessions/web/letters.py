"""Letters by e-mail, posted after the answer has gone out.

A mail server answers in its own time. If a page waited for it, the time a page takes would tell whether
somebody has an account here. So a letter is handed to one background thread, and the page answers at once.
Source: 42 CFR Part 2 (confirming that somebody is a patient is a disclosure).
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django.core.mail import EmailMessage

_log = logging.getLogger(__name__)
_post: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letters")


def post(letter: EmailMessage | None) -> Future[None]:
    """Send a letter soon. None is carried to the same thread and dropped there: the same path for both."""
    return _post.submit(_send, letter)


def _send(letter: EmailMessage | None) -> None:
    if letter is None:
        return
    try:
        letter.send()
    except Exception as trouble:  # the mail server's faults are many; the person can ask again
        # Neither the address nor the text: a log is not the place to say who has an account.
        _log.error("a letter could not be sent: %s", type(trouble).__name__)
