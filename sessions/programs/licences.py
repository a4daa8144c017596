"""In which states a facilitator may treat people, and until when."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.people.models import Person

# Postal codes: the states, the District of Columbia, the territories.
STATES: Final = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL",
    "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE",
    "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD",
    "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "AS", "GU", "MP", "PR", "VI",
})  # fmt: skip


def validate_state(code: str) -> None:
    if code not in STATES:
        raise ValidationError(_("Use the two letters of the state, like NY."))


class Licence(models.Model):
    """A licence to practise in one state. Ends on its last day; a compact is one row for each state."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="licences")
    state = models.CharField(_("state"), max_length=2, validators=[validate_state])
    number = models.CharField(_("number"), max_length=40, blank=True)
    since = models.DateField(_("valid from"), null=True, blank=True)
    until = models.DateField(_("valid until"), null=True, blank=True)  # the last day

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "state", "number"], name="licence_once"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(since__isnull=True) | Q(until__gte=models.F("since")),
                name="licence_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.number}".strip()

    def counts(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


def held_by(people: Iterable[UUID]) -> dict[UUID, tuple[Licence, ...]]:
    """All licences on record, by person. Who holds none is missing. One query."""
    found: dict[UUID, list[Licence]] = defaultdict(list)
    for row in Licence.objects.filter(person__in=list(people)).order_by("state", "number"):
        found[row.person_id].append(row)
    return {person: tuple(rows) for person, rows in found.items()}


def covered(facilitators: Iterable[UUID], state: str, on: date) -> bool:
    """Whether one of these may treat somebody in `state` on that day.

    True when none of them has any licence on record: nothing is known that could be compared. Which
    facilitators lack one is shown where licences are kept.
    """
    rows = list(Licence.objects.filter(person__in=list(facilitators)))
    return not rows or any(row.state == state and row.counts(on) for row in rows)
