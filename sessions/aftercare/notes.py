"""What was written down about a call: for the team, and what the alumnus may keep. Encrypted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sessions.aftercare import journal
from sessions.aftercare.models import AftercareCourse, CallNote, CheckIn
from sessions.core import encryption
from sessions.people.access import Act, require
from sessions.people.models import Person


@dataclass(frozen=True, slots=True)
class Note:
    """As somebody wrote it."""

    text: str
    by: Person
    at: datetime
    check_in: UUID


def read(actor: Person, row: CheckIn, limit: int = 5) -> list[Note]:
    """The latest staff notes about this alumnus, newest first. Leaves an audit row first. Raises NotFound,
    NotAllowed."""
    require(actor, Act.SEE_CHECK_IN, row)
    journal.record(actor, "check-in.notes-read", row)
    rows = CallNote.objects.filter(check_in__course=row.course_id, for_alumnus=False)
    return [_read(one) for one in rows.select_related("by").order_by("-at")[:limit]]


def summaries(actor: Person, course: AftercareCourse, limit: int = 5) -> list[Note]:
    """What callers wrote for the alumnus, newest first. Raises NotFound for anybody else."""
    require(actor, Act.OWN_COURSE, course)
    rows = CallNote.objects.filter(check_in__course=course, for_alumnus=True)
    return [_read(one) for one in rows.select_related("by").order_by("-at")[:limit]]


def write(row: CheckIn, actor: Person, text: str, for_alumnus: bool, now: datetime) -> None:
    pk = uuid.uuid4()
    CallNote(
        id=pk,
        check_in=row,
        for_alumnus=for_alumnus,
        by=actor,
        at=now,
        ciphertext=encryption.encrypt(text.strip(), f"call-note {pk}"),
    ).save()


def _read(row: CallNote) -> Note:
    return Note(encryption.decrypt(row.ciphertext, f"call-note {row.pk}"), row.by, row.at, row.check_in_id)
