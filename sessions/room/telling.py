"""What the room tells outside: a family guest who is let in learns that their client is here.

That is a disclosure to a named person under the client's consent to their presence (42 CFR 2.12(a), 2.31), so
it stands in the client's accounting: once for a session and a guest, when the door is opened to them.
What other clients of the session say of themselves is theirs to say, under the group's confidentiality.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sessions.consents import disclosures
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.room.events import Admitted, Fact
from sessions.room.log import RoomLog


def told(room: RoomLog, facts: Sequence[Fact], now: datetime) -> None:
    """Put on record what `facts` tell. In their transaction: no row, no entry."""
    guests = {
        fact.person: fact.actor for fact in facts if isinstance(fact, Admitted) and fact.person in room.family
    }
    if guests:
        roster = programs.roster(room.meeting)
        clients = {entry.person.pk for entry in roster if entry.role == RoomRole.CLIENT}
        disclosures.shared_session(room.meeting.program_id, room.meeting.pk, clients, guests, now)
