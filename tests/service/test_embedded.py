"""The web process's line to the media worker, against the real worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from livekit.protocol.rtc import LeaveRequest, SignalRequest, SignalResponse

from signaling.embedded import INBOX_FRAMES, EmbeddedEngine, Session
from signaling.engine import EngineUnavailable, Relocated
from signaling.media import rpc
from signaling.protocol import Close
from tests.service.wire import eventually, worker


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "media.sock"


@pytest.fixture
def running(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with worker(path) as process:
        yield process


@pytest_asyncio.fixture
async def engine(path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(path))
    yield engine
    await engine.close()


async def join(engine: EmbeddedEngine, identity: str, room: str = "an-opaque-room", **query: str) -> Session:
    return await engine.open(
        lambda number: rpc.Open(
            session=number, room=room, identity=identity, grants=rpc.Grants(), single=True, query=query
        )
    )


async def response(session: Session, kind: str) -> SignalResponse:
    """The next response of this kind."""
    async with asyncio.timeout(10):
        async for data in session.frames():
            found = SignalResponse.FromString(data)
            if found.WhichOneof("message") == kind:
                return found
    raise AssertionError(f"the session ended with {session.close_code} before a {kind}")


async def over(session: Session) -> int | None:
    async with asyncio.timeout(10):
        async for _ in session.frames():
            pass
    return session.close_code


@pytest.mark.usefixtures("running")
class TestSessions:
    async def test_a_browser_joins_through_it(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        joined = (await response(session, "join")).join
        assert joined.participant.identity == "alice"

    async def test_many_share_one_stream_and_hear_their_own(self, engine: EmbeddedEngine) -> None:
        sessions = {name: await join(engine, name, room=f"room-of-{name}") for name in "abcdef"}
        for name, session in sessions.items():
            joined = (await response(session, "join")).join
            assert (joined.participant.identity, joined.room.name) == (name, f"room-of-{name}")

    async def test_frames_go_both_ways(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        await response(session, "join")
        session.send(SignalRequest(ping=42).SerializeToString())
        await response(session, "pong")

    async def test_a_newer_ticket_reaches_the_browser(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        await response(session, "join")
        session.refresh("a-newer-ticket")
        assert (await response(session, "refresh_token")).refresh_token == "a-newer-ticket"

    async def test_who_leaves_is_hung_up_by_the_worker(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        await response(session, "join")
        session.send(SignalRequest(leave=LeaveRequest()).SerializeToString())
        assert await over(session) is not None

    async def test_after_the_end_nothing_is_sent(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        session.hang_up(4401)
        session.hang_up(1000)
        session.send(b"anything")
        assert await over(session) == 4401

    async def test_a_browser_that_does_not_read_is_hung_up(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        for number in range(INBOX_FRAMES * 2):
            session.refresh(f"ticket-{number}")
        await eventually(lambda: session.close_code is not None, "the end of the deaf")
        assert session.close_code == Close.TOO_SLOW


@pytest.mark.usefixtures("running")
class TestCalls:
    async def test_asking_for_what_is_so_already_is_no_error(self, engine: EmbeddedEngine) -> None:
        for _ in range(2):
            await engine.eject("no-such-room", "nobody")
            await engine.mute("no-such-room", "nobody")
            await engine.close_room("no-such-room")
            await engine.move([Relocated("nobody", "no-such-room", "another", "a-ticket")])
            await engine.move([])

    async def test_ejecting_ends_the_session(self, engine: EmbeddedEngine) -> None:
        session = await join(engine, "alice")
        await response(session, "join")
        await engine.eject("an-opaque-room", "alice")
        await eventually(lambda: session.close_code is not None, "the end of Alice's session")
        assert (await engine.statistics())["participants"] == 0

    async def test_closing_a_room_ends_all_of_its_sessions_and_no_other(self, engine: EmbeddedEngine) -> None:
        alice, bruno = await join(engine, "alice"), await join(engine, "bruno")
        chidi = await join(engine, "chidi", room="another")
        for session in (alice, bruno, chidi):
            await response(session, "join")
        await engine.close_room("an-opaque-room")
        await eventually(lambda: None not in (alice.close_code, bruno.close_code), "the end of both")
        assert chidi.close_code is None

    async def test_events_are_heard(self, engine: EmbeddedEngine) -> None:
        heard: list[rpc.Event] = []

        async def listen() -> None:
            async for event in engine.events():
                heard.append(event)  # noqa: PERF401 - as they come

        listening = asyncio.create_task(listen())
        alice = await join(engine, "alice")
        await response(alice, "join")
        await engine.eject("an-opaque-room", "alice")
        await eventually(lambda: [event.kind for event in heard] == ["left"], "that Alice left")
        await engine.close()
        await asyncio.wait_for(listening, 5)


class TestWhenTheWorkerIsAway:
    async def test_nobody_waits_long(self, engine: EmbeddedEngine) -> None:
        with pytest.raises(EngineUnavailable):
            await join(engine, "alice")
        with pytest.raises(EngineUnavailable):
            await engine.eject("an-opaque-room", "alice")

    async def test_who_asks_a_moment_too_early_is_served(self, engine: EmbeddedEngine, path: Path) -> None:
        asked = asyncio.create_task(until_served(engine))
        with worker(path):
            await asyncio.wait_for(asked, 10)

    async def test_killed_it_ends_every_session_and_its_successor_takes_new_ones(
        self, engine: EmbeddedEngine, path: Path
    ) -> None:
        with worker(path) as first:
            sessions = [await join(engine, name) for name in "abc"]
            for session in sessions:
                await response(session, "join")
            os.kill(first.pid, signal.SIGKILL)
            assert [await over(session) for session in sessions] == [Close.RESTART] * 3
            await asyncio.to_thread(first.wait)
        with worker(path):
            session = await join(engine, "alice")
            await response(session, "join")

    async def test_a_call_under_way_when_it_dies_does_not_hang(
        self, engine: EmbeddedEngine, path: Path
    ) -> None:
        with worker(path) as process:
            await engine.statistics()
            os.kill(process.pid, signal.SIGSTOP)
            call = asyncio.create_task(engine.eject("room", "alice"))
            await asyncio.sleep(0)
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(EngineUnavailable):
                await asyncio.wait_for(call, 5)

    async def test_listeners_hear_the_successor(self, engine: EmbeddedEngine, path: Path) -> None:
        heard: list[str] = []

        async def listen() -> None:
            async for event in engine.events():
                heard.append(event.identity)  # noqa: PERF401 - as they come

        listening = asyncio.create_task(listen())
        for name in ("alice", "bruno"):
            with worker(path):
                await until_served(engine)
                session = await join(engine, name)
                await response(session, "join")
                await engine.eject("an-opaque-room", name)
                await eventually(lambda name=name: name in heard, f"{name} leaving")  # type: ignore[misc]
        await engine.close()
        await asyncio.wait_for(listening, 5)


async def until_served(engine: EmbeddedEngine) -> None:
    """Ask until there is an answer."""
    while True:
        with suppress(EngineUnavailable):
            await engine.statistics()
            return
