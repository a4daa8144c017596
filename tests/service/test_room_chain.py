"""From a command to sound, through everything: the log, the bell, the seats, the worker, and people's ears.

Real sockets, a real worker, real media; nothing tells the worker but the room. Every packet says who sent it
(tests/bench/marked.py). SAFETY, invariants 1, 8 and 35.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from pytest_django import Settings

from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.room import commands, service
from sessions.room.reading import Actor
from sessions.room.side_commands import (
    Assign,
    CloseBreakouts,
    OpenBreakouts,
    PlanBreakouts,
    RoomWish,
    Visit,
)
from signaling.engines import get_engine
from signaling.media.rpc import Open
from tests.bench.marked import Marked, Watching
from tests.cast import Cast
from tests.service.signal_line import Media, carry_out, connect, seat_of, ticket
from tests.service.wire import Page, eventually, pages, worker

pytestmark = pytest.mark.django_db(transaction=True)

PACE_S = 0.02
HEARS_WITHIN_S = 20.0
QUIET_ROUNDS = 25


class Worker:
    """The media worker, which may be killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._running = ExitStack()
        self._process = self._running.enter_context(worker(path))

    def killed_and_replaced(self) -> None:
        self._process.kill()
        self._process.wait()
        self._running.close()
        self._process = self._running.enter_context(worker(self._path))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Iterator[Worker]:
    settings.MEDIA_RPC = str(tmp_path / "media.sock")
    running = Worker(tmp_path / "media.sock")
    yield running
    running.stop()


class Line:
    """A Marked's signal connection: the browser's, with a ticket."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def send(self, data: bytes) -> None:
        self._media.send_soon(data)

    async def frames(self) -> AsyncIterator[bytes]:
        read = 0
        while self._media.close_code is None:
            for frame in self._media.frames[read:]:
                read += 1
                yield frame
            await asyncio.sleep(0.005)


class Seat:
    """The way in of one person: the seat that the database gives them now."""

    def __init__(self, person: Person, meeting: Meeting) -> None:
        self.person, self.meeting = person, meeting

    async def open(self, request: Callable[[int], Open]) -> Line:
        media = await connect(ticket(await seat_of(self.person, self.meeting)))
        assert media is not None, "no way in"
        return Line(media)

    async def room(self) -> str:
        """Where the database wants this person's media."""
        return (await seat_of(self.person, self.meeting)).room


class Group:
    """Mina, Theo, Alice and Bruno: who should hear whom is said by the test, not by the code under test."""

    def __init__(self, cast: Cast, visit: Callable[..., Awaitable[Page]]) -> None:
        self.meeting = cast.group
        self.people = [cast.mina, cast.theo, cast.alice, cast.bruno]
        self.seats = [Seat(person, cast.group) for person in self.people]
        self.pages: dict[UUID, Page] = {}
        self.voices: list[Marked] = []
        self._visit = visit

    async def opens_page(self, *people: Person) -> None:
        for person in people:
            page = self.pages[person.pk] = await self._visit(person, self.meeting.pk)
            await page.say("knock")

    async def everybody_in(self) -> None:
        mina, theo, alice, bruno = self.people
        await self.opens_page(mina, theo, alice, bruno)
        for client in (alice, bruno):
            await self.pages[client.pk].comes_to("waiting")
            await carry_out(mina, self.meeting, commands.Admit(client.pk))
        for person in self.people:
            await self.pages[person.pk].comes_to("main")

    async def media_joins(self) -> None:
        """Everybody connects to the media engine, anew."""
        for voice in self.voices:
            voice.leave()
        self.voices = [Marked(number, seat, "") for number, seat in enumerate(self.seats)]
        for voice in self.voices:
            await voice.join()
        self.watching = Watching(self.voices)

    async def are(self, *places: str) -> None:
        """From now on only those at the same place hear one another, and they do."""
        self.watching.history.append(list(places))
        await eventually(self._all_told, "everybody's media being where the database says", HEARS_WITHIN_S)
        self.watching.epoch += 1
        self.watching.heard.clear()
        async with asyncio.timeout(HEARS_WITHIN_S):
            while not self.watching.heard.keys() >= self.watching.mates():
                await self._talk()
        for _ in range(QUIET_ROUNDS):
            await self._talk()
        assert set(self.watching.heard) == self.watching.mates()
        assert self.watching.foreign == []

    async def begins(self, *places: str) -> None:
        self.watching.history = [list(places)]
        await self.are(*places)

    async def _all_told(self) -> bool:
        for voice, seat in zip(self.voices, self.seats, strict=True):
            if voice.told_room != await seat.room():
                return False
        return True

    async def _talk(self) -> None:
        for voice in self.voices:
            voice.say(self.watching.epoch)
            voice.show(self.watching.epoch)
        await asyncio.sleep(PACE_S)  # the packets' own clock

    def leave(self) -> None:
        for voice in self.voices:
            voice.leave()


