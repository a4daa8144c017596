"""Somebody by name. What is asked for is posted: a name never stands in an address."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.core.errors import NotFound
from sessions.people.access import Act, may
from sessions.people.models import Person
from sessions.people.roles import STAFF, Role
from sessions.programs import finding
from sessions.programs.finding import Found
from sessions.programs.models import Program
from sessions.web.signed_in import PersonRequest, signed_in

PAGE: Final = 30


class SearchForm(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Name, or a part of it"),
        min_length=finding.SHORTEST,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """In every programme the reader works in. Raises NotFound for who works in none."""
    led = programs_of(request.user)
    if not led:
        raise NotFound
    form = SearchForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "several": len(led) > 1, "asked": False}
    if form.is_bound and form.is_valid():
        rows = [
            row
            for of in led
            for row in _rows(request.user, of, finding.find(request.user, of, form.cleaned_data["q"]))
        ]
        context |= {
            "asked": True,
            "page": Paginator(rows, PAGE).get_page(request.POST.get("page")),
            "q": form.cleaned_data["q"],
        }
    return render(request, "programme/search.html", context, status=422 if form.errors else 200)


def programs_of(person: Person) -> list[Program]:
    live = person.memberships.all().active().filter(role__in=STAFF)
    return list(Program.objects.filter(pk__in=live.values("program")).order_by("name"))


def _rows(reader: Person, of: Program, found: list[Found]) -> list[dict[str, Any]]:
    files, staff = may(reader, Act.SEE_CONSENTS, of), may(reader, Act.KEEP_STAFF, of)
    rows = []
    for one in found:
        links = []
        if one.episode_id is not None and not {Role.CLIENT, Role.ALUMNUS}.isdisjoint(one.roles):
            links.append((gettext_lazy("Their way here"), reverse("episode", args=[one.episode_id])))
            if files:
                address = reverse("file", args=[of.pk, one.person.pk])
                links.append((gettext_lazy("Papers and reports"), address))
        if staff and not STAFF.isdisjoint(one.roles):
            links.append((gettext_lazy("Staff"), reverse("staff", args=[of.pk])))
        rows.append(
            {"found": one, "program": of, "roles": [str(role.label) for role in one.roles], "links": links}
        )
    return rows
