"""Days of a calendar page, as values: one day, one week, or the weeks of a month, in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import dateformat
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sessions.core import zones
from sessions.core.span import Span
from sessions.programs.models import Meeting
from sessions.web import words

VIEWS = ("day", "week", "month")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    id: UUID
    title: str
    start: str
    span: str
    who: str  # who leads it, by first names
    cancelled: bool
    moved: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Day:
    on: date
    label: str  # "Monday, March 9"
    short: str  # "Mon 9"
    today: bool
    outside: bool  # of the month that is shown
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Page:
    view: str
    title: str
    days: tuple[Day, ...]
    before: date
    after: date
    on: date
    here: bool  # today is on it


def stretch(view: str, on: date) -> tuple[date, date]:
    """First and last day of what is shown around `on`."""
    if view == "day":
        return on, on
    if view == "week":
        monday = on - on.weekday() * _DAY
        return monday, monday + 6 * _DAY
    first = on.replace(day=1)
    last = (first + 31 * _DAY).replace(day=1) - _DAY
    return first - first.weekday() * _DAY, last + (6 - last.weekday()) * _DAY


def span(view: str, on: date, zone: str) -> Span:
    first, last = stretch(view, on)
    return Span(zones.day(first, zone).start, zones.day(last, zone).end)


def page(view: str, on: date, meetings: Iterable[Meeting], now: datetime) -> Page:
    """`meetings` with their facilitators fetched, in order."""
    first, last = stretch(view, on)
    by_day: dict[date, list[Entry]] = {}
    for meeting in meetings:
        by_day.setdefault(localtime(meeting.starts_at).date(), []).append(_entry(meeting, now))
    today = localtime(now).date()
    days = tuple(
        Day(
            on=day,
            label=words.day(day),
            # Translators: a Django date format for a short day, such as Mon 9.
            short=dateformat.format(day, pgettext("format", "D j")),
            today=day == today,
            outside=view == "month" and day.month != on.month,
            entries=tuple(by_day.get(day, ())),
        )
        for day in (first + n * _DAY for n in range((last - first).days + 1))
    )
    return Page(
        view=view,
        title=_title(view, on, first, last),
        days=days,
        before=_step(view, on, -1),
        after=_step(view, on, 1),
        on=on,
        here=first <= today <= last,
    )


def _entry(meeting: Meeting, now: datetime) -> Entry:
    return Entry(
        id=meeting.pk,
        title=meeting.shown_title,
        start=words.clock(meeting.starts_at),
        span=words.span(meeting.starts_at, meeting.ends_at),
        who=words.and_list(sorted(one.given_name for one in meeting.facilitators.all())),
        cancelled=meeting.cancelled_at is not None,
        moved=meeting.recurs_on is not None and meeting.held_on != meeting.recurs_on,
        over=meeting.ends_at <= now,
    )


def _title(view: str, on: date, first: date, last: date) -> str:
    if view == "day":
        return words.day(on)
    if view == "week":
        return _("%(start)s to %(end)s") % {"start": words.day(first), "end": words.day(last)}
    # Translators: a Django date format for a month, such as March 2026.
    return dateformat.format(on, pgettext("format", "F Y"))


def _step(view: str, on: date, by: int) -> date:
    if view == "day":
        return on + by * _DAY
    if view == "week":
        return on + 7 * by * _DAY
    return (
        (on.replace(day=1) - _DAY).replace(day=1)
        if by < 0
        else (on.replace(day=1) + 32 * _DAY).replace(day=1)
    )
