"""A page as somebody who is signed in reads it."""

from __future__ import annotations

import re

from django.test import Client

from sessions.people.models import Person


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(content: bytes) -> str:
    return re.sub(
        r"\s+",
        " ",
        re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|script|head).*?</\1>", " ", content.decode())),
    )
