"""One meeting: when and with whom, the way in, and afterwards who was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sessions.attendance import absences
from sessions.attendance import service as attendance
from sessions.attendance.models import AttendanceRecord
from sessions.core import clock
from sessions.core.errors import IllegalMove, NotFound
from sessions.core.span import Span
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room import service as room
from sessions.room.commands import TakeOver
from sessions.room.presence import Ending, Stay
from sessions.web import agenda, middleware, words
from sessions.web.ribbon import Bar, Scale
from sessions.web.signed_in import PersonRequest, signed_in


@dataclass(frozen=True, slots=True)
class StayRow:
    starts_at: str
    ends_at: str
    ending: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    name: str
    role: str
    arrived_at: str
    minutes: str
    bars: tuple[Bar, ...]
    stays: tuple[StayRow, ...]
    here: bool
    summary: str  # the picture in one sentence


@dataclass(frozen=True, slots=True)
class Attendance:
    """Everybody's stays as pictures on one scale, and as words for the table behind them."""

    rows: tuple[PersonRow, ...]
    absent: tuple[str, ...]
    breaks: tuple[Bar, ...]
    marks: tuple[int, ...]
    labels: tuple[str, ...]  # start, middle, end


@require_safe
@signed_in
def page(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """Raises NotFound for everybody without a part in the meeting, as for a meeting that does not exist."""
    now = clock.now()
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.SEE_MEETING, meeting)
    role = programs.role_in(meeting, request.user)
    card = agenda.card_of(meeting, role, now, ended_early=room.ended_among([meeting.pk]))
    program_zone = meeting.program.time_zone
    return render(
        request,
        "meetings/page.html",
        {
            "meeting": meeting,
            "card": card,
            "span": words.span(meeting.starts_at, meeting.ends_at),
            "day": words.day(meeting.starts_at),
            "elsewhere": _elsewhere(meeting) if words.differs(meeting.starts_at, program_zone) else "",
            "breaks": [words.span(b.start, b.end) for b in meeting.break_spans],
            "may_schedule": may(request.user, Act.SCHEDULE, meeting.program),
            "absence": _absence(meeting, request.user, role, now),
            "attendance": _attendance(meeting, request.user) if meeting.starts_at <= now else None,
            "counted": _counted(meeting, request.user, role),
        },
    )


