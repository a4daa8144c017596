"""A report in words: headings, and every cell as people read it. In the active language; times in the
programme's zone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from sessions.attendance.models import AttendanceStatus
from sessions.attendance.reports.audiences import Audience, Column, Format
from sessions.attendance.reports.content import Content, Entry, Values, told_form
from sessions.attendance.reports.units import Form, Payer, Why
from sessions.consents.purposes import Purpose

AUDIENCES: Final[dict[Audience, str | Promise]] = {
    Audience.CHART: gettext_lazy("the chart"),
    Audience.CLIENT: gettext_lazy("the client's own copy"),
    Audience.INSURER: gettext_lazy("an insurer"),
    Audience.PROVIDER: gettext_lazy("a doctor, clinic or counsellor"),
    Audience.COURT: gettext_lazy("a court or probation"),
    Audience.EMPLOYER: gettext_lazy("an employer"),
}
PURPOSES: Final[dict[Purpose, str | Promise]] = {
    Purpose.CARE: gettext_lazy("treatment"),
    Purpose.PAYMENT: gettext_lazy("payment for treatment"),
    Purpose.COURT: gettext_lazy("supervision by a court or probation"),
    Purpose.EMPLOYMENT: gettext_lazy("proof of attendance for an employer"),
}  # of those that let a report out
FORMATS: Final[dict[Format, str | Promise]] = {
    Format.PDF: gettext_lazy("PDF, to read and print"),
    Format.CSV: gettext_lazy("CSV, a table for spreadsheets"),
    Format.FHIR: gettext_lazy("FHIR R4, for other health systems"),
}
PAYERS: Final[dict[Payer, str | Promise]] = {
    Payer.QUARTER_HOURS: gettext_lazy("units of 15 minutes"),
    Payer.HOURS: gettext_lazy("units of 60 minutes"),
    Payer.PER_DIEM: gettext_lazy("days of 3 hours or more (H0015)"),
    Payer.PER_SESSION: gettext_lazy("codes per session (90832 to 90853)"),
}
COLUMNS: Final[dict[Column, str | Promise]] = {
    Column.PERSON: gettext_lazy("Client"),
    Column.DATE: gettext_lazy("Date"),
    Column.SCHEDULED: gettext_lazy("Scheduled"),
    Column.HELD: gettext_lazy("Held"),
    Column.STAYED: gettext_lazy("There"),
    Column.KIND: gettext_lazy("Session"),
    Column.FORM: gettext_lazy("Session"),
    Column.DELIVERY: gettext_lazy("By"),
    Column.MINUTES: gettext_lazy("Minutes"),
    Column.CLAIMED: gettext_lazy("Minutes for claims"),
    Column.POSSIBLE: gettext_lazy("Possible"),
    Column.STATUS: gettext_lazy("Status"),
    Column.LATE: gettext_lazy("Late"),
    Column.LEFT_EARLY: gettext_lazy("Left early"),
    Column.EXCUSED: gettext_lazy("Excused"),
    Column.PEOPLE: gettext_lazy("Clients there"),
    Column.STAFF: gettext_lazy("Staff"),
    Column.SIGNED: gettext_lazy("Signed"),
    Column.CHANGED: gettext_lazy("Changed"),
}
NUMBERS: Final = frozenset({Column.MINUTES, Column.CLAIMED, Column.POSSIBLE, Column.PEOPLE})
FORMS: Final[dict[Form, str | Promise]] = {
    Form.INDIVIDUAL: gettext_lazy("Individual session"),
    Form.FAMILY: gettext_lazy("Family session"),
    Form.GROUP: gettext_lazy("Group session"),
}
WHY: Final[dict[Why, str | Promise]] = {
    Why.SHORT: gettext_lazy("too short for a unit"),
    Why.NO_CODE: gettext_lazy("no code of its own"),
    Why.TOO_MANY: gettext_lazy("more than 12 people"),
}


def day(on: date) -> str:
    """`Mon, Mar 2, 2026`."""
    # Translators: a Django date format for a short day with its year, such as Mon, Mar 2, 2026.
    return dateformat.format(on, pgettext("format", "D, M j, Y"))


def long_day(on: date) -> str:
    # Translators: a Django date format for a day with its year, such as November 23, 2026.
    return dateformat.format(on, pgettext("format", "F j, Y"))


def period(first: date, last: date) -> str:
    if first == last:
        return long_day(first)
    return _("%(from)s to %(to)s") % {"from": long_day(first), "to": long_day(last)}


def clock(at: datetime, zone: ZoneInfo) -> str:
    # Translators: a Django date format for the time of day, such as 6:00 PM.
    return dateformat.format(at.astimezone(zone), pgettext("format", "g:i A")).replace(" ", "\u00a0")


def moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{day(at.astimezone(zone).date())}, {clock(at, zone)}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return f"{clock(start, zone)} – {clock(end, zone)}"


def hours(minutes: int, hour_minutes: int) -> str:
    """`9 h 10 min`, in hours of 60 or 50 minutes."""
    return _("%(h)d h %(m)d min") % {"h": minutes // hour_minutes, "m": minutes % hour_minutes}


def which_hour(content: Content) -> str:
    return _("An hour in this report has %s minutes.") % _or(content.hour_minutes)


def yes(value: bool) -> str:
    return _("yes") if value else ""


def values(held: Values, columns: Collection[Column]) -> str:
    """What an adjustment changed, as far as these columns show it."""
    minutes = held.credited_minutes if Column.MINUTES in columns else held.raw_minutes
    words = [ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}]
    words += [str(held.status.label)] if Column.STATUS in columns else []
    words += [_("late")] if held.late and Column.LATE in columns else []
    words += [_("excused")] if held.excused and Column.EXCUSED in columns else []
    return ", ".join(words)


def cell(entry: Entry, column: Column, zone: ZoneInfo) -> str:
    """As it stands in the table of a page."""
    match column:
        case Column.PERSON:
            return entry.person
        case Column.DATE:
            return day(entry.on)
        case Column.SCHEDULED:
            return span(entry.starts_at, entry.ends_at, zone)
        case Column.HELD:
            return span(entry.started_at, entry.stopped_at, zone)
        case Column.STAYED:
            return span(entry.arrived_at, entry.left_at, zone) if entry.arrived_at and entry.left_at else ""
        case Column.KIND:
            return str(entry.kind.label)
        case Column.FORM:
            return str(FORMS[told_form(entry.kind)])
        case Column.DELIVERY:
            return {"video": _("video"), "other": _("not by video"), "": ""}[entry.delivery]
        case Column.MINUTES:
            # Translators: minutes of a session that does not count towards the week.
            return str(entry.now.credited_minutes) + ("" if entry.counts else "\u00a0*")
        case Column.CLAIMED:
            return str(entry.now.raw_minutes) + ("" if entry.counts else "\u00a0*")
        case Column.POSSIBLE:
            return str(entry.eligible_minutes)
        case Column.STATUS:
            return str(entry.now.status.label)
        case Column.LATE:
            return yes(entry.now.late)
        case Column.LEFT_EARLY:
            return yes(entry.left_early)
        case Column.EXCUSED:
            return yes(entry.now.excused and entry.now.status != AttendanceStatus.PRESENT)
        case Column.PEOPLE:
            return str(entry.head_count)
        case Column.STAFF:
            return ", ".join(entry.staff)
        case Column.SIGNED:
            return f"{entry.signed_by}, {day(entry.signed_at.astimezone(zone).date())}"
        case Column.CHANGED:
            return yes(bool(entry.changes))


def _or(numbers: Iterable[int]) -> str:
    return _(" or ").join(str(number) for number in numbers)
