"""A cohort's weeks as small multiples: a bar a week, a line a client, and everything in numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sessions.attendance.grid import Cell, CohortWeeks, Line

HEIGHT: Final = 28
STEP: Final = 16  # of one week
WIDTH: Final = 12  # of its bar


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: int
    height: int
    look: str  # reached, short, running, or none: outside of the enrolment


@dataclass(frozen=True, slots=True)
class GridLine:
    name: str
    summary: str
    bars: tuple[Bar, ...]
    numbers: tuple[str, ...]  # "510 of 540", "" outside of the enrolment
    taper: bool


@dataclass(frozen=True, slots=True)
class Grid:
    cohort: str
    program: str
    weeks: tuple[str, ...]  # "Mar 2"
    lines: tuple[GridLine, ...]
    width: int
    height: int = HEIGHT


def show(found: CohortWeeks) -> Grid:
    # Translators: a Django date format for a day in a small place, such as Mar 2.
    short = pgettext("format", "M j")
    return Grid(
        cohort=found.cohort.name,
        program=found.cohort.program.name,
        weeks=tuple(dateformat.format(monday, short) for monday in found.mondays),
        lines=tuple(_line(line) for line in found.lines),
        width=STEP * len(found.mondays),
    )


def _line(line: Line) -> GridLine:
    last = len(line.cells) - 1
    reached = sum(1 for cell in line.cells[:-1] if cell.required and cell.credited >= cell.required)
    over = sum(1 for cell in line.cells[:-1] if cell.required)
    return GridLine(
        name=line.person.name,
        summary=_("%(name)s: all hours in %(reached)d of %(over)d weeks")
        % {"name": line.person.name, "reached": reached, "over": over},
        bars=tuple(_bar(index, cell, index == last) for index, cell in enumerate(line.cells)),
        numbers=tuple(
            _("%(got)d of %(most)s") % {"got": cell.credited, "most": cell.required} if cell.required else ""
            for cell in line.cells
        ),
        taper=line.taper,
    )


def _bar(index: int, cell: Cell, running: bool) -> Bar:
    share = min(1.0, cell.credited / cell.required) if cell.required else 0.0
    height = round(HEIGHT * share)
    look = "none"
    if cell.required:
        look = "running" if running and share < 1 else "reached" if share >= 1 else "short"
    return Bar(index * STEP + (STEP - WIDTH) // 2, HEIGHT - height, height, look)
