"""The room socket through all that happens to a line: lost bells, evidence of presence, the end of a login and of a process."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session

from sessions.core import clock
from sessions.people.models import Person
from sessions.room import commands, service
from sessions.room.reading import Actor
from signaling import heartbeat, rounds
from signaling.local import process
from signaling.protocol import Close
from signaling.shutdown import close_all
from tests.cast import Cast
from tests.service.wire import Page, Visit, eventually, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("visit")]


async def carry_out(actor: Person, meeting_id: UUID, command: commands.Command) -> None:
    """A command that comes in through another web process."""
    await database_sync_to_async(service.handle)(Actor(actor.pk, meeting_id), command)


class TestLostBells:
    async def test_a_round_heals_and_a_pong_tells_how_far_the_log_is(
        self, cast: Cast, mina: Page, alice: Page
    ) -> None:
        """The channel layer forgot who listens; the command came in through another process."""
        layer = get_channel_layer()
        assert layer is not None
        await layer.flush()
        await carry_out(cast.mina, cast.group.pk, commands.Admit(cast.alice.pk))
        await rounds.hear_bells(process())
        await alice.comes_to("main")
        admitted = alice.room["seq"]
        await alice.say("ping")
        await eventually(lambda: bool(alice.told("pong")), "a pong")
        assert alice.told("pong")[-1]["seq"] >= admitted

    async def test_without_any_push_the_round_comes_by(self, cast: Cast, mina: Page, alice: Page) -> None:
        layer = get_channel_layer()
        assert layer is not None
        await layer.flush()
        await carry_out(cast.mina, cast.group.pk, commands.Admit(cast.alice.pk))
        await alice.comes_to("main")

    async def test_a_flushed_layer_is_joined_again(self, cast: Cast, mina: Page, alice: Page) -> None:
        layer = get_channel_layer()
        assert layer is not None
        layer.groups.clear()
        await rounds.renew_bells(process())
        assert len(layer.groups) == 1

    async def test_a_view_that_looks_the_same_is_not_sent_again(
        self, cast: Cast, mina: Page, alice: Page, visit: Visit
    ) -> None:
        await visit(cast.bruno, cast.group.pk)  # connects, and does not knock: nothing to see for anybody
        before = len(alice.told("room"))
        seq = alice.room["seq"]
        await eventually(lambda: process().bells[cast.group.pk].head > seq, "the bell")
        await mina.answer(await mina.say("muteOther", personId=str(cast.mina.pk)))
        assert len(alice.told("room")) == before
        await alice.say("ping")  # but now the log has grown past what Alice was told
        await eventually(lambda: alice.room["seq"] > seq, "a view with the new seq")


class TestPresence:
    async def test_evidence_is_when_each_socket_was_last_heard(
        self, cast: Cast, mina: Page, alice: Page
    ) -> None:
        await alice.say("ping")
        await eventually(lambda: bool(alice.told("pong")), "a pong")
        heard = {socket.connection_id: socket.last_heard for socket in process().rooms}
        assert len(heard) == 2
        await heartbeat.note(process())
        await heartbeat.write(process())
        assert await database_sync_to_async(service.seen)(heard) == frozenset()

    async def test_a_socket_whose_connection_was_swept_comes_anew(
        self, cast: Cast, mina: Page, alice: Page
    ) -> None:
        """This process stood still for a minute and another swept."""
        await database_sync_to_async(service.sweep)(clock.now() + timedelta(seconds=40))
        await heartbeat.note(process())
        await heartbeat.write(process())
        assert await alice.closes() == Close.RESTART
        assert await mina.closes() == Close.RESTART

    async def test_evidence_waits_for_the_database_but_not_for_ever(self, mina: Page) -> None:
        for _ in range(20):
            await heartbeat.note(process())
        assert len(process().evidence) == heartbeat.NOTES_KEPT

    async def test_two_tabs_are_one_device_and_both_are_told(
        self, cast: Cast, mina: Page, alice: Page, visit: Visit
    ) -> None:
        await mina.say("admitAll")
        await alice.comes_to("main")
        await eventually(lambda: len(mina.room["members"]) == 1, "Mina seeing Alice")
        second = await visit(cast.alice, cast.group.pk)
        await second.say("knock")
        await second.comes_to("main")
        await alice.leave_page()
        await second.say("ping")
        await eventually(lambda: bool(second.told("pong")), "a pong")
        assert not mina.room["members"][0]["interrupted"]


class TestTheEndOfALogin:
    async def test_signing_out_closes_the_sockets_of_that_login(
        self, cast: Cast, mina: Page, visit: Visit
    ) -> None:
        here, elsewhere = await sign_in(cast.alice), await sign_in(cast.alice)
        phone = await visit(cast.alice, cast.group.pk, cookie=here)
        laptop = await visit(cast.alice, cast.group.pk, cookie=elsewhere)
        await eventually(lambda: bool(phone.room and laptop.room), "both in")
        key = here.partition("=")[2]
        await sync_to_async(Session.objects.filter(session_key=key).delete)()
        await rounds.check_logins(process())
        assert await phone.closes() == 4401
        assert laptop.close_code is None
        assert mina.close_code is None

    async def test_a_disabled_account(self, cast: Cast, mina: Page, alice: Page) -> None:
        await sync_to_async(Person.objects.filter(pk=cast.alice.pk).update)(is_active=False)
        await rounds.check_logins(process())
        assert await alice.closes() == 4401
        assert mina.close_code is None

    async def test_a_changed_password_ends_the_other_logins(
        self, cast: Cast, mina: Page, alice: Page
    ) -> None:
        def change() -> None:
            cast.alice.set_password("another long phrase")
            cast.alice.save()

        await sync_to_async(change)()
        await rounds.check_logins(process())
        assert await alice.closes() == 4401

    async def test_who_loses_their_part_in_the_meeting(self, cast: Cast, mina: Page, alice: Page) -> None:
        await sync_to_async(cast.alice.enrollments.all().delete)()
        await rounds.check_logins(process())
        assert await alice.closes() == 4404


class TestGoingAway:
    async def test_every_socket_is_told_to_come_back(self, cast: Cast, mina: Page, alice: Page) -> None:
        await close_all()
        assert await mina.closes() == Close.RESTART
        assert await alice.closes() == Close.RESTART
        assert not process().busy

    async def test_nothing_runs_for_sockets_that_are_gone(self, mina: Page, alice: Page) -> None:
        here = process()
        await mina.leave_page()
        await alice.leave_page()
        await eventually(lambda: here.rounds is not None and here.rounds.done(), "the rounds' end")
        assert not here.busy
        assert not here.bells
