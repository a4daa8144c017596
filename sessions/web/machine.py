"""Which parts of the machine answer now. The log says which one is missing, and how."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS: Final = 1.0


def missing() -> list[str]:
    """Which parts do not answer now, by the names of `_CHECKS`."""
    return [name for name, check in _CHECKS.items() if not _answers(name, check)]


def _answers(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as trouble:  # whatever it is, nobody should be sent here
        _log.warning("not ready: %s (%s)", name, type(trouble).__name__)
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _channel_layer() -> None:
    async_to_sync(get_channel_layer().group_send)("readyz", {"type": "nobody.listens"})


def _media_worker() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        probe.connect(settings.MEDIA_RPC)


_CHECKS: Final[dict[str, Callable[[], None]]] = {
    "database": _database,
    "channel layer": _channel_layer,
    "media worker": _media_worker,
}
