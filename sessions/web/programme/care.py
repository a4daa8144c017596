"""A client's plan and assessments: for clinicians and coordinators, and what is the client's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act, may
from sessions.plan import service
from sessions.plan.forms import FORMS, NO, YES, Form
from sessions.plan.models import Modality
from sessions.programs import episode_facts, episodes
from sessions.programs.episode_models import Episode, Stage
from sessions.web import words
from sessions.web.programme.episode_forms import SignForm
from sessions.web.programme.pages import done, episode_for, form_page
from sessions.web.signed_in import PersonRequest, signed_in

GOALS = 5
_TEXT = forms.Textarea(attrs={"rows": 3})


class AnswersForm(forms.Form):
    """One assessment form, as its definition says."""

    def __init__(self, data: object, *, asked: Form) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        for one in asked.questions:
            self.fields[one.code] = (
                forms.CharField(label=_(one.text), required=False, widget=_TEXT)
                if one.free
                else forms.ChoiceField(
                    label=_(one.text), choices=[(YES, _("yes")), (NO, _("no"))], widget=forms.RadioSelect
                )
            )


class PlanForm(forms.Form):
    summary = forms.CharField(label=gettext_lazy("Where things stand"), widget=_TEXT, required=False)
    modalities = forms.MultipleChoiceField(
        label=gettext_lazy("How we work"),
        choices=Modality.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, data: object, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        for n in range(1, GOALS + 1):
            self.fields[f"goal{n}"] = forms.CharField(
                label=_("Goal %(n)d") % {"n": n}, required=n == 1, max_length=400
            )
            self.fields[f"steps{n}"] = forms.CharField(
                label=_("Steps towards goal %(n)d") % {"n": n}, required=False, widget=_TEXT
            )

    def words(self) -> service.Words:
        given = self.cleaned_data
        goals = (service.Goal(given[f"goal{n}"], given[f"steps{n}"]) for n in range(1, GOALS + 1))
        return service.Words(given["summary"], tuple(goal for goal in goals if goal.text.strip()))


class ReviewForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What you found together"), max_length=service.LONGEST, widget=_TEXT
    )


@require_http_methods(["GET", "HEAD"])
@signed_in
def plan(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    return _plan(request, episodes.episode(episode_id), SignForm())


def _plan(request: PersonRequest, row: Episode, form: SignForm) -> HttpResponse:
    found = service.current(request.user, row)
    own = request.user.pk == row.person_id
    keeps = may(request.user, Act.KEEP_PLAN, row)
    signs = may(request.user, Act.SIGN_PLAN, row)
    due = service.review_due(row)
    week = service.week_check(row, episode_facts.today(row))
    context: dict[str, Any] = {
        "episode": row,
        "own": own,
        "keeps": keeps,
        "prescribes": may(request.user, Act.PRESCRIBE, row),
        "form": form,
        "due": words.day(due) if due else "",
        "week": week,
        "week_of": words.day(week.monday) if week else "",
        "forms": [(one.code, _(one.title)) for one in FORMS.values()] if keeps else [],
        "assessments": [],
        "reviews": [(one, text, words.day(one.on)) for one, text in service.reviews(request.user, row)],
    }
    if keeps:
        context["assessments"] = [
            {
                "row": one,
                "title": _(FORMS[one.form].title) if one.form in FORMS else one.form,
                "day": words.day(one.at),
                "answers": [
                    (
                        _(q.text),
                        {YES: _("yes"), NO: _("no")}.get(answers.get(q.code, ""), answers.get(q.code, "")),
                    )
                    for q in FORMS[one.form].questions
                    if answers.get(q.code)
                ]
                if one.form in FORMS
                else [],
            }
            for one, answers in service.assessments(request.user, row)
        ]
    if found is not None:
        held, said = found
        context |= {
            "plan": held,
            "words": said,
            "modalities": [str(Modality(code).label) for code in held.modalities],
            "client_signed": _signed(held.client_name, held.client_at),
            "clinician_signed": _signed(held.clinician_name, held.clinician_at),
            "signs": signs and (held.client_at if own else held.clinician_at) is None,
        }
    return render(request, "programme/plan.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def assess(request: PersonRequest, episode_id: UUID, code: str) -> HttpResponse:
    row = episode_for(request.user, episode_id, Act.KEEP_PLAN)
    if code not in FORMS:
        raise NotFound
    form = AnswersForm(request.POST or None, asked=FORMS[code])
    return form_page(
        request,
        form,
        lambda: service.assess(row, FORMS[code], form.cleaned_data, by=request.user),
        title=_(FORMS[code].title),
        lead=row.person.name,
        button=_("Keep these answers"),
        said=_("Kept."),
        # before admission the way goes on at the episode, which lists what is still to be asked
        back=reverse("episode" if row.stage in (Stage.REFERRED, Stage.ASSESSING) else "plan", args=[row.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def write(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = episode_for(request.user, episode_id, Act.KEEP_PLAN)
    found = service.current(request.user, row)
    initial: dict[str, Any] = {}
    if found is not None:
        held, said = found
        initial = {"summary": said.summary, "modalities": held.modalities}
        for n, goal in enumerate(said.goals[:GOALS], 1):
            initial |= {f"goal{n}": goal.text, f"steps{n}": goal.steps}
    form = PlanForm(request.POST or None, initial)
    return form_page(
        request,
        form,
        lambda: service.write(
            row, form.words(), [Modality(one) for one in form.cleaned_data["modalities"]], by=request.user
        ),
        title=_("The plan of %(name)s") % {"name": row.person.name},
        lead=_("Write it together. Both of you sign it then."),
        button=_("Put it up for signing"),
        said=_("The plan waits for both signatures."),
        back=reverse("plan", args=[row.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def review(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = episode_for(request.user, episode_id, Act.KEEP_PLAN)
    form = ReviewForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: service.review(row, form.cleaned_data["text"], by=request.user),
        title=_("A look at the plan"),
        lead=row.person.name,
        button=_("Note the review"),
        said=_("Noted."),
        back=reverse("plan", args=[row.pk]),
    )


@require_POST
@signed_in
def sign(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = episode_for(request.user, episode_id, Act.SIGN_PLAN)
    held, form = service.plan_of(row), SignForm(request.POST)
    if form.is_valid():
        name, read = form.cleaned_data["typed_name"], request.POST.get("sha256", "")
        try:
            return done(
                request,
                lambda: service.sign(held, request.user, typed_name=name, sha256=read),
                _("Signed."),
                reverse("plan", args=[row.pk]),
                keep=Invalid,
            )
        except Invalid as refusal:
            form.add_error("typed_name", _(refusal.text))
    return _plan(request, row, form)


def _signed(name: str, at: Any) -> str:
    return f"{name}, {words.day(at)}" if at else ""
