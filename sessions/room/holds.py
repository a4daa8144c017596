"""A meeting is without a facilitator: staff on call are asked to take over, until somebody is there.

A facilitator who reloads the page is back before anybody is called.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sessions.messages import service as messages
from sessions.programs.models import Meeting
from sessions.room import paging
from sessions.room.sides import Hold
from sessions.worklist import service as worklist

CALL_AFTER: Final = timedelta(seconds=15)


def changed(meeting: Meeting, before: Hold | None, after: Hold | None, at: datetime) -> None:
    """The meeting's hold is another now: in the caller's transaction."""
    if before is not None:
        _over(meeting, before, at)
    if after is not None:
        _begun(meeting, after)


def _begun(meeting: Meeting, hold: Hold) -> None:
    about = _name(meeting, hold)
    worklist.ask(
        meeting.program_id,
        "hold.respond",
        key=f"hold {about}",
        reason="no-facilitator",
        about=worklist.About("meeting", meeting.pk),
        due_at=hold.since,
        urgent=True,
    )
    paging.call(
        meeting,
        key=f"hold {about}",
        about=about,
        since=hold.since,
        due_at=min(hold.paused_at, hold.since + CALL_AFTER),
        but=None,
    )


def _over(meeting: Meeting, hold: Hold, at: datetime) -> None:
    about = _name(meeting, hold)
    messages.cancel(about)
    if at < hold.since + CALL_AFTER:
        worklist.withdrawn(meeting.program_id, f"hold {about}")
    else:
        worklist.settled(meeting.program_id, f"hold {about}")


def _name(meeting: Meeting, hold: Hold) -> UUID:
    return uuid5(meeting.pk, hold.since.isoformat())
