"""Who may see clients in which state, and until when; what ends soon stands first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from sessions.core import clock, zones
from sessions.people.access import Act
from sessions.people.models import Person
from sessions.programs import house
from sessions.programs.licences import STATES, Licence
from sessions.web import words
from sessions.web.days import date_field
from sessions.web.programme.calendar_forms import PersonChoice
from sessions.web.programme.pages import form_page, program
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

SOON: Final = timedelta(days=60)


class LicenceForm(forms.Form):
    person = PersonChoice(label=gettext_lazy("Whose"), queryset=Person.objects.none())
    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[("", "–"), *((code, code) for code in sorted(STATES))]
    )
    number = forms.CharField(label=gettext_lazy("Number"), max_length=40, required=False)
    since = date_field(gettext_lazy("Valid from"), required=False)
    until = date_field(
        gettext_lazy("Valid until"),
        required=False,
        help_text=gettext_lazy("The last day. Left empty, it has no end."),
    )

    def __init__(self, data: object, *, people: Any, row: Licence | None = None) -> None:
        held = {name: getattr(row, name) for name in ("state", "number", "since", "until")} if row else {}
        super().__init__(data, initial=held)  # type: ignore[arg-type]
        fields: dict[str, Any] = self.fields
        if row is None:
            fields["person"].queryset = people
        else:
            del fields["person"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("since") and given.get("until") and given["until"] < given["since"]:
            self.add_error("until", _("The last day lies before the first."))
        return given


@require_safe
@signed_in
def licences(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_LICENCES)
    today = zones.local_date(clock.now(), of.time_zone)
    rows = house.licences(of, today)
    states: dict[str, list[str]] = {}
    for one in sorted(rows, key=lambda row: (row.state, row.person.name)):
        if one.counts(today):
            states.setdefault(one.state, []).append(one.person.name)
    people = Person.objects.filter(pk__in=house.leading(of)).exclude(pk__in={row.person_id for row in rows})
    return render(
        request,
        "programme/licences.html",
        {
            "program": of,
            "rows": [_row(one, today) for one in rows],
            "states": [(state, words.and_list(names)) for state, names in states.items()],
            "without": [one.name for one in people.order_by("given_name", "family_name")],
            "tabs": tabs(request.user, of, "licences"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_licence(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_LICENCES)
    people = Person.objects.filter(pk__in=house.staff(of)).order_by("given_name", "family_name")
    form = LicenceForm(request.POST or None, people=people)
    return form_page(
        request,
        form,
        lambda: house.keep_licence(of, Licence(**form.cleaned_data), by=request.user),
        title=_("A licence"),
        lead=_("A compact is one licence for each of its states."),
        button=_("Keep this licence"),
        said=_("Kept."),
        back=reverse("licences", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def licence(request: PersonRequest, program_id: UUID, licence_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_LICENCES)
    row = house.licence(licence_id, of)
    form = LicenceForm(request.POST or None, people=None, row=row)

    def keep() -> None:
        for name, value in form.cleaned_data.items():
            setattr(row, name, value)
        house.keep_licence(of, row, by=request.user)

    return form_page(
        request,
        form,
        keep,
        title=_("Licence of %(name)s") % {"name": row.person.name},
        button=_("Keep this licence"),
        said=_("Kept."),
        back=reverse("licences", args=[of.pk]),
    )


def _row(one: Licence, today: date) -> dict[str, Any]:
    ends, state = one.until, ""
    if ends is not None and ends < today:
        state = "over"
    elif one.since is not None and one.since > today:
        state = "ahead"
    elif ends is not None and ends <= today + SOON:
        state = "soon"
    return {
        "licence": one,
        "state": state,
        "days": (ends - today).days if ends else None,
        "until": _long(ends),
        "since": _long(one.since),
    }


def _long(on: date | None) -> str:
    return words.long_day(on) if on else ""
