"""A programme's own rules, for its administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions.people.access import Act
from sessions.programs import house
from sessions.programs.models import Program
from sessions.web.programme.pages import form_page, program
from sessions.web.programme.setting_fields import SECTIONS, held
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in


class SettingsForm(forms.Form):
    """Every row of setting_fields.SECTIONS, shown by section."""

    def __init__(self, data: object, *, of: Program) -> None:
        super().__init__(data, initial=held(of.settings))  # type: ignore[arg-type]
        for section in SECTIONS:
            for one in section.settings:
                self.fields[one.name] = one.field()

    def sections(self) -> list[dict[str, Any]]:
        return [
            {"title": one.title, "lead": one.lead, "fields": [self[row.name] for row in one.settings]}
            for one in SECTIONS
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        days, minutes = given.get("days_a_week") or 0, given.get("minutes_a_day") or 0
        if days and minutes and days * minutes < (given.get("weekly_target_minutes") or 0):
            self.add_error(
                "minutes_a_day", _("So many minutes a day on so many days do not reach the minutes a week.")
            )
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    form = SettingsForm(request.POST or None, of=of)
    return form_page(
        request,
        form,
        lambda: house.set_rules(of, form.cleaned_data, by=request.user),
        title=_("Rules of %(name)s") % {"name": of.name},
        button=_("Keep these rules"),
        said=_("Kept. They hold from now on."),
        back=reverse("home"),
        to=reverse("program-settings", args=[of.pk]),
        template="programme/settings.html",
        context={"sections": form.sections(), "tabs": tabs(request.user, of, "program-settings")},
    )
