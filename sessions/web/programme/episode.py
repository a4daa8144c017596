"""One person's episode: the way so far, what can come next, and each step of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act, may, require
from sessions.plan import service as plans
from sessions.plan.forms import FORMS
from sessions.programs import episodes, leaving, reopening, steps, stretches
from sessions.programs.episode_models import Episode, Stage
from sessions.web import accounts, words
from sessions.web.programme import episode_acts
from sessions.web.programme.episode_forms import SignForm
from sessions.web.programme.pages import done, form_page, told
from sessions.web.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def episode(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    """One person's way so far, and what can come next."""
    return _episode(request, episodes.episode(episode_id), SignForm())


def _episode(request: PersonRequest, row: Episode, form: SignForm) -> HttpResponse:
    lines = episodes.history(request.user, row)
    person, keeps = request.user, may(request.user, Act.KEEP_EPISODES, row)
    proposal = steps.undecided(row)
    stretch = stretches.open_stretch(row)
    left = leaving.last_left(row)
    stage = Stage(row.stage)
    own = person.pk == row.person_id
    return render(
        request,
        "programme/episode.html",
        {
            "episode": row,
            "own": own,
            "facts": _facts(row, own),
            "stretch": stretch,
            "lines": [
                {"fact": fact, "why": why, "day": words.day(fact.on), "by": fact.by.name if fact.by else ""}
                for fact, why in lines
            ],
            "proposal": proposal,
            "reason": steps.reason_of(proposal) if proposal and not own else "",
            "proposed_on": words.day(proposal.effective_on) if proposal else "",
            "keeps": keeps,
            "proposes": not own and stage in (Stage.ACTIVE, Stage.ON_HOLD) and not proposal,
            "signs": not own and proposal is not None and may(person, Act.SIGN_STEP, row),
            "acts": _offered(row, stretch is not None, left is not None) if keeps else [],
            "left": left,
            "left_on": words.day(left.ended_on) if left and left.ended_on else "",
            "forward": episode_acts.FORWARD,
            "family": may(person, Act.KEEP_FAMILY, row.program),
            "newcomer": keeps and row.ended_on is None and not row.person.has_usable_password(),
            "asked": _asked(row) if not own and stage in (Stage.REFERRED, Stage.ASSESSING) else [],
            "form": form,
        },
        status=422 if form.errors else 200,
    )


def _offered(row: Episode, grouped: bool, left: bool) -> list[tuple[str, str]]:
    return episode_acts.offered(Stage(row.stage), grouped, left, reopening.may_reopen(row))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def act(request: PersonRequest, episode_id: UUID, what: str) -> HttpResponse:
    """One step of the way, each its own form."""
    row = episodes.episode(episode_id)
    require(request.user, Act.SEE_EPISODE, row)
    if what not in episode_acts.ACTS:
        raise NotFound
    if what == "step":
        require(request.user, Act.PROPOSE_STEP, row)
    else:
        require(request.user, Act.KEEP_EPISODES, row)
    make, title, button, _said = episode_acts.ACTS[what]
    form, do = make(request, row)
    undo = episode_acts.UNDO.get(what)
    return form_page(
        request,
        form,
        do,
        title=f"{title}: {row.person.name}",
        button=str(button),
        back=reverse("episode", args=[row.pk]),
        said=episode_acts.said(what, Stage(row.stage)),
        undo=reverse("episode-act", args=[row.pk, undo]) if undo else "",
    )


@require_POST
@signed_in
def welcome(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    """Send the client the link to sign in for the first time."""
    row = episodes.episode(episode_id)
    require(request.user, Act.KEEP_EPISODES, row)
    return done(
        request,
        lambda: accounts.welcome(request, row.person, request.user, row.program_id),
        _("The link to sign in is on its way to %(address)s.") % {"address": row.person.email},
        reverse("episode", args=[row.pk]),
    )


@require_POST
@signed_in
def sign(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    """A clinician's yes or no to a proposed step."""
    row = episodes.episode(episode_id)
    require(request.user, Act.SIGN_STEP, row)
    proposal = steps.undecided(row)
    if proposal is None:
        raise NotFound
    agree, form = request.POST.get("answer") == "yes", SignForm(request.POST)

    def decide() -> None:
        steps.sign(proposal, request.user, form.cleaned_data["typed_name"], agree=agree)
        plans.step_decided(proposal)

    if form.is_valid():
        try:
            return done(
                request,
                decide,
                _("Signed.") if agree else _("Noted: it stays as it was."),
                reverse("episode", args=[row.pk]),
                keep=Invalid,
            )
        except Invalid as refusal:  # a name that is not theirs; or no place, or booked elsewhere
            named = type(refusal) is Invalid
            form.add_error("typed_name" if named else None, told(refusal))
    return _episode(request, row, form)


def _asked(row: Episode) -> list[dict[str, Any]]:
    """What is asked before somebody is admitted, and whether it has been."""
    last = {one.form: one for one in row.assessments.order_by("at")}
    return [{"code": one.code, "title": _(one.title), "kept": last.get(one.code)} for one in FORMS.values()]


def _facts(row: Episode, own: bool) -> list[tuple[str, str]]:
    found = [(_("Where they are") if not own else _("Where you are"), str(row.get_stage_display()))]
    for label, value in (
        (_("Referred on"), words.day(row.referred_on)),
        (_("First day"), words.day(row.starts_on) if row.starts_on else ""),
        (_("Planned last day"), words.day(row.planned_end_on) if row.planned_end_on else ""),
        (_("Last day"), words.day(row.ended_on) if row.ended_on else ""),
        (_("Referred by"), "" if own else row.source),
        (_("Therapist"), row.therapist.name if row.therapist else ""),
    ):
        if value:
            found.append((label, value))
    return found
