"""What somebody is now, in every programme."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING

# Asked before everything that anybody does.
_MEMBERSHIPS: Final = Prepared(
    lambda person: Membership.objects.filter(person=person).active().order_by("since", "id")
)


def memberships(person: Person) -> tuple[Membership, ...]:
    """Those that hold now, the oldest first. None for a disabled account. One query."""
    return once(("memberships", person.pk), lambda: tuple(_MEMBERSHIPS.models(person.pk)))


def leads_in(person: Person, program_id: UUID) -> bool:
    """Whether the person may lead meetings and calls of the programme now."""
    return any(row.program_id == program_id and row.role in LEADING for row in memberships(person))
