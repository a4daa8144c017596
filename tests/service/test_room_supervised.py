"""No clients together without staff: media pauses after the grace, staff on call take over, all resumes in place."""

from __future__ import annotations

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
from tests.cast import Cast
from tests.service.breakouts import MAIN, media_room, opened, where
from tests.service.room import Evening, seconds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


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


def test_a_facilitator_anywhere_in_the_meeting_is_enough(inside: Evening, cast: Cast) -> None:
    opened(inside, cast.mina, [cast.alice], [cast.bruno, cast.theo])
    inside.does(cast.mina, Leave())
    assert inside.view(cast.alice).hold is None
    inside.loses(cast.theo)
    assert inside.view(cast.alice).hold is not None


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
    inside: Evening, cast: Cast
) -> None:
    Membership.objects.filter(person=cast.carol, program=cast.north).update(on_call=True)
    with pytest.raises(NotFound):
        inside.view(cast.carol)
    page = Client()
    page.force_login(cast.carol)
    address = reverse("room", args=[cast.group.pk])
    assert page.get(address).status_code == HTTPStatus.FORBIDDEN
    inside.does(cast.theo, Leave())
    inside.loses(cast.mina)
    assert page.get(address).status_code == HTTPStatus.OK
    inside.comes(cast.carol)
    seen = inside.view(cast.carol)
    assert seen.may_take_over
    assert (seen.you.place, seen.members, seen.waiting) == (Place.OUTSIDE, (), ())
    assert "Haddad" not in repr(seen)
    for stranger in (cast.otto, cast.ines):
        with pytest.raises(NotFound):
            inside.does(stranger, TakeOver())
    inside.does(cast.carol, TakeOver())
    assert where(inside, cast.carol) == MAIN
    assert inside.view(cast.alice).hold is None
    assert AuditEvent.objects.filter(act="room.took_over", actor_id=cast.carol.pk).count() == 1
    inside.lets_in(cast.carol)
    service.handle(inside.actor(cast.carol), Knock())
    assert inside.view(cast.carol).you.role == "facilitator"
