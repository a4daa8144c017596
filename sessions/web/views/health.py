"""For load balancers and supervisors. Outsiders learn a yes or a no; the log says which part is missing."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from sessions.aftercare import engine
from sessions.core import clock

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS: Final = 1.0


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked: a database outage is no reason to restart it."""
    return JsonResponse({"alive": True})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """People can be sent here: database, channel layer and media worker answer. 503 otherwise."""
    missing = [name for name, check in _CHECKS.items() if not _answers(name, check)]
    return JsonResponse({"ready": not missing}, status=503 if missing else 200)


@require_safe
def clockwork(request: HttpRequest) -> JsonResponse:
    """The clock of background work goes; 503 when it stands still. For a monitor, not for a load balancer:
    pages are served without it too. `age_s`: since the engine's last round; `late_s`: of the oldest thing."""
    try:
        now = clock.now()
        found = engine.health(now)
    except Exception as trouble:  # no database: nothing is known, so nothing goes
        _log.warning("the engine's clock cannot be read (%s)", type(trouble).__name__)
        return JsonResponse({"goes": False}, status=503)
    goes = not found.stands_still(now)
    age = None if found.ran_at is None else round((now - found.ran_at).total_seconds())
    if not goes:
        _log.warning("the engine's clock stands still age_s=%s late_s=%d", age, found.late.total_seconds())
    told = {"goes": goes, "age_s": age, "late_s": round(found.late.total_seconds())}
    return JsonResponse(told, status=200 if goes else 503)


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
