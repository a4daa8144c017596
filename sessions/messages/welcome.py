"""Asking somebody to work in a programme: an account, a role, and a letter that says how to come in."""

from __future__ import annotations

from django.db import transaction

from sessions.messages import service
from sessions.messages.models import Channel
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.programs import staffing
from sessions.programs.models import Program
from sessions.programs.staffing import Hired


@asked(Act.KEEP_STAFF)
def invite(program: Program, who: Hired, role: Role, by: Person) -> Person:
    """As `staffing.hire`. The owner of a new account is asked by e-mail to choose a password."""
    person, new = staffing.hire(program, who, role, by=by)
    _tell(program, person, role, new)
    return person


@transaction.atomic
def found(name: str, time_zone: str, who: Hired) -> Program:
    """As `staffing.found`; the first administrator gets the same letter as who is invited."""
    program, person, new = staffing.found(name, time_zone, who)
    _tell(program, person, Role.ADMINISTRATOR, new)
    return program


def _tell(program: Program, person: Person, role: Role, new: bool) -> None:
    service.queue(
        "staff.welcome" if new else "staff.role",
        person,
        Channel.EMAIL,
        key=f"staff {program.pk} {person.pk} {role.value} {person.memberships.count()}",
        params={"link": service.link("account_reset_password" if new else "home")},
        program_id=program.pk,
    )
