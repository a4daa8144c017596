"""A client's week as a ring and as a bar, in plain words. What the pages say about it is made here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions.attendance.models import AttendanceStatus
from sessions.attendance.week import State, Week
from sessions.attendance.week_service import Board, ClientWeek, Line, OwnWeek, Part
from sessions.programs.models import Program
from sessions.web import words

PERCENT: Final = 100
A_PAGE: Final = 40  # clients
HOUR: Final = 60
WORTH_SAYING_MINUTES: Final = 15  # beside a schedule that is too short, less is not worth a word


@dataclass(frozen=True, slots=True)
class Shares:
    """Of what is required, in hundredths: credited, and reachable beyond it."""

    credited: int
    ahead: int

    @property
    def total(self) -> int:
        return self.credited + self.ahead

    @classmethod
    def of(cls, one: Week) -> Shares:
        whole = max(one.required, 1)
        credited = min(PERCENT, one.credited * PERCENT // whole) if one.required else PERCENT
        return cls(credited, min(PERCENT, one.reachable * PERCENT // whole) - credited if one.required else 0)


@dataclass(frozen=True, slots=True)
class MeetingRow:
    id: UUID
    title: str
    day: str
    span: str
    counted: str
    status: str
    make_up: str  # what it makes up for, or what makes up for it


@dataclass(frozen=True, slots=True)
class Ring:
    """One client's own week."""

    program: str
    got: str  # "4 h 30"
    required: str  # "9 hours"
    shares: Shares
    summary: str  # the picture in one sentence
    says: str
    state: State
    today: str
    rows: tuple[MeetingRow, ...]
    taper: bool  # stepping down: fewer hours are the plan


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One client's line. Words are made when asked for: who has all hours shows numbers only."""

    id: UUID
    name: str
    cohorts: str
    minutes: Week
    hour_minutes: int
    make_ups: int  # booked for this week

    @property
    def state(self) -> State:
        return self.minutes.state

    @property
    def taper(self) -> bool:
        return self.minutes.taper

    @property
    def tag(self) -> str:
        return _tag(self.minutes)

    @property
    def says(self) -> str:
        return _to_coordinator(self.minutes, self.hour_minutes)

    @property
    def shares(self) -> Shares:
        return Shares.of(self.minutes)

    @property
    def summary(self) -> str:
        """The picture in one sentence."""
        one = self.minutes
        return _("%(name)s: %(got)d of %(most)s, %(reachable)d can be reached") % {
            "name": self.name,
            "got": one.credited,
            "most": words.minutes(one.required),
            "reachable": one.reachable,
        }


@dataclass(frozen=True, slots=True)
class ShownBoard:
    id: UUID  # of the programme
    program: str
    monday: date
    span: str
    before: date
    after: date
    current: bool
    short: int  # who lack something that can still be mended
    clients: int
    rows: tuple[BoardRow, ...]  # of the page; who can still be mended stands on the first
    page: Page[Line]
    reached: int
    cohorts: tuple[tuple[UUID, str], ...]
    hours: str  # when an hour is not sixty minutes

    @property
    def kept(self) -> dict[str, str]:
        """What the address of one of its pages names: the week, and whose."""
        return {"of": self.monday.isoformat(), "in": str(self.id)}

    @property
    def open(self) -> tuple[BoardRow, ...]:
        """Those with something to go: as pictures. The table has everybody of the page."""
        return tuple(row for row in self.rows if row.state is not State.REACHED)


def ring(own: OwnWeek, now: datetime) -> Ring:
    found, hour = own.client.week, own.hour_minutes
    today = [part for part in own.client.parts if localtime(part.meeting.starts_at).date() == _today(now)]
    got, required = short(found.credited, hour), hours(found.required, hour)
    return Ring(
        program=own.program.name,
        got=got,
        required=required,
        shares=Shares.of(found),
        summary=_("%(got)s of %(required)s so far this week")
        % {"got": hours(found.credited, hour), "required": required},
        says=_to_client(found, hour),
        state=found.state,
        today=words.minutes(sum(part.hour.credited for part in today)) if today else "",
        rows=meeting_rows(own.client, now),
        taper=found.taper,
    )


def board(found: Board, this_monday: date, page: str = "") -> ShownBoard:
    """One page of it; `page` as asked for: what is no number is the first, what there is not the last."""
    states = Counter(line.week.state for line in found.lines)
    shown = Paginator(found.lines, A_PAGE).get_page(page)
    return ShownBoard(
        id=found.program.pk,
        program=found.program.name,
        monday=found.monday,
        span=_span(found.monday),
        before=found.monday - timedelta(days=7),
        after=found.monday + timedelta(days=7),
        current=found.monday == this_monday,
        short=states[State.SHORT],
        clients=len(found.lines),
        rows=tuple(_board_row(line, found.hour_minutes) for line in shown.object_list),
        page=shown,
        reached=states[State.REACHED],
        cohorts=found.cohorts,
        hours=""
        if found.hour_minutes == 60
        else _("An hour is %(n)d minutes here.") % {"n": found.hour_minutes},
    )


