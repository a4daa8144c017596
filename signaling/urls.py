"""The wire's few pages. Its sockets are in signaling.routing."""

from __future__ import annotations

from django.urls import path

from signaling.views import validate

urlpatterns = [
    path("rtc/validate", validate),
    path("rtc/v1/validate", validate),
]
