"""The media engine under test: somebody's LiveKit server, or our own worker behind the front of front.py.

Everything a conformance case may rely on is here: a URL, tokens, nothing else. `Embedded` adds what only our own engine
offers; cases that use it are marked `embedded_only`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.servers import free_port, stop

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # generated code of the client warns of its own enum style
    from livekit import api

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 30.0


@dataclass(frozen=True)
class Engine:
    """Where clients connect, and the key pair that signs their tokens."""

    url: str  # ws://host:port, without a path
    key: str
    secret: str

    def token(
        self,
        identity: str,
        room: str,
        *,
        publish: bool = True,
        subscribe: bool = True,
        data: bool = True,
        own_metadata: bool = True,
        sources: tuple[str, ...] = (),
        name: str = "",
        metadata: str = "",
        attributes: dict[str, str] | None = None,
        lives: timedelta = timedelta(minutes=5),
    ) -> str:
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            can_publish=publish,
            can_subscribe=subscribe,
            can_publish_data=data,
            can_update_own_metadata=own_metadata,
            can_publish_sources=list(sources),
        )
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_grants(grants)
        token = token.with_ttl(lives).with_name(name).with_metadata(metadata)
        return str(token.with_attributes(attributes or {}).to_jwt())

    @property
    def http(self) -> str:
        return self.url.replace("ws", "http", 1)

    def through(self, url: str) -> Engine:
        """The same engine, reached at another address."""
        return Engine(url, self.key, self.secret)


@dataclass(frozen=True)
class Embedded(Engine):
    """Our worker, supervised by a front process as the product does it."""

    front: subprocess.Popen[bytes] = field(kw_only=True)
    media_port: int = field(kw_only=True)

    async def ask(self, what: str, **words: str) -> dict[str, Any]:
        """One control call to the front: stats, move, mute, eject, close_room. Raises AssertionError if refused."""
        url = f"{self.http}/control/{what}?{urllib.parse.urlencode(words)}"
        return await asyncio.to_thread(_get, url)

    def worker_pid(self) -> int | None:
        """The worker's process, None while there is none."""
        children = Path(f"/proc/{self.front.pid}/task/{self.front.pid}/children").read_text().split()
        for child in children:
            with contextlib.suppress(OSError):
                if "signaling.media" in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
                    return int(child)
        return None

    def kill_worker(self) -> int:
        """kill -9; returns the process id that was."""
        pid = self.worker_pid()
        assert pid is not None, "no worker runs"
        os.kill(pid, signal.SIGKILL)
        return pid


def fresh_room() -> str:
    """Media room names are opaque and never used twice."""
    return f"test-{secrets.token_hex(6)}"


@contextlib.contextmanager
def embedded(advertise: str = "127.0.0.1") -> Iterator[Embedded]:
    """Start worker and front on loopback; stop both at the end. `advertise` goes into the worker's candidates."""
    port, media_port = free_port(), free_port()
    secret = secrets.token_hex(32)
    with tempfile.TemporaryDirectory(prefix="viop-media-") as folder, open(f"{folder}/log", "w+b") as log:
        env = os.environ | {
            "VIOP_VAR": folder,
            "VIOP_MEDIA_RPC": f"{folder}/media.sock",
            "VIOP_MEDIA_ADVERTISE": advertise,
            "VIOP_MEDIA_KEY": "conformance",
            "VIOP_MEDIA_SECRET": secret,
        }
        words = [sys.executable, "-m", "tests.media.front", str(port), str(media_port)]
        front = subprocess.Popen(words, cwd=ROOT, env=env, stdout=log, stderr=log)
        engine = Embedded(f"ws://127.0.0.1:{port}", "conformance", secret, front=front, media_port=media_port)
        try:
            _wait_until_served(engine, Path(log.name))
            yield engine
        finally:
            stop(front)
            if os.environ.get("VIOP_TEST_MEDIA_LOG"):
                sys.stderr.write(Path(log.name).read_text())


def _wait_until_served(engine: Embedded, log: Path) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end and engine.front.poll() is None:
        with contextlib.suppress(OSError, AssertionError):
            _get(f"{engine.http}/control/stats")
            return
        time.sleep(0.1)  # the poll itself
    raise AssertionError(f"worker and front do not serve:\n{log.read_text()[-4000:]}")


async def status(url: str) -> int:
    """The status of a GET."""

    def ask() -> int:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    return await asyncio.to_thread(ask)


def _get(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read().decode()}") from None
