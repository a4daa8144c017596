"""Bringing in people, series and history from a file: tried first; what is wrong stands by row and column."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.interop import importing
from sessions.interop.columns import COLUMNS, Sort
from sessions.people.access import Act
from sessions.web.programme.pages import program, told
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

_SORTS: Final = {
    Sort.PEOPLE: gettext_lazy("People"),
    Sort.SERIES: gettext_lazy("Series of sessions"),
    Sort.HISTORY: gettext_lazy("Episodes that are over"),
    Sort.ATTENDANCE: gettext_lazy("Sessions attended elsewhere"),
}
MOST_SHOWN: Final = 200


class ImportForm(forms.Form):
    sort = forms.ChoiceField(
        label=gettext_lazy("What the file holds"), choices=[(s.value, w) for s, w in _SORTS.items()]
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV in UTF-8, with a heading; 2,000 rows at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    keep = forms.BooleanField(
        label=gettext_lazy("Keep it when every row fits"),
        help_text=gettext_lazy("Without this it is only tried, and nothing changes."),
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.IMPORT)
    form = ImportForm(request.POST or None, request.FILES or None)
    result, sort = None, Sort.PEOPLE
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        sort = Sort(given["sort"])
        try:
            result = importing.bring_in(
                of, sort, _bytes(given["file"]), by=request.user, only_try=not given["keep"]
            )
        except importing.NoTable as wrong:
            form.add_error("file", told(wrong))
    wrong_rows = list(result.wrong) if result else []
    return render(
        request,
        "programme/import.html",
        {
            "program": of,
            "tabs": tabs(request.user, of, "import"),
            "form": form,
            "result": result,
            "wrong": [
                {"row": one.row, "column": one.column, "says": _(one.says)} for one in wrong_rows[:MOST_SHOWN]
            ],
            "more": max(0, len(wrong_rows) - MOST_SHOWN),
            "sort": _SORTS[sort],
            "columns": [
                {
                    "label": label,
                    "rows": [
                        {"name": one.name, "needed": one.needed, "says": _(one.says)} for one in COLUMNS[each]
                    ],
                }
                for each, label in _SORTS.items()
            ],
        },
        status=422 if form.errors or wrong_rows else 200,
    )


def _bytes(file: Any) -> bytes:
    """No more of it than the limit and one: what is larger is refused by its size."""
    found: bytes = file.read(importing.MOST_BYTES + 1)
    return found
