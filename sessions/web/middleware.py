"""What holds for every page: the reader's language and zone, calm refusals, what browsers may keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from sessions.core.errors import Refusal
from sessions.people.models import Person
from sessions.web import refusals

PROBES: Final = frozenset({"/healthz", "/readyz", "/clockz"})
NO_DEVICES: Final = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()"
ROOM_DEVICES: Final = (
    "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), "
    "geolocation=(), payment=(), usb=()"
)


class ClinicMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in PROBES:
            return self._get_response(request)  # must answer without a database, so nobody is looked up
        if isinstance(request.user, Person):
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
            timezone.activate(ZoneInfo(request.user.time_zone))
        try:
            response = self._get_response(request)
        finally:
            timezone.deactivate()
        response.headers.setdefault("Permissions-Policy", NO_DEVICES)
        # Nothing of a page stays on a shared computer, and "back" after signing out shows nothing.
        response.headers["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refusal):
            return refusals.answer(request, exception)
        return None
