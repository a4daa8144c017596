"""Who waits for a place: a free one is offered in order, kept for a while, told, and never taken by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.messages import consents, places
from sessions.messages.models import Channel, Message
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs import service, waitlist
from sessions.programs.calendar_models import WaitlistEntry
from sessions.programs.models import Cohort
from sessions.programs.waitlist import Waits
from tests.cast import MORNING, Cast, assemble, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """The evening group has two places, and both are taken."""
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        Cohort.objects.filter(pk=cast.evening.pk).update(capacity=2)
        cast.evening.refresh_from_db()
        yield cast


def waits(cast: Cast, *who: Person) -> list[WaitlistEntry]:
    found = []
    for n, one in enumerate(who):
        with time_machine.travel(MORNING - timedelta(hours=10 - n), tick=False):
            found.append(waitlist.join(cast.evening, one, by=cast.carol))
    return found


def newcomer(cast: Cast, name: str) -> Person:
    someone = person(name, "Ito")
    join(someone, cast.north.pk, Role.CLIENT)
    return someone


def frees(cast: Cast) -> None:
    Cohort.objects.filter(pk=cast.evening.pk).update(capacity=3)
    cast.evening.refresh_from_db()


def now_of(row: WaitlistEntry) -> Waits:
    row.refresh_from_db()
    return waitlist.state(row, clock.now())


def test_a_place_that_frees_is_offered_to_who_stands_first_and_told(cast: Cast) -> None:
    consents.give(cast.chidi, Channel.EMAIL)
    first, second = waits(cast, cast.chidi, newcomer(cast, "Dora"))
    assert waitlist.offer_free(clock.now()) == 0
    frees(cast)
    assert waitlist.offer_free(clock.now()) == 1
    assert waitlist.offer_free(clock.now()) == 0
    assert (now_of(first), now_of(second)) == (Waits.OFFERED, Waits.WAITING)
    assert places.tell(clock.now()) == 1
    assert places.tell(clock.now()) == 0
    message = Message.objects.get(about=first.pk)
    assert (message.template, message.person) == ("page.look", cast.chidi)
    assert AuditEvent.objects.filter(act="waitlist.offered", subject_id=str(cast.chidi.pk)).count() == 1


def test_the_place_is_kept_for_them_and_for_nobody_else(cast: Cast) -> None:
    dora = newcomer(cast, "Dora")
    (row,) = waits(cast, cast.chidi)
    frees(cast)
    waitlist.offer_free(clock.now())
    assert service.places(cast.evening) == 1
    with pytest.raises(service.Full):
        service.enroll(dora, cast.evening, MORNING.date())
    cast.morning_group.cohort = None  # Chidi's morning is another cohort's, and at the same time
    service.cancel(cast.morning_group)
    service.enroll(cast.chidi, cast.evening, MORNING.date())
    row.refresh_from_db()
    assert row.ended_at is not None


def test_who_does_not_answer_in_time_is_asked_again_only_by_hand(cast: Cast) -> None:
    first, second = waits(cast, cast.chidi, newcomer(cast, "Dora"))
    frees(cast)
    waitlist.offer_free(clock.now())
    with time_machine.travel(MORNING + timedelta(hours=48, minutes=1), tick=False):
        with pytest.raises(IllegalMove):
            waitlist.answer(first.pk, cast.chidi, wanted=True)
        assert waitlist.offer_free(clock.now()) == 1
        assert (now_of(first), now_of(second)) == (Waits.PASSED, Waits.OFFERED)
        with pytest.raises(service.Full):
            waitlist.offer(first, by=cast.carol)
        waitlist.answer(second.pk, second.person, wanted=False)
        assert waitlist.offer_free(clock.now()) == 0
        waitlist.offer(first, by=cast.carol)
        assert now_of(first) is Waits.OFFERED


def test_the_person_says_yes_on_their_own_page_and_staff_hear_of_it(cast: Cast, client: Client) -> None:
    (row,) = waits(cast, cast.chidi)
    frees(cast)
    waitlist.offer_free(clock.now())
    client.force_login(cast.chidi)
    assert "A place is kept for you" in client.get(reverse("home")).content.decode()
    assert "Evening" in client.get(reverse("place-offers")).content.decode()
    assert client.get(reverse("place-answer", args=[row.pk, "yes"])).status_code == 405
    assert client.post(reverse("place-answer", args=[row.pk, "yes"])).status_code == 302
    assert now_of(row) is Waits.TAKEN
    places.tell(clock.now())
    assert Message.objects.get(template="staff.task").person == cast.carol
    with time_machine.travel(MORNING + timedelta(days=9), tick=False):
        assert now_of(row) is Waits.TAKEN, "their yes does not run out"
    client.force_login(cast.alice)
    assert client.post(reverse("place-answer", args=[row.pk, "yes"])).status_code == 404
    with pytest.raises(NotFound):
        waitlist.answer(row.pk, cast.alice, wanted=True)


def test_the_coordinators_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    page = reverse("waitlist", args=[cast.north.pk])
    assert "Nobody waits." in client.get(page).content.decode()
    client.post(page, {"person": str(cast.chidi.pk), "cohort": str(cast.evening.pk)})
    waits(cast, newcomer(cast, "Dora"))
    rows = client.get(page).context["lines"][0]["entries"]
    assert [one["entry"].person.given_name for one in rows] == ["Dora", "Chidi"]
    chidi = rows[1]["entry"]
    client.post(reverse("waitlist-act", args=[cast.north.pk, chidi.pk, "up"]))
    frees(cast)
    waitlist.offer_free(clock.now())
    places.tell(clock.now())
    answer = client.get(page)
    rows = answer.context["lines"][0]["entries"]
    assert [(one["entry"].person.given_name, one["state"]) for one in rows] == [
        ("Chidi", "offered"),
        ("Dora", "waiting"),
    ]
    assert "wants no messages: please call them" in answer.content.decode()


def test_off_the_list_and_undone(cast: Cast, client: Client) -> None:
    (row,) = waits(cast, cast.chidi)
    client.force_login(cast.carol)
    off = reverse("waitlist-act", args=[cast.north.pk, row.pk, "leave"])
    page = client.post(off, follow=True).content.decode()
    undo = reverse("waitlist-act", args=[cast.north.pk, row.pk, "back"])
    assert undo in page
    assert "Undone." in client.post(undo, {"undo": "1"}, follow=True).content.decode()
    row.refresh_from_db()
    assert row.ended_at is None


@pytest.mark.parametrize("who", ["alice", "omar", "otto"])
def test_who_is_in_the_group_or_no_client_waits_for_nothing(cast: Cast, who: str) -> None:
    with pytest.raises(Invalid):
        waitlist.join(cast.evening, getattr(cast, who), by=cast.carol)


def test_another_programmes_line_is_not_there(cast: Cast, client: Client) -> None:
    southern = Cohort.objects.get(program=cast.south)
    row = WaitlistEntry.objects.create(cohort=southern, person=cast.sofia)
    client.force_login(cast.carol)
    assert client.post(reverse("waitlist-act", args=[cast.north.pk, row.pk, "up"])).status_code == 404
