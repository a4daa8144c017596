"""Reports: looked at before, ordered, listed, downloaded. To outside parties only under a consent in force.

A report is ordered and then made by a task (making.py). It stays as it was handed out; when what it rests on
changes, `standing` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sessions.attendance.models import AttendanceRecord
from sessions.attendance.records import with_adjustments
from sessions.attendance.reports import drawing
from sessions.attendance.reports.audiences import FORMATS, OUTSIDE, TO, Audience, Format
from sessions.attendance.reports.content import Content
from sessions.attendance.reports.making import ConsentOver, build, permits, place
from sessions.attendance.reports.models import Report, ReportOrder, State
from sessions.attendance.reports.units import Payer
from sessions.audit import service as audit
from sessions.consents.models import Consent
from sessions.consents.purposes import RecipientKind, Scope
from sessions.core import clock, encryption
from sessions.core.errors import Fault, Invalid, NotAllowed, NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.clients import ClientFile
from sessions.programs.models import Meeting

LONGEST: Final = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report of one client and a period, both days included."""

    audience: Audience
    from_on: date
    to_on: date
    format: Format
    consent: Consent | None = None  # for outside parties
    payer: Payer | None = None  # for an insurer, and the chart
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a report since it was made."""

    superseded: bool  # attendance it rests on was changed, or more was signed in its period
    closed: bool  # to an outside party, and its consent is not in force now: not given out any more


def order(actor: Person, file: ClientFile, wanted: Wanted) -> ReportOrder:
    """Ask for a report of one client. The next run of the task makes it.

    Raises:
        NotFound, NotAllowed: the actor neither coordinates the client's programme, nor is the client and
            asks for their own copy.
        ConsentOver: an outside party without a matching consent in force.
        Invalid: the parts do not fit together.
        NoPdfHere: this computer cannot draw PDFs.
    """
    row = _draft(actor, file, wanted)
    if wanted.format is Format.PDF and not drawing.available():
        raise drawing.NoPdfHere
    row.save()
    _record(actor, Act.MAKE_REPORT, "reportorder", row.pk, file.program.pk, wanted.audience.value)
    return row


def preview(actor: Person, file: ClientFile, wanted: Wanted) -> Content:
    """What the report would hold at this moment. Raises as `order` does; leaves an audit row."""
    row = _draft(actor, file, wanted)
    _record(
        actor, "client.report-previewed", "person", file.person.pk, file.program.pk, wanted.audience.value
    )
    return build(row)


def order_meeting(actor: Person, meeting: Meeting, format_: Format, language: str = "en") -> ReportOrder:
    """Ask for a report of everybody's attendance of one meeting, for the chart.

    Raises:
        NotFound, NotAllowed: the actor may not see the meeting's attendance.
        Invalid: not signed yet, or a format for one client only.
    """
    require(actor, Act.SEE_ATTENDANCE, meeting)
    if format_ is Format.FHIR:
        raise Invalid("This format is for one client.")
    if not AttendanceRecord.objects.filter(meeting=meeting).exists():
        raise Invalid("This session is not signed yet. Reports hold what is signed.")
    if format_ is Format.PDF and not drawing.available():
        raise drawing.NoPdfHere
    row = ReportOrder.objects.create(
        program=meeting.program,
        meeting=meeting,
        audience=Audience.CHART.value,
        format=format_.value,
        language=language,
        ordered_by=actor,
        ordered_at=clock.now(),
    )
    _record(actor, Act.MAKE_REPORT, "reportorder", row.pk, meeting.program_id, Audience.CHART.value)
    return row


def order_of(actor: Person, order_id: UUID) -> ReportOrder:
    """The actor's own order. Raises NotFound."""
    row = (
        ReportOrder.objects.select_related("program", "patient", "meeting", "report")
        .defer("report__ciphertext")
        .filter(pk=order_id, ordered_by=actor)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def consents_for(file: ClientFile, audience: Audience) -> list[Consent]:
    """Those in force that let a report out to this audience, for who may already see the client's papers."""
    if audience not in OUTSIDE:
        return []
    purpose, kinds = TO[audience]
    rows = (
        Consent.objects.of(file.program.pk)
        .live(clock.now())
        .filter(
            patient=file.person,
            purpose=purpose.value,
            recipient__kind__in=[kind.value for kind in kinds],
        )
        .select_related("recipient__person")
        .order_by("-offered_at", "pk")
    )
    return [row for row in rows if Scope.ATTENDANCE.value in row.scopes]


def reports_of(actor: Person, file: ClientFile) -> list[tuple[Report, Standing]]:
    """Those made about the client, the newest first, without their bytes; for the client their own copies.

    Raises NotFound for anybody else. Leaves an audit row.
    """
    require(actor, Act.OWN_REPORT, file)
    _record(actor, Act.OWN_REPORT, "person", file.person.pk, file.program.pk)
    rows = Report.objects.filter(program=file.program, patient=file.person)
    if actor.pk == file.person.pk:
        rows = rows.filter(audience=Audience.CLIENT.value)
    found = list(
        rows.select_related("consent__recipient__person", "ordered_by")
        .defer("ciphertext")
        .order_by("-made_at")
    )
    return list(zip(found, standings(found), strict=True))


def reports_of_meeting(actor: Person, meeting: Meeting) -> list[tuple[Report, Standing]]:
    """Raises NotFound or NotAllowed unless the actor may see the meeting's attendance."""
    require(actor, Act.SEE_ATTENDANCE, meeting)
    rows = Report.objects.filter(meeting=meeting).select_related("ordered_by").defer("ciphertext")
    found = list(rows.order_by("-made_at"))
    return list(zip(found, standings(found), strict=True))


def standings(reports: Iterable[Report]) -> list[Standing]:
    """For reports about one client or one meeting: three queries, however many there are."""
    found = list(reports)
    if not found:
        return []
    records = AttendanceRecord.objects.none()
    for one in found[:1]:
        records = (
            AttendanceRecord.objects.filter(meeting=one.meeting_id)
            if one.meeting_id
            else AttendanceRecord.objects.filter(person=one.patient_id, meeting__program=one.program_id)
        )
    rows = [
        (row.meeting.held_on, len(row.adjustments.all()))
        for row in with_adjustments(records).select_related("meeting")
    ]
    live = set(
        Consent.objects.filter(pk__in=[one.consent_id for one in found if one.consent_id])
        .live(clock.now())
        .values_list("pk", flat=True)
    )
    return [
        Standing(
            superseded=_basis(one, rows) != (one.records, one.changes),
            closed=one.consent_id is not None and one.consent_id not in live,
        )
        for one in found
    ]


def download(actor: Person, report_id: UUID) -> tuple[Report, bytes]:
    """The very bytes that were frozen. Leaves an audit row first.

    Raises:
        NotFound: no such report, or not for the actor.
        ConsentOver: it is for an outside party, and its consent has been taken back or has expired.
    """
    report = (
        Report.objects.select_related("program", "patient", "meeting", "consent__recipient")
        .filter(pk=report_id)
        .first()
    )
    if report is None:
        raise NotFound
    _require_download(actor, report)
    if report.consent is not None and not permits(report.consent, Audience(report.audience), clock.now()):
        _record(
            actor, "report.download", "report", report.pk, report.program_id, ConsentOver.code, refused=True
        )
        raise ConsentOver
    _record(actor, "report.download", "report", report.pk, report.program_id)
    return report, encryption.decrypt_bytes(report.ciphertext, place(report.pk))


def _require_download(actor: Person, report: Report) -> None:
    if report.meeting is not None:
        try:
            require(actor, Act.SEE_ATTENDANCE, report.meeting)
        except NotAllowed:
            raise NotFound from None  # who was in the room does not learn which reports there are
        return
    if report.patient is None:
        raise Fault("a report about nothing")  # the table's own constraint rules it out
    file = ClientFile(report.program, report.patient)
    own = report.audience == Audience.CLIENT
    try:
        require(actor, Act.OWN_REPORT if own else Act.MAKE_REPORT, file)
    except NotAllowed:
        raise NotFound from None  # whom the programme reported to is in the accounting, not here


def _draft(actor: Person, file: ClientFile, wanted: Wanted) -> ReportOrder:
    own = wanted.audience is Audience.CLIENT
    require(actor, Act.OWN_REPORT if own else Act.MAKE_REPORT, file)
    if wanted.format not in FORMATS[wanted.audience]:
        raise Invalid("This format is not for this recipient.")
    if wanted.to_on < wanted.from_on:
        raise Invalid("The last day comes before the first.", about="to_on")
    if wanted.to_on - wanted.from_on > LONGEST:
        raise Invalid("A report covers at most two years.", about="from_on")
    consent = wanted.consent
    if wanted.audience in OUTSIDE:
        if consent is None:
            raise ConsentOver("This recipient needs the client's consent.")
        if (consent.program_id, consent.patient_id) != (file.program.pk, file.person.pk):
            raise NotFound
        _purpose, kinds = TO[wanted.audience]
        matches = RecipientKind(consent.recipient.kind) in kinds
        if not matches or not permits(consent, wanted.audience, clock.now()):
            raise ConsentOver
    elif consent is not None:
        raise Invalid("This report stays here and needs no consent.")
    if wanted.payer is not None and wanted.audience not in (Audience.INSURER, Audience.CHART):
        raise Invalid("Units are for who pays.")
    return ReportOrder(
        program=file.program,
        patient=file.person,
        from_on=wanted.from_on,
        to_on=wanted.to_on,
        audience=wanted.audience.value,
        consent=consent,
        format=wanted.format.value,
        payer=wanted.payer.value if wanted.payer else "",
        language=wanted.language,
        ordered_by=actor,
        ordered_at=clock.now(),
    )


def _basis(report: Report, rows: Iterable[tuple[date, int]]) -> tuple[int, int]:
    changes = [
        count
        for held_on, count in rows
        if report.from_on is None or report.to_on is None or report.from_on <= held_on <= report.to_on
    ]
    return len(changes), sum(changes)


def _record(
    actor: Person,
    act: str,
    subject_type: str,
    subject_id: UUID,
    scope: UUID,
    reason: str = "",
    *,
    refused: bool = False,
) -> None:
    audit.record(
        actor_id=actor.pk,
        act=act,
        subject_type=subject_type,
        subject_id=subject_id,
        scope=scope,
        outcome=audit.Outcome.REFUSED if refused else audit.Outcome.ALLOWED,
        reason=reason,
    )


__all__ = [
    "ConsentOver",
    "Standing",
    "State",
    "Wanted",
    "consents_for",
    "download",
    "order",
    "order_meeting",
    "order_of",
    "preview",
    "reports_of",
    "reports_of_meeting",
    "standings",
]
