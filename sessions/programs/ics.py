"""Calendars as files (RFC 5545). Pure: values in, bytes out.

Titles are generic: a calendar lies open on phones and in offices. A series is one event with its rule, the
days that do not take place as EXDATE and the moved ones as events of their own under the same UID; whatever
must be seen again raises SEQUENCE.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import icalendar

from sessions.core import zones
from sessions.core.span import Span
from sessions.programs.recurrence import Pattern, occurrence, occurrences

PRODUCT: Final = "-//vIOP//Calendar//EN"
DOMAIN: Final = "calendar.invalid"  # UIDs need a right-hand side; this one leads nowhere (RFC 2606)


@dataclass(frozen=True, slots=True)
class Entry:
    """One meeting of one person."""

    id: UUID
    span: Span
    sequence: int
    cancelled: bool = False
    recurs_on: date | None = None  # of its series


@dataclass(frozen=True, slots=True)
class Run:
    """A series with those of its meetings that are this person's."""

    id: UUID
    pattern: Pattern
    sequence: int
    entries: tuple[Entry, ...] = field(default=())


def calendar(
    singles: Iterable[Entry], runs: Iterable[Run], *, title: str, zone: str, stamp: datetime, url: str = ""
) -> bytes:
    """A whole calendar. `zone` is the reader's, for single meetings; a series is told in its programme's."""
    whole = icalendar.Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", title)
    whole.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for one in singles:
        whole.add_component(_event(one, f"{one.id}@{DOMAIN}", title, zone, stamp, url))
    for run in runs:
        for event in _run(run, title, stamp, url):
            whole.add_component(event)
    whole.add_missing_timezones()
    return bytes(whole.to_ical())


def _run(run: Run, title: str, stamp: datetime, url: str) -> Iterable[icalendar.Event]:
    """The series, then what of it lies elsewhere than its rule says."""
    standing = {one.recurs_on: one for one in run.entries if one.recurs_on is not None and not one.cancelled}
    if not standing:
        return
    first, last = min(standing), max(standing)
    days = {one.on: one for one in occurrences(run.pattern, first, last)}
    if not days:  # all of it was made under a rule that has changed since: each for itself
        for one in standing.values():
            yield _event(one, f"{one.id}@{DOMAIN}", title, run.pattern.zone, stamp, url)
        return
    uid = f"{run.id}@{DOMAIN}"
    anchor = days[min(days)]
    master = icalendar.Event()
    master.add("uid", uid)
    master.add("dtstamp", stamp)
    master.add("summary", title)
    master.add("dtstart", _local(anchor.span.start, run.pattern.zone))
    master.add("dtend", _local(anchor.span.end, run.pattern.zone))
    final = days[max(days)]
    rule = icalendar.vRecur.from_ical(run.pattern.rule)
    rule["UNTIL"] = [final.span.start]  # in UTC, as the start has a zone (RFC 5545, 3.3.10)
    master.add("rrule", rule)
    for on in sorted(set(days) - set(standing)):
        master.add("exdate", _local(days[on].span.start, run.pattern.zone))
    master.add("sequence", run.sequence)
    master.add("class", "PRIVATE")
    if url:
        master.add("url", url)
    yield master
    for on, one in sorted(standing.items()):
        where = days.get(on) or occurrence(run.pattern, on)
        if one.span != where.span:
            event = _event(one, uid, title, run.pattern.zone, stamp, url)
            event.add("recurrence-id", _local(where.span.start, run.pattern.zone))
            yield event


def _event(one: Entry, uid: str, title: str, zone: str, stamp: datetime, url: str) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", uid)
    event.add("dtstamp", stamp)
    event.add("summary", title)
    event.add("dtstart", _local(one.span.start, zone))
    event.add("dtend", _local(one.span.end, zone))
    event.add("sequence", one.sequence)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
    if url:
        event.add("url", url)
    return event


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(zones.zone(zone))
