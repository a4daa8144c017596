"""Every address of the site."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from sessions.web.admin import site

urlpatterns = [
    path("", include("sessions.web.urls")),
    path("", include("signaling.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", site.urls),
]

if settings.MAIL_WEBHOOK_SECRET:  # the mail provider tells what became of letters
    urlpatterns += [path("messages/mail/", include("anymail.urls"))]

handler400 = "sessions.web.refusals.bad_request"
handler403 = "sessions.web.refusals.forbidden"
handler404 = "sessions.web.refusals.not_found"
handler429 = "sessions.web.refusals.too_many"
