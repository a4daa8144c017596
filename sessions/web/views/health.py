"""For load balancers and supervisors. Outsiders learn a yes or a no; the log says which part is missing."""

from __future__ import annotations

import logging

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from sessions.aftercare import engine
from sessions.core import clock
from sessions.web import leaving, machine

_log = logging.getLogger(__name__)


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked: a database outage is no reason to restart it."""
    return JsonResponse({"alive": True})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """People can be sent here: this process stays, database, channel layer and media worker answer. 503
    otherwise."""
    found = not leaving.told.is_set() and not machine.missing()
    return JsonResponse({"ready": found}, status=200 if found else 503)


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
