"""People by name, each reader those they may know of. A search is on record, the name asked for is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from sessions.audit import service as audit
from sessions.people.access import Act, require
from sessions.people.models import Membership, Person
from sessions.people.roles import STAFF, Role
from sessions.programs.episode_models import Episode
from sessions.programs.models import Cohort, Program

SHORTEST: Final = 2  # letters


@dataclass(frozen=True, slots=True)
class Found:
    person: Person
    roles: tuple[Role, ...]  # in this programme, those that hold now and may be known
    episode_id: UUID | None  # the latest, for who may open it


def find(actor: Person, program: Program, asked: str) -> list[Found]:
    """By given or family name, every word of `asked` in one of them. Three queries. Raises NotFound.

    Coordinators find everybody of the programme; facilitators its staff and the people of their own groups;
    administrators its staff.
    """
    require(actor, Act.SEARCH, program)
    words = asked.split()
    found = _matching(actor, program, words) if sum(map(len, words)) >= SHORTEST else {}
    clients = _clients(found)
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEARCH,
        subject_type="program",
        subject_id=program.pk,
        people=clients,
        scope=program.pk,
    )
    if not found:
        return []
    episodes = dict(
        Episode.objects.of(program.pk)
        .filter(person__in=clients)
        .order_by("referred_on")
        .values_list("person_id", "pk")
    )
    return [
        Found(held[0].person, tuple(dict.fromkeys(Role(one.role) for one in held)), episodes.get(pk))
        for pk, held in found.items()
    ]


def _matching(actor: Person, program: Program, words: list[str]) -> dict[UUID, list[Membership]]:
    """What each whom the actor may know is here, by name, when every word is in one of their names."""
    rows = _known(actor, program).select_related("person")
    for word in words:
        rows = rows.filter(Q(person__given_name__icontains=word) | Q(person__family_name__icontains=word))
    found: dict[UUID, list[Membership]] = {}
    for row in rows.order_by("person__given_name", "person__family_name", "person_id", "since"):
        found.setdefault(row.person_id, []).append(row)
    return found


def _clients(found: dict[UUID, list[Membership]]) -> list[UUID]:
    own = {Role.CLIENT, Role.ALUMNUS}
    return [pk for pk, held in found.items() if any(one.role in own for one in held)]


def _known(actor: Person, program: Program) -> QuerySet[Membership]:
    everybody = Membership.objects.filter(program=program).active()
    roles = set(everybody.filter(person=actor).values_list("role", flat=True))
    if Role.COORDINATOR in roles:
        return everybody
    known = Q(role__in=STAFF)
    if Role.FACILITATOR in roles:
        led = Cohort.objects.filter(program=program, facilitators=actor)
        known |= Q(role=Role.CLIENT, person__enrollments__cohort__in=led, person__enrollments__ended_on=None)
        known |= Q(role=Role.CLIENT, person__episodes__therapist=actor, person__episodes__ended_on=None)
    return Membership.objects.filter(pk__in=everybody.filter(known).values("pk"))
