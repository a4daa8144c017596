"""One client's week as its coordinator mends it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sessions.attendance.absence_models import MakeUp
from sessions.attendance.makeups import Missed, Option, Options
from sessions.core import clock
from sessions.programs.models import Meeting, Program
from sessions.web import weeks, words


@dataclass(frozen=True, slots=True)
class Choice:
    """A meeting, in the programme's own zone: its coordinator plans by that clock."""

    id: UUID
    title: str
    when: str
    minutes: str
    leaders: str = ""
    free: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    id: UUID
    title: str
    when: str
    makes_up: str
    begun: bool


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    missed: tuple[Choice, ...]
    bookable: tuple[Choice, ...]
    booked: tuple[Booked, ...]
    rows: tuple[weeks.MeetingRow, ...]


def show(found: Options, program: Program) -> Shown:
    zone = words.zone(program.time_zone)
    now = clock.now()
    return Shown(
        name=found.client.line.name,
        missed=tuple(_missed(one, zone) for one in found.missed),
        bookable=tuple(_option(one, zone) for one in found.bookable),
        booked=tuple(_booked(one, zone) for one in found.booked),
        rows=weeks.meeting_rows(found.client, now),
    )


def named(meeting: Meeting) -> dict[str, str]:
    zone = words.zone(meeting.program.time_zone)
    return {"title": meeting.shown_title, "when": _when(meeting, zone)}


def _missed(one: Missed, zone: ZoneInfo) -> Choice:
    return Choice(
        one.meeting.pk,
        one.meeting.shown_title,
        words.day(one.meeting.starts_at, zone),
        words.minutes(one.minutes),
    )


def _option(one: Option, zone: ZoneInfo) -> Choice:
    leaders = sorted(person.given_name for person in one.meeting.facilitators.all())
    return Choice(
        one.meeting.pk,
        one.meeting.shown_title,
        _when(one.meeting, zone),
        words.minutes(one.minutes),
        words.and_list(leaders),
        one.free,
    )


def _booked(row: MakeUp, zone: ZoneInfo) -> Booked:
    return Booked(
        row.pk,
        row.booked.shown_title,
        _when(row.booked, zone),
        words.day(row.missed.starts_at, zone) if row.missed is not None else "",
        row.booked.starts_at <= clock.now(),
    )


def _when(meeting: Meeting, zone: ZoneInfo) -> str:
    return _("%(day)s, %(time)s") % {
        "day": words.day(meeting.starts_at, zone),
        "time": words.span(meeting.starts_at, meeting.ends_at, zone),
    }
