"""How a programme keeps up with its alumni, for its administrators: each change is a version, and what is
planned already stays as it was planned."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.aftercare import engine, policies
from sessions.aftercare.policy import Phase, Policy, values_of
from sessions.core import clock
from sessions.people.access import Act
from sessions.programs.models import Program
from sessions.web import words
from sessions.web.programme.calendar_forms import time_field
from sessions.web.programme.pages import form_page, program
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

# Key of the policy, what a person reads, the least, the most, in steps of.
_NUMBERS: Final[tuple[tuple[str, Any, int, int, int], ...]] = (
    ("first_after_days", gettext_lazy("Days after the end of treatment for the first call"), 1, 7, 1),
    ("first_within_days", gettext_lazy("Days within which the first call must be"), 1, 28, 1),
    ("floor_days", gettext_lazy("Days between two calls, at least"), 1, 28, 1),
    ("ahead_days", gettext_lazy("Days that calls are planned ahead"), 7, 120, 1),
    ("offer_days", gettext_lazy("Days before a call when a time is proposed"), 1, 28, 1),
    ("flex_days", gettext_lazy("Days around its day that the time may lie"), 0, 6, 1),
    ("length_minutes", gettext_lazy("Minutes kept free for a call"), 15, 120, 15),
    ("move_until_minutes", gettext_lazy("Minutes before a call up to which it can be moved"), 0, 1440, 1),
    ("email_before_minutes", gettext_lazy("Minutes before a call for the e-mail"), 0, 10_080, 1),
    ("sms_before_minutes", gettext_lazy("Minutes before a call for the text message"), 0, 1440, 1),
    ("second_try_minutes", gettext_lazy("Minutes until the second try"), 1, 240, 1),
    ("lost_after_days", gettext_lazy("Days without contact after which there is a call a month"), 7, 180, 1),
    ("retry_months", gettext_lazy("Months for which there is one"), 0, 24, 1),
    ("bam_risk", gettext_lazy("Risks (BAM) that count as many, from"), 0, 24, 1),
    ("bam_protective", gettext_lazy("What protects (BAM) that counts as little, up to"), 0, 24, 1),
    ("phq9", gettext_lazy("Mood (PHQ-9) that needs attention, from"), 1, 27, 1),
    ("gad7", gettext_lazy("Anxiety (GAD-7) that needs attention, from"), 1, 21, 1),
    ("phq9_rise", gettext_lazy("Mood (PHQ-9) worse than last time, by"), 1, 27, 1),
    ("contact_hours", gettext_lazy("Hours until somebody urgent is called"), 1, 168, 1),
    ("review_business_days", gettext_lazy("Working days until a clinician looks at it"), 1, 10, 1),
)
_TIMES: Final = (
    ("quiet_from", gettext_lazy("Nobody is called or written to from")),
    ("quiet_to", gettext_lazy("until")),
)
_STRETCHES: Final = (
    ("weekly_until", gettext_lazy("Weekly until week"), 52),
    ("fortnightly_until", gettext_lazy("Every two weeks until month"), 36),
    ("monthly_until", gettext_lazy("Monthly until month"), 60),
)
_SECTIONS: Final[tuple[tuple[Any, tuple[str, ...]], ...]] = (
    (
        gettext_lazy("How often"),
        (
            *("weekly_until", "fortnightly_until", "monthly_until"),
            *("first_after_days", "first_within_days", "floor_days", "holidays"),
        ),
    ),
    (
        gettext_lazy("When in the day"),
        ("quiet_from", "quiet_to", "length_minutes", "ahead_days", "offer_days", "flex_days"),
    ),
    (
        gettext_lazy("Reminders and tries"),
        (
            *("email_before_minutes", "sms_before_minutes", "move_until_minutes"),
            *("second_try_minutes", "lost_after_days", "retry_months"),
        ),
    ),
    (
        gettext_lazy("What is urgent"),
        (
            *("bam_risk", "bam_protective", "phq9", "phq9_rise", "gad7"),
            *("contact_hours", "review_business_days"),
        ),
    ),
)
_LONGEST: Final = 4000


class CallingForm(forms.Form):
    def __init__(self, data: object, *, held: Policy) -> None:
        initial: dict[str, object] = {name: getattr(held, name) for name, *_rest in _NUMBERS}
        initial |= {name: getattr(held, name) for name, _label in _TIMES}
        initial["holidays"] = "\n".join(day.isoformat() for day in held.holidays)
        for (name, _label, _most), phase in zip(_STRETCHES, held.phases, strict=False):
            initial[name] = phase.until_weeks or phase.until_months
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        for name, label, most in _STRETCHES:
            self.fields[name] = _number(label, 1, most, 1)
        for name, label, least, most, step in _NUMBERS:
            self.fields[name] = _number(label, least, most, step)
        for name, label in _TIMES:
            self.fields[name] = time_field(label, help_text=_("By the alumnus's own clock."))
        self.fields["holidays"] = forms.CharField(
            label=_("Days without calls"),
            required=False,
            max_length=_LONGEST,
            help_text=_("One a line, like 2026-12-25."),
            widget=forms.Textarea(attrs={"rows": 4}),
        )

    def clean_holidays(self) -> tuple[date, ...]:
        try:
            return tuple(sorted({date.fromisoformat(day) for day in self.cleaned_data["holidays"].split()}))
        except ValueError as wrong:
            raise forms.ValidationError(_("Write each day like 2026-12-25.")) from wrong

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        weeks, months, last = (given.get(name) for name, _label, _most in _STRETCHES)
        if weeks and months and last and not (weeks <= months * 5 and months <= last):
            self.add_error("monthly_until", _("Each stretch ends after the one before it."))
        first, within = given.get("first_after_days"), given.get("first_within_days")
        if first and within and within < first:
            self.add_error("first_within_days", _("This cannot be before the day of the first call."))
        return given

    def values(self) -> dict[str, object]:
        """What differs from the default, as policies.set_policy wants it."""
        given = self.cleaned_data
        typed = {name: given[name] for name, *_rest in _NUMBERS} | {name: given[name] for name, _ in _TIMES}
        typed["holidays"] = given["holidays"]
        typed["phases"] = (
            Phase(weeks=1, until_weeks=given["weekly_until"]),
            Phase(weeks=2, until_months=given["fortnightly_until"]),
            Phase(months=1, until_months=given["monthly_until"]),
        )
        default = values_of(Policy())
        told: dict[str, object] = msgspec.to_builtins(typed)
        return {name: value for name, value in told.items() if value != default[name]}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_AFTERCARE_POLICY)
    form = CallingForm(request.POST or None, held=policies.policy_of(of.pk))
    now = clock.now()
    health = engine.health(now)
    return form_page(
        request,
        form,
        lambda: policies.set_policy(request.user, of, form.values()),
        title=_("Calls after treatment"),
        lead=_("What is planned already stays as it was planned. Everything planned from now on follows."),
        button=_("Call like this"),
        said=_("Kept as a new version."),
        back=reverse("program-settings", args=[of.pk]),
        to=reverse("aftercare-policy", args=[of.pk]),
        template="programme/calling.html",
        context={
            "tabs": tabs(request.user, of, "aftercare-policy"),
            "sections": [
                {"title": title, "fields": [form[name] for name in names]} for title, names in _SECTIONS
            ],
            "versions": _versions(of),
            "still": health.stands_still(now),
            "ran_at": health.ran_at and f"{words.day(health.ran_at)}, {words.clock(health.ran_at)}",
            "late_minutes": int(health.late.total_seconds() // 60),
        },
    )


def _number(label: Any, least: int, most: int, step: int) -> forms.IntegerField:
    told = _("From %(least)d to %(most)d.") % {"least": least, "most": most}
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        step_size=step if step > 1 else None,
        help_text=told,
    )


def _versions(of: Program) -> list[dict[str, object]]:
    """Newest first: from when, by whom, and what differs from the default."""
    labels = {name: label for name, label, *_rest in _NUMBERS} | dict(_TIMES)
    return [
        {
            "name": row.version,
            "since": words.day(row.created_at),
            "by": row.created_by.name,
            "values": [*_stretches(row.values), *_told(row.values, labels)],
        }
        for row in policies.versions(of)
    ]


def _stretches(values: dict[str, Any]) -> list[tuple[object, object]]:
    phases = zip(_STRETCHES, values.get("phases", ()), strict=False)
    return [
        (label, phase.get("until_weeks") or phase.get("until_months")) for (_, label, _most), phase in phases
    ]


def _told(values: dict[str, Any], labels: dict[str, Any]) -> list[tuple[object, object]]:
    days = [(_("Days without calls"), ", ".join(values["holidays"]))] if values.get("holidays") else []
    return [(labels[name], value) for name, value in values.items() if name in labels] + days
