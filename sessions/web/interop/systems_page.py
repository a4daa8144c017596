"""Which systems may read the programme's records: connected with a secret shown once, ended with a press."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sessions.core.errors import Invalid
from sessions.interop import systems
from sessions.interop.scopes import SCOPES
from sessions.people.access import Act
from sessions.web import words
from sessions.web.programme.pages import done, program, told
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

_LABELS = {
    "system/Patient.rs": gettext_lazy("Clients: name, e-mail, phone, language"),
    "system/Practitioner.rs": gettext_lazy("Staff and their licences"),
    "system/Appointment.rs": gettext_lazy("Sessions on clients' calendars"),
    "system/Encounter.rs": gettext_lazy("Signed attendance, with credited minutes"),
    "system/QuestionnaireResponse.rs": gettext_lazy("Assessments, with their answers"),
    "system/CarePlan.rs": gettext_lazy("Plans and goals"),
}


class SystemForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the system"),
        max_length=80,
        help_text=gettext_lazy("Clients see this name where it says who looked at their record."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may read"),
        choices=[(scope, _LABELS[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_SYSTEMS)
    form = SystemForm(request.POST or None)
    made, secret = None, ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, secret = systems.connect(of, given["name"], given["scopes"], by=request.user)
            form = SystemForm()
        except Invalid as refusal:
            form.add_error(None, told(refusal))
    return render(
        request,
        "programme/systems.html",
        {
            "program": of,
            "tabs": tabs(request.user, of, "systems"),
            "form": form,
            "made": made,
            "secret": secret,
            "address": request.build_absolute_uri(reverse("fhir"))[:-1],
            "token_address": request.build_absolute_uri(reverse("oauth-token")),
            "rows": [
                {
                    "row": one,
                    "reads": [_LABELS[scope] for scope in one.scopes],
                    "since": words.day(one.made_at),
                    "read": words.day(one.read_at) if one.read_at else "",
                }
                for one in systems.of(of)
            ],
        },
        status=422 if form.errors else 200,
    )


@require_POST
@signed_in
def end(request: PersonRequest, program_id: UUID, system_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_SYSTEMS)
    row = systems.system(system_id, of)
    return done(
        request,
        lambda: systems.end(row, by=request.user),
        _("%(name)s reads nothing any more.") % {"name": row.name},
        reverse("systems", args=[of.pk]),
    )
