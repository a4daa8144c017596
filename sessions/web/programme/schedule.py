"""The calendar: one's own, and a programme's with its series, changes and days of rest."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.people import service as people
from sessions.people.access import Act, require
from sessions.people.roles import Role
from sessions.programs import series as calendar
from sessions.programs import service as programs
from sessions.programs.calendar_models import Holiday, Series, SeriesSkip
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, Program
from sessions.programs.recurrence import weekly
from sessions.web import words
from sessions.web.programme import month
from sessions.web.programme.calendar_forms import (
    HolidayForm,
    MeetingForm,
    MoveForm,
    SeriesForm,
    SubstituteForm,
)
from sessions.web.programme.house import track_in_words
from sessions.web.programme.pages import done, form_page, program, programs_of
from sessions.web.programme.tabs import tabs
from sessions.web.programme.wall import wall, weekday
from sessions.web.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def own(request: PersonRequest) -> HttpResponse:
    """The reader's own meetings, by day, week or month."""
    view, on = _asked(request)
    rows: Any = Meeting.objects.overlapping(month.span(view, on, request.user.time_zone))
    return _show(request, rows.attended_by(request.user), view, on, None)


@require_safe
@signed_in
def whole(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """Everything of a programme, for its coordinators."""
    of = program(request.user, program_id, Act.SCHEDULE)
    view, on = _asked(request)
    rows = Meeting.objects.of(of.pk).overlapping(month.span(view, on, request.user.time_zone))
    return _show(request, rows, view, on, of)


def _show(request: PersonRequest, rows: Any, view: str, on: date, of: Program | None) -> HttpResponse:
    now = clock.now()
    rows = rows.prefetch_related("facilitators").order_by("starts_at", "id")
    context: dict[str, Any] = {"page": month.page(view, on, rows, now), "views": _views(), "program": of}
    if of is not None:
        today = zones.local_date(now, of.time_zone)
        context["series"] = [
            series_row(row)
            for row in Series.objects.of(of.pk)
            .exclude(ends_on__lt=today)
            .select_related("cohort")
            .prefetch_related("facilitators")
        ]
        context["left_out"] = [
            {"skip": one, "day": words.day(one.on), "title": one.series.shown_title}
            for one in calendar.left_out(of, now)
        ]
    else:
        context["led"] = programs_of(request.user, Role.COORDINATOR)
        context["books"] = Role.CLIENT in people.roles(request.user)
        context["offers"] = programs_of(request.user, Role.FACILITATOR)
    return render(request, "programme/schedule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_series(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SCHEDULE)
    tracks = of.rules.tracks
    asked = request.GET.get("track", "")
    number = int(asked) if asked.isdecimal() and int(asked) < len(tracks) else len(tracks) - 1
    form = SeriesForm(request.POST or None, program=of, preset=tracks[number] if tracks else None)
    return form_page(
        request,
        form,
        lambda: calendar.create(of, form.draft(), request.user),
        title=_("A new series"),
        lead=_("Times are those of %(place)s, also when the clocks change.")
        % {"place": words.place_name(of.time_zone)},
        button=_("Put it on the calendar"),
        said=_("It stands on the calendar. Everybody concerned sees it on their page."),
        back=reverse("schedule-of", args=[of.pk]),
        to=lambda row: reverse("series", args=[of.pk, row.pk]),
        template="programme/series_new.html",
        context={
            "tracks": [(one, track_in_words(one), n == number) for n, one in enumerate(tracks)],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_meeting(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SCHEDULE)
    form = MeetingForm(request.POST or None, program=of)

    def make() -> Meeting:
        given = form.cleaned_data
        return programs.schedule(
            of,
            MeetingKind(given["kind"]),
            form.span,
            facilitators=list(given["facilitators"]),
            cohort=given["cohort"],
            invitees=form.invitees(),
            title=given["title"],
            breaks=form.breaks(),
            by=request.user,
        )

    return form_page(
        request,
        form,
        make,
        title=_("One session"),
        button=_("Put it on the calendar"),
        said=_("It stands on the calendar. Everybody concerned is told."),
        back=reverse("schedule-of", args=[of.pk]),
        to=lambda row: reverse("meeting", args=[row.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def one_series(request: PersonRequest, program_id: UUID, series_id: UUID) -> HttpResponse:
    """One series: what it is, its coming meetings, and a form to change it from a day on."""
    of = program(request.user, program_id, Act.SCHEDULE)
    row = calendar.series(series_id, of.pk)
    now = clock.now()
    form = SeriesForm(request.POST or None, program=of, row=row)
    coming = row.meetings.filter(ends_at__gte=now).prefetch_related("facilitators").order_by("starts_at")[:12]
    return form_page(
        request,
        form,
        lambda: calendar.change(row, form.cleaned_data["starts_on"], form.draft(), request.user),
        title=row.shown_title,
        lead=series_row(row)["says"],
        button=_("Change it from that day on"),
        said=_("The series has changed. Everybody concerned is told."),
        back=reverse("schedule-of", args=[of.pk]),
        to=lambda made: reverse("series", args=[of.pk, made.pk]),
        template="programme/series.html",
        context={
            "row": row,
            "program": of,
            "coming": [
                {
                    "meeting": one,
                    "day": words.day(one.starts_at),
                    "span": words.span(one.starts_at, one.ends_at),
                }
                for one in coming
            ],
            "running": row.ends_on is None or row.ends_on >= zones.local_date(now, of.time_zone),
        },
    )


@require_POST
@signed_in
def end_series(request: PersonRequest, program_id: UUID, series_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SCHEDULE)
    row = calendar.series(series_id, of.pk)
    today = zones.local_date(clock.now(), of.time_zone)
    until = row.ends_on.isoformat() if row.ends_on is not None else "open"
    return done(
        request,
        lambda: calendar.end(row, today, request.user),
        _("The series has ended. Everybody concerned is told."),
        reverse("schedule-of", args=[of.pk]),
        undo=reverse("series-again", args=[of.pk, row.pk, until]),
    )


@require_POST
@signed_in
def series_again(request: PersonRequest, program_id: UUID, series_id: UUID, until: str) -> HttpResponse:
    """Undo `end_series`; `until` is the last day that the series had, or "open"."""
    of = program(request.user, program_id, Act.SCHEDULE)
    row = calendar.series(series_id, of.pk)
    try:
        last_on = None if until == "open" else date.fromisoformat(until)
    except ValueError as strange:
        raise NotFound from strange
    return done(
        request,
        lambda: calendar.go_on(row, last_on, request.user),
        _("The series goes on. Everybody concerned is told."),
        reverse("schedule-of", args=[of.pk]),
    )


@require_POST
@signed_in
def retry(request: PersonRequest, program_id: UUID, skip_id: int) -> HttpResponse:
    """A day that was left out because somebody was booked: try again."""
    of = program(request.user, program_id, Act.SCHEDULE)
    skipped = (
        SeriesSkip.objects.filter(series__program=of, pk=skip_id).select_related("series__program").first()
    )
    if skipped is None:
        raise NotFound
    return done(
        request,
        lambda: calendar.retry(skipped, request.user),
        _("It takes place now."),
        reverse("schedule-of", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """Move one meeting, cancel it or bring it back, or have somebody else lead it."""
    meeting, of = _scheduled(request, meeting_id)
    posted = request.POST if request.method == "POST" else None
    which = request.POST.get("which", "")
    move = MoveForm(posted if which == "move" else None, meeting=meeting)
    instead = SubstituteForm(posted if which == "substitute" else None, meeting=meeting)
    here = reverse("meeting-change", args=[meeting.pk])
    context = {
        "meeting": meeting,
        "move": move,
        "instead": instead,
        "day": words.day(meeting.starts_at),
        "span": words.span(meeting.starts_at, meeting.ends_at),
        "to_come": meeting.starts_at > clock.now(),
    }
    if which == "substitute":
        return form_page(
            request,
            instead,
            lambda: programs.substitute(
                meeting, instead.cleaned_data["out"], instead.cleaned_data["instead"], request.user
            ),
            title=meeting.shown_title,
            button="",
            back=reverse("schedule-of", args=[of.pk]),
            to=here,
            said=_("Somebody else leads this session now."),
            template="programme/change.html",
            context=context,
        )
    return form_page(
        request,
        move,
        lambda: programs.move(meeting, move.span, request.user),
        title=meeting.shown_title,
        button="",
        back=reverse("schedule-of", args=[of.pk]),
        to=here,
        said=_("Moved. Everybody concerned is told."),
        template="programme/change.html",
        context=context,
    )


@require_POST
@signed_in
def cancel(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    meeting, _of = _scheduled(request, meeting_id)
    return done(
        request,
        lambda: programs.cancel(meeting, request.user),
        _("Cancelled. You can bring it back here until it would have begun."),
        reverse("meeting-change", args=[meeting.pk]),
        undo=reverse("meeting-restore", args=[meeting.pk]),
    )


@require_POST
@signed_in
def restore(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    meeting, _of = _scheduled(request, meeting_id)
    return done(
        request,
        lambda: programs.restore(meeting, request.user),
        _("It takes place after all. Everybody concerned is told."),
        reverse("meeting-change", args=[meeting.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def holidays(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SCHEDULE)
    form = HolidayForm(request.POST or None)
    today = zones.local_date(clock.now(), of.time_zone)
    coming = Holiday.objects.filter(program=of, on__gte=today)
    return form_page(
        request,
        form,
        lambda: calendar.rest_on(of, form.cleaned_data["on"], form.cleaned_data["name"], request.user),
        title=_("Days of rest"),
        lead=_("No series takes place on these days. Everybody concerned is told."),
        button=_("Rest on this day"),
        back=reverse("schedule-of", args=[of.pk]),
        to=reverse("holidays", args=[of.pk]),
        said=_("Noted."),
        template="programme/holidays.html",
        context={
            "program": of,
            "holidays": [{"row": one, "day": words.day(one.on)} for one in coming],
            "tabs": tabs(request.user, of, "holidays"),
        },
    )


@require_POST
@signed_in
def work_on(request: PersonRequest, program_id: UUID, holiday_id: int) -> HttpResponse:
    of = program(request.user, program_id, Act.SCHEDULE)
    row = Holiday.objects.filter(program=of, pk=holiday_id).first()
    if row is None:
        raise NotFound
    return done(
        request,
        lambda: calendar.work_on(row, request.user),
        _("Taken back. What it had cancelled takes place."),
        reverse("holidays", args=[of.pk]),
    )


def _scheduled(request: PersonRequest, meeting_id: UUID) -> tuple[Meeting, Program]:
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.SCHEDULE, meeting.program)
    return meeting, meeting.program


def _asked(request: PersonRequest) -> tuple[str, date]:
    view = request.GET.get("view", "week")
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        on = localtime(clock.now()).date()
    if not 2000 <= on.year < 3000:
        on = localtime(clock.now()).date()
    return view if view in month.VIEWS else "week", on


def _views() -> list[tuple[str, str]]:
    return [("day", _("Day")), ("week", _("Week")), ("month", _("Month"))]


def series_row(row: Series, *, brief: bool = False) -> dict[str, Any]:
    """`brief`: without who leads it, which asks the database unless it was fetched."""
    days = [weekday(code) for code in _weekdays(row.rule)]
    when = _("%(days)s, %(start)s to %(end)s") % {
        "days": words.and_list(days),
        "start": wall(row.start),
        "end": wall(row.end),
    }
    return {
        "row": row,
        "says": when,
        "who": "" if brief else words.and_list(sorted(one.given_name for one in row.facilitators.all())),
        "until": words.day(row.ends_on) if row.ends_on else "",
    }


def _weekdays(rule: str) -> list[int]:
    return [day for day in range(7) if weekly([day])[-2:] in rule.partition("BYDAY=")[2]]
