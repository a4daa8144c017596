"""A mail server as a file: one line for every e-mail that was handed over, by whichever process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

PATH = "VIOP_TEST_LETTERBOX"


class Backend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for letter in email_messages:
            with Path(os.environ[PATH]).open("ab", buffering=0) as box:
                box.write(letter.extra_headers["Message-ID"].encode() + b"\n")
        return len(email_messages)
