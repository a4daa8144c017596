"""A web process that is told to stop says first that nobody should be sent to it; whoever is there is served."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.servers import free_port, stop, wait_until

ROOT: Final = Path(__file__).parents[2]


class Web:
    """A web process as in production: the server and the pages, nothing beside it but who listens for media."""

    def __init__(self, folder: Path, drain_s: str) -> None:
        self.port = free_port()
        ours = {
            "VIOP_VAR": str(folder),
            "VIOP_MEDIA_RPC": str(folder / "media.sock"),
            "VIOP_DRAIN_S": drain_s,
        }
        env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        words = ["-m", "signaling.server", "-b", "127.0.0.1", "-p", str(self.port), "vIOP.asgi:application"]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env | ours, stderr=log)

    def asked(self, path: str) -> int:
        """The status of its answer, 0 for none."""
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Web]]:
    with ExitStack() as ends, socket.socket(socket.AF_UNIX) as media:
        media.bind(str(tmp_path / "media.sock"))
        media.listen()

        def started(drain_s: str) -> Web:
            web = Web(tmp_path, drain_s)
            ends.callback(stop, web.process, 0)
            wait_until(lambda: web.asked("/readyz") == 200, "the server")
            return web

        yield started


def test_told_to_stop_it_is_not_ready_and_goes_on_serving_for_the_drain(
    start: Callable[[str], Web],
) -> None:
    web = start("600")
    web.process.terminate()
    wait_until(lambda: web.asked("/readyz") == 503, "readiness to end")
    assert web.asked("/healthz") == 200
    assert web.asked("/accounts/login/") == 200
    assert web.process.poll() is None


def test_after_the_drain_it_ends_by_itself(start: Callable[[str], Web]) -> None:
    web = start("0.3")
    web.process.terminate()
    assert web.process.wait(30) == 0
    assert web.asked("/healthz") == 0
