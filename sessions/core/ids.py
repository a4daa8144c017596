"""Identifiers that say nothing about whom or what they stand for."""

from __future__ import annotations

import secrets
from typing import Final

TOKEN_BITS: Final = 128


def token() -> str:
    """An unguessable, URL-safe name of 22 characters: media rooms, participant identities."""
    return secrets.token_urlsafe(TOKEN_BITS // 8)
