"""From referral to discharge: the census, one person's episode, a facilitator's groups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import program_ids
from sessions.plan import groups
from sessions.plan import service as plans
from sessions.plan.forms import FORMS
from sessions.programs import episode_facts, episodes, leaving, steps, stretches, waitlist
from sessions.programs.episode_models import (
    ENDED,
    Episode,
    EpisodeFact,
    EpisodeFactKind,
    Stage,
    StepProposal,
)
from sessions.programs.episodes import Newcomer
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, LevelOfCare
from sessions.web import accounts, words
from sessions.web.programme.episode_forms import (
    AdmissionForm,
    EndForm,
    LeaveForm,
    ReferralForm,
    SignForm,
    StepForm,
    WhyForm,
)
from sessions.web.programme.pages import done, form_page, program, told
from sessions.web.signed_in import PersonRequest, signed_in

PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def census(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """Everybody from referral to discharge, searched by name, by stage, thirty a page."""
    of = program(request.user, program_id, Act.SEE_CENSUS)
    audit.record(
        actor_id=request.user.pk, act=Act.SEE_CENSUS, subject_type="program", subject_id=of.pk, scope=of.pk
    )
    # A name never stands in an address: searches are posted.
    asked, stage = request.POST.get("q", "").strip()[:80], request.GET.get("stage", "")
    rows = Episode.objects.of(of.pk).select_related("person", "therapist", "program")
    counts = dict.fromkeys(Stage, 0)
    for held in rows.values_list("stage", flat=True):
        counts[Stage(held)] += 1
    rows = rows.filter(stage=stage) if stage in Stage.values else rows.exclude(stage__in=ENDED)
    for word in asked.split():
        rows = rows.filter(Q(person__given_name__icontains=word) | Q(person__family_name__icontains=word))
    page = Paginator(rows.order_by("person__given_name", "person__family_name", "pk"), PAGE).get_page(
        request.POST.get("page") or request.GET.get("page")
    )
    now = clock.now()
    today = zones.local_date(now, of.time_zone)
    undecided = StepProposal.objects.filter(episode__program=of, decided_at=None).select_related(
        "episode__person"
    )
    return render(
        request,
        "programme/census.html",
        {
            "program": of,
            "page": page,
            "people": _people(list(page), today),
            "stages": [(one, counts[one]) for one in Stage if counts[one]],
            "stage": stage,
            "q": asked,
            "waiting": [(one, line.free) for line in waitlist.lines(of) for one in line.entries],
            "undecided": undecided,
            "stuck": steps.stuck(of, now),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def refer(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_EPISODES)
    today = zones.local_date(clock.now(), of.time_zone)
    form = ReferralForm(request.POST or None, initial={"referred_on": today})

    def make() -> Episode:
        given = form.cleaned_data
        who = Newcomer(
            given["given_name"],
            given["family_name"],
            given["email"],
            given["phone"],
            given["language"],
            given["time_zone"],
        )
        return episodes.refer(of, who, given["source"], given["referred_on"], by=request.user)

    return form_page(
        request,
        form,
        make,
        title=_("Somebody is referred"),
        button=_("Note the referral"),
        back=reverse("census", args=[of.pk]),
        said=_("Noted. The assessment comes next."),
        to=lambda row: reverse("episode", args=[row.pk]),
    )


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
            "acts": _acts(stage, stretch is not None, left is not None) if keeps else [],
            "left": left,
            "left_on": words.day(left.ended_on) if left and left.ended_on else "",
            "forward": _FORWARD,
            "family": may(person, Act.KEEP_FAMILY, row.program),
            "newcomer": keeps and row.ended_on is None and not row.person.has_usable_password(),
            "asked": _asked(row) if not own and stage in (Stage.REFERRED, Stage.ASSESSING) else [],
            "form": form,
        },
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def act(request: PersonRequest, episode_id: UUID, what: str) -> HttpResponse:
    """One step of the way, each its own form."""
    row = episodes.episode(episode_id)
    require(request.user, Act.SEE_EPISODE, row)
    if what not in _FORMS:
        raise NotFound
    if what == "step":
        require(request.user, Act.PROPOSE_STEP, row)
    else:
        require(request.user, Act.KEEP_EPISODES, row)
    make, title, button, said = _FORMS[what]
    form, do = make(request, row)
    return form_page(
        request,
        form,
        do,
        title=f"{title}: {row.person.name}",
        button=str(button),
        back=reverse("episode", args=[row.pk]),
        said=str(said),
        undo=reverse("episode-act", args=[row.pk, _UNDO[what]]) if what in _UNDO else "",
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


@require_safe
@signed_in
def led(request: PersonRequest) -> HttpResponse:
    """A facilitator's groups and their people. Raises NotFound for who leads none."""
    person = request.user
    ids = program_ids(person, Role.FACILITATOR)
    if not ids:
        raise NotFound
    cohorts = Cohort.objects.filter(program__in=ids, facilitators=person).select_related("program")
    found = []
    for cohort in cohorts.order_by("name"):
        rows = (
            cohort.enrollments.filter(ended_on=None, episode__isnull=False)
            .select_related("person", "episode")
            .order_by("person__given_name", "person__family_name")
        )
        audit.record(
            actor_id=person.pk,
            act=Act.SEE_EPISODE,
            subject_type="cohort",
            subject_id=cohort.pk,
            scope=cohort.program_id,
        )
        found.append({"cohort": cohort, "people": rows})
    return render(request, "programme/groups.html", {"groups": found})


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
    form = EndForm(request.POST or None, initial={"on": episode_facts.today(row)})

    def do() -> object:
        given = form.cleaned_data
        how = EpisodeFactKind(given["how"])
        return episodes.finish(row, how, given["on"], given["why"], by=request.user)

    return form, do


