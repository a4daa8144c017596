"""What somebody is now, in every programme."""

from __future__ import annotations

from sessions.core.reading import once
from sessions.people.models import Membership, Person


def memberships(person: Person) -> tuple[Membership, ...]:
    """Those that hold now, the oldest first. None for a disabled account. One query."""
    rows = Membership.objects.filter(person=person).active().order_by("since", "id")
    return once(("memberships", person.pk), lambda: tuple(rows))
