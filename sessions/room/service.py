"""What can be done to a room. Synchronous; sockets call it through database_sync_to_async.

Every change is one transaction that locks the meeting's room, decides, appends facts and audit rows; on commit
the bell rings. Who hears it reads again from here: the bell carries nothing but a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.room.commands import Command
from sessions.room.reading import (
    Actor,
    CloseRoom,
    Counts,
    CurrentSeat,
    Effect,
    Eject,
    Member,
    MeetingInfo,
    Mute,
    PersonStays,
    Recorded,
    RoomView,
    Seat,
    Waiter,
    You,
    effects_since,
    facts_since,
    head,
    seat,
    seats,
    stays,
    view,
    waiting_now,
)

DEAD_AFTER: Final = timedelta(seconds=30)  # without evidence
RECONNECT_GRACE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Outcome:
    seq: int  # of the command's fact; the head of the log when there was nothing to do
    repeated: bool  # this command id was carried out before


def handle(actor: Actor, command: Command, command_id: str | None = None) -> Outcome:
    """Carry out `command` exactly once per (meeting, actor, command id).

    Raises:
        NotFound: no such meeting, or the actor has no right to it.
        NotAllowed, IllegalMove: see decisions.decide. Refusals leave an audit row and change nothing else.
    """
    raise NotImplementedError


def connect(actor: Actor, device: str, process: str) -> UUID:
    """A device's socket opened: the id of its connection. Settles the person's older interruption first.

    Args:
        device: opaque, at most 64 characters; the same for the same browser.
        process: opaque name of the web process that holds the socket, at most 64 characters.

    Raises NotFound without a right to the meeting.
    """
    raise NotImplementedError


def disconnect(connection_id: UUID, clean: bool, at: datetime) -> None:
    """A device's socket closed; idempotent. The place is kept for the reconnect grace (leaving is a command).

    Args:
        clean: the device said goodbye, as opposed to having fallen silent.
        at: when it was last heard, server clock. Never counts later than now, nor more than DEAD_AFTER past the
            evidence before it.
    """
    raise NotImplementedError


def seen(heard: Mapping[UUID, datetime]) -> frozenset[UUID]:
    """Evidence for many connections in one UPDATE: when each was last heard, by the server's clock.

    Returns the ids among them that are not open (any more): swept, closed, or silent for longer than DEAD_AFTER
    by these times. Their sockets are to be closed, so that the browser connects anew.
    """
    raise NotImplementedError


def sweep(now: datetime) -> int:
    """Close connections without evidence for DEAD_AFTER at their last evidence, and turn interruptions older
    than RECONNECT_GRACE into lapses. Safe to run at any time, by many. Returns the number of facts written."""
    raise NotImplementedError


def end_overdue(now: datetime) -> int:
    """End meetings past their scheduled end with nobody connected for 15 minutes, at their last evidence.

    Returns how many."""
    raise NotImplementedError


__all__ = [
    "DEAD_AFTER",
    "RECONNECT_GRACE",
    "Actor",
    "CloseRoom",
    "Counts",
    "CurrentSeat",
    "Effect",
    "Eject",
    "Member",
    "MeetingInfo",
    "Mute",
    "Outcome",
    "PersonStays",
    "Recorded",
    "RoomView",
    "Seat",
    "Waiter",
    "You",
    "connect",
    "disconnect",
    "effects_since",
    "end_overdue",
    "facts_since",
    "handle",
    "head",
    "seat",
    "seats",
    "seen",
    "stays",
    "sweep",
    "view",
    "waiting_now",
]