_FORMS: dict[str, tuple[Any, Any, Any, Any]] = {
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
}

_FORWARD = ("assess", "admit", "resume")  # the main act of a stage; the others are never urged
_UNDO = {"leave": "back"}
_NEXT: dict[Stage, tuple[str, ...]] = {
    Stage.REFERRED: ("assess", "decline"),
    Stage.ASSESSING: ("admit", "decline"),
    Stage.ENROLLED: ("finish",),
    Stage.ACTIVE: ("pause", "finish"),
    Stage.ON_HOLD: ("resume", "finish"),
}


def _asked(row: Episode) -> list[dict[str, Any]]:
    """What is asked before somebody is admitted, and whether it has been."""
    last = {one.form: one for one in row.assessments.order_by("at")}
    return [{"code": one.code, "title": _(one.title), "kept": last.get(one.code)} for one in FORMS.values()]


def _acts(stage: Stage, grouped: bool, left: bool) -> list[tuple[str, str]]:
    found = list(_NEXT.get(stage, ()))
    if stage is Stage.ACTIVE:
        if left:
            found.insert(0, "back")
        elif grouped:
            found.insert(1, "leave")
    return [(what, str(_FORMS[what][1])) for what in found]


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


def _people(rows: list[Episode], today: date) -> list[dict[str, Any]]:
    """As the census names them: what they have now, and what is about to change. Three queries for all."""
    leaving = Q(ended_on__gte=today, status=EnrollmentStatus.LEFT)
    here = Enrollment.objects.filter(Q(ended_on=None) | leaving, episode__in=rows)
    stretch = {one.episode_id: one for one in here.select_related("cohort").order_by("starts_on")}
    ahead = {
        one.episode_id: one
        for one in StepProposal.objects.filter(episode__in=rows, signed=True, applied_at=None)
    }
    paused = EpisodeFact.objects.filter(
        episode__in=[row for row in rows if row.stage == Stage.ON_HOLD], kind=EpisodeFactKind.PAUSED
    )
    since = {one.episode_id: one.on for one in paused}
    return [_person(row, today, stretch.get(row.pk), ahead.get(row.pk), since.get(row.pk)) for row in rows]


def _person(
    row: Episode, today: date, stretch: Enrollment | None, ahead: StepProposal | None, paused: date | None
) -> dict[str, Any]:
    hours, tags = "", []
    floor = row.program.rules.floor_minutes
    if stretch is not None and row.ended_on is None:
        hours = f"{stretch.get_level_of_care_display()} · {stretch.cohort.name} · " + _(
            "%(minutes)s a week"
        ) % {"minutes": words.minutes(stretch.weekly_target_minutes)}
        if stretch.weekly_target_minutes < floor:
            tags.append((_("stepping down"), False))
        if stretch.ended_on is not None:
            tags.append((_("in the group until %(day)s") % {"day": words.day(stretch.ended_on)}, False))
    elif row.stage == Stage.ACTIVE:
        tags.append((_("in no group"), True))
    if paused is not None:
        tags.append((_("since %(day)s") % {"day": words.day(paused)}, False))
    if ahead is not None and row.ended_on is None:
        text = _("from %(day)s: %(level)s, %(minutes)s a week") % {
            "day": words.day(ahead.effective_on),
            "level": ahead.get_level_of_care_display(),
            "minutes": words.minutes(ahead.weekly_target_minutes),
        }
        tags.append((text, ahead.effective_on <= today))
    if row.planned_end_on is not None and row.planned_end_on <= today and row.ended_on is None:
        tags.append((_("planned end has come"), True))
    return {
        "row": row,
        "name": row.person.name,
        "stage": row.get_stage_display(),
        "since": words.day(row.starts_on or row.referred_on),
        "hours": hours,
        "tags": tags,
        "therapist": row.therapist.name if row.therapist else "",
    }
