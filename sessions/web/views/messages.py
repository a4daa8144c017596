"""Messages: what was sent to whom, for staff; what one wants to get, for oneself; stopping them from
outside."""

from __future__ import annotations

import hmac
import json
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core.daytime import Quiet
from sessions.core.errors import NotFound
from sessions.messages import consents, service
from sessions.messages.models import Channel
from sessions.people import service as people
from sessions.people.roles import Role
from sessions.programs.models import Program
from sessions.web import deliveries
from sessions.web.signed_in import PersonRequest, signed_in

A_PAGE: Final = 50


class RemindersForm(forms.Form):
    """On which channels, and when not."""

    email = forms.BooleanField(label=gettext_lazy("By e-mail"), required=False)
    sms = forms.BooleanField(label=gettext_lazy("By text message"), required=False)
    quiet_from = forms.TimeField(
        label=gettext_lazy("Nothing after"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("and before"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """For coordinators: the programme's messages and what became of each."""
    led = list(
        Program.objects.filter(pk__in=people.program_ids(request.user, Role.COORDINATOR)).order_by("name")
    )
    program = next((one for one in led if str(one.pk) == request.GET.get("program")), led[0] if led else None)
    if program is None:
        raise NotFound
    rows = Paginator(service.deliveries(request.user, program), A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "messages/deliveries.html",
        {"programs": led, "program": program, "pages": rows, "rows": [deliveries.told(row) for row in rows]},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reminders(request: PersonRequest) -> HttpResponse:
    """One's own reminders: opt in, opt out, quiet hours."""
    person = request.user
    quiet, wanted = consents.quiet_of(person), consents.wanted(person)
    form = RemindersForm(
        request.POST if request.method == "POST" else None,
        initial={
            "email": Channel.EMAIL in wanted,
            "sms": Channel.SMS in wanted,
            "quiet_from": quiet.start,
            "quiet_until": quiet.end,
        },
    )
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        if given["sms"] and not person.phone:
            form.add_error("sms", _("We have no phone number of yours. Please give it to your team first."))
        else:
            _keep(request, given)
            return HttpResponseRedirect(reverse("reminders"))
    context = {"form": form, "address": person.email, "phone": person.phone}
    return render(request, "messages/reminders.html", context, status=422 if form.errors else 200)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link under an e-mail. Looking changes nothing; the button, or the mail program's own, does (RFC
    8058).

    No sign-in and no form token: whoever has the link may stop these messages, and nothing else.
    """
    message = consents.message_of(token)
    done = request.method == "POST"
    if done and message.person is not None:
        consents.withdraw(message.person, Channel(message.channel), how="unsubscribe")
    elif done:
        service.stop_recipient(message)
    return render(request, "messages/stop.html", {"done": done})


@csrf_exempt
@require_POST
def heard(request: HttpRequest) -> HttpResponse:
    """The SMS gateway tells of an answer: {"from", "text"}; or of a delivery: {"id", "delivered"}."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.SMS_TOKEN or not hmac.compare_digest(given.encode(), settings.SMS_TOKEN.encode()):
        raise NotFound
    try:
        told = json.loads(request.body)
        if "from" in told:
            consents.heard(Channel.SMS, str(told["from"]), str(told.get("text", "")))
        else:
            service.told(str(told["id"]), bool(told["delivered"]), str(told.get("code", "")))
    except (ValueError, TypeError, KeyError):
        return HttpResponse(status=400)
    return HttpResponse(status=204)


def _keep(request: PersonRequest, given: dict[str, Any]) -> None:
    for channel in Channel:
        change = consents.give if given[channel.value] else consents.withdraw
        change(request.user, channel)
    begins, ends = given["quiet_from"], given["quiet_until"]
    if Quiet(begins, ends) != Quiet() or consents.quiet_of(request.user) != Quiet():
        consents.set_quiet(request.user, begins, ends)
    notices.success(request, _("Kept. This counts from now on."))