@pytest_asyncio.fixture
async def group(cast: Cast, media: Worker) -> AsyncIterator[Group]:
    cast.north.settings = {"supervision_grace_s": 1}
    await database_sync_to_async(cast.north.save)()
    async with pages() as visit:
        there = Group(cast, visit)
        await there.everybody_in()
        await there.media_joins()
        await there.begins("main", "main", "main", "main")
        yield there
        there.leave()
        await get_engine().close()


async def rooms_of(group: Group, *companies: Iterable[Person]) -> list[UUID]:
    """Breakout rooms by hand, opened; their ids."""
    mina = group.people[0]
    wishes = tuple(RoomWish(None, "", tuple(person.pk for person in company)) for company in companies)
    await carry_out(mina, group.meeting, PlanBreakouts(wishes))
    await carry_out(mina, group.meeting, OpenBreakouts())
    view = await database_sync_to_async(service.view)(Actor(mina.pk, group.meeting.pk))
    assert view.breakouts is not None
    return [room.room_id for room in view.breakouts.rooms]


async def test_breakouts_open_people_move_and_are_called_back(group: Group) -> None:
    mina, theo, alice, bruno = group.people
    first, second = await rooms_of(group, [alice], [bruno])
    await group.are("main", "main", "first", "second")
    await carry_out(mina, group.meeting, Visit(first))
    await carry_out(theo, group.meeting, Visit(second))
    await group.are("first", "second", "first", "second")
    await carry_out(mina, group.meeting, Assign(bruno.pk, first))
    await group.are("first", "second", "first", "first")
    await carry_out(mina, group.meeting, CloseBreakouts())
    await group.are("main", "main", "main", "main")


async def test_without_a_facilitator_clients_stop_hearing_one_another_until_one_is_back(
    group: Group,
) -> None:
    mina, theo, _, _ = group.people
    for facilitator in (mina, theo):
        await group.pages[facilitator.pk].leave_page(1006)
    await eventually(lambda: paused(group), "the pause after the grace")
    await group.are("main", "main", "alice", "bruno")
    await group.opens_page(theo)
    await group.are("main", "main", "main", "main")


async def test_a_worker_that_dies_during_a_hold_leaves_everybody_apart(group: Group, media: Worker) -> None:
    """Who comes back to the new worker comes back to where the hold wants them, and together when it ends."""
    mina, theo, _, _ = group.people
    for facilitator in (mina, theo):
        await group.pages[facilitator.pk].leave_page(1006)
    await eventually(lambda: paused(group), "the pause after the grace")
    await group.are("main", "main", "alice", "bruno")
    await asyncio.to_thread(media.killed_and_replaced)
    await group.media_joins()
    await group.begins("main", "main", "alice", "bruno")
    await group.opens_page(mina)
    await group.are("main", "main", "main", "main")


async def test_a_hold_in_breakouts_ends_where_it_began(group: Group) -> None:
    mina, theo, alice, bruno = group.people
    await rooms_of(group, [alice, bruno])
    await group.are("main", "main", "first", "first")
    for facilitator in (mina, theo):
        await group.pages[facilitator.pk].leave_page(1006)
    await eventually(lambda: paused(group), "the pause after the grace")
    await group.are("main", "main", "alice", "bruno")
    await group.opens_page(mina)
    await group.are("main", "main", "first", "first")


async def paused(group: Group) -> bool:
    alice = group.people[2]
    view = await database_sync_to_async(service.view)(Actor(alice.pk, group.meeting.pk))
    return bool(view.paused)
