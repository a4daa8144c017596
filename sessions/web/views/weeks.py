"""The coordinator's board: every client's week, and who still needs an hour before Sunday."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions.attendance import grid, week_service
from sessions.attendance.weeks import week_of
from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.people import service as people
from sessions.people.roles import Role
from sessions.programs.models import Program
from sessions.web import cohort_grid, weeks
from sessions.web.days import day_of
from sessions.web.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """This week or `?of=` the one that holds a day; of the programme `?in=` the page `?page=`.

    Raises NotFound for who coordinates no programme.
    """
    now, wanted = clock.now(), day_of(request.GET.get("of", ""))
    led = Program.objects.filter(pk__in=people.program_ids(request.user, Role.COORDINATOR)).order_by("name")
    boards = [
        weeks.board(
            week_service.board(request.user, program, now, wanted),
            week_of(now, zones.zone(program.time_zone)),
            request.GET.get("page", "") if request.GET.get("in") == str(program.pk) else "",
        )
        for program in led
    ]
    if not boards:
        raise NotFound
    return render(request, "attendance/week.html", {"boards": boards})


@require_safe
@signed_in
def cohort(request: PersonRequest, cohort_id: UUID) -> HttpResponse:
    """Eight weeks of everybody in a cohort, as small pictures and as a table.

    Raises NotFound for who does not coordinate its programme.
    """
    now = clock.now()
    found = grid.cohort_weeks(request.user, cohort_id, now)
    return render(request, "attendance/cohort.html", {"grid": cohort_grid.show(found)})


@require_safe
@signed_in
def mine(request: PersonRequest) -> HttpResponse:
    """The client's own week and time today, for the room: numbers and their words. 204 for who has none."""
    now = clock.now()
    found = [weeks.ring(one, now) for one in week_service.own(request.user, now)]
    if not found:
        return HttpResponse(status=204)
    first = found[0]
    return JsonResponse(
        {
            "today": first.today,
            "got": first.got,
            "required": first.required,
            "credited": first.shares.credited,
            "ahead": first.shares.ahead,
            "summary": first.summary,
            "says": first.says,
        }
    )
