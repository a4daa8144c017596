"""A programme's own rules, for its administrators; and for everybody: who saw my record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from sessions.audit import service as audit
from sessions.people.access import Act
from sessions.people.models import Person
from sessions.programs import settings as rules
from sessions.programs.episode_models import Episode
from sessions.programs.models import Program
from sessions.web import words
from sessions.web.programme.pages import form_page, program
from sessions.web.signed_in import PersonRequest, signed_in

_LABELS: dict[str, Any] = {
    "weekly_target_minutes": gettext_lazy("Minutes a week, to begin with"),
    "days_a_week": gettext_lazy("Days a week, to begin with"),
    "minutes_a_day": gettext_lazy("Minutes a day, to begin with"),
    "episode_days": gettext_lazy("Days from the start to the planned end"),
    "planning_weeks": gettext_lazy("Weeks that series stand on the calendar ahead"),
    "review_every_days": gettext_lazy("Days between reviews of a plan"),
    "booking_notice_hours": gettext_lazy("Hours before a session up to which clients can book it"),
    "change_notice_hours": gettext_lazy("Hours before a session up to which clients can give it back"),
    "invitation_days": gettext_lazy("Days that a family guest's link is good"),
    "supervision_grace_s": gettext_lazy("Seconds without staff until a session pauses"),
    "testing_window_hours": gettext_lazy("Hours to give a sample in"),
    "floor_minutes": gettext_lazy("Minutes a week below which somebody is stepping down"),
    "absence_notice_hours": gettext_lazy(
        "Hours before a session up to which an absence is excused when told"
    ),
    "absences_in_a_row": gettext_lazy("Absences in a row, not excused, that ask for a review (0: never)"),
    "absences_in_days": gettext_lazy("Absences within some days, not excused, that ask for one (0: never)"),
    "absence_days": gettext_lazy("Those days"),
}


class SettingsForm(forms.Form):
    def __init__(self, data: object, *, of: Program) -> None:
        held = of.rules
        super().__init__(data, initial={name: getattr(held, name) for name in rules.LIMITS})  # type: ignore[arg-type]
        for name, (least, most) in rules.LIMITS.items():
            self.fields[name] = forms.IntegerField(
                label=_LABELS.get(name, name),
                min_value=least,
                max_value=most,
                help_text=_("From %(least)d to %(most)d.") % {"least": least, "most": most},
            )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    form = SettingsForm(request.POST or None, of=of)

    @transaction.atomic
    def keep() -> None:
        held = Program.objects.select_for_update().get(pk=of.pk)
        held.settings = rules.write(replace(held.rules, **form.cleaned_data), held.settings)
        held.full_clean()
        held.save(update_fields=["settings"])
        audit.record(
            actor_id=request.user.pk,
            act=Act.SET_PROGRAM,
            subject_type="program",
            subject_id=of.pk,
            scope=of.pk,
        )

    return form_page(
        request,
        form,
        keep,
        title=_("Rules of %(name)s") % {"name": of.name},
        button=_("Keep these rules"),
        said=_("Kept. They hold from now on."),
        back=reverse("home"),
        to=reverse("program-settings", args=[of.pk]),
    )


@require_safe
@signed_in
def seen(request: PersonRequest) -> HttpResponse:
    """Who looked at what of the reader, newest first: from the record of access itself."""
    person = request.user
    own = [str(pk) for pk in Episode.objects.filter(person=person).values_list("pk", flat=True)]
    rows = Paginator(audit.looks_at(person.pk, own), 30).get_page(request.GET.get("page"))
    names = {
        one.pk: one.name
        for one in Person.objects.filter(pk__in={row.actor_id for row in rows if row.actor_id})
    }
    return render(
        request,
        "programme/seen.html",
        {
            "page": rows,
            "rows": [
                {
                    "who": names.get(row.actor_id, _("the system")) if row.actor_id else _("the system"),
                    "what": _what(row.act),
                    "when": f"{words.day(row.at)}, {words.clock(row.at)}",
                    "refused": row.outcome == "refused",
                }
                for row in rows
            ],
        },
    )


def _what(act: str) -> str:
    said = {
        "episode.seen": _("looked at your way here"),
        "plan.seen": _("looked at your plan"),
        "plan.assessments-seen": _("looked at your assessments"),
        "tests.seen": _("looked at your samples"),
        "plan.written": _("wrote your plan"),
        "plan.signed": _("signed your plan"),
        "plan.assessed": _("kept an assessment"),
    }
    if act.startswith("episode."):
        return said.get(act, _("changed your episode"))
    if act.startswith("tests."):
        return said.get(act, _("noted something about a sample"))
    return said.get(act, _("opened or changed your record"))
