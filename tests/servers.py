"""Private, throw-away servers for tests: what the machine has installed, on random loopback ports."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

DEADLINE_S = 30.0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Raises TimeoutError naming `what` when `ready` stays false until the deadline."""
    end = time.monotonic() + deadline_s
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)  # the poll itself, not a guess at how long something takes


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[bytes], grace_s: float = 10) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def redis_binary() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def postgres_binaries() -> Path | None:
    """The newest PostgreSQL's bin folder."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian:
        return debian[-1]
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis without persistence; yields its URL."""
    binary = redis_binary()
    if binary is None:
        raise FileNotFoundError("redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="viop-redis-") as folder:
        process = subprocess.Popen(
            [
                binary,
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder,
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: listens(port), "redis-server to listen")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(process)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL that forgets everything at the end (no fsync); yields its URL."""
    binaries = postgres_binaries()
    if binaries is None:
        raise FileNotFoundError("initdb")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="viop-postgres-")
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam("postgres")
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = f"{folder}/data"
    try:
        subprocess.run(
            [
                *as_user,
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "viop",
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        quick = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200"]
        process = subprocess.Popen(
            [
                *as_user,
                str(binaries / "postgres"),
                "-D",
                data,
                "-p",
                str(port),
                "-h",
                "127.0.0.1",
                "-k",
                folder,
            ]
            + [word for setting in quick for word in ("-c", setting)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_until(
                lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL to accept connections"
            )
            yield f"postgres://viop@127.0.0.1:{port}/postgres"
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def python(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run this environment's Python from the repository root; output captured."""
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=env, capture_output=True, text=True, check=False
    )
