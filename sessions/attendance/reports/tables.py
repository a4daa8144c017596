"""A report as CSV: one row for each session, times in ISO 8601 with the programme's offset, words as codes.

Spreadsheets run cells that begin like a formula: such a cell gets a quote in front (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sessions.attendance.elsewhere import Elsewhere
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.reports.audiences import Column
from sessions.attendance.reports.content import Change, Content, Entry, Values, told_form
from sessions.attendance.reports.units import Payer
from sessions.core import zones

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

HEADS: Final[dict[Column, tuple[str, ...]]] = {
    Column.PERSON: ("client",),
    Column.DATE: ("date",),
    Column.SCHEDULED: ("scheduled_start", "scheduled_end"),
    Column.HELD: ("actual_start", "actual_end"),
    Column.STAYED: ("arrived", "left"),
    Column.KIND: ("kind",),
    Column.FORM: ("form",),
    Column.DELIVERY: ("delivery",),
    Column.MINUTES: ("minutes",),
    Column.CLAIMED: ("claim_minutes",),
    Column.POSSIBLE: ("possible_minutes",),
    Column.STATUS: ("status",),
    Column.LATE: ("late",),
    Column.LEFT_EARLY: ("left_early",),
    Column.EXCUSED: ("excused",),
    Column.PEOPLE: ("clients_there",),
    Column.STAFF: ("staff",),
    Column.SIGNED: ("signed_by", "signed_at"),
    Column.CHANGED: ("changes",),
}


def write(content: Content, report_id: str, notice: str) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read names right; CRLF (RFC 4180).

    `notice` stands in every row: rows travel further than files. What another place kept comes
    last, and says by whom.
    """
    zone = zones.zone(content.time_zone)
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    heads = [head for column in content.columns for head in HEADS[column]]
    rows.writerow(
        [
            *heads,
            "counts",
            "hour_minutes",
            *(["code", "units"] if content.payer else []),
            *(["client"] if content.patient else []),
            "report",
            "program",
            *(["notice"] if notice else []),
            *(["kept_by"] if content.elsewhere else []),
        ]
    )
    claimed = _units(content) if content.payer else {}
    for entry in content.entries:
        found = [safe(value) for column in content.columns for value in _values(entry, column, zone, content)]
        found += [_yes(entry.counts), str(entry.hour_minutes)]
        found += claimed.get(entry.record_id, ["", ""]) if content.payer else []
        found += [safe(content.patient)] if content.patient else []
        found += [report_id, safe(content.program)]
        found += [notice] if notice else []
        found += [""] if content.elsewhere else []
        rows.writerow(found)
    for one in content.elsewhere:
        found = [
            safe(value) for column in content.columns for value in _brought(one, column, len(HEADS[column]))
        ]
        found += ["no", ""]
        found += ["", ""] if content.payer else []
        found += [safe(content.patient)] if content.patient else []
        found += [report_id, safe(content.program)]
        found += [notice] if notice else []
        rows.writerow([*found, safe(one.source)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _brought(one: Elsewhere, column: Column, cells: int) -> tuple[str, ...]:
    """What is known of a session that another place kept; its hours by the clock there."""
    known = {
        Column.DATE: one.on.isoformat(),
        Column.SCHEDULED: one.start,
        Column.KIND: one.kind.value,
        Column.FORM: told_form(one.kind).value,
        Column.MINUTES: str(one.minutes),
        Column.STATUS: one.status.value,
    }
    return (known.get(column, ""), *[""] * (cells - 1))


def _units(content: Content) -> dict[UUID, list[str]]:
    """Code and units by record: a payer who counts days has them on the last session of each."""
    counted = sorted((entry for entry in content.entries if entry.counts), key=lambda entry: entry.on)
    if content.payer is Payer.PER_DIEM:
        counted = list({entry.on: entry for entry in counted}.values())
    return {
        entry.record_id: [line.code, str(line.units)]
        for entry, line in zip(counted, content.units, strict=True)
    }


def safe(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value


def _values(entry: Entry, column: Column, zone: ZoneInfo, content: Content) -> tuple[str, ...]:
    now = entry.now
    match column:
        case Column.PERSON:
            return (entry.person,)
        case Column.DATE:
            return (entry.on.isoformat(),)
        case Column.SCHEDULED:
            return _at(entry.starts_at, zone), _at(entry.ends_at, zone)
        case Column.HELD:
            return _at(entry.started_at, zone), _at(entry.stopped_at, zone)
        case Column.STAYED:
            return _at(entry.arrived_at, zone), _at(entry.left_at, zone)
        case Column.KIND:
            return (entry.kind.value,)
        case Column.FORM:
            return (told_form(entry.kind).value,)
        case Column.DELIVERY:
            return (entry.delivery,)
        case Column.MINUTES:
            return (str(now.credited_minutes),)
        case Column.CLAIMED:
            return (str(now.raw_minutes),)
        case Column.POSSIBLE:
            return (str(entry.eligible_minutes),)
        case Column.STATUS:
            return (now.status.value,)
        case Column.LATE:
            return (_yes(now.late),)
        case Column.LEFT_EARLY:
            return (_yes(entry.left_early),)
        case Column.EXCUSED:
            return (_yes(now.excused and now.status != AttendanceStatus.PRESENT),)
        case Column.PEOPLE:
            return (str(entry.head_count),)
        case Column.STAFF:
            return ("; ".join(entry.staff),)
        case Column.SIGNED:
            return entry.signed_by, _at(entry.signed_at, zone)
        case Column.CHANGED:
            return (" | ".join(_change(change, zone, content.columns) for change in entry.changes),)


def _change(change: Change, zone: ZoneInfo, columns: Collection[Column]) -> str:
    """As far as these columns show what was changed."""

    def words(held: Values) -> str:
        minutes = held.credited_minutes if Column.MINUTES in columns else held.raw_minutes
        said = [f"{minutes} min"]
        said += [held.status.value] if Column.STATUS in columns else []
        said += ["late"] if held.late and Column.LATE in columns else []
        said += ["excused"] if held.excused and Column.EXCUSED in columns else []
        return " ".join(said)

    what = f"{change.number}: {words(change.before)} -> {words(change.after)}"
    return f"{what}; {change.reason}; {change.by}; {_at(change.at, zone)}"


def _at(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
