"""Who is called when a meeting needs staff at once, and how: a neutral word, and the bell on staff pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from sessions.messages import service as messages
from sessions.messages.models import Channel
from sessions.people.access import Act, may
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs.models import Meeting
from sessions.room import bell

TOO_LATE_AFTER: Final = timedelta(hours=1)


def call(
    meeting: Meeting, *, key: str, about: UUID, since: datetime, due_at: datetime, but: UUID | None
) -> None:
    """A text message, or a letter to who has no number, in the caller's transaction.

    Args:
        key: names the event; nobody is called twice for it.
        about: for messages.cancel.
        due_at: not before; whatever is cancelled until then is never sent.
        but: who asks is not called.
    """
    for person in _on_call(meeting, but):
        messages.queue(
            "staff.urgent",
            person,
            Channel.SMS if person.phone else Channel.EMAIL,
            key=f"{key} {person.pk}",
            params={"link": messages.link(_page(meeting, person), meeting.pk)},
            program_id=meeting.program_id,
            about=about,
            urgent=True,
            due_at=due_at,
            not_after=since + TOO_LATE_AFTER,
        )
    transaction.on_commit(partial(bell.ring_program, meeting.program_id))


def _page(meeting: Meeting, person: Person) -> str:
    """The room itself for who may walk in."""
    led = meeting.facilitators.filter(pk=person.pk).exists()
    return "room" if led or may(person, Act.TAKE_OVER, meeting) else "meeting"


def _on_call(meeting: Meeting, but: UUID | None) -> Sequence[Person]:
    """Who is on call, the programme's coordinators, and the meeting's other facilitators."""
    reached = Membership.objects.filter(
        Q(role=Role.COORDINATOR) | Q(on_call=True), program=meeting.program_id
    ).active()
    wanted = Q(pk__in=reached.values("person")) | Q(pk__in=meeting.facilitators.values("pk"))
    return list(Person.objects.filter(wanted, is_active=True).exclude(pk__in=[but] if but else []))