@dataclass(frozen=True, slots=True)
class OneWeek:
    """One client's line of the board, by itself."""

    id: UUID  # of the programme
    monday: date
    span: str
    zone: str
    row: BoardRow


def one(client: ClientWeek, program: Program, monday: date) -> OneWeek:
    return OneWeek(
        program.pk, monday, _span(monday), words.place_name(program.time_zone), _board_row(client.line, HOUR)
    )


def meeting_rows(client: ClientWeek, now: datetime) -> tuple[MeetingRow, ...]:
    return tuple(_row(part, now) for part in client.parts)


def hours(minutes: int, hour_minutes: int = 60) -> str:
    """`4 hours 30 minutes`, in hours of so many minutes."""
    whole, rest = divmod(minutes, hour_minutes)
    told = [ngettext("%(n)d hour", "%(n)d hours", whole) % {"n": whole}] if whole else []
    if rest or not whole:
        told.append(words.minutes(rest))
    return " ".join(told)


def short(minutes: int, hour_minutes: int = 60) -> str:
    """`4 h 30`, for small places."""
    whole, rest = divmod(minutes, hour_minutes)
    return f"{whole}\u00a0h\u00a0{rest:02}"


def _to_client(one: Week, hour: int) -> str:
    match one.state:
        case State.REACHED:
            return _("You have all your hours for this week.")
        case State.ON_TRACK:
            return _("%(time)s to go. Your sessions this week cover it.") % {"time": hours(one.to_go, hour)}
        case State.SHORT:
            schedule = _("Your sessions this week come to %(time)s less. Your team looks after it.")
            missed = _("%(time)s are missing. Want to make up the time? Ask your team for another session.")
            return _both(one, hour, schedule, missed)
        case State.MISSED:
            return _("This week is over.")


def _to_coordinator(one: Week, hour: int) -> str:
    match one.state:
        case State.REACHED:
            return _("Has all hours.")
        case State.ON_TRACK:
            return _("%(time)s to go, all of it scheduled.") % {"time": hours(one.to_go, hour)}
        case State.SHORT:
            schedule = _("The schedule is %(time)s short of the plan.")
            missed = _("Lacks %(time)s: to make up before Sunday is over.")
            return _both(one, hour, schedule, missed)
        case State.MISSED if one.taper:
            return _("%(time)s below the plan, while stepping down.") % {"time": hours(one.to_go, hour)}
        case State.MISSED:
            return _("%(time)s below the plan.") % {"time": hours(one.to_go, hour)}


def _both(one: Week, hour: int, schedule: str, missed: str) -> str:
    """What the schedule lacks is nobody's fault and is told apart from what was missed."""
    lacks, lost = one.underscheduled, one.shortfall - one.underscheduled
    told = [(schedule, lacks)] if lacks else []
    if lost >= WORTH_SAYING_MINUTES or not lacks:
        told.append((missed, lost))
    return " ".join(text % {"time": hours(minutes, hour)} for text, minutes in told)


def _tag(one: Week) -> str:
    match one.state:
        case State.REACHED:
            return _("reached")
        case State.ON_TRACK:
            return _("on track")
        case State.SHORT:
            return _("falls short")
        case State.MISSED:
            return _("fell short")


def _span(monday: date) -> str:
    sunday = monday + timedelta(days=6)
    return _("%(start)s to %(end)s") % {"start": words.day(monday), "end": words.day(sunday)}


def _board_row(line: Line, hour_minutes: int) -> BoardRow:
    return BoardRow(
        line.person_id, line.name, ", ".join(line.cohorts), line.week, hour_minutes, line.make_ups
    )


def _row(part: Part, now: datetime) -> MeetingRow:
    meeting = part.meeting
    status = str(AttendanceStatus(part.status).label) if part.status else ""
    if part.excused:
        status = _("excused")
    elif not part.status:
        status = _("now") if meeting.starts_at <= now < meeting.ends_at else ""
        status = _("absence announced") if part.told else status
    counted = _("%(got)d of %(most)s") % {
        "got": part.hour.credited,
        "most": words.minutes(part.hour.scheduled),
    }
    return MeetingRow(
        id=meeting.pk,
        title=meeting.shown_title,
        day=words.day(meeting.starts_at),
        span=words.span(meeting.starts_at, meeting.ends_at),
        counted=counted,
        status=status,
        make_up=_make_up(part),
    )


def _make_up(part: Part) -> str:
    if part.makes_up is not None:
        return _("makes up for %(day)s") % {"day": words.day(part.makes_up.starts_at)}
    if part.made_up is not None:
        return _("made up for on %(day)s") % {"day": words.day(part.made_up.starts_at)}
    return _("added for this week") if part.extra else ""


def _today(now: datetime) -> date:
    return localtime(now).date()
