"""People joining and leaving programmes. Every change writes an audit row in the same transaction."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.people import standing
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.people.roles import Role

# Sent with `person` and `by` (ids), in the transaction: some access is over; who let them in looks again.
access_ended: Final = Signal()


def roles(person: Person) -> frozenset[Role]:
    """The person's live roles over all programmes. Empty for a disabled account."""
    return frozenset(Role(row.role) for row in standing.memberships(person))


def program_ids(person: Person, role: Role) -> tuple[UUID, ...]:
    """The programmes in which the person has this role now."""
    return tuple(row.program_id for row in standing.memberships(person) if row.role == role)


@transaction.atomic
def join(person: Person, program_id: UUID, role: Role, by: Person | None = None) -> Membership:
    """Give the person a role in the programme; nothing changes when they have it."""
    membership, new = Membership.objects.get_or_create(
        person=person, program_id=program_id, role=role, ended_at=None
    )
    if new:
        _record(by, "membership.began", program_id, person, role)
    return membership


@transaction.atomic
def end_membership(membership: Membership, by: Person | None = None) -> None:
    """All access that rests on it ends now. Idempotent."""
    ended = Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=clock.now())
    membership.refresh_from_db()
    if ended:
        _record(by, "membership.ended", membership.program_id, membership.person, Role(membership.role))
        tell_of_the_end(membership.person_id, by.pk if by else membership.person_id)


@transaction.atomic
def disable(person: Person, by: Person | None = None) -> None:
    """End all of the person's access at once; logins notice within 30 seconds. Idempotent."""
    if Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        tell_of_the_end(person.pk, by.pk if by else person.pk)
        audit.record(
            actor_id=by.pk if by else None, act="person.disabled", subject_type="person", subject_id=person.pk
        )
    person.is_active = False


@transaction.atomic
def bind_guest(
    client: Person, guest: Person, program_id: UUID, relationship: str, by: Person | None = None
) -> Household:
    """Make `guest` a family guest of the client's household. Idempotent; repeats may reword the relationship.

    Raises Invalid when `client` is no client of the programme, or is bound to themselves.
    """
    if guest == client or not client.memberships.all().active().filter(program=program_id, role=Role.CLIENT):
        raise Invalid("A household is a client of the programme and somebody else.")
    household, _ = Household.objects.get_or_create(program_id=program_id, client=client)
    HouseholdMember.objects.update_or_create(
        household=household, person=guest, defaults={"relationship": relationship}
    )
    join(guest, program_id, Role.FAMILY, by)
    return household


@transaction.atomic
def keep_apart(one: Person, other: Person, program_id: UUID, by: Person | None = None) -> None:
    """The two are never to be in one room. Idempotent. Raises Invalid for one person with themselves."""
    if one.pk == other.pk:
        raise Invalid("This needs two people.")
    lower, higher = sorted((one, other), key=lambda person: person.pk)
    _, new = NoContact.objects.get_or_create(program_id=program_id, lower=lower, higher=higher)
    if new:
        for person in (lower, higher):
            audit.record(
                actor_id=by.pk if by else None,
                act="no-contact.set",
                subject_type="person",
                subject_id=person.pk,
                scope=program_id,
            )


@transaction.atomic
def let_meet(one: Person, other: Person, program_id: UUID, by: Person) -> None:
    """Undo `keep_apart`. Idempotent."""
    lower, higher = sorted((one, other), key=lambda person: person.pk)
    if NoContact.objects.filter(program_id=program_id, lower=lower, higher=higher).delete()[0]:
        for person in (lower, higher):
            audit.record(
                actor_id=by.pk,
                act="no-contact.ended",
                subject_type="person",
                subject_id=person.pk,
                scope=program_id,
            )


def tell_of_the_end(person: UUID, by: UUID) -> None:
    """Some access of theirs is over, though a role may go on. In the transaction that ends it: a process that
    dies right after it leaves nobody inside."""
    access_ended.send(sender=Person, person=person, by=by)


def _record(by: Person | None, act: str, program_id: UUID, person: Person, role: Role) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="person",
        subject_id=person.pk,
        scope=program_id,
        reason=role.value,
    )
