"""When a series takes place. Pure, by the wall clock of the programme's zone: 18:00 stays 18:00.

A rule is an RRULE without an end (RFC 5545, 3.3.10), expanded as local days by dateutil; each day is then
given the local start and end. A local time that a clock change leaves out is read with the offset before it,
one that comes twice is the first of the two (RFC 5545, 3.3.5). The length of a meeting over a clock change
therefore differs from its length on the wall: 00:30 to 02:30 on 2026-11-01 in New York lasts three hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from dateutil.rrule import rrule, rrulestr

from sessions.core.daytime import at_local
from sessions.core.span import Span

FREQUENCIES: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY"})
PARTS: Final = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "WKST"})
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_INTERVAL: Final = 52
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A series' times: which days by `rule` from `starts_on` on, and the hours of each by the clock on the
    wall.
    """

    rule: str
    starts_on: date
    start: time
    end: time  # of the next day when not after `start`
    zone: str
    ends_on: date | None = None  # the last day, included
    breaks: tuple[tuple[time, time], ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    on: date  # the day the rule gives: names the occurrence also when it is moved
    span: Span
    breaks: tuple[Span, ...] = ()


def weekly(weekdays: Iterable[int], every: int = 1) -> str:
    """The rule for these weekdays (Monday is 0), every so many weeks. Raises ValueError without any."""
    days = sorted(set(weekdays))
    if not days:
        raise ValueError("a series needs a weekday")
    return normal(f"FREQ=WEEKLY;INTERVAL={every};BYDAY={','.join(WEEKDAYS[day] for day in days)}")


def normal(rule: str) -> str:
    """The rule in one spelling. Raises ValueError for what is no rule, has its own end, or is finer than a
    day.
    """
    parts: dict[str, str] = {}
    for piece in rule.upper().strip().removeprefix("RRULE:").split(";"):
        name, _, value = piece.partition("=")
        if name not in PARTS or not value or name in parts:
            raise ValueError("this is no rule of recurrence we know")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValueError("a series recurs by days, weeks or months")
    if not 1 <= int(parts.get("INTERVAL", "1")) <= MOST_INTERVAL:
        raise ValueError("the interval is out of range")
    if parts.get("INTERVAL") == "1":
        del parts["INTERVAL"]
    text = ";".join(f"{name}={parts[name]}" for name in sorted(parts, key=_order))
    rrulestr(text, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - raises ValueError for nonsense
    return text


def occurrences(
    pattern: Pattern, first: date, last: date, skip: Collection[date] = ()
) -> tuple[Occurrence, ...]:
    """Those of the days `first` to `last`, both included, without the days in `skip`."""
    last = last if pattern.ends_on is None else min(last, pattern.ends_on)
    days = _days(pattern, max(first, pattern.starts_on), last)
    return tuple(occurrence(pattern, on) for on in days if on not in skip)


def occurrence(pattern: Pattern, on: date) -> Occurrence:
    """The one of that day, whether or not the rule gives it."""
    over = pattern.end <= pattern.start
    span = _span(on, pattern.start, on + _DAY if over else on, pattern.end, pattern.zone)
    breaks = []
    for begins, ends in pattern.breaks:
        first = on + _DAY if over and begins < pattern.start else on
        second = first + _DAY if ends <= begins else first
        start, end = at_local(first, begins, pattern.zone), at_local(second, ends, pattern.zone)
        start, end = max(start, span.start), min(end, span.end)
        if start < end:
            breaks.append(Span(start, end))
    return Occurrence(on, span, tuple(breaks))


def _days(pattern: Pattern, first: date, last: date) -> list[date]:
    if last < first:
        return []
    rule = rrulestr(pattern.rule, dtstart=datetime.combine(pattern.starts_on, time.min))
    assert isinstance(rule, rrule)  # noqa: S101 - one rule without exceptions is no set
    found = rule.between(datetime.combine(first, time.min), datetime.combine(last, time.min), inc=True)
    return [moment.date() for moment in found]


def _span(on: date, start: time, until: date, end: time, zone: str) -> Span:
    begins, ends = at_local(on, start, zone), at_local(until, end, zone)
    if ends <= begins:  # the clock change swallowed it: its length on the wall then
        ends = begins + (datetime.combine(until, end) - datetime.combine(on, start))
    return Span(begins, ends)


def _order(name: str) -> int:
    return ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "WKST").index(name)
