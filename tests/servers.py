"""Private, throw-away servers for tests: what the machine has installed, on random loopback ports."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

DEADLINE_S = 30.0
PORTS = range(12_000, 32_000)  # Linux gives away 32768 and more; none of these is refused by a browser


def free_port() -> int:
    """Free for TCP and for UDP, and below those that the system gives to who connects or binds to any: a server that
    is killed and started again finds its port free, however many browsers try to reach it meanwhile."""
    while True:
        port = secrets.choice(PORTS)
        if binds(port, socket.SOCK_STREAM) and binds(port, socket.SOCK_DGRAM):
            return port


def binds(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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


class Redis:
    """A Redis without persistence; can be killed and started again at the same address."""

    def __init__(self) -> None:
        """Raises FileNotFoundError where none is installed."""
        binary = redis_binary()
        if binary is None:
            raise FileNotFoundError("redis-server")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [binary, "--port", str(self.port), "--bind", "127.0.0.1"]
        self._command += ["--save", "", "--appendonly", "no"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = subprocess.Popen(self._command, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), "redis-server to listen")

    def kill(self) -> None:
        """kill -9: all that it held is forgotten."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis without persistence; yields its URL."""
    ours = Redis()
    ours.start()
    try:
        yield ours.url
    finally:
        ours.kill()


class Postgres:
    """A PostgreSQL in a folder of its own; can be killed and started again there, on the same port."""

    def __init__(self, folder: Path, *, settings: Sequence[str] = ()) -> None:
        """`settings`: as `postgres -c` takes them. Nothing is ever synced to the disk: it outlives its own
        processes, not the machine.

        Raises FileNotFoundError where none is installed.
        """
        binaries = postgres_binaries()
        if binaries is None:
            raise FileNotFoundError("initdb")
        self.port = free_port()
        self.url = f"postgres://viop@127.0.0.1:{self.port}/postgres"
        self._binaries, self._folder = binaries, folder
        self._settings = [f"{word}=off" for word in ("fsync", "full_page_writes")]
        self._settings += ["max_connections=200", *settings]
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            os.chown(folder, user.pw_uid, user.pw_gid)
        subprocess.run(
            self._command(
                "initdb", "-U", "viop", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"
            ),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def _command(self, program: str, *words: str) -> list[str]:
        return [*self._as_user, str(self._binaries / program), "-D", str(self._folder / "data"), *words]

    def start(self) -> None:
        """Returns when it takes connections."""
        where = ["-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder)]
        self._process = subprocess.Popen(
            self._command("postgres", *where, *(w for one in self._settings for w in ("-c", one))),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(
            lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL to accept connections"
        )

    def kill(self) -> None:
        """kill -9 of the server and of all that serve a connection, as a crash would."""
        assert self._process is not None
        pid = self._process.pid
        serving = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for one in (pid, *serving):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not any(map(_lives, serving)), "PostgreSQL's processes to be gone")

    def shut_down(self) -> None:
        """As an operator restarts it: every connection is ended first. Can be started again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(DEADLINE_S)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process)


def _lives(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL that forgets everything at the end; yields its URL."""
    folder = Path(tempfile.mkdtemp(prefix="viop-postgres-"))
    try:
        ours = Postgres(folder, settings=["synchronous_commit=off"])
        ours.start()
        try:
            yield ours.url
        finally:
            ours.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def python(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run this environment's Python from the repository root; output captured."""
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=env, capture_output=True, text=True, check=False
    )
