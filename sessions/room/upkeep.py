"""What time alone does to a room: silent connections die, interruptions lapse, forgotten meetings end.

Everything is stamped with the last evidence, never with the moment somebody noticed. Safe to run twice, by
many, and late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from sessions.core import clock
from sessions.people.models import NoContact, Person
from sessions.programs import service as programs
from sessions.room.decisions import IDLE_AFTER_END, door_closed, lapse_due
from sessions.room.events import Declined, Disconnected, Ended, Fact, Lapsed, Removed
from sessions.room.floor_facts import BreakEnded
from sessions.room.log import RoomLog, facts_of
from sessions.room.machine import SEATED, Place
from sessions.room.models import Connection, Placement, Room
from sessions.room.moving import apart, recall
from sessions.room.presence import stays_of

log = logging.getLogger(__name__)

DEAD_AFTER: Final = timedelta(seconds=30)  # without evidence
RECONNECT_GRACE: Final = timedelta(seconds=60)


def sweep(now: datetime) -> int:
    """Close connections without evidence for DEAD_AFTER at their last evidence, turn interruptions older than
    RECONNECT_GRACE into lapses, end breaks and breakouts whose time is over, and part people who since they
    came in are to be kept apart. Returns the number of facts written.

    A room that cannot be swept is logged and passed over; it is tried again next time.
    """
    meetings = set(_silent(now).values_list("meeting", flat=True))
    overdue = Q(interrupted_since__lte=now - RECONNECT_GRACE) | Q(
        interrupted_since__gte=now + RECONNECT_GRACE
    )
    meetings |= set(Placement.objects.filter(overdue).values_list("meeting", flat=True))
    meetings |= set(
        Room.objects.filter(Q(break_ends_at__lte=now) | Q(due_at__lte=now)).values_list("meeting", flat=True)
    )
    meetings |= _with_people_kept_apart()
    return _in_each(meetings, lambda meeting_id: _sweep_one(meeting_id, now))


def close_due(meeting_id: UUID, now: datetime) -> int:
    """Close the meeting's breakouts if their time is over. For who cannot wait for the sweep."""
    return _in_each({meeting_id}, lambda one: _due(RoomLog(programs.meeting(one)), now))


def end_overdue(now: datetime) -> int:
    """End meetings past their scheduled end with nobody there for IDLE_AFTER_END, at the last evidence of
    anybody in the room (or, when nobody ever was, at its door). Returns how many."""
    rooms = Room.objects.filter(
        opened_at__isnull=False, ended_at=None, meeting__ends_at__lte=now - IDLE_AFTER_END
    )
    return _in_each(
        set(rooms.values_list("meeting", flat=True)), lambda meeting_id: _end_one(meeting_id, now)
    )


def put_out(person: UUID, by: UUID) -> int:
    """End the person's place in every room in which they have no part any more. Returns how many rooms.

    `by` ended that part: staff, or the client who took a consent back.
    """
    there = [place.value for place in (Place.WAITING, *SEATED)]
    rows = Placement.objects.filter(person=person, place__in=there, meeting__room__ended_at=None)
    return _in_each(
        set(rows.values_list("meeting", flat=True)), lambda meeting: _put_out(meeting, person, by)
    )


def part_ended(person: UUID, by: UUID, **_: object) -> None:
    """Receives `people.service.access_ended`."""
    put_out(person, by)


def _put_out(meeting_id: UUID, person: UUID, by: UUID) -> int:
    room = RoomLog(programs.meeting(meeting_id))
    standing = room.state.people.get(person)
    someone = Person.objects.filter(pk=person).first()
    if standing is None or someone is None or programs.role_in(room.meeting, someone) is not None:
        return 0
    fact = Declined if standing.place is Place.WAITING else Removed
    if standing.place is not Place.WAITING and standing.place not in SEATED:
        return 0
    room.append([fact(at=clock.now(), person=person, actor=by, reason="part-ended")])
    return 1


