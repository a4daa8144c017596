"""The media signal socket: who may open it, what passes through, and when a seat ends.

Over the real room, the real database and a real media worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from livekit.protocol.models import TrackSource
from livekit.protocol.rtc import SignalRequest
from pytest_django import Settings

from sessions.core import clock
from sessions.people.models import Person
from sessions.room import commands
from sessions.room.floor_commands import SetScreens
from signaling import rounds, tickets
from signaling.local import process
from signaling.tickets import Claims
from tests.cast import Cast
from tests.service.signal_line import (
    Media,
    alice_seated,
    bells_are_dead,
    carry_out,
    connect,
    group_inside,
    nobody_is_there,
    participants,
    seat_of,
    ticket,
)
from tests.service.wire import Page, eventually, pages, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]
inside, alice = group_inside, alice_seated


class TestTakingASeat:
    @pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
    async def test_a_ticket_opens_it_and_frames_pass(self, inside: Cast, path: str) -> None:
        claims = await seat_of(inside.alice, inside.group)
        media = await connect(ticket(claims), path)
        assert media is not None
        joined = (await media.hears("join")).join
        assert (joined.participant.identity, joined.room.name) == (claims.identity, claims.room)
        assert (joined.participant.name, joined.participant.metadata) == ("", "")
        await media.send(SignalRequest(ping=1).SerializeToString())
        await media.hears("pong")

    async def test_a_fresh_ticket_comes_at_once_and_again(self, inside: Cast, alice: Media) -> None:
        first = (await alice.hears("refresh_token")).refresh_token
        assert tickets.verify(first, clock.now()) == await seat_of(inside.alice, inside.group)
        for held in process().held:
            held.ticket_at -= timedelta(seconds=30)
        await rounds.check_seats(process())
        await eventually(lambda: len(alice.told("refresh_token")) >= 2, "another ticket")

    async def test_a_native_client_sends_no_origin_and_no_cookie(self, inside: Cast) -> None:
        media = await connect(ticket(await seat_of(inside.alice, inside.group)), origin="")
        assert media is not None
        await media.hears("join")

    async def test_turn_servers_come_with_credentials(self, inside: Cast, settings: Settings) -> None:
        settings.TURN_URLS, settings.TURN_SECRET = ["turn:127.0.0.1:3478"], "secret"
        media = await connect(ticket(await seat_of(inside.alice, inside.group)))
        assert media is not None
        (server,) = (await media.hears("join")).join.ice_servers
        assert list(server.urls) == ["turn:127.0.0.1:3478"]
        assert str(inside.alice.pk) not in server.username
        assert server.credential


class TestWhoIsRefused:
    """Before the handshake; the validate URL then says 401, in the same words for every cause."""

    @pytest.mark.parametrize(
        ("what", "change"),
        [
            ("another meeting", lambda cast, claims: replace(claims, meeting_id=cast.morning_group.pk)),
            ("another person", lambda cast, claims: replace(claims, person_id=cast.mina.pk)),
            ("somebody still waiting", lambda cast, claims: replace(claims, person_id=cast.bruno.pk)),
            ("an earlier placement", lambda cast, claims: replace(claims, version=claims.version - 1)),
            ("a later placement", lambda cast, claims: replace(claims, version=claims.version + 1)),
            ("another media room", lambda cast, claims: replace(claims, room="somebody-elses")),
            ("another identity", lambda cast, claims: replace(claims, identity="somebody-elses")),
        ],
    )
    async def test_a_ticket_that_is_not_this_seats(
        self, inside: Cast, what: str, change: Callable[[Cast, Claims], Claims]
    ) -> None:
        token = ticket(change(inside, await seat_of(inside.alice, inside.group)))
        assert await connect(token) is None
        assert await validated(token) == (401, "refused")

    async def test_an_expired_one(self, inside: Cast) -> None:
        claims = await seat_of(inside.alice, inside.group)
        token = tickets.mint(claims, clock.now() - timedelta(seconds=70))
        assert await connect(token) is None
        assert await validated(token) == (401, "refused")

    @pytest.mark.parametrize("token", [None, "", "nonsense", "a.b.c", "x" * 10_000])
    async def test_none_at_all(self, inside: Cast, token: str | None) -> None:
        assert await connect(token) is None
        assert await validated(token or "") == (401, "refused")

    async def test_one_used_before_the_placement_changed(self, inside: Cast) -> None:
        token = ticket(await seat_of(inside.alice, inside.group))
        await carry_out(inside.mina, inside.group, commands.SendBack(inside.alice.pk))
        assert await connect(token) is None
        await carry_out(inside.mina, inside.group, commands.Admit(inside.alice.pk))
        assert await connect(token) is None, "let in again, one needs a new ticket"

    async def test_a_page_of_another_site(self, inside: Cast) -> None:
        token = ticket(await seat_of(inside.alice, inside.group))
        assert await connect(token, origin="https://evil.example") is None

    async def test_a_stolen_ticket_in_somebody_elses_browser(self, inside: Cast) -> None:
        token = ticket(await seat_of(inside.alice, inside.group))
        assert await connect(token, cookie=await sign_in(inside.bruno)) is None
        hers = await connect(token, cookie=await sign_in(inside.alice))
        assert hers is not None
        await hers.hears("join")

    async def test_a_disabled_account(self, inside: Cast) -> None:
        token = ticket(await seat_of(inside.alice, inside.group))
        await sync_to_async(Person.objects.filter(pk=inside.alice.pk).update)(is_active=False)
        assert await connect(token) is None

    @pytest.mark.parametrize("path", ["/rtc/v2", "/rtcs", "/ws", "/"])
    async def test_an_address_that_is_none(self, inside: Cast, path: str) -> None:
        assert await connect(ticket(await seat_of(inside.alice, inside.group)), path) is None

    @pytest.mark.parametrize("path", ["/rtc/validate", "/rtc/v1/validate"])
    async def test_a_good_ticket_is_called_good(self, inside: Cast, path: str) -> None:
        token = ticket(await seat_of(inside.alice, inside.group))
        assert await validated(token, path) == (200, "success")


async def validated(token: str, path: str = "/rtc/v1/validate") -> tuple[int, str]:
    answer: Any = await AsyncClient().get(path, {"access_token": token})
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.status_code, answer.content.decode()


class TestWhenTheSeatIsTakenAway:
    """In one way or the other within five seconds, with the bell and without."""

    @pytest.mark.parametrize("bell", [True, False], ids=["bell heard", "every bell lost"])
    @pytest.mark.parametrize(
        "command",
        [
            lambda cast: (cast.mina, commands.SendBack(cast.alice.pk)),
            lambda cast: (cast.mina, commands.Remove(cast.alice.pk)),
            lambda cast: (cast.alice, commands.Leave()),
            lambda cast: (cast.mina, commands.End()),
        ],
        ids=["sent back", "removed", "left", "ended"],
    )
    async def test_media_ends(
        self,
        inside: Cast,
        alice: Media,
        bell: bool,
        command: Callable[[Cast], tuple[Person, commands.Command]],
    ) -> None:
        if not bell:
            await bells_are_dead()
        actor, asked = command(inside)
        await carry_out(actor, inside.group, asked)
        await alice.closes()
        assert alice.told("leave")
        await eventually(lambda: nobody_is_there(), "an empty media room")

    async def test_also_while_the_signal_connection_is_down(self, inside: Cast, alice: Media) -> None:
        """The worker would keep the participant for a resume; media flows without signaling."""
        await alice.breaks()
        assert await participants() == 1
        await bells_are_dead()
        await carry_out(inside.mina, inside.group, commands.Remove(inside.alice.pk))
        await eventually(lambda: nobody_is_there(), "an empty media room")

    async def test_a_new_seat_is_not_ended_with_the_old(self, inside: Cast, alice: Media) -> None:
        await bells_are_dead()
        await carry_out(inside.mina, inside.group, commands.SendBack(inside.alice.pk))
        await carry_out(inside.mina, inside.group, commands.Admit(inside.alice.pk))
        again = await connect(ticket(await seat_of(inside.alice, inside.group)))
        assert again is not None
        await again.hears("join")
        await alice.closes()
        await rounds.check_seats(process())
        assert again.close_code is None
        assert await participants() == 1

    async def test_a_disabled_account_loses_its_media(self, inside: Cast, alice: Media) -> None:
        await sync_to_async(Person.objects.filter(pk=inside.alice.pk).update)(is_active=False)
        await alice.closes()
        assert alice.told("leave"), "a client told to leave does not try to come back"
        await eventually(lambda: nobody_is_there(), "an empty media room")

    async def test_signing_out_ends_the_media_of_that_login(self, inside: Cast) -> None:
        cookie = await sign_in(inside.alice)
        media = await connect(ticket(await seat_of(inside.alice, inside.group)), cookie=cookie)
        assert media is not None
        await media.hears("join")

        def sign_out() -> None:
            from django.contrib.sessions.models import Session

            Session.objects.filter(session_key=cookie.partition("=")[2]).delete()

        await sync_to_async(sign_out)()
        await rounds.check_logins(process())
        await media.closes()
        assert media.told("leave")
        await eventually(lambda: nobody_is_there(), "an empty media room")

    async def test_losing_ones_part_in_the_meeting(self, inside: Cast, alice: Media) -> None:
        """Found out when the next ticket is due."""
        await sync_to_async(inside.alice.enrollments.all().delete)()
        for held in process().held:
            held.ticket_at -= timedelta(seconds=30)
        await rounds.check_seats(process())
        await alice.closes()
        assert alice.told("leave")


class TestMuting:
    async def test_a_facilitator_silences_through_the_engine(self, inside: Cast, alice: Media) -> None:
        async with pages() as visit:
            mina: Page = await visit(inside.mina, inside.group.pk)
            answer = await mina.answer(await mina.say("muteOther", personId=str(inside.alice.pk)))
            assert answer["type"] == "done"
            assert alice.close_code is None


class TestScreens:
    async def test_the_right_to_share_one_is_given_and_taken_back_at_once(
        self, inside: Cast, alice: Media
    ) -> None:
        """Nothing is asked of the browser: the engine itself holds her to what she may do."""

        def may() -> list[bool]:
            infos = [info for update in alice.told("update") for info in update.update.participants]
            mine = [info for info in infos if info.permission.can_publish_sources]
            return [TrackSource.SCREEN_SHARE in info.permission.can_publish_sources for info in mine]

        await carry_out(inside.mina, inside.group, SetScreens("everyone"))
        await eventually(lambda: may()[-1:] == [True], "the right")
        await carry_out(inside.mina, inside.group, SetScreens("staff"))
        await eventually(lambda: may()[-1:] == [False], "its end")

    async def test_an_older_ticket_does_not_bring_it_back(self, inside: Cast) -> None:
        await carry_out(inside.mina, inside.group, SetScreens("everyone"))
        older = ticket(await seat_of(inside.alice, inside.group))
        await carry_out(inside.mina, inside.group, SetScreens("staff"))
        media = await connect(older)
        assert media is not None
        me = (await media.hears("join")).join.participant
        assert TrackSource.SCREEN_SHARE not in me.permission.can_publish_sources
