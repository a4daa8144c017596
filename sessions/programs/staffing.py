"""Who works in a programme: roles given and ended, who is on call. Every change is on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Language, Membership, Person
from sessions.people.roles import LEADING, STAFF, Role
from sessions.people.service import end_membership, join
from sessions.programs.models import Meeting, Program

IN_ORDER: Final = (Role.ADMINISTRATOR, Role.COORDINATOR, Role.FACILITATOR)


@dataclass(frozen=True, slots=True)
class Hired:
    """Somebody who is to work here, as typed in."""

    given_name: str
    family_name: str
    email: str
    language: str = Language.ENGLISH
    time_zone: str = ""  # empty: the programme's


def roles(program: Program) -> list[Membership]:
    """Everybody's roles of staff that hold now, by name. One query."""
    rows = Membership.objects.filter(program=program, role__in=STAFF).active()
    order = {role.value: n for n, role in enumerate(IN_ORDER)}
    return sorted(rows.select_related("person"), key=lambda row: (row.person.name, order[row.role]))


def leading(program: Program) -> list[Membership]:
    """The roles that can be on call, by name: each person once, by the role that is on call if one is."""
    found: dict[UUID, Membership] = {}
    for row in roles(program):
        if row.role in LEADING and (row.person_id not in found or row.on_call):
            found[row.person_id] = row
    return list(found.values())


def on_call(program_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Of each programme the names of those who are on call now, in order. One query."""
    found: dict[UUID, list[str]] = {pk: [] for pk in program_ids}
    rows = Membership.objects.filter(program__in=found, on_call=True).active()
    for row in rows.select_related("person").order_by("person__given_name", "person__family_name"):
        if row.person.name not in found[row.program_id]:
            found[row.program_id].append(row.person.name)
    return found


def role(membership_id: int, program: Program) -> Membership:
    """A role of staff, also one that has ended. Raises NotFound, also for one of another programme."""
    row = Membership.objects.filter(pk=membership_id, program=program, role__in=STAFF)
    found = row.select_related("person", "program").first()
    if found is None:
        raise NotFound
    return found


@asked(Act.KEEP_STAFF)
def hire(program: Program, who: Hired, role: Role, by: Person) -> tuple[Person, bool]:
    """An account, if the address has none, with a role here; and whether the account is new.

    Whether the address was known does not show; who is a client elsewhere gets another account. Staff of
    several programmes have one, with its names: their time and their licences are theirs once.
    Raises Invalid for what is no role of staff or no address, and for an account that is switched off.
    """
    if role not in STAFF:
        raise Invalid
    person, new = _account(program, who)
    join(person, program.pk, role, by)
    return person, new


@transaction.atomic
def found(name: str, time_zone: str, who: Hired) -> tuple[Program, Person, bool]:
    """A new programme and its first administrator, and whether their account is new.

    For who installs the product, from the command line: inside of it nobody may. Raises Invalid for what is
    no name, zone or address, and for an account that is switched off.
    """
    program = Program(name=name.strip(), time_zone=time_zone)
    try:
        program.full_clean()
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    program.save()
    audit.record(
        actor_id=None, act="program.founded", subject_type="program", subject_id=program.pk, scope=program.pk
    )
    person, new = _account(program, who)
    join(person, program.pk, Role.ADMINISTRATOR)
    return program, person, new


def _account(program: Program, who: Hired) -> tuple[Person, bool]:
    email = who.email.strip().lower()
    person = Person.objects.known_in(program.pk, email) or _staff_elsewhere(email)
    new = person is None
    if person is None:
        person = Person(
            email=email,
            home=program.pk,
            given_name=who.given_name.strip(),
            family_name=who.family_name.strip(),
            language=who.language,
            time_zone=who.time_zone or program.time_zone,
        )
        person.set_unusable_password()
        try:
            person.full_clean(exclude=["password"])
        except ValidationError as wrong:
            raise Invalid(" ".join(wrong.messages)) from wrong
        person.save()
    if not person.is_active:
        raise Invalid("This account is switched off. An administrator of the installation can switch it on.")
    return person, new


def _staff_elsewhere(email: str) -> Person | None:
    rows = Person.objects.filter(email=email, memberships__role__in=STAFF)
    return rows.order_by("created_at", "pk").distinct().first()


@asked(Act.KEEP_STAFF)
def give(program: Program, person: Person, role: Role, by: Person) -> Membership:
    """One more role for somebody who works here, or has. Idempotent. Raises NotFound for a stranger."""
    if role not in STAFF or not Membership.objects.filter(program=program, person=person, role__in=STAFF):
        raise NotFound
    return join(person, program.pk, role, by)


@asked(Act.KEEP_STAFF, of=lambda membership: membership.program)
def end(membership: Membership, by: Person) -> None:
    """The role ends now, and all access with it. Idempotent.

    Raises Invalid for the last administrator: nobody could give the role back.
    """
    others = Membership.objects.filter(program=membership.program_id, role=Role.ADMINISTRATOR).active()
    if membership.role == Role.ADMINISTRATOR and not others.exclude(pk=membership.pk).exists():
        raise Invalid("Give somebody else this role first: a programme needs an administrator.")
    end_membership(membership, by)


@asked(Act.KEEP_ON_CALL, of=lambda membership: membership.program)
def put_on_call(membership: Membership, by: Person, *, on_call: bool) -> None:
    """Whether they may take over a live session that has nobody to lead it. Idempotent.

    It is the person who is on call, with whichever of their roles: to end it, it ends with all of them.
    """
    if membership.role not in LEADING:
        raise Invalid("Only who leads sessions can be on call.")
    rows = Membership.objects.filter(
        person=membership.person_id, program=membership.program_id, ended_at=None
    )
    if on_call and not rows.filter(on_call=True).exists():
        changed = rows.filter(pk=membership.pk).update(on_call=True)
    else:
        changed = 0 if on_call else rows.filter(on_call=True).update(on_call=False)
    if changed:
        audit.record(
            actor_id=by.pk,
            act="membership.on-call" if on_call else "membership.off-call",
            subject_type="person",
            subject_id=membership.person_id,
            scope=membership.program_id,
        )


def to_hand_over(membership: Membership) -> int:
    """How many coming sessions would be left to somebody who could not lead them, if this role ended."""
    others = Membership.objects.filter(
        program=membership.program_id, person=membership.person_id, role__in=LEADING
    ).active()
    if membership.role not in LEADING or others.exclude(pk=membership.pk).exists():
        return 0
    rows = Meeting.objects.of(membership.program_id).filter(starts_at__gt=clock.now()).standing()
    return rows.filter(facilitator_rows__person=membership.person_id).count()