def settle(room: RoomLog, now: datetime, person: UUID | None = None) -> int:
    """What `sweep` does, for one locked room, or for one person in it. Returns the number of facts
    written."""
    head = room.head
    here = room.state.people.values() if person is None else [room.state.of(person)]
    opened = [connection for standing in here for connection in standing.connections]
    silent = _silent(now).filter(pk__in=opened).select_for_update(skip_locked=True)
    facts: list[Fact] = []
    # Rows that evidence is just being written to are locked, and alive.
    for connection in silent.order_by("seen_at", "pk") if opened else ():
        connection.closed_at = connection.seen_at
        connection.save(update_fields=["closed_at"])
        facts.append(
            Disconnected(
                at=connection.seen_at, person=connection.person_id, connection=connection.pk, clean=False
            )
        )
    room.append(facts)
    lapsed: list[Fact] = [
        Lapsed(at=min(standing.interrupted_since + RECONNECT_GRACE, now), person=who)
        for who, standing in room.state.people.items()
        if standing.interrupted_since is not None
        and person in (None, who)
        and lapse_due(standing, now, RECONNECT_GRACE)
    ]
    room.append(lapsed)
    pause = room.state.floor.pause
    if pause is not None and pause.ends_at <= now:
        room.append([BreakEnded(at=pause.ends_at)])
    return room.head - head


def _silent(now: datetime) -> QuerySet[Connection]:
    """Open connections without evidence for too long. Evidence from the future is none: that clock was put
    back since, and nobody knows how long ago it was."""
    return Connection.objects.filter(
        Q(seen_at__lt=now - DEAD_AFTER) | Q(seen_at__gt=now + DEAD_AFTER), closed_at=None
    )


def _sweep_one(meeting_id: UUID, now: datetime) -> int:
    room = RoomLog(programs.meeting(meeting_id))
    return settle(room, now) + _due(room, now) + _part(room, now)


def _due(room: RoomLog, now: datetime) -> int:
    due_at, head = room.state.sides.due_at, room.head
    if due_at is not None and due_at <= now:
        room.append(recall(room.state, room.known, now, None))
    return room.head - head


def _part(room: RoomLog, now: datetime) -> int:
    head = room.head
    room.append(apart(room.state, room.known, now))
    return room.head - head


def _with_people_kept_apart() -> set[UUID]:
    """Meetings in which two people are in one room who have since been set apart."""
    seated = Placement.objects.filter(place__in=[place.value for place in SEATED])
    pairs = NoContact.objects.filter(lower__in=seated.values("person"), higher__in=seated.values("person"))
    found: set[UUID] = set()
    for program, lower, higher in pairs.values_list("program", "lower", "higher"):
        where: dict[UUID, set[tuple[UUID, UUID | None]]] = {lower: set(), higher: set()}
        rows = seated.filter(person__in=[lower, higher], meeting__program=program)
        for person, meeting, room in rows.values_list("person", "meeting", "room"):
            where[person].add((meeting, room))
        found |= {meeting for meeting, _ in where[lower] & where[higher]}
    return found


def _end_one(meeting_id: UUID, now: datetime) -> int:
    room = RoomLog(programs.meeting(meeting_id))
    if room.state.ended_at or not door_closed(room.state, room.meeting.ends_at, False, now):
        return 0
    everyone = stays_of(((row.seq, fact) for row, fact in facts_of(meeting_id)), {}).values()
    inside = [stay.ends_at for stays in everyone for stay in stays]
    waiting = [one.heard_until for one in room.state.people.values() if one.heard_until is not None]
    room.append([Ended(at=min(max(inside or waiting, default=now), now))])
    return 1


def _in_each(meetings: set[UUID], do: Callable[[UUID], int]) -> int:
    total = 0
    for meeting_id in sorted(meetings):
        try:
            with transaction.atomic():
                total += do(meeting_id)
        except Exception as error:  # whatever it is: the other rooms do not wait for it
            log.error("upkeep of meeting %s failed: %s", meeting_id, type(error).__name__)
    return total
