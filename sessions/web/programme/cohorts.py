"""Groups: how many they take, who leads them, and when they meet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.people.access import Act
from sessions.people.models import Person
from sessions.programs import house
from sessions.programs import settings as rules
from sessions.programs.models import Cohort, Program
from sessions.web.programme.calendar_forms import PeopleChoice, PersonChoice, staff_of
from sessions.web.programme.pages import done, form_page, program
from sessions.web.programme.schedule import series_row
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in


class CohortForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    capacity = forms.IntegerField(
        label=gettext_lazy("Places"),
        min_value=1,
        max_value=rules.LARGEST,
        required=False,
        help_text=gettext_lazy("Clients. Left empty, as many as its kinds of session take."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, data: object, *, of: Program, row: Cohort | None = None) -> None:
        super().__init__(
            data,  # type: ignore[arg-type]
            initial={"name": row.name, "capacity": row.capacity} if row else {},
        )
        others = Cohort.objects.of(of.pk)
        self.others = others.exclude(pk=row.pk) if row else others

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if self.others.filter(name=name).exists():
            raise forms.ValidationError(_("There is a group of this name already."))
        return name


class NewCohortForm(CohortForm):
    facilitators = PeopleChoice(
        label=gettext_lazy("Led by"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: object, *, of: Program) -> None:
        super().__init__(data, of=of)
        fields: dict[str, Any] = self.fields
        fields["facilitators"].queryset = staff_of(of)


class LeaderForm(forms.Form):
    person = PersonChoice(label=gettext_lazy("Leads it too"), queryset=Person.objects.none())

    def __init__(self, data: object, *, cohort: Cohort) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        fields: dict[str, Any] = self.fields
        fields["person"].queryset = staff_of(cohort.program).exclude(pk__in=cohort.facilitators.all())


@require_safe
@signed_in
def cohorts(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_COHORTS)
    running = house.series_of(of, zones.local_date(clock.now(), of.time_zone))
    rows = [
        {
            "cohort": one,
            "leads": sorted(each.name for each in one.facilitators.all()),
            "series": [series_row(row, brief=True) for row in running.get(one.pk, ())],
        }
        for one in house.cohorts(of)
    ]
    return render(
        request,
        "programme/cohorts.html",
        {"program": of, "rows": rows, "tabs": tabs(request.user, of, "cohorts")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_cohort(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_COHORTS)
    form = NewCohortForm(request.POST or None, of=of)

    def make() -> Cohort:
        given = form.cleaned_data
        return house.begin_cohort(
            of, given["name"], given["capacity"], list(given["facilitators"]), by=request.user
        )

    return form_page(
        request,
        form,
        make,
        title=_("A new group"),
        button=_("Make this group"),
        said=_("The group is there. Give it a series next, so that it meets."),
        back=reverse("cohorts", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def cohort(request: PersonRequest, program_id: UUID, cohort_id: UUID) -> HttpResponse:
    """One group: its name and places, and who leads it."""
    of = program(request.user, program_id, Act.KEEP_COHORTS)
    row = house.cohort(cohort_id, of.pk)
    which = request.POST.get("which", "")
    posted = request.POST if request.method == "POST" else None
    form = CohortForm(None if which == "leader" else posted, of=of, row=row)
    leader = LeaderForm(posted if which == "leader" else None, cohort=row)
    here = reverse("cohort", args=[of.pk, row.pk])

    def keep() -> None:
        house.change_cohort(row, form.cleaned_data["name"], form.cleaned_data["capacity"], by=request.user)

    return form_page(
        request,
        leader if which == "leader" else form,
        (lambda: house.give_cohort(row, leader.cleaned_data["person"], by=request.user))
        if which == "leader"
        else keep,
        title=row.name,
        button=_("Keep it"),
        said=_("Kept."),
        back=reverse("cohorts", args=[of.pk]),
        to=here,
        template="programme/cohort.html",
        context={
            "program": of,
            "cohort": row,
            "about": form,
            "leader": leader,
            "leads": row.facilitators.order_by("given_name", "family_name"),
        },
    )


@require_POST
@signed_in
def leader(
    request: PersonRequest, program_id: UUID, cohort_id: UUID, person_id: UUID, what: str
) -> HttpResponse:
    """Take the group from one who leads it, or give it back."""
    of = program(request.user, program_id, Act.KEEP_COHORTS)
    row = house.cohort(cohort_id, of.pk)
    person = staff_of(of).filter(pk=person_id).first() or row.facilitators.filter(pk=person_id).first()
    if person is None or what not in ("take", "give"):
        raise NotFound
    taken = what == "take"
    act = house.take_cohort if taken else house.give_cohort
    said = (
        _("%(name)s leads this group no more. Sessions already on the calendar stay theirs.")
        if taken
        else _("%(name)s leads this group.")
    )
    return done(
        request,
        lambda: act(row, person, by=request.user),
        said % {"name": person.name},
        reverse("cohort", args=[of.pk, row.pk]),
        undo=reverse("cohort-leader", args=[of.pk, row.pk, person.pk, "give"]) if taken else "",
    )
