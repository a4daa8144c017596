"""Staff on call: where they find a session that needs them, and one press to be there."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.service import role_in
from sessions.programs.staffing import put_on_call
from sessions.room.care_commands import CloseCrisis, OpenCrisis
from sessions.room.commands import Leave
from sessions.room.machine import Place
from sessions.worklist import service as worklist
from tests import cast as people
from tests.cast import Cast
from tests.service.room import Evening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    """Otto, of the other programme, is on call in this one, and leads nothing here."""
    cast = people.assemble()
    put_on_call(join(cast.otto, cast.north.pk, Role.FACILITATOR), cast.ines, on_call=True)
    return cast


@pytest.fixture
def evening(cast: Cast) -> Evening:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    return evening


def page(person: Person, address: str = "/") -> str:
    client = Client()
    client.force_login(person)
    return " ".join(client.get(address).content.decode().split())


def take_over(person: Person, cast: Cast) -> tuple[int, str]:
    client = Client()
    client.force_login(person)
    answer = client.post(reverse("take-over", args=[cast.group.pk]))
    return answer.status_code, answer.headers.get("Location", "")


def test_a_session_without_a_facilitator_stands_on_the_first_page_of_who_is_on_call(
    evening: Evening, cast: Cast
) -> None:
    assert "needs you now" not in page(cast.otto)
    evening.does(cast.mina, Leave())
    shown = page(cast.otto)
    assert "No facilitator has been there since 6:00 PM" in shown
    assert reverse("take-over", args=[cast.group.pk]) in shown
    assert "Haddad" not in shown
    for nobody in (cast.chidi, cast.ines, cast.carol):
        assert "needs you now" not in page(nobody)
    assert take_over(cast.otto, cast) == (302, reverse("room", args=[cast.group.pk]))
    assert role_in(cast.group, cast.otto) == "facilitator"
    evening.comes(cast.otto)
    assert (evening.place(cast.otto), evening.view(cast.alice).hold) == (Place.MAIN, None)
    assert "needs you now" not in page(cast.otto)
    assert AuditEvent.objects.filter(act="room.took_over", actor_id=cast.otto.pk).count() == 1


def test_who_is_not_on_call_takes_over_nothing(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, Leave())
    for stranger in (cast.alice, cast.carol, cast.ines, cast.sofia, cast.chidi):
        assert take_over(stranger, cast)[0] == 404
    assert take_over(cast.theo, cast) == (302, reverse("room", args=[cast.group.pk]))  # leads it anyway


def test_who_comes_too_late_finds_nothing_to_take_over(evening: Evening, cast: Cast) -> None:
    assert take_over(cast.otto, cast)[0] == 404
    evening.does(cast.mina, Leave())
    evening.comes(cast.theo)
    assert take_over(cast.otto, cast)[0] == 404


def test_a_page_that_shows_it_already_is_not_sent_again(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, Leave())
    client = Client()
    client.force_login(cast.otto)
    poll = client.get("/").content.decode().split('hx-get="')[1].split('"')[0]
    assert client.get(poll).status_code == 204


def test_a_crisis_calls_them_too_and_they_may_come_while_it_is_open(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, OpenCrisis(cast.alice.pk))
    shown = page(cast.otto)
    assert "Its facilitator has asked for help since 6:00 PM" in shown
    assert "Haddad" not in shown.split("Go there and help")[0]
    seen = evening.view(cast.otto)
    assert (seen.may_take_over, seen.hold, seen.staff_present, seen.members) == (True, None, True, ())
    assert take_over(cast.otto, cast)[0] == 302
    (crisis,) = evening.view(cast.mina).crises
    assert (crisis.timeline[-1].kind, crisis.timeline[-1].by) == ("answered", cast.otto.name)


def test_when_it_is_closed_nobody_comes_in_by_it(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, OpenCrisis(cast.alice.pk))
    evening.does(cast.mina, CloseCrisis(cast.alice.pk, "with her sister"))
    assert "needs you now" not in page(cast.otto)
    assert take_over(cast.otto, cast)[0] == 404


def test_the_tasks_of_both_reach_who_is_only_on_call(evening: Evening, cast: Cast) -> None:
    evening.does(cast.mina, OpenCrisis(cast.alice.pk))
    evening.does(cast.mina, Leave())
    kinds = {task.kind for task in worklist.open_tasks(cast.otto, cast.north)}
    assert kinds == {"crisis.respond", "hold.respond"}
    part = Membership.objects.get(person=cast.otto, program=cast.north)
    put_on_call(part, cast.ines, on_call=False)
    assert {task.kind for task in worklist.open_tasks(cast.otto, cast.north)} == {"hold.respond"}
