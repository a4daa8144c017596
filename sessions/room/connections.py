"""A device's socket in a room opens, is heard, and closes: the evidence on which what is credited rests.

Whoever falls silent keeps the place for a while; what nobody heard of any more is closed in upkeep.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import DateTimeField, UUIDField

from sessions.core import clock
from sessions.people.roles import RoomRole
from sessions.room.events import Connected, Disconnected
from sessions.room.log import RoomLog
from sessions.room.models import Connection
from sessions.room.reading import Actor, entrant, on_call
from sessions.room.upkeep import DEAD_AFTER, settle


def connect(actor: Actor, device: str, process: str) -> UUID:
    """A device's socket opened: the id of its connection. Settles the person's older interruption first.

    Args:
        device: opaque, the same for the same browser; cut at 64 characters.
        process: opaque name of the web process that holds the socket; cut at 64 characters.

    Raises NotFound without a right to the room.
    """
    stand_in = on_call(actor)
    if stand_in is not None:
        meeting, role = stand_in[0], RoomRole.FACILITATOR
    else:
        meeting, _, role = entrant(actor)
    with transaction.atomic():
        room = RoomLog(meeting)
        now = clock.now()
        room.welcome(actor.person_id, role)
        settle(room, now, actor.person_id)
        row = Connection.objects.create(
            meeting=meeting,
            person_id=actor.person_id,
            device=device[:64],
            process=process[:64],
            opened_at=now,
            seen_at=now,
        )
        room.append([Connected(at=now, person=actor.person_id, connection=row.pk, device=row.device)])
    return row.pk


@transaction.atomic
def disconnect(connection_id: UUID, clean: bool, at: datetime) -> None:
    """A device's socket closed; idempotent. The place is kept for the reconnect grace (leaving is a command).

    Args:
        clean: the device said goodbye, as opposed to having fallen silent.
        at: when it was last heard, server clock. Never counts later than now; when it lies further than
            DEAD_AFTER from the evidence before it, that evidence is the end.
    """
    row = Connection.objects.select_related("meeting").filter(pk=connection_id, closed_at=None).first()
    if row is None:
        return
    room = RoomLog(row.meeting)
    row.refresh_from_db(fields=["seen_at", "closed_at"])
    if row.closed_at is not None:
        return
    heard = min(at, clock.now())
    alive = abs(heard - row.seen_at) <= DEAD_AFTER
    end = max(heard, row.seen_at) if alive else row.seen_at
    row.seen_at = row.closed_at = end
    row.save(update_fields=["seen_at", "closed_at"])
    room.append([Disconnected(at=end, person=row.person_id, connection=row.pk, clean=clean and alive)])


def seen(heard: Mapping[UUID, datetime]) -> frozenset[UUID]:
    """Evidence for many connections in one UPDATE: when each was last heard, by the server's clock.

    Never counts later than now, and never moves evidence back. Beats that could not be written while the
    database was away are handed in afterwards in their order, one call each.

    Returns the ids among them that are not open: closed, swept, or by these times further than DEAD_AFTER
    from the evidence before, which is silence or a clock that jumped. Their sockets are to be closed, so
    that the browser connects anew.
    """
    if not heard:
        return frozenset()
    now = clock.now()
    id_field, time_field = UUIDField(), DateTimeField()
    parameters: list[Any] = []
    for connection_id, at in heard.items():
        at = min(at, now)
        parameters.append(id_field.get_db_prep_value(connection_id, database))
        parameters += [
            time_field.get_db_prep_value(time, database) for time in (at, at - DEAD_AFTER, at + DEAD_AFTER)
        ]
    row = "(%s::uuid, %s::timestamptz, %s::timestamptz, %s::timestamptz)"
    if database.vendor == "sqlite":
        row = "(%s, %s, %s, %s)"
    rows = ", ".join([row] * len(heard))
    with database.cursor() as cursor:
        cursor.execute(_SEEN.format(rows=rows), parameters)
        alive = {value if isinstance(value, UUID) else UUID(value) for (value,) in cursor.fetchall()}
    return frozenset(heard.keys() - alive)


_SEEN = """
    WITH heard (id, at, earliest, latest) AS (VALUES {rows})
    UPDATE iop_connection
    SET seen_at = CASE WHEN heard.at > iop_connection.seen_at THEN heard.at ELSE iop_connection.seen_at END
    FROM heard
    WHERE iop_connection.id = heard.id
      AND iop_connection.closed_at IS NULL
      AND iop_connection.seen_at BETWEEN heard.earliest AND heard.latest
    RETURNING iop_connection.id
"""
