"""A family guest's way in: a page behind a link that does nothing by being looked at, a code, one's name."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid
from sessions.families import entering
from sessions.families.models import Invitation

DEVICE: Final = "__Host-viop-device" if settings.PRODUCTION else "viop-device"
DEVICE_LIVES_S: Final = 180 * 24 * 3600
VISIT_S: Final = 4 * 3600


class CodeForm(forms.Form):
    code = forms.RegexField(
        label=gettext_lazy("The code"),
        regex=r"^\s*\d{6}\s*$",
        error_messages={"invalid": gettext_lazy("The code has six digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class FirstForm(CodeForm):
    agreed = forms.BooleanField(label=gettext_lazy("I have read this and I agree"))
    typed_name = forms.CharField(
        label=gettext_lazy("Your full name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows, and changes nothing. POST sends a code, or comes in with one. 404 for a link that is not
    good.
    """
    row = entering.look(token, clock.now())
    with translation.override(row.guest.language):
        return _page(request, token, row)


def _page(request: HttpRequest, token: str, row: Invitation) -> HttpResponse:
    first = row.accepted_at is None
    coming_in = request.method == "POST" and "code" in request.POST
    form: Any = (FirstForm if first else CodeForm)(request.POST if coming_in else None)
    if request.method == "POST" and not coming_in:
        try:
            entering.send_code(token)
        except IllegalMove as refusal:
            messages.error(request, _(refusal.text))
        else:
            messages.success(request, _("We have sent you a code. It is good for ten minutes."))
            return HttpResponseRedirect(f"{reverse('invitation', args=[token])}?sent")
        return HttpResponseRedirect(reverse("invitation", args=[token]))
    if coming_in and form.is_valid():
        device = request.COOKIES.get(DEVICE) or secrets.token_urlsafe(32)
        given = form.cleaned_data
        try:
            guest = entering.come_in(
                token,
                given["code"],
                device=device,
                typed_name=given.get("typed_name", ""),
                agreed=given.get("agreed", False),
            )
        except (entering.WrongCode, IllegalMove, Invalid) as refusal:
            form.add_error(None, _(refusal.text))
        else:
            login(request, guest, backend=settings.AUTHENTICATION_BACKENDS[0])
            request.session.set_expiry(VISIT_S)
            inside = HttpResponseRedirect(reverse("home"))
            inside.set_cookie(
                DEVICE,
                device,
                max_age=DEVICE_LIVES_S,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
            return inside
    answer = render(
        request,
        "programme/invitation.html",
        {
            "form": form,
            "first": first,
            "name": row.guest.given_name,
            "client": row.household.client.given_name,
            "by_email": row.by_email,
            "sent": form.is_bound or "sent" in request.GET,  # which of the two buttons is the next step
        },
        status=422 if form.errors else 200,
    )
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
