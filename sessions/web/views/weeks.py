"""The coordinator's board: every client's week, and who still needs an hour before Sunday."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions.attendance import week_service
from sessions.attendance.weeks import week_of
from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.people import service as people
from sessions.people.roles import Role
from sessions.programs.models import Program
from sessions.web import weeks
from sessions.web.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """This week or `?of=` the one that holds a day. Raises NotFound for who coordinates no programme."""
    now, wanted = clock.now(), _day(request.GET.get("of", ""))
    led = Program.objects.filter(pk__in=people.program_ids(request.user, Role.COORDINATOR)).order_by("name")
    boards = [
        weeks.board(
            week_service.board(request.user, program, now, wanted),
            week_of(now, zones.zone(program.time_zone)),
        )
        for program in led
    ]
    if not boards:
        raise NotFound
    return render(request, "attendance/week.html", {"boards": boards})


def _day(given: str) -> date | None:
    """None for none, and for what is no day or at the end of the calendar."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if 2000 <= day.year < 3000 else None
