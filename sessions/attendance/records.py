"""What holds for a signed record: as signed, or as last adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from sessions.attendance.models import Adjustment, AttendanceRecord, AttendanceStatus, Attestation, Seal
from sessions.core.errors import NotFound
from sessions.programs.models import Meeting


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for one signed record: as signed, or as last adjusted."""

    credited_seconds: int
    raw_seconds: int
    status: AttendanceStatus
    late: bool
    excused: bool
    adjusted: bool

    @property
    def credited_minutes(self) -> int:
        return self.credited_seconds // 60

    @property
    def raw_minutes(self) -> int:
        return self.raw_seconds // 60


def with_adjustments(records: QuerySet[AttendanceRecord]) -> QuerySet[AttendanceRecord]:
    """So that `effective` costs no query for each of them."""
    return records.prefetch_related(Prefetch("adjustments", Adjustment.objects.order_by("number")))


def effective(record: AttendanceRecord) -> Effective:
    """What holds now. One query, or none on `with_adjustments`."""
    changes = sorted(record.adjustments.all(), key=lambda one: one.number)
    held = values(record, changes)
    return Effective(**{**held, "status": AttendanceStatus(held["status"])}, adjusted=bool(changes))


def signature_of(meeting: Meeting) -> tuple[Attestation | None, str]:
    """The signature and its hash in the chain, as shown beside it; (None, "") before it. One query."""
    seal = Seal.objects.filter(of="attestation", row=OuterRef("pk"))
    rows = Attestation.objects.select_related("signed_by").filter(meeting=meeting)
    row: Any = rows.annotate(sealed_as=Subquery(seal.values("digest")[:1])).first()
    return (row, row.sealed_as or "") if row else (None, "")


def record_of(meeting: Meeting, person_id: UUID) -> AttendanceRecord:
    """Raises NotFound. Access is asked by whoever does something with it."""
    row = (
        AttendanceRecord.objects.select_related("meeting__program")
        .filter(meeting=meeting, person=person_id)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def values(record: AttendanceRecord, adjustments: Sequence[Adjustment]) -> dict[str, Any]:
    """As an adjustment keeps them in `before` and `after`. `adjustments` in order."""
    if adjustments:
        return dict(adjustments[-1].after)
    return {
        "credited_seconds": record.credited_seconds,
        "raw_seconds": record.raw_seconds,
        "status": str(record.status),
        "late": record.late,
        "excused": record.excused,
    }
