"""The waitlist, for coordinators; and a place that is kept for somebody, for themselves."""

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

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.messages.models import Message
from sessions.people.access import Act
from sessions.people.models import Person
from sessions.programs import house, waitlist
from sessions.programs.episode_models import Episode
from sessions.programs.models import Cohort, Program
from sessions.programs.waitlist import Waits
from sessions.web import words
from sessions.web.programme.calendar_forms import PersonChoice, clients_of
from sessions.web.programme.pages import done, form_page, program
from sessions.web.programme.schedule import series_row
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in


class WaitForm(forms.Form):
    person = PersonChoice(label=gettext_lazy("Who"), queryset=Person.objects.none())
    cohort = forms.ModelChoiceField(
        label=gettext_lazy("For which group"),
        queryset=Cohort.objects.none(),
        empty_label=gettext_lazy("Choose…"),
    )

    def __init__(self, data: object, *, of: Program) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        fields: dict[str, Any] = self.fields
        fields["person"].queryset = clients_of(of)
        fields["cohort"].queryset = Cohort.objects.of(of.pk).order_by("name")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """Who waits for which group and when that meets, in order; and a form for one more."""
    of = program(request.user, program_id, Act.KEEP_EPISODES)
    form = WaitForm(request.POST or None, of=of)
    now = clock.now()
    running = house.series_of(of, zones.local_date(now, of.time_zone))
    found = waitlist.lines(of)
    ids = [one.pk for line in found for one in line.entries]
    told = set(Message.objects.filter(about__in=ids).values_list("about", flat=True))
    people = [one.person_id for line in found for one in line.entries]
    audit.record_look(
        actor_id=request.user.pk,
        act="waitlist.seen",
        subject_type="program",
        subject_id=of.pk,
        people=set(people),
        scope=of.pk,
    )
    episodes = {
        one.person_id: one for one in Episode.objects.of(of.pk).filter(person__in=people, ended_on=None)
    }
    return form_page(
        request,
        form,
        lambda: waitlist.join(form.cleaned_data["cohort"], form.cleaned_data["person"], by=request.user),
        title=_("Waiting for a place"),
        button=_("Put them on the list"),
        said=_("They are on the list. When a place frees and it is their turn, it is offered to them."),
        back=reverse("census", args=[of.pk]),
        to=reverse("waitlist", args=[of.pk]),
        template="programme/waitlist.html",
        context={
            "program": of,
            "tabs": tabs(request.user, of, "waitlist"),
            "lines": [
                {
                    "cohort": line.cohort,
                    "free": line.free,
                    "series": [series_row(row, brief=True) for row in running.get(line.cohort.pk, ())],
                    "entries": [
                        {
                            "entry": one,
                            "state": waitlist.state(one, now).value,
                            "since": words.day(one.since),
                            "until": _moment(one.offer_ends_at),
                            "told": one.pk in told,
                            "episode": episodes.get(one.person_id),
                            "first": n == 0,
                        }
                        for n, one in enumerate(line.entries)
                    ],
                }
                for line in found
            ],
        },
    )


@require_POST
@signed_in
def act(request: PersonRequest, program_id: UUID, entry_id: UUID, what: str) -> HttpResponse:
    """Move somebody up, offer them the place, take them off the list, or put them back."""
    of = program(request.user, program_id, Act.KEEP_EPISODES)
    row = waitlist.entry(entry_id, of.pk)
    acts: dict[str, tuple[Any, str]] = {
        "up": (waitlist.move_up, _("%(name)s stands first now.")),
        "offer": (waitlist.offer, _("The place is offered to %(name)s.")),
        "leave": (waitlist.leave, _("%(name)s is off the list.")),
        "back": (waitlist.back, _("%(name)s is on the list.")),
    }
    if what not in acts:
        raise NotFound
    do, said = acts[what]
    return done(
        request,
        lambda: do(row, by=request.user),
        said % {"name": row.person.name},
        reverse("waitlist", args=[of.pk]),
        undo=reverse("waitlist-act", args=[of.pk, row.pk, "back"]) if what == "leave" else "",
    )


@require_safe
@signed_in
def mine(request: PersonRequest) -> HttpResponse:
    """The places that are kept for the reader."""
    now = clock.now()
    shown = []
    for one in waitlist.offers_to(request.user, now):
        running = house.series_of(one.cohort.program, zones.local_date(now, one.cohort.program.time_zone))
        shown.append(
            {
                "entry": one,
                "taken": waitlist.state(one, now) is Waits.TAKEN,
                "until": _moment(one.offer_ends_at),
                "series": [series_row(row, brief=True) for row in running.get(one.cohort_id, ())],
            }
        )
    return render(request, "programme/places.html", {"offers": shown})


@require_POST
@signed_in
def answer(request: PersonRequest, entry_id: UUID, what: str) -> HttpResponse:
    if what not in ("yes", "no"):
        raise NotFound
    said = (
        _("Thank you. The place is kept for you; your team gets in touch about the first day.")
        if what == "yes"
        else _("That is fine. You stay on the list.")
    )
    return done(
        request,
        lambda: waitlist.answer(entry_id, request.user, wanted=what == "yes"),
        said,
        reverse("place-offers"),
    )


def _moment(at: Any) -> str:
    return f"{words.day(at)}, {words.clock(at)}" if at else ""
