"""What a file of people, series or history may hold, and how one cell is read. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext_noop

from sessions.core import zones

EARLIEST: Final = date(1950, 1, 1)
LATEST: Final = date(2100, 1, 1)


class Sort(StrEnum):
    PEOPLE = "people"
    SERIES = "series"
    HISTORY = "history"
    ATTENDANCE = "attendance"


class Unread(ValueError):
    """A cell that cannot be read; the text says what is wanted."""


def _text(most: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > most:
            raise Unread(gettext_noop("This text is too long."))
        if not cell.isprintable():
            raise Unread(gettext_noop("This text holds a character that cannot be shown."))
        return cell

    return read


def _email(cell: str) -> str:
    # Its length first: the pattern tries long text that does not fit in very many ways.
    if len(cell) > 254 or not cell.isprintable() or not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+", cell):
        raise Unread(gettext_noop("This is not an e-mail address."))
    return cell.lower()


def _emails(cell: str) -> list[str]:
    return list(dict.fromkeys(_email(one) for one in re.split(r"[\s;,|]+", cell) if one))


def _day(cell: str) -> date:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        raise Unread(gettext_noop("Write a day as 2026-03-31.")) from None
    if not EARLIEST <= day <= LATEST:
        raise Unread(gettext_noop("This day is too far away."))
    return day


def _time(cell: str) -> time:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", cell):
        raise Unread(gettext_noop("Write a time as 18:00."))
    hour, minute = cell.split(":")
    return time(int(hour), int(minute))


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", cell) or not least <= int(cell) <= most:
            raise Unread(gettext_noop("Write a whole number within the limits."))
        return int(cell)

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell.lower() not in words:
            raise Unread(gettext_noop("This word is not known here. Look at the list of columns."))
        return cell.lower()

    return read


def _zone(cell: str) -> str:
    try:
        zones.zone(cell)
    except ValueError:
        raise Unread(gettext_noop("There is no such time zone.")) from None
    return cell


_WEEKDAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")


def _weekdays(cell: str) -> list[int]:
    found = []
    for word in re.split(r"[\s;,|]+", cell.lower().strip(" ;,|")):
        if word[:2] not in _WEEKDAYS:
            raise Unread(gettext_noop("Write weekdays as Mo We Fr."))
        found.append(_WEEKDAYS.index(word[:2]))
    return found


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    read: Callable[[str], Any]
    says: str  # what stands in it
    needed: bool = False


_PERSON: Final = (
    Column("given_name", _text(80), gettext_noop("Given name"), needed=True),
    Column("family_name", _text(80), gettext_noop("Family name")),
    Column("email", _email, gettext_noop("E-mail address; it names the person in every file"), needed=True),
)
_CARE: Final = (
    Column("group", _text(120), gettext_noop("Name of a group of this programme")),
    Column(
        "level", _one_of("php", "iop", "outpatient"), gettext_noop("php, iop or outpatient; iop when empty")
    ),
    Column("weekly_minutes", _number(1, 2400), gettext_noop("Minutes a week; 540 when empty")),
)
COLUMNS: Final[dict[Sort, tuple[Column, ...]]] = {
    Sort.PEOPLE: (
        *_PERSON,
        Column("phone", _text(32), gettext_noop("Phone number")),
        Column("language", _one_of("en", "es"), gettext_noop("en or es")),
        Column("time_zone", _zone, gettext_noop("Like America/New_York; the programme's when empty")),
        Column(
            "role",
            _one_of("client", "facilitator", "coordinator"),
            gettext_noop("client, facilitator or coordinator; staff only by an administrator"),
            needed=True,
        ),
        Column("source", _text(120), gettext_noop("Clients: who referred them")),
        Column("referred_on", _day, gettext_noop("Clients: a day like 2026-03-31; today when empty")),
        Column("starts_on", _day, gettext_noop("Clients: their first day; with a group, they are admitted")),
        *_CARE,
        Column("days", _number(1, 7), gettext_noop("Days a week; 3 when empty")),
        Column("therapist", _email, gettext_noop("E-mail address of their therapist")),
    ),
    Sort.SERIES: (
        Column("kind", _text(32), gettext_noop("Kind of session, like process_group"), needed=True),
        Column("title", _text(120), gettext_noop("Name; the kind's when empty")),
        Column("group", _text(120), gettext_noop("Name of a group of this programme")),
        Column("weekdays", _weekdays, gettext_noop("Like Mo We Fr"), needed=True),
        Column("every", _number(1, 52), gettext_noop("Every so many weeks; 1 when empty")),
        Column("start", _time, gettext_noop("Like 18:00, by the programme's clock"), needed=True),
        Column("end", _time, gettext_noop("Like 21:00"), needed=True),
        Column("break_start", _time, gettext_noop("Like 19:25")),
        Column("break_end", _time, gettext_noop("Like 19:35")),
        Column("starts_on", _day, gettext_noop("First day, like 2026-03-31"), needed=True),
        Column("ends_on", _day, gettext_noop("Last day; without an end when empty")),
        Column("facilitators", _emails, gettext_noop("E-mail addresses of staff"), needed=True),
    ),
    Sort.HISTORY: (
        *_PERSON,
        Column("referred_on", _day, gettext_noop("A day like 2025-03-31"), needed=True),
        Column("started_on", _day, gettext_noop("First day of treatment")),
        Column("ended_on", _day, gettext_noop("Last day"), needed=True),
        Column(
            "outcome",
            _one_of("completed", "discharged", "transferred", "declined"),
            gettext_noop("completed, discharged, transferred or declined"),
            needed=True,
        ),
        *_CARE,
    ),
    Sort.ATTENDANCE: (
        Column("email", _email, gettext_noop("E-mail address of a client of this programme"), needed=True),
        Column("held_on", _day, gettext_noop("A day like 2025-03-31"), needed=True),
        Column("start", _time, gettext_noop("Like 18:00, by the clock there; when it is known")),
        Column("kind", _text(32), gettext_noop("Kind of session, like process_group"), needed=True),
        Column(
            "status",
            _one_of("present", "partial", "insufficient", "absent"),
            gettext_noop("present, partial, insufficient or absent"),
            needed=True,
        ),
        Column("minutes", _number(0, 1440), gettext_noop("Minutes, as that place counted them"), needed=True),
        Column("source", _text(120), gettext_noop("Who kept it, like Harbor House"), needed=True),
    ),
}


def cells(sort: Sort, row: Mapping[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The row's values, None for what is empty; and what cannot be read, by column."""
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for column in COLUMNS[sort]:
        cell = (row.get(column.name) or "").strip()
        values[column.name] = None
        if not cell:
            if column.needed:
                wrong.append((column.name, gettext_noop("This is needed.")))
            continue
        try:
            values[column.name] = column.read(cell)
        except Unread as unread:
            wrong.append((column.name, str(unread)))
    return values, wrong
