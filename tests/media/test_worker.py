"""A media worker's life: told by its environment, ready when it says so, gone when it should be."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media.config import ConfigError, from_environment
from tests.media.signalling import ROOT, until, web_process, worker

pytestmark = pytest.mark.asyncio


async def test_it_says_when_it_serves_and_where() -> None:
    async with worker() as process:
        assert process.ready == f"media ready udp={process.port} rpc={process.path}"
        _, writer = await asyncio.open_connection("127.0.0.1", process.port)  # the same number for TCP
        writer.close()


async def test_only_its_owner_may_open_the_socket() -> None:
    async with worker() as process:
        assert stat.S_IMODE(process.path.stat().st_mode) == 0o600


async def test_the_socket_of_a_worker_that_died_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    async with worker(path) as first:
        first.process.kill()
        await first.ended()
        assert path.exists()
        async with worker(path) as second, web_process(second.path) as web:
            assert (await web.statistics())["participants"] == 0


async def test_a_second_worker_does_not_take_the_socket_of_one_that_lives(tmp_path: Path) -> None:
    async with worker(tmp_path / "media.sock") as first, worker(first.path) as second:
        assert second.ready == ""
        assert await second.ended() == 1
        async with web_process(first.path) as web:
            assert (await web.statistics())["rooms"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_when_stopped_it_asks_every_client_to_come_back(number: signal.Signals) -> None:
    async with worker() as process, web_process(process.path) as web:
        clients = [await web.join("anna"), await web.join("ben", "blue", single=False)]
        process.process.send_signal(number)
        for client in clients:
            leave = await client.got("leave")
            assert leave.action == rtc.LeaveRequest.Action.RECONNECT
            assert leave.reason == lk.DisconnectReason.SERVER_SHUTDOWN
            await until(lambda c=client: c.hung_up is not None, "the line is hung up")  # type: ignore[misc]
        assert await process.ended(within_s=2) == 0
        assert not process.path.exists()


async def test_it_stops_although_a_web_process_reads_nothing() -> None:
    async with worker() as process:
        reader, writer = await asyncio.open_unix_connection(str(process.path), limit=1)
        async with web_process(process.path) as web:
            await web.join("anna")
            process.terminate()
            assert await process.ended(within_s=3) == 0
        writer.close()
        del reader


async def test_it_ends_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    async with worker(VIOP_MEDIA_PARENT_PID=str(parent.pid)) as process:
        assert process.process.returncode is None
        parent.kill()
        await parent.wait()
        assert await process.ended(within_s=3) == 0


async def test_it_does_not_start_for_a_parent_that_is_gone() -> None:
    gone = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await gone.wait()
    async with worker(VIOP_MEDIA_PARENT_PID=str(gone.pid)) as process:
        assert await process.ended(within_s=3) == 0


async def test_its_counters_say_what_it_holds() -> None:
    async with worker() as process, web_process(process.path) as web:
        anna = await web.join("anna")
        await web.join("ben", single=False)
        found = await web.statistics()
        assert (found["rooms"], found["participants"], found["lines"], found["faults"]) == (1, 2, 2, 0)
        assert found["rss_bytes"] > 1 << 20
        assert found["cpu_s"] > 0
        assert found["tasks"] > 0
        anna.say(leave=rtc.LeaveRequest())
        await until(lambda: anna.hung_up is not None, "anna's line is hung up")
        assert (await web.statistics())["participants"] == 1


WRONG = {
    "no socket": {},
    "a host that is no address": {"VIOP_MEDIA_RPC": "/x", "VIOP_MEDIA_HOST": "localhost"},
    "a port out of range": {"VIOP_MEDIA_RPC": "/x", "VIOP_MEDIA_PORT": "65536"},
    "a port that is no number": {"VIOP_MEDIA_RPC": "/x", "VIOP_MEDIA_PORT": "-1"},
    "an unknown level": {"VIOP_MEDIA_RPC": "/x", "VIOP_MEDIA_LOG": "LOUD"},
    "a parent that is no number": {"VIOP_MEDIA_RPC": "/x", "VIOP_MEDIA_PARENT_PID": "me"},
}


@pytest.mark.parametrize("environment", WRONG.values(), ids=WRONG)
async def test_an_environment_that_describes_no_worker_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="VIOP_MEDIA_"):
        from_environment(environment)


async def test_the_command_names_the_variable_that_is_missing() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "VIOP_MEDIA_RPC"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signaling.media", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"VIOP_MEDIA_RPC" in said


async def test_defaults_stay_on_this_machine() -> None:
    config = from_environment({"VIOP_MEDIA_RPC": "/run/media.sock"})
    assert (config.host, config.advertise, config.port, config.parent_pid) == (
        "127.0.0.1",
        "127.0.0.1",
        0,
        None,
    )
