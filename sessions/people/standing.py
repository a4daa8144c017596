"""What somebody is now, in every programme."""

from __future__ import annotations

from typing import Final

from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.people.models import Membership, Person

# Asked before everything that anybody does.
_MEMBERSHIPS: Final = Prepared(
    lambda person: Membership.objects.filter(person=person).active().order_by("since", "id")
)


def memberships(person: Person) -> tuple[Membership, ...]:
    """Those that hold now, the oldest first. None for a disabled account. One query."""
    return once(("memberships", person.pk), lambda: tuple(_MEMBERSHIPS.models(person.pk)))
