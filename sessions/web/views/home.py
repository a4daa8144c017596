"""The home page: today in one look, one large button, and what comes next."""

from __future__ import annotations

import hashlib
import re

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from sessions.attendance import week_service
from sessions.consents import papers
from sessions.core import clock
from sessions.people.models import Person
from sessions.people.roles import STAFF, Role
from sessions.people.service import roles
from sessions.plan import service as plans
from sessions.programs import waitlist
from sessions.toxicology import service as tests
from sessions.web import agenda, check_ins, houses, to_sign, weeks, words
from sessions.web.signed_in import PersonRequest, signed_in
from sessions.worklist import service as worklist

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')  # another at each answer


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    fragment, version = _today(request)
    return render(request, "home/page.html", {"today": fragment, "version": version})


@require_safe
@signed_in
def today(request: PersonRequest) -> HttpResponse:
    """The part of the home page that changes by itself. 204 when the browser shows it already."""
    fragment, version = _today(request)
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    return render(request, "home/region.html", {"today": fragment, "version": version})


def _today(request: PersonRequest) -> tuple[str, str]:
    """The fragment and a name for exactly this content."""
    person, now = request.user, clock.now()
    shown = agenda.agenda(person, now)
    held = roles(person)
    context: dict[str, object] = {"agenda": shown, "houses": houses.houses(person, now)}
    if held & STAFF:  # everybody is asked about what can be theirs alone: this page is looked at all day
        context |= {
            "to_do": worklist.open_count(person),
            "to_sign": to_sign.unsigned(person, shown, now),
            "calls_due": check_ins.calls_due(person, now),
        }
    if held - STAFF or not held:
        context |= {"papers": papers.waiting_for(person), "places": waitlist.offers_to(person, now)}
    if Role.CLIENT in held:
        context |= {
            "rings": [weeks.ring(one, now) for one in week_service.own(person, now)],
            "plan_to_sign": plans.waiting_for(person),
            "sample": _sample(person),
        }
    if Role.ALUMNUS in held:
        context["next_call"] = check_ins.next_call(person, now)
    fragment = render_to_string("home/today.html", context, request)
    return fragment, hashlib.sha256(_TOKEN.sub("", fragment).encode()).hexdigest()[:16]


def _sample(person: Person) -> dict[str, object] | None:
    """What is asked of a client now, and until when."""
    found = tests.waiting_for(person)
    if found is None:
        return None
    episode, until = found
    return {"episode": episode, "until": f"{words.day(until)}, {words.clock(until)}"}
