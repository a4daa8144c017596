"""Aftercare for coordinators: the board, one course with its plan and what is urgent, the letter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from sessions.aftercare import (
    beginning,
    deciding,
    emergency,
    engine,
    escalation,
    free,
    journal,
    planning,
    plans,
)
from sessions.aftercare import board as boards
from sessions.aftercare import letter as letters
from sessions.aftercare.escalation import Review
from sessions.aftercare.machine import UNDER_WAY, Course
from sessions.aftercare.models import AftercareCourse, CallState, CheckIn, CourseState
from sessions.aftercare.policy import Phase
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.programs.models import Cohort
from sessions.web import check_ins, words
from sessions.web.attendance_forms import NAME_HELP
from sessions.web.days import day_of
from sessions.web.signed_in import PersonRequest, signed_in
from sessions.web.views.calls import program_for


class PlanForm(forms.Form):
    """The cadence in three numbers, who calls, and the signature."""

    weekly_until = forms.IntegerField(label=gettext_lazy("Weekly until week"), min_value=1, max_value=52)
    fortnightly_until = forms.IntegerField(
        label=gettext_lazy("Every two weeks until month"), min_value=1, max_value=36
    )
    monthly_until = forms.IntegerField(label=gettext_lazy("Monthly until month"), min_value=1, max_value=60)
    channel = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=[("video", gettext_lazy("By video")), ("telephone", gettext_lazy("By telephone"))],
    )
    caller = forms.ChoiceField(label=gettext_lazy("Who calls"), required=False)
    typed_name = forms.CharField(
        label=gettext_lazy("Sign with your name"),
        help_text=NAME_HELP,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def __init__(self, data: Any, *, course: AftercareCourse, callers: list[Person]) -> None:
        values = plans.decode(course.plan)
        initial = {"channel": values.channel, "caller": str(course.caller_id or "")}
        for name, phase in zip(
            ("weekly_until", "fortnightly_until", "monthly_until"), values.phases, strict=False
        ):
            initial[name] = str(phase.until_weeks or phase.until_months)
        super().__init__(data, initial=initial)
        choices = [("", _("Whoever is free")), *((str(one.pk), one.name) for one in callers)]
        self.fields["caller"].choices = choices  # type: ignore[attr-defined]

    def values(self, before: plans.PlanValues) -> plans.PlanValues:
        """Raises Invalid when the phases do not follow one another."""
        given = self.cleaned_data
        weeks, months, last = given["weekly_until"], given["fortnightly_until"], given["monthly_until"]
        if not weeks <= months * 5 or not months <= last:
            raise Invalid("Each stretch ends after it begins.")
        phases = (
            Phase(weeks=1, until_weeks=weeks),
            Phase(weeks=2, until_months=months),
            Phase(months=1, until_months=last),
        )
        return plans.PlanValues(
            phases=phases,
            weekdays=before.weekdays,
            from_time=before.from_time,
            to_time=before.to_time,
            channel=given["channel"],
            meetings=before.meetings,
            skipped=before.skipped,
            pauses=before.pauses,
        )


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """Raises NotFound for who coordinates no programme."""
    program, led = program_for(request, Role.COORDINATOR)
    now = clock.now()
    found = boards.board(request.user, program, now, request.GET.get("page"))
    return render(
        request,
        "calls/board.html",
        {
            "program": program,
            "programs": led,
            "board": found,
            "bars": check_ins.bars(found.weeks),
            "tiers": [(check_ins.TIERS[tier], n) for tier, n in found.tiers.items()],
            "courses": found.courses,
            "open": [(one, check_ins.TIERS[Tier(one.tier)]) for one in found.open],
            "still": engine.health(now).stands_still(now),
        },
    )


@require_safe
@signed_in
def export(request: PersonRequest) -> HttpResponse:
    program, _led = program_for(request, Role.COORDINATOR)
    lines = boards.export(request.user, program)
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="calls.csv"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def course(request: PersonRequest, course_id: UUID) -> HttpResponse:
    """One course. Raises NotFound for who neither coordinates nor usually calls."""
    row = journal.course_of(course_id)
    require(request.user, Act.SEE_COURSE, row)
    now = clock.now()
    able = free.callers(row.program_id, Span(now, now))
    callers = list(
        Person.objects.filter(pk__in=[one.id for one in able]).order_by("given_name", "family_name")
    )
    form = PlanForm(request.POST if request.POST.get("do") == "sign" else None, course=row, callers=callers)
    trouble = ""
    if request.method == "POST":
        try:
            if answer := _act(request, row, form, callers):
                return answer
        except beginning.WrongName as refusal:
            form.add_error("typed_name", _(refusal.text))
        except (IllegalMove, Invalid) as refusal:
            trouble = _(refusal.text)
        row = journal.course_of(course_id)
    journal.record_course(request.user, Act.SEE_COURSE, row)
    check_in_rows = (
        CheckIn.objects.filter(course=row).select_related("caller").order_by("-due_on", "-number")[:40]
    )
    context = {
        "course": row,
        "person": row.person,
        "form": form,
        "trouble": trouble,
        "keeps": may(request.user, Act.KEEP_COURSE, row),
        "consented": planning.consented(row, now),
        "running": Course(row.state) in UNDER_WAY,
        "calls": [
            (
                one,
                words.day(one.due_on),
                words.clock(one.starts_at, words.zone(row.zone)) if one.starts_at else "",
                CallState(one.state).label,
            )
            for one in check_in_rows
        ],
        "escalations": [
            (one, check_ins.TIERS[Tier(one.tier)], *escalation.words_of(one), words.day(one.opened_at))
            for one in Escalation.objects.filter(course=row).order_by("-opened_at")
        ],
        "reviews": Review.choices,
        "cohorts": Cohort.objects.of(row.program_id).order_by("name"),
        "history": [
            (words.day(fact.at), words.clock(fact.at), fact, CourseState(fact.after).label)
            for fact in planning.history(row)
            if fact.check_in_id is None
        ],
        "began": words.day(row.began_on),
        "today": clock.now().date().isoformat(),
        "emergency": emergency.emergency_of(row),
    }
    status = 409 if trouble else 422 if form.errors else 200
    return render(request, "calls/course.html", context, status=status)


@require_safe
@signed_in
def letter(request: PersonRequest, course_id: UUID) -> HttpResponse:
    pdf = letters.pdf(request.user, journal.course_of(course_id))
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="letter.pdf"'
    return response


def _act(
    request: PersonRequest, row: AftercareCourse, form: PlanForm, callers: list[Person]
) -> HttpResponse | None:
    """Raises IllegalMove, Invalid. None shows the page again."""
    given, person = request.POST, request.user
    match given.get("do"):
        case "sign":
            if not form.is_valid():
                return None
            caller = next((one for one in callers if str(one.pk) == form.cleaned_data["caller"]), None)
            values = form.values(plans.decode(row.plan))
            beginning.sign(person, row, values, typed_name=form.cleaned_data["typed_name"], caller=caller)
            notices.success(request, _("Signed. The calls are planned."))
        case "pause":
            deciding.pause(person, row, day_of(given.get("until", "")))
        case "resume":
            deciding.resume(row, clock.now(), person)
        case "consent":
            deciding.consent_again(person, row)
        case "back":
            escalation.back_to_calls(person, row)
        case "readmit":
            cohort = Cohort.objects.of(row.program_id).filter(pk__in=_ids(given.get("cohort", ""))).first()
            on = day_of(given.get("on", ""))
            if cohort is None or on is None:
                raise Invalid("Choose a day that lies ahead.")
            deciding.readmit(person, row, cohort, on)
        case "review":
            found = Escalation.objects.filter(course=row, pk__in=_ids(given.get("escalation", ""))).first()
            if found is None:
                raise NotFound
            if given.get("decision") not in Review.values:
                raise Invalid("Please choose one of the answers.")
            escalation.review(person, found, Review(given["decision"]), given.get("why", ""))
        case _:
            raise Invalid
    return HttpResponseRedirect(reverse("aftercare-course", args=[row.pk]))


def _ids(given: str) -> list[UUID]:
    """None for what is no id."""
    try:
        return [UUID(given)]
    except ValueError:
        return []
