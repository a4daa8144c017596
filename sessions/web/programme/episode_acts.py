"""The steps that an episode's page offers: each with its form, what it does and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.aftercare import beginning
from sessions.people.models import Person
from sessions.plan import groups
from sessions.plan import service as plans
from sessions.programs import episode_facts, episodes, steps, stretches
from sessions.programs.episode_models import Episode, EpisodeFactKind, Stage
from sessions.programs.models import LevelOfCare
from sessions.web.programme.episode_forms import AdmissionForm, EndForm, LeaveForm, StepForm, WhyForm
from sessions.web.signed_in import PersonRequest


def _admission(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
    form = AdmissionForm(
        request.POST or None, of=row.program, initial={"starts_on": episode_facts.today(row)}
    )

    def do() -> object:
        given = form.cleaned_data
        return episodes.admit(
            row,
            given["cohort"],
            given["starts_on"],
            form.hours(),
            by=request.user,
            therapist=given["therapist"],
            planned_end_on=given["planned_end_on"],
            level_of_care=LevelOfCare(given["level_of_care"]),
        )

    return form, do


def _step(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
    stretch = stretches.open_stretch(row)
    initial: dict[str, Any] = {"effective_on": episode_facts.today(row) + timedelta(days=7)}
    if stretch is not None:
        initial |= {
            "cohort": stretch.cohort_id,
            "level_of_care": stretch.level_of_care,
            "weekly_target_minutes": stretch.weekly_target_minutes,
            "days_a_week": stretch.days_a_week,
            "minutes_a_day": stretch.minutes_a_day,
        }
    form = StepForm(request.POST or None, of=row.program, initial=initial)

    def do() -> object:
        given = form.cleaned_data
        proposal = steps.propose(
            row,
            LevelOfCare(given["level_of_care"]),
            given["cohort"],
            form.hours(),
            given["effective_on"],
            given["why"],
            by=request.user,
        )
        plans.step_waits(proposal)
        return proposal

    return form, do


def _plain(do: Callable[[Episode, str, Person], object]) -> Any:
    def make(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
        form = WhyForm(request.POST or None)
        return form, lambda: do(row, form.cleaned_data["why"], request.user)

    return make


def _bare(do: Callable[[Episode, Person], object]) -> Any:
    def make(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
        form = forms.Form(request.POST if request.method == "POST" else None)
        return form, lambda: do(row, request.user)

    return make


def _leaving(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
    form = LeaveForm(request.POST or None, initial={"on": episode_facts.today(row) + timedelta(days=1)})

    def do() -> object:
        given = form.cleaned_data
        return groups.take_out(row, given["on"], given["why"], by=request.user)

    return form, do


def _ending(request: PersonRequest, row: Episode) -> tuple[forms.Form, Callable[[], object]]:
    begun = row.stage != Stage.ENROLLED
    form = EndForm(request.POST or None, begun=begun, initial={"on": episode_facts.today(row)})

    def do() -> object:
        given = form.cleaned_data
        how = EpisodeFactKind(given["how"])
        return episodes.finish(row, how, given["on"], given["why"], by=request.user)

    return form, do


def _again(row: Episode, by: Person) -> None:
    with transaction.atomic():
        beginning.withdraw(row)
        groups.reopen(row, by=by)


ACTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "assess": (
        _bare(lambda row, by: episodes.assess(row, by=by)),
        gettext_lazy("Begin the assessment"),
        gettext_lazy("Begin the assessment"),
        gettext_lazy("The assessment has begun."),
    ),
    "admit": (_admission, gettext_lazy("Admit"), gettext_lazy("Admit"), gettext_lazy("Admitted.")),
    "decline": (
        _plain(lambda row, why, by: episodes.decline(row, why, by=by)),
        gettext_lazy("Do not admit"),
        gettext_lazy("Do not admit"),
        gettext_lazy("Noted."),
    ),
    "step": (
        _step,
        gettext_lazy("Propose a change of level or hours"),
        gettext_lazy("Propose it"),
        gettext_lazy("Proposed. It holds when a clinician has signed it."),
    ),
    "pause": (
        _plain(lambda row, why, by: episodes.pause(row, why, by=by)),
        gettext_lazy("Pause"),
        gettext_lazy("Pause"),
        gettext_lazy("Paused. Their place and hours rest."),
    ),
    "resume": (
        _bare(lambda row, by: episodes.resume(row, by=by)),
        gettext_lazy("Come back from the pause"),
        gettext_lazy("They are back"),
        gettext_lazy("They are back in their group."),
    ),
    "leave": (
        _leaving,
        gettext_lazy("Take them out of the group"),
        gettext_lazy("Take them out of the group"),
        gettext_lazy("From that day on the group's sessions are off their calendar."),
    ),
    "back": (
        _bare(lambda row, by: groups.put_back(row, by=by)),
        gettext_lazy("Back into the group"),
        gettext_lazy("Back into the group"),
        gettext_lazy("They are back in their group."),
    ),
    "finish": (
        _ending,
        gettext_lazy("End the episode"),
        gettext_lazy("End the episode"),
        gettext_lazy("The episode has ended. Aftercare takes over from here."),
    ),
    "reopen": (
        _bare(_again),
        gettext_lazy("Take the end back"),
        gettext_lazy("Take the end back"),
        gettext_lazy("They are where they were before. Look at their week, samples and guests once more."),
    ),
}


def said(what: str, stage: Stage) -> str:
    """What is told once it is done, by the stage it was done in."""
    if what == "finish" and stage is Stage.ENROLLED:
        return _("The episode has ended before it began. Their place is free.")
    return str(ACTS[what][3])


FORWARD = ("assess", "admit", "resume")  # the main act of a stage; the others are never urged
UNDO = {"leave": "back", "decline": "reopen", "finish": "reopen"}
_NEXT: dict[Stage, tuple[str, ...]] = {
    Stage.REFERRED: ("assess", "decline"),
    Stage.ASSESSING: ("admit", "decline"),
    Stage.ENROLLED: ("finish",),
    Stage.ACTIVE: ("pause", "finish"),
    Stage.ON_HOLD: ("resume", "finish"),
}


def offered(stage: Stage, grouped: bool, left: bool, ended: bool) -> list[tuple[str, str]]:
    """What can come next, each with its words: by the stage, and whether they are, or were, in a group."""
    found = list(_NEXT.get(stage, ())) or (["reopen"] if ended else [])
    if stage is Stage.ACTIVE:
        if left:
            found.insert(0, "back")
        elif grouped:
            found.insert(1, "leave")
    return [(what, str(ACTS[what][1])) for what in found]
