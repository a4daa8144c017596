"""A meeting without a facilitator calls staff, once, and nobody for a page that was reloaded."""

from __future__ import annotations

import pytest
import time_machine

from sessions.core import clock as wall
from sessions.messages.models import Message, MessageState
from sessions.people.models import Membership
from sessions.room import service
from sessions.room.commands import Leave
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import Cast
from tests.service.room import Evening, seconds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Ines is on call."""
    Membership.objects.filter(person=cast.ines, program=cast.north).update(on_call=True)
    return cast


@pytest.fixture
def evening(cast: Cast) -> Evening:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    return evening


def test_staff_are_called_when_it_begins_and_no_more_when_it_ends(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.does(cast.mina, Leave())
    task = StaffTask.objects.get(kind="hold.respond")
    assert (task.urgent, task.person, task.status) == (True, None, TaskStatus.OPEN)
    calls = Message.objects.filter(template="staff.urgent")
    assert {call.person_id for call in calls} == {cast.mina.pk, cast.theo.pk, cast.carol.pk, cast.ines.pk}
    assert {call.due_at - wall.now() for call in calls} == {seconds(15)}
    clock.shift(40)
    evening.hears(cast.alice)
    evening.comes(cast.theo)
    task.refresh_from_db()
    assert task.status == TaskStatus.DONE
    assert {call.state for call in calls.all()} == {MessageState.CANCELLED}


def test_a_reload_calls_nobody_and_leaves_no_task(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.loses(cast.mina, clean=True)
    clock.shift(3)
    evening.connects(cast.mina)
    assert evening.view(cast.alice).hold is None
    assert not StaffTask.objects.filter(kind="hold.respond").exists()
    assert {one.state for one in Message.objects.all()} == {MessageState.CANCELLED}


def test_the_end_of_the_meeting_ends_the_call(
    evening: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    evening.does(cast.mina, Leave())
    clock.shift(200)
    service.sweep(wall.now())
    assert evening.kinds()[-1] == "hold_ended", "nobody is there any more"
    assert StaffTask.objects.get(kind="hold.respond").status == TaskStatus.DONE
