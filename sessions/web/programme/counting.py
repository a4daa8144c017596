"""How a programme counts minutes, for its administrators: each change is a version from a day on, and what
was signed stays as it was signed."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.attendance import policies
from sessions.attendance.policy import Policy, values_of
from sessions.core import clock, zones
from sessions.people.access import Act
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Program
from sessions.web import words
from sessions.web.days import date_field
from sessions.web.programme.pages import form_page, program
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

_MINUTE: Final = 60
# Key of the policy, what a person reads, seconds in one unit typed (1 also for what is no time), the most.
_NUMBERS: Final[tuple[tuple[str, Any, int, int], ...]] = (
    ("reconnect_grace", gettext_lazy("Seconds of a lost connection that still count"), 1, 600),
    ("reconnect_cap", gettext_lazy("Seconds of lost connections together that still count"), 1, 3600),
    ("facilitator_gap", gettext_lazy("Seconds without a facilitator that still count"), 1, 600),
    ("early_credit", gettext_lazy("Minutes before the start that may count"), _MINUTE, 60),
    ("overrun_cap", gettext_lazy("Minutes after the end that may count"), _MINUTE, 120),
    ("late_after", gettext_lazy("Minutes after the start when somebody is late"), _MINUTE, 120),
    ("present_percent", gettext_lazy("Percent of the time that make somebody present"), 1, 100),
    ("partial_minutes", gettext_lazy("Minutes that count as having been there in part"), 1, 1440),
)
_UNITS: Final = {name: unit for name, _label, unit, _most in _NUMBERS}


class CountingForm(forms.Form):
    def __init__(self, data: object, *, held: Policy) -> None:
        initial = {
            name: value // _UNITS.get(name, 1) if isinstance(value, int) else value
            for name, value in values_of(held).items()
        }
        super().__init__(data, initial={**initial, "credit_breaks": held.credit_breaks})  # type: ignore[arg-type]
        for name, label, _unit, most in _NUMBERS:
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=0,
                max_value=most,
                help_text=_("From %(least)d to %(most)d.") % {"least": 0, "most": most},
            )
        self.fields["credit_breaks"] = forms.BooleanField(label=_("Breaks count too"), required=False)
        self.fields["breakout_supervision"] = forms.ChoiceField(
            label=_("Time in a small room counts"),
            choices=[
                ("session", _("while a facilitator is anywhere in the session")),
                ("room", _("only while a facilitator is in that room")),
            ],
        )
        self.fields["hour_minutes"] = forms.TypedChoiceField(
            label=_("Minutes in an hour, on reports"), coerce=int, choices=[(60, "60"), (50, "50")]
        )
        self.fields["starting"] = date_field(
            _("From this day on"), required=False, help_text=_("Left empty, from now on.")
        )

    def values(self) -> dict[str, object]:
        """What differs from the default, as policies.set_policy wants it."""
        default = values_of(Policy())
        typed = {
            name: value * _UNITS.get(name, 1) if type(value) is int else value
            for name, value in self.cleaned_data.items()
            if name in default
        }
        return {name: value for name, value in typed.items() if value != default[name]}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """The rules of all kinds of session, or of `?kind=` alone."""
    of = program(request.user, program_id, Act.SET_CREDIT_POLICY)
    kind = next((one for one in MeetingKind if one.value == request.GET.get("kind")), None)
    held = policies.held(of, kind, clock.now())
    form = CountingForm(request.POST or None, held=held)

    def keep() -> None:
        day = form.cleaned_data["starting"]
        policies.set_policy(
            request.user,
            of,
            form.values(),
            kind=kind,
            effective_from=None if day is None else zones.day(day, of.time_zone).start,
        )

    here = reverse("credit-policy", args=[of.pk])
    return form_page(
        request,
        form,
        keep,
        title=_("How minutes are counted"),
        lead=_("What was signed stays as it was signed. Everything that is not signed yet follows."),
        button=_("Count like this"),
        said=_("Kept as a new version."),
        back=reverse("program-settings", args=[of.pk]),
        to=here if kind is None else f"{here}?kind={kind.value}",
        template="programme/counting.html",
        context={
            "here": here,
            "kind": kind,
            "kinds": [(one.value, one.label) for one in MeetingKind],
            "versions": _versions(of, kind),
            "tabs": tabs(request.user, of, "credit-policy"),
        },
    )


def _versions(of: Program, kind: MeetingKind | None) -> list[dict[str, object]]:
    """Newest first: from when, by whom, and what differs from the default."""
    labels = {name: str(label) for name, label, _unit, _most in _NUMBERS}
    labels |= {
        "credit_breaks": _("Breaks count too"),
        "breakout_supervision": _("Time in a small room counts"),
        "hour_minutes": _("Minutes in an hour, on reports"),
    }
    said = {True: _("yes"), False: _("no"), "room": _("only while a facilitator is in that room")}
    return [
        {
            "name": row.version,
            "since": words.day(row.effective_from),
            "by": row.created_by.name,
            "values": [
                (
                    labels[name],
                    said.get(value) if isinstance(value, bool | str) else value // _UNITS.get(name, 1),
                )
                for name, value in row.values.items()
                if name in labels
            ],
        }
        for row in policies.versions(of, kind)
    ]
