"""The alumnus's own pages: the next call, the questions before it, their wishes."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Final

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sessions.aftercare import (
    answers,
    appointment,
    booking,
    calls,
    deciding,
    emergency,
    instruments,
    notes,
    plans,
)
from sessions.aftercare.machine import OVER, Call
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.risk import Tier
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.web import words
from sessions.web.signed_in import PersonRequest, signed_in
from sessions.web.views.appointment import chosen_time, facts, room_open

SECONDS_A_QUESTION: Final = 7
MONDAY: Final = date(2024, 1, 1)
# What people choose from; the programme's callers are there at some of it.
TIMES: Final = ((time(0), time(0)), (time(8), time(12)), (time(12), time(17)), (time(17), time(21)))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """Raises NotFound for who has no aftercare."""
    course = own_course(request)
    trouble = ""
    if request.method == "POST":
        try:
            return _act(request, course)
        except (IllegalMove, Invalid) as refusal:
            trouble = _(refusal.text)
    now = clock.now()
    row = upcoming(course)
    values = plans.decode(course.plan)
    room = room_open(row, now)
    called = row is not None and row.state in (Call.DUE.value, Call.ATTEMPTING.value)
    context = {
        "course": course,
        "trouble": trouble,
        "next": facts(row, "move" in request.GET) if row is not None and row.starts_at else None,
        "row": row,
        # Who drops out of the call finds the door again.
        "waiting": called or (room and row is not None and row.state == Call.CONNECTED.value),
        "answered": row is not None and answers.finished(row),
        "begun": row is not None and bool(answers.own(request.user, row)),
        "room": room,
        "summaries": notes.summaries(request.user, course),
        "paused": course.state == "paused",
        "wishes": {
            "channel": values.channel,
            "time": f"{values.from_time:%H:%M}-{values.to_time:%H:%M}",
            "weekdays": values.weekdays,
            "meetings": values.meetings,
        },
        "times": [(f"{start:%H:%M}-{end:%H:%M}", _span(start, end)) for start, end in TIMES],
        "weekdays": [(n, words.weekday(MONDAY + timedelta(days=n))) for n in range(7)],
        "phone": request.user.phone,
        "emergency": emergency.emergency_of(course),
    }
    return render(request, "calls/mine.html", context, status=409 if trouble else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def questions(request: PersonRequest) -> HttpResponse:
    """One question per screen; every answer is kept at once, so that one can stop and go on anywhere.

    Raises NotFound without a call ahead.
    """
    course = own_course(request)
    row = upcoming(course)
    if row is None:
        raise NotFound
    given = answers.own(request.user, row)
    trouble = ""
    if request.method == "POST":
        key = request.POST.get("question", "")
        try:
            choice = int(request.POST.get("answer", ""))
        except ValueError:
            trouble = _("Please choose one of the answers.")
        else:
            wanted = {**given, key: choice}
            rest = [one for one in instruments.asked(wanted) if one.key not in wanted]
            found = answers.answer(request.user, row, {key: choice}, finished=not rest)
            if found.tier is Tier.CRISIS and key in ("danger", "overdose", "phq9_9") and choice:
                return HttpResponseRedirect(f"{reverse('check-in-questions')}?help")
            return HttpResponseRedirect(reverse("check-in-questions"))
        given = answers.own(request.user, row)
    if "help" in request.GET:
        return render(request, "calls/help_now.html", {"row": row, "left": _left(given)})
    asked = instruments.asked(given)
    question = _wanted(request, given)
    if question is None:
        return render(request, "calls/questions_done.html", {"row": row})
    number = [one.key for one in asked].index(question.key) + 1
    language = get_language() or "en"
    before = asked[number - 2].key if number > 1 else ""
    return render(
        request,
        "calls/question.html",
        {
            "question": question,
            "intro": question.intro.of(language) if question.intro else "",
            "text": question.text.of(language),
            "choices": [(n, choice.of(language)) for n, choice in enumerate(question.choices)],
            "chosen": given.get(question.key),
            "number": number,
            "of": len(asked),
            "minutes": ngettext(
                "about %(n)d minute", "about %(n)d minutes", _minutes(len(asked) - number + 1)
            )
            % {"n": _minutes(len(asked) - number + 1)},
            "before": before,
            "trouble": trouble,
        },
        status=422 if trouble else 200,
    )


@require_POST
@signed_in
def wishes(request: PersonRequest) -> HttpResponse:
    """How and when one would like to be called, and where help goes in an emergency."""
    course = own_course(request)
    given = request.POST
    start, _dash, end = given.get("time", "00:00-00:00").partition("-")
    try:
        deciding.wish(
            request.user,
            course,
            channel=given.get("channel", "video"),
            from_time=time.fromisoformat(start),
            to_time=time.fromisoformat(end),
            weekdays=tuple(int(day) for day in given.getlist("weekdays")),
            meetings="meetings" in given,
        )
        emergency.set_emergency(
            request.user,
            course,
            emergency.Emergency(
                given.get("address", "").strip(),
                given.get("contact", "").strip(),
                given.get("contact_phone", "").strip(),
            ),
        )
    except (Invalid, ValueError) as refusal:
        text = refusal.text if isinstance(refusal, Invalid) else Invalid.text
        notices.error(request, _(text))
    else:
        notices.success(request, _("Kept. We plan your calls by it."))
    return HttpResponseRedirect(reverse("check-in"))


def own_course(request: PersonRequest) -> AftercareCourse:
    """The reader's running course. Raises NotFound."""
    course = (
        AftercareCourse.objects.running()
        .filter(person=request.user)
        .exclude(state="proposed")
        .select_related("program", "person", "caller")
        .order_by("-created_at")
        .first()
    )
    if course is None:
        raise NotFound
    return course


