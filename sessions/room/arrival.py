"""Where people are today, and who helps them in an emergency: told at the door of every meeting.

Asked before knocking and never required for it: a person in distress is not kept out by a form. Staff see
who has not told yet, whose state no licence covers, and who is not alone. The answers are kept encrypted;
only the person and, in a crisis, staff of the meeting get to see them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef

from sessions.core import encryption
from sessions.core.errors import Invalid
from sessions.people.roles import RoomRole
from sessions.programs.licences import STATES, covered
from sessions.programs.models import Meeting
from sessions.room.arrival_models import Arrival
from sessions.room.care_commands import Details
from sessions.room.log import RoomLog
from sessions.room.models import RoomFact
from sessions.room.still_facts import Arrived, IdentityVerified
from sessions.worklist import service as worklist

Flag: TypeAlias = Literal["arrivalUnconfirmed", "otherState", "notAlone", "noIdentity"]

ASKED: Final = frozenset({RoomRole.CLIENT, RoomRole.ALUMNUS})
KEEP_OLDER: Final = timedelta(days=7)  # once something newer is known: for looking into what happened
KEEP_LATEST: Final = timedelta(days=90)  # offered at the next meeting


@dataclass(frozen=True, slots=True)
class Told:
    details: Details
    confirmed: bool  # for this meeting; otherwise remembered from an earlier one


def arrive(room: RoomLog, person_id: UUID, details: Details, now: datetime) -> list[Arrived]:
    """Keep what `person_id` told, in the caller's transaction. Telling again replaces it.

    In a state that no licence of the meeting's facilitators covers the coordinator is asked to look at it.
    """
    if details.state not in STATES:
        raise Invalid("Use the two letters of the state, like NY.")
    meeting = room.meeting
    known = Arrival.objects.filter(meeting=meeting, person=person_id).first()
    leaders = meeting.facilitators.values_list("pk", flat=True)
    in_reach = covered(leaders, details.state, meeting.held_on)
    row = known or Arrival(id=uuid.uuid4(), meeting=meeting, person_id=person_id)
    row.told_at, row.alone, row.covered = now, details.alone, in_reach
    row.ciphertext = encryption.encrypt(msgspec.json.encode(details).decode(), _place(row.pk))
    row.save()
    key = f"location {meeting.pk} {person_id}"
    if in_reach:
        worklist.settled(meeting.program_id, key)
    else:
        worklist.ask(
            meeting.program_id,
            "location.check",
            key=key,
            reason="other-state",
            params={"state": details.state},
            person=person_id,
            about=worklist.About("meeting", meeting.pk),
        )
    return [Arrived(at=now, person=person_id)]


def told(meeting: Meeting, person_id: UUID) -> Told | None:
    """What the person last told: for this meeting, or else remembered from the programme's latest."""
    rows = Arrival.objects.filter(person=person_id, meeting__program=meeting.program_id)
    row = (
        rows.filter(meeting=meeting).first()
        or rows.filter(ciphertext__isnull=False).order_by("-told_at").first()
    )
    if row is None or row.ciphertext is None:
        return None
    text = encryption.decrypt(row.ciphertext, _place(row.pk))
    return Told(msgspec.json.decode(text, type=Details), row.meeting_id == meeting.pk)


def flags(meeting: Meeting, people: Mapping[UUID, RoomRole]) -> dict[UUID, tuple[Flag, ...]]:
    """What staff of the meeting should know about each of these. Only who is treated here is asked."""
    asked = {person: role for person, role in people.items() if role in ASKED}
    if not asked:
        return {}
    rows = {row.person_id: row for row in Arrival.objects.filter(meeting=meeting, person__in=asked)}
    verified = set(
        RoomFact.objects.filter(
            kind=IdentityVerified.kind, person__in=asked, meeting__program=meeting.program_id
        ).values_list("person_id", flat=True)
    )
    found: dict[UUID, tuple[Flag, ...]] = {}
    for person, role in asked.items():
        row = rows.get(person)
        marks: list[tuple[Flag, bool]] = [
            ("arrivalUnconfirmed", row is None),
            ("otherState", row is not None and not row.covered),
            ("notAlone", row is not None and not row.alone),
            ("noIdentity", role == RoomRole.CLIENT and person not in verified),
        ]
        found[person] = tuple(flag for flag, holds in marks if holds)
    return found


def erase(now: datetime) -> int:
    """Forget details that are no longer needed; returns how many. That they were told stays on record."""
    kept = Arrival.objects.filter(ciphertext__isnull=False)
    newer = kept.filter(
        person=OuterRef("person"),
        meeting__program=OuterRef("meeting__program"),
        told_at__gt=OuterRef("told_at"),
    )
    older = kept.filter(Exists(newer), told_at__lt=now - KEEP_OLDER).values_list("pk", flat=True)
    old = kept.filter(told_at__lt=now - KEEP_LATEST).values_list("pk", flat=True)
    return Arrival.objects.filter(pk__in={*older, *old}).update(ciphertext=None)


def _place(pk: UUID) -> str:
    return f"arrival {pk}"
