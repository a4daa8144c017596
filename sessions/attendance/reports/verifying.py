"""Whether a file is the one that was made, and whether the chain of reports holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from django.conf import settings

from sessions.attendance.reports.making import place
from sessions.attendance.reports.models import Report, ReportChain
from sessions.attendance.reports.service import Standing, standings
from sessions.audit import service as audit
from sessions.core import chain, encryption


class Verdict(IntEnum):
    """Also the exit code of `manage.py verify_report`."""

    GENUINE = 0
    UNKNOWN = 1  # never made here, or changed since
    UNREADABLE = 2
    BROKEN = 3  # the file is known, and the chain does not hold: the database was edited


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    report: Report | None = None
    standing: Standing | None = None
    breaches: tuple[str, ...] = ()


def verify_file(data: bytes) -> Finding:
    """Leaves an audit row for a file that is known."""
    sha256 = hashlib.sha256(data).hexdigest()
    report = Report.objects.defer("ciphertext").filter(sha256=sha256).order_by("seq").first()
    if report is None:
        return Finding(Verdict.UNKNOWN)
    audit.record(
        actor_id=None,
        act="report.verified",
        subject_type="report",
        subject_id=report.pk,
        scope=report.program_id,
    )
    breaches = tuple(verify_chain(report.program_id))
    (standing,) = standings([report])
    verdict = Verdict.BROKEN if breaches else Verdict.GENUINE
    return Finding(verdict, report, standing, breaches)


def verify_chain(program_id: UUID | None = None) -> Iterator[str]:
    """Walk the reports of one programme, or of all. One line for each that was edited, removed or moved."""
    rows = Report.objects.defer("ciphertext").order_by("program_id", "seq")
    heads = ReportChain.objects.all()
    if program_id is not None:
        rows, heads = rows.filter(program=program_id), heads.filter(program=program_id)
    walked: dict[UUID, tuple[int, str]] = {}
    for report in rows.iterator():
        seq, digest = walked.get(report.program_id, (0, ""))
        if report.seq != seq + 1:
            yield f"report {seq + 1} of programme {report.program_id}: missing"
        elif not chain.holds(settings.AUDIT_KEYS, report.digest, digest, report.content()):
            yield f"report {report.seq} of programme {report.program_id}: edited, or one before it"
        walked[report.program_id] = (report.seq, report.digest)
    kept = {head.program_id: (head.length, head.digest) for head in heads}
    for program in sorted(kept.keys() | walked.keys()):
        if kept.get(program, (0, "")) != walked.get(program, (0, "")):
            yield f"reports of programme {program}: the end differs from the head"


def verify_bytes() -> Iterator[str]:
    """Decrypt every report and compare it with its hash. A line for each that is not what was handed out."""
    for report in Report.objects.order_by("program_id", "seq").iterator(chunk_size=20):
        try:
            data = encryption.decrypt_bytes(report.ciphertext, place(report.pk))
        except encryption.Unreadable:
            data = b""
        if hashlib.sha256(data).hexdigest() != report.sha256:
            yield f"report {report.seq} of programme {report.program_id}: its bytes are not those of its hash"