@require_safe
@signed_in
def room_page(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """The shell in which the browser builds the room.

    Raises NotFound without a part in the meeting, NotAllowed for coordinators, who may look on from outside
    (unless they are on call and the meeting has no facilitator).
    """
    person = request.user
    meeting = programs.meeting(meeting_id)
    if room.on_call(room.Actor(person.pk, meeting.pk)) is not None:
        role: RoomRole | None = RoomRole.FACILITATOR  # at the door of a live meeting that has none
    else:
        require(person, Act.ENTER_ROOM, meeting)
        role = programs.role_in(meeting, person)
    if meeting.cancelled_at:
        return HttpResponseRedirect(reverse("meeting", args=[meeting.pk]))
    config = {
        "meetingId": str(meeting.pk),
        "socketPath": f"/ws/rooms/{meeting.pk}",
        "title": meeting.shown_title,
        "personName": person.name if role == RoomRole.FACILITATOR else person.short_name,
        "role": role,
        "language": get_language(),
        "homePath": reverse("home"),
        "timeZone": person.time_zone,
        "testHooks": settings.TEST_HOOKS,
    }
    if role == RoomRole.CLIENT and meeting.kind_defaults.creditable:
        config["weekPath"] = reverse("my-week")
    response = render(request, "room/room.html", {"config": config})
    response.headers["Permissions-Policy"] = middleware.ROOM_DEVICES
    return response


@require_POST
@signed_in
def take_over(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """Somebody on call goes where staff are needed: a facilitator of this meeting from here on.

    Raises NotFound for who is not on call for it, or when it does not call any more. Whoever is a facilitator
    by now just goes in.
    """
    actor = room.Actor(request.user.pk, meeting_id)
    if room.on_call(actor) is not None:
        try:
            room.handle(actor, TakeOver())
        except IllegalMove:  # somebody was faster
            messages.info(request, _("Somebody is there now. Thank you for looking."))
            return HttpResponseRedirect(reverse("home"))
    elif programs.role_in(programs.meeting(meeting_id), request.user) != RoomRole.FACILITATOR:
        raise NotFound
    return HttpResponseRedirect(reverse("room", args=[meeting_id]))


def _absence(meeting: Meeting, person: Person, role: RoomRole | None, now: datetime) -> str:
    """For a client before the meeting: whether they have said that they cannot come; else ""."""
    if role is not RoomRole.CLIENT or now >= meeting.starts_at or meeting.cancelled_at is not None:
        return ""
    return "said" if absences.notice_of(meeting, person) is not None else "may-say"


def _counted(meeting: Meeting, person: Person, role: RoomRole | None) -> str:
    """What the week has of it for a client, as on their home page; "" for everybody else."""
    if role is not RoomRole.CLIENT or not meeting.kind_defaults.creditable:
        return ""
    held = attendance.own(person, meeting)
    if held is None:
        return ""
    got = attendance.effective(held) if isinstance(held, AttendanceRecord) else held
    return _("%(got)d of %(most)s") % {
        "got": got.credited_minutes,
        "most": words.minutes(held.eligible_minutes),
    }


def _elsewhere(meeting: Meeting) -> str:
    zone = meeting.program.time_zone
    return _("%(span)s in %(place)s") % {
        "span": words.span(meeting.starts_at, meeting.ends_at, words.zone(zone)),
        "place": words.place_name(zone),
    }


def _attendance(meeting: Meeting, reader: Person) -> Attendance | None:
    """What the reader may know of it; None when that is nothing. The room writes the audit row."""
    told = room.stays(room.Actor(reader.pk, meeting.pk))
    if not told:
        return None
    scale = Scale.over(
        meeting.span, (Span(stay.starts_at, stay.ends_at) for person in told for stay in person.stays)
    )
    middle = scale.shown.start + scale.shown.length / 2
    return Attendance(
        rows=tuple(_row(person, scale) for person in told if person.stays),
        absent=tuple(person.name for person in told if not person.stays),
        breaks=tuple(scale.bar(span) for span in meeting.break_spans),
        marks=tuple(scale.x(mark) for mark in scale.marks()),
        labels=tuple(words.clock(moment) for moment in (scale.shown.start, middle, scale.shown.end)),
    )


def _row(person: room.PersonStays, scale: Scale) -> PersonRow:
    first, last = person.stays[0], person.stays[-1]
    minutes = words.minutes(person.minutes)
    here = any(stay.ending is Ending.STILL_HERE for stay in person.stays)
    shape = {"name": person.name, "minutes": minutes, "start": words.clock(first.starts_at)}
    return PersonRow(
        name=person.name,
        role=str(RoomRole(person.role).label) if person.role else "",
        arrived_at=words.clock(person.arrived_at) if person.arrived_at else "",
        minutes=minutes,
        bars=tuple(scale.bar(Span(stay.starts_at, stay.ends_at)) for stay in person.stays),
        stays=tuple(_stay(stay) for stay in person.stays),
        here=here,
        summary=_("%(name)s: %(minutes)s, here since %(start)s") % shape
        if here
        else _("%(name)s: %(minutes)s, from %(start)s to %(end)s")
        % {**shape, "end": words.clock(last.ends_at)},
    )


def _stay(stay: Stay) -> StayRow:
    return StayRow(words.clock(stay.starts_at), words.clock(stay.ends_at), _how(stay.ending))


def _how(ending: Ending) -> str:
    match ending:
        case Ending.STILL_HERE:
            return _("still here")
        case Ending.LEFT:
            return _("left")
        case Ending.SENT_BACK:
            return _("sent back to the waiting room")
        case Ending.REMOVED:
            return _("removed")
        case Ending.MEETING_ENDED:
            return _("the session ended")
        case Ending.CLOSED:
            return _("closed the page")
        case Ending.LOST:
            return _("connection lost")
