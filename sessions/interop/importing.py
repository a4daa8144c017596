"""People, series, history and attendance from files (CSV): tried first, then kept whole or not at all.

What is wrong is told by row and column, all of it at once; a file with one wrong row keeps nothing. What a
row brings in, see rows.py.
"""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from sessions.audit import service as audit
from sessions.core.errors import Invalid, Refusal
from sessions.interop.columns import COLUMNS, Sort, cells
from sessions.interop.rows import KEEP, Unfit
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Program

MOST_ROWS: Final = 2_000
MOST_LINES: Final = 2 * MOST_ROWS  # empty ones, too
MOST_BYTES: Final = 2_000_000
MOST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Wrong:
    """`row` as a table shows it: the heading is row 1. `column` is "" when it is about the whole row."""

    row: int
    column: str
    says: str


@dataclass(frozen=True, slots=True)
class Result:
    rows: int
    wrong: tuple[Wrong, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int  # as a table shows it
    cells: dict[str, str]
    more: bool  # it has cells that stand under no heading


class NoTable(Invalid):
    """Not a table that we can read at all."""


class _NotKept(Exception):
    """Rolls everything back."""


def bring_in(program: Program, sort: Sort, data: bytes, by: Person, *, only_try: bool) -> Result:
    """Try every row; keep them when all fit and it is not `only_try`. Raises NotFound, NoTable."""
    require(by, Act.IMPORT, program)
    rows, wrong = _table(sort, data)
    kept = False
    try:
        with transaction.atomic():
            # The programme's record is locked for the last moment only: rooms write on it all the time.
            with audit.gathered():
                for row in rows:
                    wrong += _row(program, sort, row, by)
                if wrong or only_try:
                    raise _NotKept
            kept = True
    except _NotKept:
        pass
    audit.record(
        actor_id=by.pk,
        act=f"import.{sort.value}" if kept else f"import.{sort.value}-tried",
        subject_type="program",
        subject_id=program.pk,
        scope=program.pk,
        reason=f"{len(rows)} rows",
    )
    return Result(len(rows), tuple(wrong), kept)


def _table(sort: Sort, data: bytes) -> tuple[list[_Numbered], list[Wrong]]:
    """Rows that hold something; none when the heading is not one of ours, and then what is wrong with it."""
    if len(data) > MOST_BYTES:
        raise NoTable("The file is too large: 2,000 rows at most.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoTable("The file is not UTF-8. Save it as “CSV UTF-8”.") from None
    heading = text.partition("\n")[0]
    # newline="": a line break inside of a cell stays as it is
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if heading.count(";") > heading.count(",") else ","
    )
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        while names and not names[-1]:
            names.pop()
        if wrong := _heading(sort, names):
            return [], wrong
        # No more is read than may be kept: two million empty lines are two million rows.
        lines = list(itertools.islice(reader, MOST_LINES + 1))
    except csv.Error:
        raise NoTable("The file is no table with a heading.") from None
    filled = [(number, line) for number, line in enumerate(lines, 2) if any(cell.strip() for cell in line)]
    if not filled or len(filled) > MOST_ROWS or len(lines) > MOST_LINES:
        raise NoTable("The file has no rows, or more than 2,000.")
    return [
        _Numbered(
            number, dict(zip(names, line, strict=False)), any(cell.strip() for cell in line[len(names) :])
        )
        for number, line in filled
    ], []


def _heading(sort: Sort, names: list[str]) -> list[Wrong]:
    """Raises NoTable when no name of ours stands in it: it is another table, or none."""
    known = {column.name for column in COLUMNS[sort]}
    if not known & set(names):
        raise NoTable("The first row has no heading that we know. Look at the list of columns.")
    said = [
        (column.name, gettext_noop("This column is needed and is not in the file."))
        for column in COLUMNS[sort]
        if column.needed and column.name not in names
    ]
    for name in dict.fromkeys(names):
        if not name:
            said.append(("", gettext_noop("A column has no heading.")))
        elif name not in known:
            said.append((name[:MOST_NAME], _STRANGE))
        elif names.count(name) > 1:
            said.append((name, gettext_noop("This column is there twice.")))
    return [Wrong(1, name, says) for name, says in said]


def _row(program: Program, sort: Sort, row: _Numbered, by: Person) -> list[Wrong]:
    number = row.number
    if row.more:  # one comma too many, and every cell after it stands in the wrong column
        return [Wrong(number, "", gettext_noop("This row has more cells than the heading."))]
    values, unread = cells(sort, row.cells)
    if unread:
        return [Wrong(number, column, says) for column, says in unread]
    try:
        with transaction.atomic():
            KEEP[sort](program, values, by)
    except Unfit as field:
        return [Wrong(number, field.column, field.says)]
    except Refusal as refusal:
        return [Wrong(number, _COLUMNS.get(type(refusal).__name__, ""), refusal.text)]
    except ValidationError as wrong:
        fields = wrong.error_dict if hasattr(wrong, "error_dict") else {}
        column = next((each.name for each in COLUMNS[sort] if each.name in fields), "")
        return [Wrong(number, column, gettext_noop("These values do not fit together."))]
    except IntegrityError:
        return [
            Wrong(
                number, "", gettext_noop("Somebody else changed this at the same moment. Please try again.")
            )
        ]
    return []


_STRANGE: Final = gettext_noop("This column is not known here. Look at the list of columns.")

# Which column a refusal of a service is about.
_COLUMNS: Final = {
    "Full": "group",
    "Clash": "weekdays",
    "Booked": "starts_on",
    "Crowd": "group",
    "KnownAlready": "held_on",
    "OurOwn": "held_on",
    "NotYet": "held_on",
    "NoMinutes": "minutes",
}
