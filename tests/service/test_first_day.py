"""The first day of a programme: it is begun from the command line, its administrator asks the others in, and every page says
what will be there.
"""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.messages.models import Message
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.models import Cohort, Program
from tests.cast import Cast

pytestmark = pytest.mark.django_db

# Of other tests; sessions of somebody who signs out are over.
NOT_FOLLOWED = ("/static/", "/accounts/", "/admin/")
WHO = ("harbor@example.org", "Iris", "Chen")


def begun(*more: str) -> str:
    said = StringIO()
    call_command("new_program", "Harbor", "America/New_York", *WHO, *more, stdout=said)
    return said.getvalue()


def test_a_programme_begins_with_an_administrator_who_chooses_a_password(db: None) -> None:
    said = begun("--language", "es")
    program, iris = Program.objects.get(), Person.objects.get()
    assert (program.name, program.time_zone, iris.language) == ("Harbor", "America/New_York", "es")
    assert [(row.person, row.role) for row in Membership.objects.all()] == [(iris, Role.ADMINISTRATOR)]
    assert not iris.has_usable_password()
    assert reverse("account_reset_password") in said
    assert [row.template for row in Message.objects.all()] == ["staff.welcome"]
    acts = AuditEvent.objects.filter(scope=program.pk).values_list("act", flat=True)
    assert {"program.founded", "membership.began"} <= set(acts)


def test_who_works_in_another_programme_begins_one_with_the_same_account(cast: Cast) -> None:
    call_command("new_program", "West", "America/Phoenix", cast.carol.email, "C", "R", stdout=StringIO())
    west = Program.objects.get(name="West")
    assert Membership.objects.get(program=west).person == cast.carol
    assert Message.objects.get(program_id=west.pk).template == "staff.role"


@pytest.mark.parametrize(
    "given",
    [
        ("Harbor", "Harbor/Street", *WHO),
        (" ", "America/New_York", *WHO),
        ("Harbor", "America/New_York", "iris", "I", "C"),
    ],
)
def test_what_cannot_be_begun_is_refused_and_leaves_nothing(db: None, given: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("new_program", *given)
    assert not Program.objects.exists()
    assert not Person.objects.exists()


def test_a_coordinator_is_told_how_to_begin_until_there_is_a_group(client: Client) -> None:
    begun()
    program = Program.objects.get()
    joan = Person.objects.create_user("joan@example.org", given_name="Joan", family_name="Whitaker")
    join(joan, program.pk, Role.COORDINATOR)
    client.force_login(joan)
    first = reverse("series-new", args=[program.pk])
    assert first in client.get(reverse("home")).content.decode()
    assert "Clients, when it is for no group" not in client.get(first).content.decode(), "there is nobody"
    Cohort.objects.create(program=program, name="Evening")
    assert first not in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize("role", Role)
def test_no_page_of_an_empty_programme_leads_nowhere(client: Client, role: Role) -> None:
    """Followed link by link from the first page, as somebody who looks around."""
    begun()
    someone = Person.objects.create_user("new@example.org", given_name="Lena", family_name="Falk")
    join(someone, Program.objects.get().pk, role)
    client.force_login(someone)
    found: dict[str, int] = {}
    ahead = [reverse("home")]
    while ahead:
        if (address := ahead.pop()) in found:
            continue
        answer = client.get(address)
        found[address] = answer.status_code
        if answer["Content-Type"].startswith("text/html"):
            links = re.findall(r'href="(/[^"#?]*)', answer.content.decode())
            ahead += [link for link in links if not link.startswith(NOT_FOLLOWED)]
    assert len(found) >= 5
    assert {address: status for address, status in found.items() if status != 200} == {}
