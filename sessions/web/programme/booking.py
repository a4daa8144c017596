"""Hours offered by facilitators, booked by clients; the personal calendar feed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core import clock
from sessions.core.errors import NotFound
from sessions.people.access import Act, require
from sessions.people.roles import Role
from sessions.people.service import program_ids
from sessions.programs import feeds, slots
from sessions.programs import service as programs
from sessions.programs.calendar_models import OfferedSlot
from sessions.programs.kinds import MeetingKind
from sessions.web import words
from sessions.web.programme.calendar_forms import HoursForm
from sessions.web.programme.pages import done, form_page, program
from sessions.web.signed_in import PersonRequest, signed_in

TITLE = "Appointment"  # in calendars nothing more is said, in no language


@require_safe
@signed_in
def book(request: PersonRequest) -> HttpResponse:
    """What a client can book, and what they have booked. Raises NotFound for who is no client."""
    person, now = request.user, clock.now()
    if not program_ids(person, Role.CLIENT):
        raise NotFound
    mine = OfferedSlot.objects.filter(meeting__invitees=person, starts_at__gte=now).select_related(
        "program", "facilitator", "meeting"
    )
    return render(
        request,
        "programme/book.html",
        {
            "slots": [_told(row) for row in slots.open_to(person, now)],
            "mine": [{**_told(row), "free": slots.can_give_back(row, now)} for row in mine],
        },
    )


@require_POST
@signed_in
def take(request: PersonRequest, slot_id: UUID) -> HttpResponse:
    row = slots.slot(slot_id, program_ids(request.user, Role.CLIENT))
    return done(
        request,
        lambda: slots.take(request.user, row),
        _("Booked. It stands in your schedule."),
        reverse("book"),
    )


@require_POST
@signed_in
def give_back(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.SEE_MEETING, meeting)
    return done(
        request,
        lambda: slots.give_back(request.user, meeting),
        _("Cancelled. The hour is free again."),
        reverse("book"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def hours(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """A facilitator's own offered hours in one programme."""
    of = program(request.user, program_id, Act.OFFER_HOURS)
    form = HoursForm(request.POST or None, zone=request.user.time_zone)
    offered = OfferedSlot.objects.of(of.pk).filter(
        facilitator=request.user, ends_at__gte=clock.now(), withdrawn_at=None
    )
    return form_page(
        request,
        form,
        lambda: slots.offer(
            of, request.user, MeetingKind(form.cleaned_data["kind"]), form.spans(), request.user
        ),
        title=_("Hours you offer"),
        lead=_("Clients of your groups book them. Hours in which you are busy are left out."),
        button=_("Offer these hours"),
        said=_("Clients of your groups can book these hours now."),
        back=reverse("schedule"),
        to=reverse("hours", args=[of.pk]),
        template="programme/hours.html",
        context={
            "program": of,
            "offered": [_told(row) for row in offered.select_related("facilitator", "meeting")[:100]],
        },
    )


@require_POST
@signed_in
def withdraw(request: PersonRequest, program_id: UUID, slot_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.OFFER_HOURS)
    row = slots.slot(slot_id, [of.pk])
    if row.facilitator_id != request.user.pk:
        raise NotFound
    return done(
        request,
        lambda: slots.withdraw(row, request.user),
        _("Taken back."),
        reverse("hours", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def feed(request: PersonRequest) -> HttpResponse:
    """The personal calendar address: made, made anew, taken back. It is shown once."""
    address = ""
    if request.method == "POST":
        if "revoke" in request.POST:
            feeds.revoke(request.user)
        else:
            token = feeds.renew(request.user)
            address = request.build_absolute_uri(reverse("feed-read", args=[token]))
    row = feeds.active(request.user)
    return render(
        request,
        "programme/feed.html",
        {
            "feed": row,
            "address": address,
            "read": f"{words.day(row.read_at)}, {words.clock(row.read_at)}" if row and row.read_at else "",
        },
    )


@require_safe
def feed_read(request: HttpRequest, token: str) -> HttpResponse:
    """Without signing in: calendars cannot. Raises NotFound for an address that is not good."""
    return _file(feeds.read(token, TITLE, clock.now()))


@require_safe
@signed_in
def meeting_file(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.ENTER_ROOM, meeting)
    return _file(feeds.one(meeting, request.user, TITLE, request.build_absolute_uri(reverse("home"))))


def _file(content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return answer


def _told(row: OfferedSlot) -> dict[str, object]:
    return {
        "row": row,
        "day": words.day(row.starts_at),
        "span": words.span(row.starts_at, row.ends_at),
        "who": row.facilitator.given_name,
        "kind": row.get_kind_display(),
    }
