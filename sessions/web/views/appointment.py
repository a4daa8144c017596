"""The personal link of one appointment: keep it, move it, or say that it does not suit.

It says that there is an appointment, and when: not with whom, not what for, not whose. Looking changes
nothing: mail scanners look, too. Whoever has the link may answer, and learns nothing by it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_safe

from sessions.aftercare import appointment, booking, notices
from sessions.aftercare.machine import Call
from sessions.aftercare.models import CheckIn
from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, NotFound
from sessions.messages import calendar as calendars
from sessions.web import words
from sessions.web.agenda import DOOR_OPENS


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """A link that was moved, is over or never was says so: the three look the same."""
    try:
        row = appointment.by_link(token)
    except NotFound:
        return render(request, "calls/no_appointment.html", status=HTTPStatus.NOT_FOUND)
    person = row.course.person
    with translation.override(person.language), timezone.override(zones.zone(person.time_zone)):
        trouble = ""
        if request.method == "POST":
            try:
                if answer := _act(request, row):
                    return answer
            except IllegalMove as refusal:
                trouble = translation.gettext(refusal.text)
                row = appointment.by_link(token)
        response = render(
            request,
            "calls/appointment.html",
            {
                **facts(row, "move" in request.GET),
                "trouble": trouble,
                "token": token,
                "room": room_open(row, clock.now()),
            },
            status=409 if trouble else 200,
        )
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The appointment as a calendar file: a time, and nothing else."""
    row = appointment.by_link(token)
    if row.starts_at is None:
        raise NotFound
    text = calendars.event(
        str(row.pk),
        row.starts_at,
        timedelta(minutes=row.length_minutes),
        row.booking,
        clock.now(),
        row.course.person.language,
    )
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


def facts(row: CheckIn, moving: bool) -> dict[str, object]:
    """What a page about an appointment says, in the reader's zone."""
    now = clock.now()
    if row.starts_at is None:
        raise NotFound
    movable = appointment.movable(row, now)
    moving = moving and movable
    times = appointment.choices(row, now) if moving else []
    days: dict[str, list[tuple[str, str]]] = {}
    for slot in times:
        days.setdefault(words.day(slot.starts_at), []).append(
            (slot.starts_at.isoformat(), words.clock(slot.starts_at))
        )
    return {
        "row": row,
        "day": words.day(row.starts_at),
        "when": words.day_from(row.starts_at, now),
        "time": words.clock(row.starts_at),
        "kept": row.confirmed_at is not None,
        "movable": movable,
        "begun": row.state != Call.SCHEDULED.value or row.starts_at <= now,
        "moving": moving,
        "days": list(days.items()),
    }


def room_open(row: CheckIn | None, now: datetime) -> bool:
    """Whether the alumnus can go into the room of a call by video."""
    if row is None or row.meeting is None or row.meeting.cancelled_at is not None:
        return False
    return row.meeting.starts_at - DOOR_OPENS <= now < row.meeting.ends_at + appointment.LATE


def chosen_time(request: HttpRequest) -> datetime | None:
    """The time that was chosen in the form; None for none, and for what is no time."""
    try:
        given = datetime.fromisoformat(request.POST.get("starts_at", ""))
        return given.astimezone(UTC) if given.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _act(request: HttpRequest, row: CheckIn) -> HttpResponse | None:
    match request.POST.get("do"):
        case "keep":
            appointment.keep(None, row)
        case "decline":
            appointment.decline(None, row)
            return render(request, "calls/declined.html")
        case "move":
            starts_at = chosen_time(request)
            if starts_at is None:
                raise booking.Taken
            appointment.move(None, row, starts_at)
            moved = CheckIn.objects.select_related("course__person").get(pk=row.pk)
            return HttpResponseRedirect(reverse("appointment", args=[notices.token(moved)]))
        case _:
            return None
    return HttpResponseRedirect(request.path)
