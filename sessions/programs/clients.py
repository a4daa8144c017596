"""One client in one programme, as access rules know them: whose records these are."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sessions.core.errors import NotFound
from sessions.people.models import Membership, Person
from sessions.people.roles import Role, RoomRole
from sessions.programs.models import Program


@dataclass(frozen=True, slots=True)
class ClientFile:
    """An access.Subject. The client's own right to it outlives the episode: who has left still owns it."""

    program: Program
    person: Person

    @property
    def pk(self) -> UUID:
        return self.person.pk

    @property
    def program_id(self) -> UUID:
        return self.program.pk

    def role_of(self, person: Person) -> RoomRole | None:
        return RoomRole.CLIENT if person.pk == self.person.pk else None


def client_file(program_id: UUID, person_id: UUID) -> ClientFile:
    """Raises NotFound unless the person is or was a client of the programme. Access is asked separately."""
    rows = Membership.objects.filter(
        program=program_id, person=person_id, role__in=[Role.CLIENT, Role.ALUMNUS]
    )
    row = rows.select_related("program", "person").first()
    if row is None:
        raise NotFound
    return ClientFile(row.program, row.person)


def files_of(person: Person) -> list[ClientFile]:
    """The person's own, in every programme they are or were a client of; by the programme's name."""
    rows = Membership.objects.filter(person=person, role__in=[Role.CLIENT, Role.ALUMNUS])
    programs = Program.objects.filter(pk__in=rows.values("program")).order_by("name", "pk")
    return [ClientFile(program, person) for program in programs]
