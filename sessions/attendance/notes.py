"""What a facilitator writes about one client. Apart from attendance: its own table, its own right, its own
audit rows, encrypted with keys outside the database. A later note adds to an earlier one; none is changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from sessions.attendance import proposals, seals
from sessions.attendance.models import AttendanceRecord, IndividualNote, Progress, Proposal
from sessions.audit import service as audit
from sessions.core import clock, encryption
from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting

LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    written_by: Person
    written_at: datetime


def write_note(actor: Person, meeting: Meeting, person_id: UUID, text: str) -> None:
    """About a client of the meeting.

    Raises:
        NotFound, NotAllowed: the actor does not facilitate the meeting; NotFound too for nobody's client.
        Invalid: an empty or too long note.
    """
    require(actor, Act.KEEP_NOTES, meeting)
    with transaction.atomic():
        add(proposals.locked(meeting.pk), actor, meeting, {person_id: text})


def add(progress: Progress, actor: Person, meeting: Meeting, texts: Mapping[UUID, str]) -> None:
    """For callers that have asked for the right and hold the meeting's lock. Raises as write_note does."""
    for person_id, text in texts.items():
        client_of(meeting, person_id)
        if not text.strip() or len(text) > LONGEST:
            raise Invalid(f"A note has between 1 and {LONGEST} characters.")
        pk = uuid.uuid4()
        note = IndividualNote(
            id=pk,
            meeting=meeting,
            person_id=person_id,
            written_by=actor,
            written_at=clock.now(),
            ciphertext=encryption.encrypt(text.strip(), _place(pk)),
        )
        note.save()
        seals.seal(progress, [note])
        _record(actor, "meeting.note-written", meeting, person_id)


def read_notes(actor: Person, meeting: Meeting, person_id: UUID) -> list[Note]:
    """About one client in one meeting, in order. Reading leaves an audit row first.

    Raises NotFound or NotAllowed unless the actor facilitates the meeting.
    """
    require(actor, Act.KEEP_NOTES, meeting)
    _record(actor, "meeting.notes-read", meeting, person_id)
    rows = IndividualNote.objects.filter(meeting=meeting, person=person_id).select_related("written_by")
    return [
        Note(encryption.decrypt(row.ciphertext, _place(row.pk)), row.written_by, row.written_at)
        for row in rows.order_by("written_at", "pk")
    ]


def client_of(meeting: Meeting, person_id: UUID) -> Person:
    """Who is signed for in the meeting, was there as a client, or belongs to it as one. Raises NotFound."""
    signed = AttendanceRecord.objects.filter(meeting=meeting, person=OuterRef("pk"))
    came = Proposal.objects.filter(meeting=meeting, person=OuterRef("pk"))
    row = Person.objects.filter(Exists(signed) | Exists(came), pk=person_id).first()
    if row is None:
        clients = (one.person for one in programs.roster(meeting) if one.role == RoomRole.CLIENT)
        row = next((one for one in clients if one.pk == person_id), None)
    if row is None:
        raise NotFound
    return row


def has_notes(meeting: Meeting) -> frozenset[UUID]:
    """About whom there are notes, for who may already see the meeting's attendance."""
    return frozenset(
        IndividualNote.objects.filter(meeting=meeting).values_list("person_id", flat=True).distinct()
    )


def _place(pk: UUID) -> str:
    return f"individual-note {pk}"


def _record(actor: Person, act: str, meeting: Meeting, person_id: UUID) -> None:
    audit.record(
        actor_id=actor.pk, act=act, subject_type="person", subject_id=person_id, scope=meeting.program_id
    )
