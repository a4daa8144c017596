"""A client's samples: until when they are given, who had them in hand, what was found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.core.span import Span
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.programs import episodes
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Program
from sessions.toxicology import service as tests
from sessions.toxicology.models import CustodyStep, FrequencyChoice, SampleState
from sessions.toxicology.service import Outcome
from sessions.web import words
from sessions.web.days import date_field
from sessions.web.programme.calendar_forms import PersonChoice, staff_of, time_field
from sessions.web.programme.pages import done, episode_for, form_page
from sessions.web.signed_in import PersonRequest, signed_in


class TestsForm(forms.Form):
    __test__ = False

    frequency = forms.ChoiceField(label=gettext_lazy("How often"), choices=FrequencyChoice.choices)
    observed = forms.BooleanField(label=gettext_lazy("seen by video, in a short meeting"), required=False)


class ShortMeetingForm(forms.Form):
    on = date_field(gettext_lazy("Day"))
    at = time_field(gettext_lazy("From"))
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("Minutes"), coerce=int, choices=[(n, str(n)) for n in (10, 15, 20, 30)], initial=15
    )
    leader = PersonChoice(label=gettext_lazy("Who is there with them"), queryset=Person.objects.none())

    def __init__(self, data: object, *, of: Program, by: Person) -> None:
        self.zone = zones.zone(of.time_zone)
        today = zones.local_date(clock.now(), of.time_zone)
        super().__init__(data, initial={"on": today, "leader": by.pk})  # type: ignore[arg-type]
        fields: dict[str, Any] = self.fields
        fields["leader"].queryset = staff_of(of)

    def span(self) -> Span:
        given = self.cleaned_data
        begins = Span(
            datetime.combine(given["on"], given["at"], self.zone),
            datetime.combine(given["on"], given["at"], self.zone),
        ).start
        return Span(begins, begins + timedelta(minutes=given["minutes"]))


class ResultForm(forms.Form):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Result"),
        choices=[
            (Outcome.NEGATIVE.value, gettext_lazy("nothing found")),
            (Outcome.POSITIVE.value, gettext_lazy("something found")),
            (Outcome.UNCLEAR.value, gettext_lazy("unclear")),
        ],
    )
    found = forms.CharField(label=gettext_lazy("What was found"), max_length=200, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def samples(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    """A client's tests. POST begins them, or another rhythm."""
    row = episodes.episode(episode_id)
    if request.method == "POST":
        require(request.user, Act.SEE_TESTS, row)
        require(request.user, Act.KEEP_TESTS, row)
    return _samples(request, row)


def _samples(
    request: PersonRequest, row: Episode, of: UUID | None = None, result: ResultForm | None = None
) -> HttpResponse:
    """`result`: what was typed wrong about the sample `of`; then nothing else was sent."""
    found = tests.samples(request.user, row)
    form = TestsForm(None if result else request.POST or None)
    keeps = may(request.user, Act.KEEP_TESTS, row)
    outcomes = dict(ResultForm.base_fields["outcome"].choices)  # type: ignore[attr-defined]
    answer = form_page(
        request,
        form,
        lambda: tests.begin(
            row,
            FrequencyChoice(form.cleaned_data["frequency"]),
            by=request.user,
            observed=form.cleaned_data["observed"],
        ),
        title=_("Your samples")
        if request.user.pk == row.person_id
        else _("Samples of %(name)s") % {"name": row.person.name},
        button=_("From today on"),
        said=_("From today on. The days are drawn at random."),
        back=reverse("episode", args=[row.pk]),
        to=reverse("samples", args=[row.pk]),
        template="programme/samples.html",
        context={
            "episode": row,
            "keeps": keeps,
            "open": tests.open_plan(row),
            "samples": [
                {
                    "row": one,
                    "day": words.day(one.on),
                    "until": f"{words.day(one.until)}, {words.clock(one.until)}",
                    "steps": _next(one.state, chain) if keeps else [],
                    "meeting": one.meeting if one.meeting and one.meeting.cancelled_at is None else None,
                    "meets": f"{words.day(one.meeting.starts_at)}, {words.clock(one.meeting.starts_at)}"
                    if one.meeting
                    else "",
                    "talk": keeps and _talk(one.state, told.get("outcome", "")),
                    "result": outcomes.get(told.get("outcome", ""), ""),
                    "found": told.get("found", ""),
                    "form": result if one.pk == of else ResultForm(auto_id=f"id_%s_{one.pk}"),
                    "chain": [
                        (
                            link.get_step_display(),
                            f"{words.day(link.at)}, {words.clock(link.at)}",
                            link.by.name if link.by else "",
                        )
                        for link, _text in chain
                    ],
                }
                for one, chain, told in found
            ],
        },
    )
    if result is not None:
        answer.status_code = 422
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sample_meeting(request: PersonRequest, episode_id: UUID, sample_id: UUID) -> HttpResponse:
    """A short meeting by video in which a sample is given."""
    row = episode_for(request.user, episode_id, Act.KEEP_TESTS)
    one = tests.sample(sample_id, row)
    form = ShortMeetingForm(request.POST or None, of=row.program, by=request.user)
    return form_page(
        request,
        form,
        lambda: tests.observe(one, form.span(), by=request.user, leader=form.cleaned_data["leader"]),
        title=_("A short meeting by video"),
        lead=_("With %(name)s, before %(until)s. On calendars it is called “%(kind)s”.")
        % {
            "name": row.person.name,
            "until": f"{words.day(one.until)}, {words.clock(one.until)}",
            "kind": MeetingKind.CASE_MANAGEMENT.label,
        },
        button=_("Put it on the calendar"),
        said=_("It stands on both calendars, and they are told the time."),
        back=reverse("samples", args=[row.pk]),
    )


@require_POST
@signed_in
def sample_step(request: PersonRequest, episode_id: UUID, sample_id: UUID) -> HttpResponse:
    """The next link of custody, or the result."""
    row = episode_for(request.user, episode_id, Act.KEEP_TESTS)
    one = tests.sample(sample_id, row)
    here = reverse("samples", args=[row.pk])
    step = request.POST.get("step", "")
    if step == "result":
        form = ResultForm(request.POST, auto_id=f"id_%s_{one.pk}")
        if not form.is_valid():
            return _samples(request, row, one.pk, form)
        outcome = Outcome(form.cleaned_data["outcome"])
        more = {"found": form.cleaned_data["found"]} if form.cleaned_data["found"] else {}
        return done(
            request, lambda: tests.result(one, outcome, by=request.user, findings=more), _("Kept."), here
        )
    if step not in CustodyStep.values:
        raise NotFound
    return done(request, lambda: tests.hand_over(one, CustodyStep(step), by=request.user), _("Noted."), here)


@require_POST
@signed_in
def stop_samples(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = episode_for(request.user, episode_id, Act.KEEP_TESTS)
    return done(
        request, lambda: tests.stop(row, by=request.user), _("Noted."), reverse("samples", args=[row.pk])
    )


def _talk(state: str, outcome: str) -> bool:
    """Whether the team is asked to talk with the client."""
    return state == SampleState.MISSED or outcome in (Outcome.POSITIVE, Outcome.UNCLEAR)


def _next(state: str, chain: list[Any]) -> list[tuple[str, str]]:
    last = CustodyStep(chain[-1][0].step) if chain else CustodyStep.ASKED
    found = [(one.value, str(one.label)) for one in CustodyStep if one in tests.following(last)]
    if state == SampleState.GIVEN:
        found.append(("result", ""))
    return found
