"""Reports that were made, in words for a page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sessions.attendance.reports import wording
from sessions.attendance.reports.audiences import Audience, Format
from sessions.attendance.reports.models import Report
from sessions.attendance.reports.service import Standing
from sessions.consents import service as consents
from sessions.web import papers


@dataclass(frozen=True, slots=True)
class ReportRow:
    id: UUID
    seq: int
    whom: str
    period: str
    format: str
    made: str
    by: str
    superseded: bool
    closed: bool


def report_row(report: Report, standing: Standing) -> ReportRow:
    whom = (
        consents.named(report.consent.recipient).name
        if report.consent is not None
        else str(wording.AUDIENCES[Audience(report.audience)])
    )
    period = wording.period(report.from_on, report.to_on) if report.from_on and report.to_on else ""
    return ReportRow(
        id=report.pk,
        seq=report.seq,
        whom=whom[:1].upper() + whom[1:],
        period=period,
        format=Format(report.format).value.upper(),
        made=papers.moment(report.made_at),
        by=report.ordered_by.name,
        superseded=standing.superseded,
        closed=standing.closed,
    )
