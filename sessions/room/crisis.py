"""Somebody in a meeting is in danger: everything needed at once, and a record of what was done.

Opening it shows staff of the meeting where the person is, who helps, and whom to call; asks the programme's
staff for help; and begins a timeline that nobody can edit. Each reading is on record before anything is
shown. It is closed with an outcome, which leaves a task to follow up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

import msgspec
from django.db import transaction

from sessions.audit import service as audit
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.models import HouseholdMember, Person
from sessions.programs.models import Meeting
from sessions.room import arrival, helplines, paging
from sessions.room.arrival import Told
from sessions.room.crisis_models import Crisis, CrisisReading, CrisisStep
from sessions.room.facilitation import AlreadySo
from sessions.room.log import RoomLog
from sessions.room.machine import HELD, Place, RoomState
from sessions.room.models import SideRoom
from sessions.room.sides import SideKind
from sessions.room.still_facts import CrisisClosed, CrisisNoted, CrisisOpened
from sessions.worklist import service as worklist

Step: TypeAlias = Literal["opened", "paged", "answered", "note", "aside", "closed"]
LONGEST: Final = 2_000  # characters of a note
FOLLOW_UP_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    by: str
    kind: Step
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One crisis, as staff of the meeting see it."""

    person_id: UUID
    name: str
    told: Told | None
    contacts: tuple[str, ...]
    numbers: tuple[str, ...]
    timeline: tuple[Entry, ...]
    closed: bool
    aside: (
        UUID | None
    )  # the room apart that is ready for the person while it is open; else the one they are in


def open_(room: RoomLog, asker: UUID, person: UUID, now: datetime) -> list[CrisisOpened]:
    """Begin it, and ask for help: in the caller's transaction.

    Raises:
        IllegalMove: the person is neither inside nor waiting; or a facilitator.
        AlreadySo: one is open for this person.
    """
    if room.state.of(person).place not in HELD or person in room.facilitators:
        raise IllegalMove("That is only possible with somebody in the room.")
    meeting = room.meeting
    if Crisis.objects.filter(meeting=meeting, person=person, closed_at=None).exists():
        raise AlreadySo
    crisis = Crisis.objects.create(meeting=meeting, person_id=person, opened_at=now)
    _step(crisis, asker, "opened", now)
    SideRoom.objects.create(  # so that going there waits for nothing; nobody is in it, and it is not open yet
        pk=_room_apart(crisis), meeting=meeting, kind=SideKind.ASIDE, opened_at=now, closed_at=now
    )
    _page(crisis, asker)
    _step(crisis, asker, "paged", now)
    return [CrisisOpened(at=now, person=person, actor=asker, crisis=crisis.pk)]


def note(room: RoomLog, asker: UUID, person: UUID, text: str, now: datetime) -> list[CrisisNoted]:
    """Raises IllegalMove when none is open for this person; Invalid for an empty or too long text."""
    crisis = _open(room, person)
    _step(crisis, asker, "note", now, _checked(text))
    return [CrisisNoted(at=now, person=person, actor=asker, crisis=crisis.pk)]


def close(room: RoomLog, asker: UUID, person: UUID, outcome: str, now: datetime) -> list[CrisisClosed]:
    """With an outcome, and a task to follow it up. Raises as `note` does."""
    crisis = _open(room, person)
    _step(crisis, asker, "closed", now, _checked(outcome))
    crisis.closed_at = now
    crisis.save(update_fields=["closed_at"])
    program_id = room.meeting.program_id
    worklist.settled(program_id, _key(crisis))
    worklist.ask(
        program_id,
        "crisis.follow-up",
        key=f"{_key(crisis)} follow-up",
        reason="crisis-closed",
        person=person,
        about=worklist.About("meeting", room.meeting.pk),
        due_at=now + FOLLOW_UP_WITHIN,
        urgent=True,
    )
    return [CrisisClosed(at=now, person=person, actor=asker, crisis=crisis.pk)]


def came(room: RoomLog, staff: UUID, now: datetime) -> None:
    """A facilitator entered: whoever did not open what is open has answered the call."""
    for crisis in Crisis.objects.filter(meeting=room.meeting, closed_at=None):
        if not crisis.steps.filter(by=staff).exists():
            _step(crisis, staff, "answered", now)


def rooms_apart(meeting: Meeting) -> dict[UUID, UUID]:
    """The room apart that is ready for each person with an open crisis."""
    found = Crisis.objects.filter(meeting=meeting, closed_at=None)
    return {crisis.person_id: _room_apart(crisis) for crisis in found}


def went_aside(room: RoomLog, staff: UUID, person: UUID, now: datetime) -> None:
    """The two are in a room of their own now."""
    for crisis in Crisis.objects.filter(meeting=room.meeting, person=person, closed_at=None):
        _step(crisis, staff, "aside", now)