def upcoming(course: AftercareCourse) -> CheckIn | None:
    """The call that is nearest: due now, else with a time, else planned."""
    rows = (
        CheckIn.objects.filter(course=course)
        .exclude(state__in=[state.value for state in OVER])
        .select_related("course__person", "course__program", "program", "caller", "meeting")
    )
    order = {"connected": 0, "due": 0, "attempting": 0, "scheduled": 1}
    return min(rows, key=lambda row: (order.get(row.state, 2), row.due_on, row.number), default=None)


def _act(request: PersonRequest, course: AftercareCourse) -> HttpResponse:
    row = upcoming(course)
    match request.POST.get("do"):
        case "ask":
            asked = calls.ask_for_call(request.user, course)
            notices.success(
                request,
                _("We will call you as soon as we can.")
                if asked
                else _("You have a call within a day already."),
            )
        case "keep" if row is not None:
            appointment.keep(request.user, row)
        case "decline" if row is not None:
            appointment.decline(request.user, row)
            notices.success(request, _("Thank you for telling us. Your next call stays as planned."))
        case "move" if row is not None:
            starts_at = chosen_time(request)
            if starts_at is None:
                raise booking.Taken
            appointment.move(request.user, row, starts_at)
            notices.success(request, _("Your call has been moved."))
        case _:
            raise Invalid
    return HttpResponseRedirect(reverse("check-in"))


def _wanted(request: PersonRequest, given: dict[str, int]) -> instruments.Question | None:
    """The one that is asked for by name, else the first without an answer."""
    asked = instruments.asked(given)
    named = next((one for one in asked if one.key == request.GET.get("q")), None)
    return named or next((one for one in asked if one.key not in given), None)


def _left(given: dict[str, int]) -> int:
    return sum(1 for one in instruments.asked(given) if one.key not in given)


def _minutes(count: int) -> int:
    return max(1, round(count * SECONDS_A_QUESTION / 60))


def _span(start: time, end: time) -> str:
    if start == end:
        return _("At any time of the day")
    return _("%(start)s to %(end)s") % {"start": words.time_of_day(start), "end": words.time_of_day(end)}
