"""No clients together without staff: media pauses after the grace, staff on call take over, all resumes in place."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.core import clock as wall
from sessions.core.errors import NotFound
from sessions.people.models import Membership
from sessions.room import service
from sessions.room.commands import Knock, Leave, TakeOver
from sessions.room.machine import Place
from tests import cast as people
from tests.cast import EVENING, Cast
from tests.service.breakouts import MAIN, media_room, opened, where
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, clock: time_machine.Traveller) -> Cast:
    return people.assemble()


@pytest.fixture
def evening(cast: Cast) -> Evening:
    """The evening group with everybody in."""
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.theo, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    return evening


def test_without_a_facilitator_media_pauses_after_the_grace_and_resumes_in_place(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    together = media_room(evening, cast.alice)
    evening.loses(cast.mina)
    hold = evening.view(cast.alice).hold
    assert hold is not None
    assert (hold.since, hold.paused_at) == (wall.now(), wall.now() + seconds(60))
    clock.shift(59)
    evening.hears(cast.alice, cast.bruno)
    assert not evening.view(cast.alice).paused
    assert media_room(evening, cast.alice) == media_room(evening, cast.bruno) == together
    clock.shift(1)
    assert evening.view(cast.alice).paused
    rooms = {media_room(evening, cast.alice), media_room(evening, cast.bruno)}
    assert len(rooms) == 2
    assert together not in rooms
    evening.comes(cast.mina)
    assert evening.view(cast.alice).hold is None
    assert media_room(evening, cast.alice) == media_room(evening, cast.bruno) == together
    assert evening.kinds().count("hold_began") == evening.kinds().count("hold_ended") == 1


def test_a_facilitator_anywhere_in_the_meeting_is_enough(evening: Evening, cast: Cast) -> None:
    opened(evening, cast.mina, [cast.alice], [cast.bruno, cast.theo])
    evening.does(cast.mina, Leave())
    assert evening.view(cast.alice).hold is None
    evening.loses(cast.theo)
    assert evening.view(cast.alice).hold is not None


def test_the_programme_says_how_long_the_grace_is(cast: Cast) -> None:
    cast.north.settings = {"supervision_grace_s": 10}
    cast.north.save()
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    evening.does(cast.mina, Leave())
    hold = evening.view(cast.alice).hold
    assert hold is not None
    assert hold.paused_at - hold.since == seconds(10)


def test_staff_on_call_take_over_a_meeting_without_a_facilitator_and_only_that(
    evening: Evening, cast: Cast
) -> None:
    Membership.objects.filter(person=cast.carol, program=cast.north).update(on_call=True)
    with pytest.raises(NotFound):
        evening.view(cast.carol)
    page = Client()
    page.force_login(cast.carol)
    address = reverse("room", args=[cast.group.pk])
    assert page.get(address).status_code == HTTPStatus.FORBIDDEN
    evening.does(cast.theo, Leave())
    evening.loses(cast.mina)
    assert page.get(address).status_code == HTTPStatus.OK
    evening.comes(cast.carol)
    seen = evening.view(cast.carol)
    assert seen.may_take_over
    assert (seen.you.place, seen.members, seen.waiting) == (Place.OUTSIDE, (), ())
    assert "Haddad" not in repr(seen)
    for stranger in (cast.otto, cast.ines):
        with pytest.raises(NotFound):
            evening.does(stranger, TakeOver())
    evening.does(cast.carol, TakeOver())
    assert where(evening, cast.carol) == MAIN
    assert evening.view(cast.alice).hold is None
    assert AuditEvent.objects.filter(act="room.took_over", actor_id=cast.carol.pk).count() == 1
    evening.lets_in(cast.carol)
    service.handle(evening.actor(cast.carol), Knock())
    assert evening.view(cast.carol).you.role == "facilitator"