def seen_by(reader: Person, meeting: Meeting, room: RoomState) -> tuple[Seen, ...]:
    """Every crisis of the meeting, oldest first. Only for staff of it: callers have asked.

    A reader who is shown something new leaves an audit row first.
    """
    rows = Crisis.objects.filter(meeting=meeting).select_related("person").order_by("opened_at", "pk")
    found: list[Seen] = []
    for crisis in rows:
        steps = list(crisis.steps.select_related("by").order_by("number"))
        _on_record(reader, meeting, crisis, len(steps))
        told = arrival.told(meeting, crisis.person_id)
        found.append(
            Seen(
                person_id=crisis.person_id,
                name=crisis.person.name,
                told=told,
                contacts=_contacts(meeting, crisis),
                numbers=helplines.numbers(told.details.state if told else ""),
                timeline=tuple(
                    Entry(step.at, step.by.name, msgspec.convert(step.kind, Step), _text(step))
                    for step in steps
                ),
                closed=crisis.closed_at is not None,
                aside=_room_apart(crisis) if crisis.closed_at is None else _aside(room, crisis.person_id),
            )
        )
    return tuple(found)


def _room_apart(crisis: Crisis) -> UUID:
    return uuid5(crisis.pk, "aside")


def _aside(room: RoomState, person: UUID) -> UUID | None:
    standing = room.of(person)
    return standing.room_id if standing.place is Place.ASIDE else None


def _on_record(reader: Person, meeting: Meeting, crisis: Crisis, steps: int) -> None:
    with transaction.atomic():
        reading, new = CrisisReading.objects.select_for_update().get_or_create(
            crisis=crisis, person=reader, defaults={"steps": steps}
        )
        if not new and reading.steps >= steps:
            return
        reading.steps = steps
        reading.save(update_fields=["steps"])
        audit.record(
            actor_id=reader.pk,
            act="room.crisis-read",
            subject_type="person",
            subject_id=crisis.person_id,
            scope=meeting.program_id,
        )


def _contacts(meeting: Meeting, crisis: Crisis) -> tuple[str, ...]:
    """Whom a live consent lets us ask when something is wrong: the household, and others by name."""
    papers = (
        Consent.objects.of(meeting.program_id)
        .live(clock.now())
        .filter(patient=crisis.person_id, purpose=Purpose.CONTACT.value)
        .select_related("recipient__person")
    )
    ties = dict(
        HouseholdMember.objects.filter(
            household__program=meeting.program_id, household__client=crisis.person_id
        ).values_list("person_id", "relationship")
    )
    lines: dict[str, None] = {}
    for paper in papers.order_by("offered_at", "pk"):
        if Scope.WHEREABOUTS.value not in paper.scopes:
            continue
        known = paper.recipient.person
        if known is None:
            lines[consents.named(paper.recipient).line] = None
        else:
            tie = f" ({ties[known.pk]})" if known.pk in ties else ""
            lines[f"{known.name}{tie}, {known.phone}".rstrip(", ")] = None
    return tuple(lines)


def _page(crisis: Crisis, asker: UUID) -> None:
    """A task that stands first, a neutral word to every other clinician, and the bell on staff pages."""
    meeting = crisis.meeting
    worklist.ask(
        meeting.program_id,
        "crisis.respond",
        key=_key(crisis),
        reason="crisis-open",
        person=crisis.person_id,
        about=worklist.About("meeting", meeting.pk),
        due_at=crisis.opened_at,
        urgent=True,
    )
    since = crisis.opened_at
    paging.call(meeting, key=_key(crisis), about=crisis.pk, since=since, due_at=since, but=asker)


def _open(room: RoomLog, person: UUID) -> Crisis:
    crisis = Crisis.objects.filter(meeting=room.meeting, person=person, closed_at=None).first()
    if crisis is None:
        raise IllegalMove("There is no open crisis for this person.")
    return crisis


def _step(crisis: Crisis, by: UUID, kind: Step, now: datetime, text: str = "") -> None:
    number = crisis.steps.count() + 1
    kept = encryption.encrypt(text, f"crisis {crisis.pk} {number}") if text else None
    CrisisStep(crisis=crisis, number=number, at=now, by_id=by, kind=kind, ciphertext=kept).save()


def _text(step: CrisisStep) -> str:
    if step.ciphertext is None:
        return ""
    return encryption.decrypt(step.ciphertext, f"crisis {step.crisis_id} {step.number}")


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid("A note has between 1 and 2000 characters.")
    return text


def _key(crisis: Crisis) -> str:
    return f"crisis {crisis.pk}"
