"""What one person's home page says, as values: the templates only place it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from sessions.people import service as people
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.programs import service as programs
from sessions.programs import staffing
from sessions.programs.models import Cohort, Meeting, Program
from sessions.room import service as room
from sessions.web import words

DOOR_OPENS: Final = timedelta(minutes=60)  # before the start, the button to join appears
DOOR_SHUTS: Final = timedelta(minutes=30)  # after the scheduled end, unless ended before
_GUESTS: Final = (RoomRole.FAMILY, RoomRole.ALUMNUS)  # are told whom they will meet, by role

# Whose page it is when somebody has several parts: the first that fits.
_PARTS: Final = (Role.FACILITATOR, Role.COORDINATOR, Role.CLIENT, Role.ALUMNUS, Role.FAMILY)


@dataclass(frozen=True, slots=True)
class Card:
    """One meeting as one reader is told of it."""

    id: UUID
    title: str
    when: str  # "starts in 12 minutes"
    day: str  # "Tomorrow"
    starts_at: datetime
    ends_at: datetime
    role: RoomRole | None  # the reader's; None for a coordinator who looks on
    now: bool
    over: bool
    door_open: bool
    facilitators: tuple[str, ...]  # first names
    company: tuple[str, ...]  # who else will be there, by role, for guests
    waiting: int | None  # only for those who may know
    present: int | None

    @property
    def door_opens_at(self) -> datetime:
        return self.starts_at - DOOR_OPENS

    @property
    def is_staff(self) -> bool:
        return self.role == RoomRole.FACILITATOR


@dataclass(frozen=True, slots=True)
class Board:
    """A programme's day, for its coordinators."""

    program_id: UUID
    program: str
    on_call: tuple[str, ...]  # names
    cards: tuple[Card, ...]
    begins: bool  # it has no group yet


@dataclass(frozen=True, slots=True)
class Calling:
    """A session that calls for staff on call: without a facilitator, or its facilitators ask for help."""

    id: UUID
    title: str
    program: str
    since: datetime
    led: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    greeting: str
    today: str
    part: str  # whose page: facilitator, coordinator, client, alumnus, family, or nobody
    hero: Card | None  # the one to join, now or next today
    later: tuple[Card, ...]  # the rest of today
    over: tuple[Card, ...]
    ahead: tuple[Card, ...]  # the next day that holds something
    boards: tuple[Board, ...]
    waiting: int  # how many people wait for this reader
    calling: tuple[Calling, ...]  # sessions that call for staff on call, when the reader is

    @property
    def aside(self) -> bool:
        return bool(self.later or self.ahead or self.over)


def agenda(person: Person, now: datetime) -> Agenda:
    """Today and the next day with something in it, by the reader's zone; a coordinator's programmes too."""
    own, coming = programs.today_and_after(person, now)
    led = Program.objects.filter(pk__in=people.program_ids(person, Role.COORDINATOR)).order_by("name")
    seen = {program: programs.program_meetings_today(person, program, now) for program in led}
    on_call = staffing.on_call(program.pk for program in seen) if seen else {}
    led_by = {one.meeting.pk for one in own if one.role == RoomRole.FACILITATOR}
    counts = room.waiting_now(person.pk, led_by | {m.pk for meetings in seen.values() for m in meetings})
    ended = room.ended_among(one.meeting.pk for one in own if one.meeting.starts_at <= now)
    today = [card_of(one.meeting, one.role, now, counts, ended) for one in own]
    open_today = [card for card in today if not card.over]
    roles = people.roles(person)
    return Agenda(
        greeting=_greeting(person, now),
        today=words.day(now),
        part=next((part.value for part in _PARTS if part in roles), ""),
        hero=open_today[0] if open_today else None,
        later=tuple(open_today[1:]),
        over=tuple(card for card in today if card.over),
        ahead=tuple(
            card_of(one.meeting, one.role, now)
            for one in coming
            if localtime(one.meeting.starts_at).date() == localtime(coming[0].meeting.starts_at).date()
        ),
        boards=tuple(
            Board(
                program.pk,
                program.name,
                tuple(on_call[program.pk]),
                tuple(card_of(m, None, now, counts) for m in meetings),
                begins=not meetings and not Cohort.objects.of(program.pk).exists(),
            )
            for program, meetings in seen.items()
        ),
        waiting=sum(card.waiting or 0 for card in open_today if card.is_staff),
        calling=tuple(
            Calling(one.meeting.pk, one.meeting.shown_title, one.meeting.program.name, one.since, one.led)
            for one in room.held_for(person)
        ),
    )


def card_of(
    meeting: Meeting,
    role: RoomRole | None,
    now: datetime,
    counts: Mapping[UUID, room.Counts] | None = None,
    ended_early: Collection[UUID] = (),
) -> Card:
    """`role` is the reader's part in it; `counts` are left out where the reader may not know them.

    `ended_early`: the meetings that staff have ended, maybe before their scheduled end.
    """
    told = (counts or {}).get(meeting.pk)
    started = meeting.starts_at <= now
    ended = role is not None and started and meeting.pk in ended_early
    over = ended or now >= meeting.ends_at
    return Card(
        id=meeting.pk,
        title=meeting.shown_title,
        when=_("has ended") if ended else words.when(meeting.starts_at, meeting.ends_at, now),
        day=words.day_from(meeting.starts_at, now),
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        role=role,
        now=started and not over,
        over=over,
        door_open=role is not None
        and not ended
        and meeting.starts_at - DOOR_OPENS <= now < meeting.ends_at + DOOR_SHUTS,
        facilitators=tuple(p.given_name for p in sorted(meeting.facilitators.all(), key=_by_name)),
        company=_company(meeting) if role in _GUESTS else (),
        waiting=told.waiting if told else None,
        present=told.present if told else None,
    )


def _by_name(person: Person) -> tuple[str, str]:
    return person.given_name, person.family_name


def _company(meeting: Meeting) -> tuple[str, ...]:
    """Roles, never names: who a guest will meet besides the facilitators."""
    roles = {RoomRole(row.role) for row in meeting.invitee_rows.all()}
    if meeting.cohort_id and meeting.kind_defaults.by_cohort:
        roles.add(RoomRole.CLIENT)
    said = {
        RoomRole.CLIENT: _("clients of the programme"),
        RoomRole.FAMILY: _("families"),
        RoomRole.ALUMNUS: _("former clients"),
    }
    return tuple(text for role, text in said.items() if role in roles)


def _greeting(person: Person, now: datetime) -> str:
    hour = localtime(now).hour
    name = {"name": person.given_name}
    if hour < 12:
        return _("Good morning, %(name)s") % name
    if hour < 18:
        return _("Good afternoon, %(name)s") % name
    return _("Good evening, %(name)s") % name
