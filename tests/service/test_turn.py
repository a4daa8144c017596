"""TURN credentials: short-lived, opaque, and what a real coturn makes of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aioice import stun
from aioice.turn import TurnClientUdpProtocol
from pytest_django import Settings

from sessions.core import clock, ids
from signaling import turn
from tests.servers import free_port, listens, stop, wait_until

CONF = Path(__file__).parents[2] / "deploy" / "coturn" / "turnserver.conf"
SECRET = "a-secret-only-the-turn-server-shares"
NOW = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
REALM = "viop.example"


def test_without_a_turn_server_there_are_none(settings: Settings) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = [], ""
    assert turn.ice_servers("x", NOW) == ()
    settings.TURN_URLS = ["turn:turn.example:3478"]
    assert turn.ice_servers("x", NOW) == (), "without a secret nobody gets credentials"


def test_they_name_an_expiry_and_an_opaque_label_only(settings: Settings) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478?transport=udp"], SECRET
    (server,) = turn.ice_servers("opaque", NOW)
    assert server.urls == ("turn:turn.example:3478?transport=udp",)
    expiry, _, label = server.username.partition(":")
    assert label == "opaque"
    assert timedelta(0) < datetime.fromtimestamp(int(expiry), UTC) - NOW <= timedelta(minutes=10)


def test_each_label_has_its_own_password() -> None:
    assert turn.credentials("one", NOW, SECRET) != turn.credentials("two", NOW, SECRET)
    assert turn.credentials("one", NOW, SECRET)[1] != turn.credentials("one", NOW, "another")[1]


def test_a_known_answer() -> None:
    """printf '1772492400:opaque' | openssl dgst -sha1 -hmac SECRET -binary | base64"""
    username, password = turn.credentials("opaque", NOW, SECRET)
    assert username == "1772492400:opaque"
    assert password == openssl(username)


def openssl(username: str) -> str:
    found = subprocess.run(
        ["openssl", "dgst", "-sha1", "-hmac", SECRET, "-binary"],
        input=username.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return base64.b64encode(found.stdout).decode()


@pytest.fixture(scope="module")
def coturn() -> Iterator[tuple[str, int]]:
    """The TURN server as deployed, on loopback, allowed to relay to one address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="viop-turn-") as folder:
        words = [
            "turnserver",
            *("-c", str(CONF), f"--listening-port={port}", "--no-tls", "--no-dtls", "--log-file=stdout"),
            *("--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"),
            *(f"--static-auth-secret={SECRET}", f"--realm={REALM}", "--allowed-peer-ip=127.0.0.9"),
            *(f"--pidfile={folder}/pid", f"--userdb={folder}/db"),
        ]
        with open(f"{folder}/log", "wb") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
        try:
            wait_until(lambda: listens(port), "coturn to listen")
            yield "127.0.0.1", port
        finally:
            stop(process)


@contextlib.asynccontextmanager
async def client(
    server: tuple[str, int], username: str, password: str
) -> AsyncIterator[TurnClientUdpProtocol]:
    """A TURN client without an allocation yet."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: TurnClientUdpProtocol(server, username, password, 600, 500), remote_addr=server
    )
    try:
        yield protocol
    finally:
        if protocol.refresh_task is not None:
            await protocol.delete()
        transport.close()


async def test_a_real_turn_server_lends_a_relay_for_them(coturn: tuple[str, int]) -> None:
    username, password = turn.credentials(ids.token(), clock.now() + timedelta(minutes=5), SECRET)
    async with client(coturn, username, password) as relayed:
        host, port = await relayed.connect()
        assert host == "127.0.0.1"
        assert port != coturn[1]


@pytest.mark.parametrize(
    ("what", "lives", "secret"),
    [
        ("expired", timedelta(seconds=-1), SECRET),
        ("expired long ago", timedelta(days=-30), SECRET),
        ("made with another secret", timedelta(minutes=5), "somebody else's secret"),
    ],
)
async def test_and_for_no_others(coturn: tuple[str, int], what: str, lives: timedelta, secret: str) -> None:
    username, password = turn.credentials(ids.token(), clock.now() + lives, secret)
    async with client(coturn, username, password) as refused:
        with pytest.raises(stun.TransactionFailed) as failure:
            await refused.connect()
    assert failure.value.response.attributes["ERROR-CODE"][0] == 401


INSIDE = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254"]
ELSEWHERE = ["0.0.0.0", "8.8.8.8"]  # noqa: S104 - asked for, not bound


@pytest.mark.parametrize("peer", INSIDE + ELSEWHERE)
async def test_it_relays_to_the_media_worker_and_to_nobody_else(coturn: tuple[str, int], peer: str) -> None:
    username, password = turn.credentials(ids.token(), clock.now() + timedelta(minutes=5), SECRET)
    async with client(coturn, username, password) as relayed:
        await relayed.connect()
        with pytest.raises(stun.TransactionFailed) as failure:
            await relayed.channel_bind(0x4000, (peer, 9))
        assert failure.value.response.attributes["ERROR-CODE"][0] == 403


async def test_the_media_worker_is_reached(coturn: tuple[str, int]) -> None:
    username, password = turn.credentials(ids.token(), clock.now() + timedelta(minutes=5), SECRET)
    async with client(coturn, username, password) as relayed:
        await relayed.connect()
        await relayed.channel_bind(0x4000, ("127.0.0.9", 9))
