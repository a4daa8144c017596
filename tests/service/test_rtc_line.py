"""The line of the media signal socket: resumed, flooded, lost, left; and tried by who still waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from livekit.protocol.models import TrackSource
from livekit.protocol.rtc import SignalRequest, TrickleRequest

from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.room import service
from signaling import enforcement, rounds, tickets
from signaling.engines import get_engine
from signaling.local import process
from signaling.protocol import Close
from tests.cast import Cast
from tests.service.signal_line import (
    Media,
    alice_seated,
    connect,
    group_inside,
    participants,
    seat_of,
    ticket,
)
from tests.service.wire import Page, eventually, pages, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]
inside, alice = group_inside, alice_seated


class TestTheLine:
    async def test_a_resume_finds_the_participant_again(self, inside: Cast, alice: Media) -> None:
        joined = (await alice.hears("join")).join
        token = (await alice.hears("refresh_token")).refresh_token
        await alice.breaks()
        again = await connect(token, reconnect="1", sid=joined.participant.sid)
        assert again is not None
        await again.hears("reconnect")
        assert await participants() == 1

    async def test_a_worker_that_dies_sends_its_browsers_away_to_come_back(
        self, inside: Cast, alice: Media
    ) -> None:
        await get_engine().close()
        assert await alice.closes() == Close.RESTART

    @pytest.mark.parametrize(
        ("what", "frame", "code"),
        [
            ("text", "hello", Close.BAD_FRAME),
            ("too long", b"x" * 270_000, Close.OVERSIZE),
        ],
    )
    async def test_what_does_not_belong_here_ends_it(
        self, inside: Cast, alice: Media, what: str, frame: str | bytes, code: int
    ) -> None:
        await alice.send(frame)
        assert await alice.closes() == code

    async def test_a_thousand_candidates_do_not(self, inside: Cast, alice: Media) -> None:
        """As a phone with two networks tells that is offered a full room."""
        for _ in range(1000):
            await alice.send(SignalRequest(trickle=TrickleRequest(candidateInit="{}")).SerializeToString())
        await alice.send(SignalRequest(ping=1).SerializeToString())
        await alice.hears("pong")
        assert alice.close_code is None

    async def test_a_flood_ends_it(self, inside: Cast, alice: Media) -> None:
        for _ in range(1000):
            await alice.send(SignalRequest(ping=1).SerializeToString())
        await alice.closes()

    async def test_nothing_is_left_of_who_left(self, inside: Cast, alice: Media) -> None:
        here = process()
        await alice.breaks()
        for held in here.held:
            assert held.gone_at is not None
            held.gone_at -= timedelta(minutes=1)
        await rounds.check_seats(here)
        await eventually(lambda: here.rounds is not None and here.rounds.done(), "the rounds' end")
        assert not here.busy


class TestTryingTheLine:
    async def probe_of(self, person: Person, meeting: Meeting) -> tuple[str, str]:
        """A ticket, and the cookie of the page that got it."""
        cookie = await sign_in(person)
        async with pages() as visit:
            page: Page = await visit(person, meeting.pk, cookie=cookie)
            await page.say("askSeat", probe=True)
            await eventually(lambda: bool(page.told("seat")), "a ticket")
            return page.told("seat")[0]["token"], cookie

    async def test_who_waits_may_and_is_alone_there(self, inside: Cast, alice: Media) -> None:
        """Bruno waits: his line reaches the engine, and neither Alice nor anything of her."""
        media = await connect((await self.probe_of(inside.bruno, inside.group))[0])
        assert media is not None
        joined = (await media.hears("join")).join
        assert not joined.other_participants
        assert joined.room.name != (await seat_of(inside.alice, inside.group)).room
        assert list(joined.participant.permission.can_publish_sources) == [
            TrackSource.MICROPHONE,
            TrackSource.CAMERA,
        ]
        assert alice.told("update") == [] or all(
            info.identity != joined.participant.identity
            for update in alice.told("update")
            for info in update.update.participants
        )

    async def test_it_takes_no_seat_and_is_no_presence(self, inside: Cast) -> None:
        before = await database_sync_to_async(service.head)(inside.group.pk)
        claims = tickets.probe(inside.group.pk, inside.bruno.pk)
        media = await connect(ticket(claims))
        assert media is not None
        await media.hears("join")
        assert await database_sync_to_async(service.head)(inside.group.pk) == before
        seats = await database_sync_to_async(service.seats)([(inside.group.pk, inside.bruno.pk)])
        assert list(seats.values()) == [None]

    async def test_not_for_who_has_no_part_in_the_meeting(self, inside: Cast) -> None:
        assert await connect(ticket(tickets.probe(inside.group.pk, inside.sofia.pk))) is None

    async def test_a_few_at_once_and_not_for_long(self, inside: Cast) -> None:
        held: list[Media] = []
        for _ in range(enforcement.PROBES_EACH):
            media = await connect(ticket(tickets.probe(inside.group.pk, inside.bruno.pk)))
            assert media is not None
            await media.hears("join")
            held.append(media)
        assert await connect(ticket(tickets.probe(inside.group.pk, inside.bruno.pk))) is None
        for one in process().held:
            one.ticket_at -= enforcement.PROBE_FOR + timedelta(seconds=1)
        await rounds.check_seats(process())
        for media in held:
            await media.closes()
