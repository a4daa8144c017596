"""The caller's pages: the queue with its one button, the call itself, one's own hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions.aftercare import (
    answers,
    availability,
    calls,
    consented,
    emergency,
    escalation,
    instruments,
    journal,
    notes,
    planning,
    queue,
)
from sessions.aftercare.calls import Outcome
from sessions.aftercare.hours_models import CallerHours
from sessions.aftercare.machine import CALLED, Call
from sessions.aftercare.models import CheckIn, TryOutcome
from sessions.aftercare.risk import Tier
from sessions.aftercare.slots import Hours
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.people import service as people
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.programs.models import Program
from sessions.web import check_ins, words
from sessions.web.days import date_field, moment_field
from sessions.web.signed_in import PersonRequest, signed_in

STRETCHES: Final = 2  # a day
MONDAY: Final = date(2024, 1, 1)


class CloseForm(forms.Form):
    """How a call ends. `why` is asked for by the rules when the urgency differs from the proposed one."""

    tier = forms.TypedChoiceField(
        label=gettext_lazy("How urgent is it?"),
        coerce=lambda value: Tier(int(value)),
        choices=[(tier.value, label) for tier, label in check_ins.TIERS.items()],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label=gettext_lazy("Why, if the answers propose something else"), max_length=2000, required=False
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("How many minutes you talked"),
        min_value=1,
        max_value=calls.LONGEST_TALK,
        required=False,
    )
    note = forms.CharField(
        label=gettext_lazy("Note for the team"),
        max_length=calls.LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    summary = forms.CharField(
        label=gettext_lazy("For them to keep, if they wish"),
        help_text=gettext_lazy("They read this on their own page."),
        max_length=calls.LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_on = date_field(gettext_lazy("Next call, if you agreed on a day"), required=False)


class AwayForm(forms.Form):
    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    away = forms.ChoiceField(
        label=gettext_lazy("In that time"),
        choices=[
            ("away", gettext_lazy("is away")),
            ("there", gettext_lazy("takes calls beside these hours")),
        ],
        initial="away",
        required=False,
    )
    starts = moment_field(gettext_lazy("From"))
    ends = moment_field(gettext_lazy("Until"))

    def __init__(self, data: Any, people: list[Person]) -> None:
        super().__init__(data)
        self.fields["who"].choices = [(str(one.pk), one.name) for one in people]  # type: ignore[attr-defined]
        if len(people) < 2:
            self.fields["who"].widget = forms.HiddenInput()


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """The queue. Raises NotFound for who does not call in any programme."""
    program, all_programs = program_for(request)
    now = clock.now()
    if request.method == "POST":
        try:
            if request.POST.get("do") == "take":
                row = queue.take(request.user, _call(request.POST.get("call", ""), program))
            else:
                row = queue.take_next(request.user, program)
        except (IllegalMove, queue.NothingToCall) as refusal:
            notices.info(request, _(refusal.text))
            return HttpResponseRedirect(f"{reverse('calls')}?program={program.pk}")
        return HttpResponseRedirect(reverse("call", args=[row.pk]))
    waiting, ahead, unfinished = queue.day(request.user, program, now)
    free = [
        row
        for row in waiting
        if row.claimed_by_id in (None, request.user.pk) or not queue.held(row.claimed_until, now)
    ]
    first = free[0] if free else None
    seen = first is not None and may(request.user, Act.SEE_CHECK_IN, first)
    context = {
        "program": program,
        "programs": all_programs,
        "first": first,
        "why": check_ins.why_now(first, now) if first else "",
        "lines": check_ins.lines(answers.trend(first)) if first and seen else (),
        "note": next(iter(notes.read(request.user, first, 1)), None) if first and seen else None,
        "rows": [(row, check_ins.why_now(row, now), _holder(row, request, now)) for row in waiting],
        "later": [(row, words.clock(row.next_try_at or row.starts_at or now)) for row in ahead],
        "unfinished": unfinished,
        "hours_missing": not CallerHours.objects.filter(program=program, person=request.user).exists(),
    }
    return render(request, "calls/queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def call(request: PersonRequest, check_in_id: UUID) -> HttpResponse:
    """One call: what is known, the steps of the talk, and writing it down.

    Raises NotFound for who is neither its caller, nor has it in hand, nor coordinates.
    """
    row = journal.check_in_of(check_in_id)
    require(request.user, Act.SEE_CHECK_IN, row)
    form = CloseForm(
        request.POST if request.POST.get("do") == "close" else None,
        initial={"tier": row.proposed_tier or 1, "minutes": _talked(row)},
    )
    trouble = ""
    if request.method == "POST":
        try:
            if answer := _act(request, row, form):
                return answer
        except (IllegalMove, Invalid) as refusal:
            trouble = _(refusal.text)
        row = journal.check_in_of(check_in_id)
    given = answers.read(request.user, row)
    points = answers.trend(row)
    found = answers.assessment(row)
    opened = escalation.open_of(row)
    language = get_language() or "en"
    now = clock.now()
    context = {
        "row": row,
        "person": row.course.person,
        "phone_link": "".join(c for c in row.course.person.phone if c.isdigit() or c == "+"),
        "there": words.clock(now, words.zone(row.course.zone)),
        "place": words.place_name(row.course.zone),
        "state": row.state,
        "callable": Call(row.state) in CALLED
        or row.state == Call.SCHEDULED.value
        or row.state == Call.MISSED.value,
        "tier": check_ins.TIERS[found.tier],
        "tier_code": found.tier.name.lower(),
        "crisis": found.tier is Tier.CRISIS or journal.unsafe(row.course),
        "reasons": [check_ins.REASONS[reason] for reason in found.reasons],
        "answers": [
            (one.text.of(language), one.choices[given[one.key]].of(language))
            for one in instruments.FORM
            if one.key in given
        ],
        "interview": [
            (
                one.key,
                one.text.of(language),
                [(n, c.of(language)) for n, c in enumerate(one.choices)],
                given.get(one.key),
            )
            for one in instruments.INTERVIEW
        ],
        "lines": check_ins.lines(points),
        "points": [words.short_day(localtime(point.at).date()) for point in points],
        "notes": notes.read(request.user, row),
        "tries": row.try_rows.select_related("by").order_by("number"),
        "outcomes": [one for one in TryOutcome if one is not TryOutcome.ANSWERED],
        "consented": planning.consented(row.course, now),
        "emergency": emergency.emergency_of(row.course),
        "holder": _holder(row, request, now) if row.claimed_by_id != request.user.pk else "",
        "may_be_asked": consented.may_be_asked(row.course, now) if row.course.missed_in_a_row > 1 else (),
        "escalation": opened,
        "hand_off": escalation.words_of(opened)[0] if opened else "",
        "form": form,
        "trouble": trouble,
        "coordinates": may(request.user, Act.SEE_AFTERCARE, row.program),
    }
    return render(request, "calls/call.html", context, status=409 if trouble else 422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def hours(request: PersonRequest) -> HttpResponse:
    """One's own hours for calls, by one's own clock, and when one is away."""
    program, all_programs = program_for(request)
    people = _speaks_for(request, program)
    away = AwayForm(request.POST if request.POST.get("do") == "away" else None, people)
    trouble = ""
    if request.method == "POST":
        try:
            if request.POST.get("do") == "away" and away.is_valid():
                span = _span(away.cleaned_data["starts"], away.cleaned_data["ends"])
                who = next((one for one in people if str(one.pk) == away.cleaned_data["who"]), None)
                gone = away.cleaned_data["away"] != "there"
                availability.be_away(request.user, program.pk, span, away=gone, who=who)
                notices.success(
                    request, _("Kept. The calls in that time have been moved.") if gone else _("Kept.")
                )
                return HttpResponseRedirect(request.get_full_path())
            if request.POST.get("do") == "take-back" and request.POST.get("exception", "").isdecimal():
                availability.take_back(request.user, program.pk, int(request.POST["exception"]))
                return HttpResponseRedirect(request.get_full_path())
            if request.POST.get("do") == "hours":
                availability.set_hours(request.user, program.pk, _hours(request))
                notices.success(request, _("Kept. Calls that lie outside have been moved."))
                return HttpResponseRedirect(request.get_full_path())
        except Invalid as refusal:
            trouble = _(refusal.text)
    rows = list(CallerHours.objects.filter(program=program, person=request.user))
    week = []
    for day in range(7):
        stretches = [(f"{one.start:%H:%M}", f"{one.end:%H:%M}") for one in rows if one.weekday == day]
        if trouble and request.POST.get("do") == "hours":  # what was typed stays, to be mended
            stretches = [
                (request.POST.get(f"start-{day}-{n}", ""), request.POST.get(f"end-{day}-{n}", ""))
                for n in range(STRETCHES)
            ]
        week.append(
            (day, words.weekday(MONDAY + timedelta(days=day)), [*stretches, ("", ""), ("", "")][:STRETCHES])
        )
    context = {
        "program": program,
        "programs": all_programs,
        "week": week,
        "away": away,
        "coming": [
            (
                one,
                words.day(one.starts_at),
                words.clock(one.starts_at),
                words.day(one.ends_at),
                words.clock(one.ends_at),
            )
            for one in availability.coming(request.user, program.pk)
        ],
        "trouble": trouble,
    }
    return render(request, "calls/hours.html", context, status=422 if trouble or away.errors else 200)


def _speaks_for(request: PersonRequest, program: Program) -> list[Person]:
    """Oneself first; who coordinates also says that somebody else has fallen ill."""
    others = CallerHours.objects.filter(program=program).exclude(person=request.user)
    if not may(request.user, Act.SEE_AFTERCARE, program):
        return [request.user]
    able = [
        one
        for one in Person.objects.filter(pk__in=others.values("person"))
        if may(one, Act.SEE_CALLS, program)
    ]
    return [request.user, *sorted(able, key=lambda one: one.name)]


def program_for(request: PersonRequest, *roles: Role) -> tuple[Program, list[Program]]:
    """The programme that is asked for among those the reader works in. Raises NotFound without any."""
    wanted = roles or (Role.FACILITATOR, Role.COORDINATOR)
    ids = {pk for role in wanted for pk in people.program_ids(request.user, role)}
    found = list(Program.objects.filter(pk__in=ids).order_by("name"))
    if not found:
        raise NotFound
    asked = request.GET.get("program")
    return next((one for one in found if str(one.pk) == asked), found[0]), found


def _act(request: PersonRequest, row: CheckIn, form: CloseForm) -> HttpResponse | None:
    """Raises IllegalMove, Invalid. None shows the page again."""
    given, person = request.POST, request.user
    here = HttpResponseRedirect(reverse("call", args=[row.pk]))
    match given.get("do"):
        case "room":
            meeting = calls.room_for(person, row)
            return HttpResponseRedirect(reverse("room", args=[meeting.pk]))
        case "tried":
            channel = given.get("channel", "telephone")
            if given.get("outcome") not in TryOutcome.values:
                raise Invalid("Please choose one of the answers.")
            known = given.get("after", "")
            after = int(known) if known.isdecimal() else None
            calls.tried(person, row, channel, TryOutcome(given["outcome"]), after=after)
            notices.success(request, _("Written down."))
            return HttpResponseRedirect(reverse("calls"))
        case "reached":
            calls.reached(person, row, given.get("channel", "telephone"))
            return here
        case "interview":
            wanted = {one.key: given.get(one.key, "") for one in instruments.INTERVIEW}
            answers.interview(
                person, row, {key: int(value) for key, value in wanted.items() if value.isdigit()}
            )
            return HttpResponseRedirect(f"{here.url}#close-title")
        case "hand-off":
            escalation.hand_off(person, row, given.get("to_whom", ""))
            return here
        case "let-go":
            queue.let_go(person, row)
            return HttpResponseRedirect(reverse("calls"))
        case "close":
            if not form.is_valid():
                return None
            values: dict[str, Any] = form.cleaned_data
            next_on: date | None = values["next_on"]
            calls.close(
                person,
                row,
                Outcome(
                    values["tier"],
                    values["note"],
                    values["why"],
                    values["summary"],
                    next_on,
                    values["minutes"],
                ),
            )
            notices.success(request, _("Thank you. The call is written down."))
            return HttpResponseRedirect(reverse("calls"))
    return None


def _talked(row: CheckIn) -> int | None:
    """So many minutes until now, to be mended; None when it is written down later than that can be."""
    minutes = round((clock.now() - row.reached_at) / timedelta(minutes=1)) if row.reached_at else 0
    return minutes if 1 <= minutes <= 2 * row.length_minutes else None


def _call(pk: str, program: Program) -> CheckIn:
    row = journal.check_in_of(pk)
    if row.program_id != program.pk:
        raise NotFound
    return row


def _holder(row: CheckIn, request: PersonRequest, now: datetime) -> str:
    if row.claimed_by is None or not queue.held(row.claimed_until, now):
        return ""
    return _("you") if row.claimed_by_id == request.user.pk else row.claimed_by.given_name


def _hours(request: PersonRequest) -> list[Hours]:
    found = []
    for day in range(7):
        for n in range(STRETCHES):
            start, end = request.POST.get(f"start-{day}-{n}", ""), request.POST.get(f"end-{day}-{n}", "")
            if start and end:
                try:
                    found.append(Hours(day, time.fromisoformat(start), time.fromisoformat(end)))
                except ValueError as wrong:
                    raise Invalid("Each stretch ends after it begins.") from wrong
    return found


def _span(start: datetime, end: datetime) -> Span:
    if end <= start or end - start > timedelta(days=120):
        raise Invalid("Each stretch ends after it begins.")
    return Span(start, end)
