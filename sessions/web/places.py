"""Where a person can go from every page: by their parts, the fewest that are needed."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from sessions.people import service as people
from sessions.people.models import Person
from sessions.people.roles import STAFF, Role
from sessions.programs.episode_models import Episode


@dataclass(frozen=True, slots=True)
class Place:
    name: str  # of its address
    label: str
    address: str


def places(person: Person) -> list[Place]:
    """In order. A handful of queries."""
    roles = people.roles(person)
    found: list[tuple[str, str]] = [("home", _("Today"))]
    if roles - {Role.ADMINISTRATOR}:
        found.append(("schedule", _("Schedule")))
    if roles & {Role.COORDINATOR, Role.FACILITATOR}:
        found.append(("tasks", _("To do")))
    if Role.COORDINATOR in roles:
        found.append(("week", _("The week")))
        found.append(("files", _("Papers and reports")))
    if roles & {Role.CLIENT, Role.ALUMNUS, Role.FAMILY}:
        found.append(("papers", _("Papers")))
    if Role.FACILITATOR in roles:
        found.append(("groups", _("Groups")))
    shown = [Place(name, label, reverse(name)) for name, label in found]
    if Role.CLIENT in roles:
        mine = Episode.objects.filter(person=person, ended_on=None).order_by("referred_on").first()
        if mine is not None:
            shown.append(Place("plan", _("My plan"), reverse("plan", args=[mine.pk])))
    if roles & {Role.CLIENT, Role.ALUMNUS}:
        shown.append(Place("my-people", _("My people"), reverse("my-people")))
        shown.append(Place("record-seen", _("Who saw my record"), reverse("record-seen")))
    if Role.ADMINISTRATOR in roles:
        run = people.program_ids(person, Role.ADMINISTRATOR)
        shown += [
            Place("program-settings", _("Rules"), reverse("program-settings", args=[pk])) for pk in run[:1]
        ]
        shown += [Place("staff", _("Staff"), reverse("staff", args=[pk])) for pk in run[:1]]
    if roles & STAFF:
        shown.append(Place("search", _("Find somebody"), reverse("search")))
    if Role.COORDINATOR in roles:
        ids = people.program_ids(person, Role.COORDINATOR)
        shown += [Place("census", _("People"), reverse("census", args=[pk])) for pk in ids[:1]]
    return shown
