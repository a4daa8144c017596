"""One live meeting as a case: what `manage.py credit` reads on standard input."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from sessions.attendance import proposals
from sessions.attendance.models import AttendanceRecord
from sessions.attendance.policies import policy_of
from sessions.audit import service as audit
from sessions.programs import service as programs
from sessions.programs.models import Meeting


def export(meeting_id: UUID | str) -> dict[str, Any]:
    """The case as JSON values, with opaque ids for people. For an operator: leaves an audit row.

    Of a signed meeting, the policy is the one it was signed under.

    Raises NotFound.
    """
    meeting = programs.meeting(meeting_id)
    audit.record(
        actor_id=None,
        act="meeting.case-exported",
        subject_type="meeting",
        subject_id=meeting.pk,
        scope=meeting.program_id,
    )
    found = proposals.hear(meeting)
    return {
        "meeting": {
            "starts_at": _iso(meeting.starts_at),
            "ends_at": _iso(meeting.ends_at),
            "ended_at": None if found.ended_at is None else _iso(found.ended_at),
            "time_zone": meeting.program.time_zone,
            "breaks": [
                [_iso(datetime.fromtimestamp(moment, UTC)) for moment in span] for span in found.breaks()
            ],
        },
        "policy": _policy(meeting),
        "facts": [
            {
                "at": _iso(datetime.fromtimestamp(fact.at, UTC)),
                "kind": fact.kind,
                "person": fact.person,
                "role": fact.role,
                "connection": fact.connection,
                **({"room": fact.room} if fact.room else {}),
            }
            for fact in sorted(found.facts, key=lambda fact: fact.at)
        ],
        "clients": list(found.clients),
    }


def _policy(meeting: Meeting) -> dict[str, object]:
    record = AttendanceRecord.objects.filter(meeting=meeting).first()
    if record is not None:
        return {**record.policy, "version": record.policy_version}
    return msgspec.structs.asdict(policy_of(meeting))


def _iso(at: datetime) -> str:
    """Whole seconds, as attendance counts."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
