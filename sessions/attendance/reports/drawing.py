"""A report's PDF: the template, and the program beside us that draws it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from sessions.attendance.reports import wording
from sessions.attendance.reports.audiences import OUTSIDE, Audience, Column
from sessions.attendance.reports.content import Content, Entry, told_form
from sessions.attendance.reports.printing import NOT_INSTALLED
from sessions.core import zones
from sessions.core.errors import Fault, Refusal

DEADLINE_S: Final = 240  # half a second a page on a busy machine (docs/benchmarks.md)
LIBRARIES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
SHARED_OBJECTS: Final = (
    "libpango-1.0.so.0",
    "libpangoft2-1.0.so.0",
    "libharfbuzz.so.0",
    "libfontconfig.so.1",
)
FAMILIES: Final = (("latin", "Report"), ("latin-ext", "Report Extended"))
WEIGHTS: Final = (400, 600)

# In English whatever the report's language: these words are given by the rule. Source: 42 CFR 2.32(a).
NOTICE: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
NOTICE_LONG: Final = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR "
    "part 2). These rules prohibit you from using or disclosing this record, or testimony that "
    "describes the information contained in this record, in any civil, criminal, administrative, or "
    "legislative proceedings by any Federal, State, or local authority, against the patient, unless "
    "authorized by the consent of the patient, except as provided at 42 CFR 2.12(c)(5) or as otherwise "
    "authorized by 42 CFR part 2."
)
_log = logging.getLogger(__name__)

_REMARKS: Final = (Column.LATE, Column.LEFT_EARLY, Column.EXCUSED, Column.CHANGED)
_WIDE: Final = 8  # columns; more are turned on their side
_TARGETS: Final = frozenset({Audience.CHART, Audience.CLIENT, Audience.PROVIDER, Audience.COURT})


class NoPdfHere(Refusal):
    code = "no-pdf"
    text = "PDFs cannot be made on this computer yet. Choose CSV, or ask whoever runs it to install Pango."


class Undrawn(Fault):
    """The drawing program failed or took too long."""


@cache
def available() -> bool:
    """Whether the libraries are there that WeasyPrint draws with. Tried once, in another process."""
    probe = "import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]"
    command = [sys.executable, "-c", probe, *SHARED_OBJECTS]
    there = subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not there:
        _log.warning("no PDF reports: install %s (Debian and Ubuntu)", LIBRARIES)
    return there


def draw(content: Content, *, report_id: str, made_at: datetime, made_by: str, language: str) -> bytes:
    """Raises NoPdfHere or Undrawn."""
    fonts = [path for _, _, path in _fonts()]
    html = page(content, report_id=report_id, made_at=made_at, made_by=made_by, language=language)
    command = [sys.executable, "-m", "sessions.attendance.reports.printing", *map(str, fonts)]
    try:
        done = subprocess.run(
            command,
            input=html.encode(),
            capture_output=True,
            cwd=settings.BASE_DIR,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Undrawn("took too long") from None
    if done.returncode == NOT_INSTALLED:
        raise NoPdfHere
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        # Its words are not logged: a traceback may quote the page.
        raise Undrawn(f"ended with {done.returncode}")
    return done.stdout


def page(content: Content, *, report_id: str, made_at: datetime, made_by: str, language: str) -> str:
    """The HTML that is drawn."""
    with override(language):
        return render_to_string(
            "reports/print.html",
            _words(content, report_id=report_id, made_at=made_at, made_by=made_by, language=language),
        )


def _words(
    content: Content, *, report_id: str, made_at: datetime, made_by: str, language: str
) -> dict[str, Any]:
    zone = zones.zone(content.time_zone)
    columns = [column for column in content.columns if column not in _REMARKS]
    remarks = [column for column in content.columns if column in _REMARKS]
    hour = content.hour_minutes[0]
    about = [(_("Time zone"), content.time_zone.replace("_", " "))]
    if content.permission is not None:
        given = content.permission
        about = [
            (_("For"), given.recipient),
            (_("Purpose"), str(wording.PURPOSES[given.purpose])),
            (
                _("Consent"),
                _("signed by the client on %s") % wording.long_day(given.signed_at.astimezone(zone).date()),
            ),
            *about,
        ]
    else:
        about.insert(0, (_("For"), str(wording.AUDIENCES[content.audience])))
    about += [
        (_("Made"), f"{made_by}, {wording.moment(made_at, zone)}"),
        (_("Report"), report_id),
    ]
    targets, kinds = content.audience in _TARGETS, Column.KIND in content.columns
    return {
        "language": language,
        "title": _("Attendance"),
        "who": content.patient or content.meeting,
        "program": content.program,
        "period": wording.period(content.from_on, content.to_on),
        "about": about,
        "figures": _figures(content, hour),
        "hour": wording.which_hour(content),
        "heads": [(wording.COLUMNS[column], column in wording.NUMBERS) for column in columns]
        + ([(_("Remarks"), False)] if remarks else []),
        "rows": [_row(entry, columns, remarks, zone) for entry in content.entries],
        "starred": any(not entry.counts for entry in content.entries),
        "weeks": [
            {
                "days": wording.period(week.first, week.last),
                "sessions": week.sessions,
                "minutes": week.minutes,
                "hours": wording.hours(week.minutes, hour),
                "required": week.required,
            }
            for week in content.weeks
        ]
        if Column.MINUTES in content.columns
        else [],
        "targets": targets,
        "payer": wording.PAYERS[content.payer] if content.payer else "",
        "units": [
            {
                "day": wording.day(line.on),
                "minutes": line.minutes,
                "code": line.code,
                "units": line.units,
                "why": wording.WHY[line.why] if line.why else "",
            }
            for line in content.units
        ],
        "units_total": sum(line.units for line in content.units),
        "changes": [
            {
                "about": entry.person if not content.patient else wording.day(entry.on),
                "before": wording.values(change.before, content.columns),
                "after": wording.values(change.after, content.columns),
                "reason": change.reason,
                "by": change.by,
                "when": wording.moment(change.at, zone),
            }
            for entry in content.entries
            for change in entry.changes
        ],
        "signatures": _signatures(content, zone),
        "unsigned": content.unsigned,
        "elsewhere": [
            {
                "day": ", ".join(filter(None, [wording.day(one.on), one.start])),
                "kind": str(one.kind.label if kinds else wording.FORMS[told_form(one.kind)]),
                "status": str(one.status.label),
                "minutes": one.minutes,
                "source": one.source,
                "brought": f"{one.brought_by}, {wording.day(one.brought_at.astimezone(zone).date())}",
            }
            for one in content.elsewhere
        ],
        "wide": len(columns) + bool(remarks) > _WIDE,
        "outside": content.audience in OUTSIDE,
        "notice": NOTICE
        if content.audience in OUTSIDE
        else _("Confidential. Part of the programme's own record."),
        "notice_long": NOTICE_LONG,
        "fonts": _fonts(),
        "report": report_id,
    }


def _figures(content: Content, hour: int) -> list[tuple[str, str]]:
    found = [
        (str(content.attended), _("of %s sessions attended") % len(content.entries))
        if content.patient
        else (str(content.attended), _("of %s clients there") % len(content.entries))
    ]
    if content.patient:
        found.append((str(content.minutes), _("minutes")))
        found.append((wording.hours(content.minutes, hour), _("in hours of %s minutes") % hour))
    return found


def _row(
    entry: Entry, columns: Iterable[Column], remarks: Iterable[Column], zone: Any
) -> list[tuple[str, bool]]:
    cells = [(wording.cell(entry, column, zone), column in wording.NUMBERS) for column in columns]
    said = [str(wording.COLUMNS[column]).lower() for column in remarks if wording.cell(entry, column, zone)]
    return [*cells, (", ".join(said), False)] if tuple(remarks) else cells


def _signatures(content: Content, zone: Any) -> list[tuple[str, str, str]]:
    """Who signed, for a report of one meeting; rows of a client's report carry their own."""
    if content.patient or not content.entries:
        return []
    one = content.entries[0]
    return [(one.signed_by, wording.moment(one.signed_at, zone), one.seal[:16])]


@cache
def _fonts() -> tuple[tuple[str, int, Path], ...]:
    """Family, weight, file: our own typeface out of the built frontend; none of it when there is no build."""
    found = []
    assets = settings.FRONTEND_DIST / "assets"
    for subset, family in FAMILIES:
        for weight in WEIGHTS:
            files = sorted(assets.glob(f"atkinson-hyperlegible-next-{subset}-{weight}-normal-*.woff2"))
            found += [(family, weight, path.resolve()) for path in files[:1]]
    return tuple(found)
