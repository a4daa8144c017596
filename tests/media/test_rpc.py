"""The stream between web processes and a worker: whatever comes in, only its own sender is affected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from signaling.media import rpc
from tests.media.signalling import WorkerProcess, until, web_process, worker

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def process() -> AsyncIterator[WorkerProcess]:
    async with worker() as running:
        yield running


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(rpc.LENGTH_BYTES, "big") + body


BROKEN = {
    "an unknown message": frame(msgspec.msgpack.encode({"type": "reboot"})),
    "an unknown field": frame(msgspec.msgpack.encode({"type": "stats", "call": 1, "force": True})),
    "no map": frame(msgspec.msgpack.encode([1, 2, 3])),
    "garbage": frame(b"\xc1" * 40),
    "a frame too large": (rpc.MAX_FRAME_BYTES + 1).to_bytes(rpc.LENGTH_BYTES, "big"),
    "an empty frame": frame(b""),
}


@pytest.mark.parametrize("bytes_in", BROKEN.values(), ids=BROKEN)
async def test_a_stream_outside_the_protocol_ends_and_no_other(
    process: WorkerProcess, bytes_in: bytes
) -> None:
    async with web_process(process.path) as web:
        async with web_process(process.path) as broken:
            broken.writer.write(bytes_in)
            await asyncio.wait_for(broken.ended.wait(), 5)
        assert (await web.statistics())["faults"] == 0


async def test_a_stream_that_ends_within_a_frame_is_no_trouble(process: WorkerProcess) -> None:
    async with web_process(process.path) as half:
        half.writer.write(rpc.encode(rpc.Stats(1))[:5])
    async with web_process(process.path) as web:
        assert (await web.statistics())["faults"] == 0


async def test_messages_for_lines_that_are_not_there_are_ignored(process: WorkerProcess) -> None:
    async with web_process(process.path) as web:
        for message in (rpc.Frame(77, b"x"), rpc.Hangup(77), rpc.Refresh(77, "token")):
            web.send(message)
        assert (await web.statistics())["faults"] == 0


NOBODY = {
    "eject": lambda call: rpc.Eject(call, "empty", "nobody"),
    "mute": lambda call: rpc.Mute(call, "empty", "nobody"),
    "move": lambda call: rpc.Move(call, (rpc.Relocation("nobody", "empty", "other", "t"),)),
}


@pytest.mark.parametrize("build", NOBODY.values(), ids=NOBODY)
async def test_a_command_about_nobody_says_so(process: WorkerProcess, build) -> None:  # type: ignore[no-untyped-def]
    async with web_process(process.path) as web:
        assert (await web.ask(build)).error == "no-such-participant"
        assert (await web.statistics())["rooms"] == 0


async def test_closing_a_room_that_is_not_there_says_so(process: WorkerProcess) -> None:
    async with web_process(process.path) as web:
        assert (await web.ask(lambda call: rpc.CloseRoom(call, "empty"))).error == "no-such-room"


async def test_when_a_web_process_dies_its_people_keep_their_seats(process: WorkerProcess) -> None:
    async with web_process(process.path) as survivor:
        async with web_process(process.path) as dying:
            anna = await dying.join("anna", "seats")
        assert (await survivor.statistics())["participants"] == 1
        back = await survivor.open("anna", "seats", query={"reconnect": 1, "sid": anna.sid})
        await back.got("reconnect")
        assert not survivor.heard_of(rpc.EventKind.LEFT, "anna")
        await survivor.ask(lambda call: rpc.CloseRoom(call, "seats"))


async def test_every_web_process_hears_of_events(process: WorkerProcess) -> None:
    async with web_process(process.path) as one, web_process(process.path) as other:
        await one.join("anna", "news")
        await other.ask(lambda call: rpc.Eject(call, "news", "anna"))
        for web in (one, other):
            await until(lambda w=web: w.heard_of(rpc.EventKind.LEFT, "anna"), "it hears")  # type: ignore[misc]


async def test_a_session_number_used_twice_hangs_up_the_older_line(process: WorkerProcess) -> None:
    async with web_process(process.path) as web:
        await web.join("anna", "twice")
        anna = web.clients[1]
        web._numbers = 0
        ben = await web.join("ben", "twice")
        assert ben.session == anna.session
        assert (await web.statistics())["lines"] == 1
        await web.ask(lambda call: rpc.CloseRoom(call, "twice"))
