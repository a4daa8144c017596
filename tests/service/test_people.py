"""People: one account each, roles that begin and end on record, households, pairs kept apart."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sessions.audit.models import AuditEvent
from sessions.core.errors import Invalid
from sessions.people import service
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.people.roles import Role
from tests.cast import Cast, person

pytestmark = pytest.mark.django_db


def test_one_address_is_one_account_however_it_is_written() -> None:
    first = Person.objects.create_user("  Dana@Example.ORG ", given_name="Dana")
    assert first.email == "dana@example.org"
    assert Person.objects.get_by_natural_key("DANA@example.org") == first
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create_user("dana@EXAMPLE.org", given_name="Other")


def test_the_database_refuses_an_address_in_capitals() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email="Dana@example.org", given_name="Dana")


def test_without_an_address_there_is_no_account() -> None:
    with pytest.raises(ValueError, match="address"):
        Person.objects.create_user("", given_name="Dana")


@pytest.mark.parametrize(
    ("given", "family", "name", "short"),
    [
        ("Dana", "Kowalski", "Dana Kowalski", "Dana K."),
        ("Dana", "", "Dana", "Dana"),
        ("Mary Ann", "de Vries", "Mary Ann de Vries", "Mary Ann D."),
        ("Zoë", "élan", "Zoë élan", "Zoë É."),
    ],
)
def test_names_as_staff_and_as_others_see_them(given: str, family: str, name: str, short: str) -> None:
    someone = Person(given_name=given, family_name=family)
    assert (someone.name, someone.short_name, str(someone)) == (name, short, name)


def test_what_a_traceback_shows_of_a_person_is_no_name() -> None:
    someone = person("Dana", "Kowalski")
    assert repr(someone) == f"<Person {someone.pk}>"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "EST5EDT4", "../../etc"])
def test_a_time_zone_must_exist(zone: str) -> None:
    someone = person("Dana", "Kowalski", time_zone=zone)
    with pytest.raises(ValidationError, match="time zone"):
        someone.full_clean(exclude=["password"])


def test_signing_in_to_the_admin_pages_takes_a_live_superuser() -> None:
    boss = Person.objects.create_superuser("boss@example.org", given_name="Boss")
    assert boss.is_staff
    boss.is_active = False
    assert not boss.is_staff


def test_joining_twice_is_one_membership_and_one_audit_row(cast: Cast) -> None:
    rows = AuditEvent.objects.filter(act="membership.began", subject_id=str(cast.nora.pk))
    for _ in range(2):
        service.join(cast.nora, cast.north.pk, Role.CLIENT, by=cast.carol)
    assert service.roles(cast.nora) == {Role.CLIENT}
    assert [row.actor_id for row in rows] == [cast.carol.pk]


def test_a_role_ended_is_gone_and_may_begin_again(cast: Cast) -> None:
    membership = cast.alice.memberships.get()
    service.end_membership(membership, by=cast.carol)
    service.end_membership(membership, by=cast.carol)
    assert service.roles(cast.alice) == frozenset()
    assert AuditEvent.objects.filter(act="membership.ended").count() == 1
    service.join(cast.alice, cast.north.pk, Role.ALUMNUS)
    service.join(cast.alice, cast.north.pk, Role.CLIENT)
    assert service.roles(cast.alice) == {Role.ALUMNUS, Role.CLIENT}
    assert Membership.objects.filter(person=cast.alice).count() == 3


def test_programmes_of_a_role(cast: Cast) -> None:
    service.join(cast.carol, cast.south.pk, Role.FACILITATOR)
    assert service.program_ids(cast.carol, Role.COORDINATOR) == (cast.north.pk,)
    assert service.program_ids(cast.carol, Role.FACILITATOR) == (cast.south.pk,)
    assert service.program_ids(cast.nora, Role.CLIENT) == ()


def test_a_disabled_account_has_no_roles(cast: Cast) -> None:
    service.disable(cast.mina, by=cast.ines)
    service.disable(cast.mina, by=cast.ines)
    cast.mina.refresh_from_db()
    assert not cast.mina.is_active
    assert service.roles(cast.mina) == frozenset()
    assert service.program_ids(cast.mina, Role.FACILITATOR) == ()
    assert [row.actor_id for row in AuditEvent.objects.filter(act="person.disabled")] == [cast.ines.pk]


def test_a_household_is_one_client_and_the_guests_bound_to_them(cast: Cast) -> None:
    service.bind_guest(cast.alice, cast.nora, cast.north.pk, "friend")
    service.bind_guest(cast.alice, cast.nora, cast.north.pk, "partner")
    house = Household.objects.get(client=cast.alice)
    assert set(house.people.all()) == {cast.omar, cast.nora}
    assert HouseholdMember.objects.get(person=cast.nora).relationship == "partner"
    assert service.roles(cast.nora) == {Role.FAMILY}


def test_a_household_needs_a_client_of_the_programme_and_somebody_else(cast: Cast) -> None:
    for client, guest, program in (
        (cast.alice, cast.alice, cast.north),
        (cast.alice, cast.nora, cast.south),
        (cast.mina, cast.nora, cast.north),
        (cast.ada, cast.nora, cast.north),
    ):
        with pytest.raises(Invalid):
            service.bind_guest(client, guest, program.pk, "friend")
    assert service.roles(cast.nora) == frozenset()


def test_a_pair_kept_apart_exists_once_whoever_is_named_first(cast: Cast) -> None:
    service.keep_apart(cast.alice, cast.bruno, cast.north.pk)
    service.keep_apart(cast.bruno, cast.alice, cast.north.pk)
    pair = NoContact.objects.get()
    assert {pair.lower, pair.higher} == {cast.alice, cast.bruno}
    with pytest.raises(Invalid):
        service.keep_apart(cast.alice, cast.alice, cast.north.pk)


def test_the_database_keeps_a_pair_in_one_order(cast: Cast) -> None:
    lower, higher = sorted((cast.alice, cast.bruno), key=lambda one: one.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        NoContact.objects.create(program=cast.north, lower=higher, higher=lower)
