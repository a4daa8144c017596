"""Somebody by name: each reader finds those they may know of, and the look is on record without the name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.core.errors import NotFound
from sessions.people.models import Person
from sessions.people.service import disable
from sessions.programs import finding
from tests.cast import Cast, person

pytestmark = pytest.mark.django_db

FINDS = {  # by a letter or two that many names have
    "carol": {"Alice", "Ada", "Omar", "Mina", "Theo", "Carol", "Ines", "Chidi", "Bruno", "Rosa"},
    "mina": {"Alice", "Bruno", "Mina", "Theo", "Carol", "Ines"},
    "theo": {"Alice", "Bruno", "Chidi", "Mina", "Theo", "Carol", "Ines"},
    "ines": {"Mina", "Theo", "Carol", "Ines"},
}


@pytest.mark.parametrize("who", FINDS)
def test_everybody_finds_whom_they_may_know(cast: Cast, who: str) -> None:
    everybody = [one.name for one in cast.people]
    found = set()
    for name in everybody:
        found |= {one.person.given_name for one in finding.find(getattr(cast, who), cast.north, name)}
    assert found == FINDS[who]


@pytest.mark.parametrize("who", ["alice", "omar", "ada", "nora", "otto"])
def test_who_does_not_work_there_finds_nothing(cast: Cast, who: str) -> None:
    with pytest.raises(NotFound):
        finding.find(getattr(cast, who), cast.north, "Mina")


def test_every_word_counts_and_one_letter_is_no_name(cast: Cast) -> None:
    def names(asked: str) -> list[str]:
        return [one.person.name for one in finding.find(cast.carol, cast.north, asked)]

    assert names("had") == ["Alice Haddad", "Omar Haddad"]
    assert names("had ali") == ["Alice Haddad"]
    assert names("a") == []
    assert names("%%") == []
    disable(cast.alice)
    assert names("had") == ["Omar Haddad"]


def test_a_search_is_on_record_and_the_name_stands_nowhere(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    answer = client.post(reverse("search"), {"q": "Haddad"})
    text = answer.content.decode()
    assert "2 people found" in text
    assert (
        "Sofia"
        not in client.post(reverse("search"), {"q": "Sofia Marin"}).content.decode().split("</form>")[-1]
    )
    row = AuditEvent.objects.filter(act="program.search").latest("at")
    assert (row.actor_id, row.scope) == (cast.carol.pk, cast.north.pk)
    assert "Haddad" not in str(vars(row))
    assert client.get(reverse("search"), {"q": "Haddad"}).context["asked"] is False


def test_long_lists_come_in_pages_and_the_name_stays_out_of_the_address(cast: Cast, client: Client) -> None:
    from sessions.people.roles import Role
    from sessions.people.service import join

    for n in range(31):
        join(person(f"Gina{n:02}", "Long"), cast.north.pk, Role.CLIENT)
    client.force_login(cast.carol)
    first = client.post(reverse("search"), {"q": "Gina"})
    assert len(first.context["page"]) == 30
    assert "?q=" not in first.content.decode()
    second = client.post(reverse("search"), {"q": "Gina", "page": "2"})
    assert [row["found"].person.given_name for row in second.context["page"]] == ["Gina30"]
    assert Person.objects.filter(family_name="Long").count() == 31


def test_too_short_a_name_is_said_at_the_field(cast: Cast, client: Client) -> None:
    client.force_login(cast.mina)
    answer = client.post(reverse("search"), {"q": "x"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"q"}
