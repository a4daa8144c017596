"""Free text about a person, encrypted in the database with keys that lie outside of it.

The first of settings.FIELD_KEYS writes; all of them read: to rotate, put a new one in front.
"""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from sessions.core.errors import Fault


class Unreadable(Fault):
    """No key opens it, or it was moved from the place it was written for."""


def encrypt(text: str, place: str) -> bytes:
    """`place` names the row and field it is for: the same bytes in another row do not open."""
    return _keys().encrypt(json.dumps([place, text], ensure_ascii=False).encode())


def decrypt(stored: bytes | memoryview, place: str) -> str:
    """Raises Unreadable."""
    try:
        written_for, text = json.loads(_keys().decrypt(bytes(stored)))
    except InvalidToken:
        raise Unreadable("no key opens this text") from None
    if written_for != place:
        raise Unreadable("this text belongs to another row")
    return str(text)


def encrypt_bytes(data: bytes, place: str) -> bytes:
    """As `encrypt`, for files."""
    return _keys().encrypt(place.encode() + b"\n" + data)


def decrypt_bytes(stored: bytes | memoryview, place: str) -> bytes:
    """Raises Unreadable."""
    try:
        written_for, _, data = _keys().decrypt(bytes(stored)).partition(b"\n")
    except InvalidToken:
        raise Unreadable("no key opens this file") from None
    if written_for != place.encode():
        raise Unreadable("this file belongs to another row")
    return data


def _keys() -> MultiFernet:
    digests = (hashlib.sha256(b"field " + key.encode()).digest() for key in settings.FIELD_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
