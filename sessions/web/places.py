"""Where a person can go from every page: by their parts, the fewest that are needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

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
    here: str = ""  # as aria-current says it: "page", or "true" on a page that belongs to this one


# Pages that stand in no list themselves, and to which places they belong: the first that the reader has.
_BELONG: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (
        ("program-settings", "home"),
        "credit-policy aftercare-policy tracks track track-new kinds kind systems",
    ),
    (
        ("program-settings", "census"),
        "cohorts cohort cohort-new licences licence licence-new on-call waitlist import",
    ),
    (("program-settings", "schedule"), "holidays"),
    (("staff",), "staff-invite staff-role"),
    (
        ("schedule",),
        "schedule-of series series-new series-end meeting meeting-new meeting-change book hours feed",
    ),
    (("tasks",), "task"),
    (("week",), "client-week cohort-weeks"),
    (("papers",), "paper"),
    (("files",), "file offer-paper told report-new report-order"),
    (("census", "groups"), "refer episode episode-sign family samples prescription"),
    (("census", "groups"), "plan plan-write plan-sign plan-review plan-assess"),
    (("plan",), "samples plan-assess prescription"),
)


def places(person: Person, open_page: str = "") -> list[Place]:
    """In order, with a mark on where the open page (its address's name) belongs. A handful of queries."""
    found = _found(person)
    names = {one.name for one in found}
    if open_page in names:
        return [replace(one, here="page") if one.name == open_page else one for one in found]
    parents = (one for hosts, pages in _BELONG if open_page in pages.split() for one in hosts if one in names)
    parent = next(parents, None)
    return [replace(one, here="true") if one.name == parent else one for one in found]


def _found(person: Person) -> list[Place]:
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
    if person.is_superuser:
        shown.append(Place("admin", _("Administration"), reverse("admin:index")))
    return shown
