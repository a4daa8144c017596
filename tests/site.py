"""The whole product as one process tree, started as `make run` starts it, for browser and fault tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
READY_DEADLINE_S = 120.0
NEW_GROUP = """
from datetime import timedelta
from sessions.core import clock
from sessions.core.span import Span
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.service import schedule
like = Meeting.objects.get(pk="{like}")
now = clock.now().replace(microsecond=0)
made = schedule(like.program, MeetingKind(like.kind), Span(now - timedelta(minutes=2), now + timedelta(hours=2)),
                facilitators=list(like.facilitators.all()), cohort=like.cohort, drop_in=True)
print(made.pk)
"""
NEW_FAMILY = """
from datetime import timedelta
from sessions.core import clock
from sessions.core.span import Span
from sessions.people.models import Membership
from sessions.people.roles import RoomRole
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.service import schedule
like = Meeting.objects.get(pk="{like}")
staff = list(Meeting.objects.get(pk="{staffed_like}").facilitators.order_by("given_name"))
if {one_leads}:
    Membership.objects.filter(person__in=staff[1:]).update(on_call=True)
    staff = staff[:1]
now = clock.now().replace(microsecond=0)
made = schedule(like.program, MeetingKind(like.kind), Span(now - timedelta(minutes=2), now + timedelta(hours=1)), facilitators=staff,
                invitees=[(row.person, RoomRole(row.role)) for row in like.invitee_rows.all()],
                title="Family evening", drop_in=True)
print(made.pk)
"""


@dataclass(frozen=True)
class Login:
    email: str
    password: str
    name: str
    role: str
    person_id: str


class Site:
    """One installation in a folder of its own: database, secret, sockets. Can be killed and started again."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.env = {
            **os.environ,
            "VIOP_VAR": str(folder),
            "VIOP_DEMO": "1",
            "VIOP_TEST_HOOKS": "1",
            "VIOP_LOGIN_LIMIT": "1000/m/ip",
            "VIOP_LOG_LEVEL": "INFO",
            **env,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.demo: dict[str, Any] = {}

    def manage(self, *words: str) -> str:
        """The standard output of one management command.

        Raises:
            RuntimeError: it failed; the message holds its standard error.
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def prepare(self) -> None:
        """Tables and the demo clinic; `demo` then holds its logins and meetings."""
        self.manage("migrate", "-v0")
        self.demo = json.loads(self.manage("demo", "--json"))

    def start(self, through: Sequence[str] = (), media_port: int = 0) -> None:
        """`through`: a command that runs the one behind it, as `env` does. `media_port` 0: any that is free."""
        ports = ("--port", str(self.port), "--media-port", str(media_port))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*through, sys.executable, "manage.py", "up", *ports],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        wait_until(self.ready, f"the site to be ready; log:\n{self.log()[-2000:]}", READY_DEADLINE_S)

    def ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"the site ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def media_pid(self) -> int:
        """The process id of the media worker, a child of the site's process."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in map(int, children):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                if b"signaling.media" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        raise LookupError("no media worker")

    def kill(self) -> None:
        """kill -9, as a crash would: nothing is flushed, nobody is told."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGINT, as Ctrl-C does; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end within 10 s, and was killed.
        """
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def end(self) -> None:
        """Stop it, by force where a busy machine takes too long: how long it may take has a test of its own."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()

    def new_group(self) -> dict[str, Any]:
        """One more open meeting of the demo's group, with nobody in it yet; in the form of `demo["meetings"]`."""
        return self._made(NEW_GROUP.format(like=self.meeting("process_group")["id"]), "process_group")

    def new_family_evening(self, one_leads: bool = False) -> dict[str, Any]:
        """A family group that is open now: the demo's two families, both of its facilitators.

        With `one_leads` only the first by name has a part in it; the other is on call.
        """
        like, staffed = self.meeting("family_group")["id"], self.meeting("process_group")["id"]
        script = NEW_FAMILY.format(like=like, staffed_like=staffed, one_leads=one_leads)
        return self._made(script, "family_group")

    def _made(self, script: str, kind: str) -> dict[str, Any]:
        made = self.manage("shell", "-v0", "-c", script).strip()
        return {"id": made, "kind": kind, "path": f"/meetings/{made}/", "room_path": f"/meetings/{made}/room"}

    def logins(self, role: str) -> list[Login]:
        return [
            Login(row["email"], row["password"], row["name"], row["role"], row["id"])
            for row in self.demo["people"]
            if row["role"] == role
        ]

    def meeting(self, kind: str) -> dict[str, Any]:
        """The demo meeting whose kind contains `kind`, for example "group"."""
        found: dict[str, Any] = next(row for row in self.demo["meetings"] if kind in row["kind"])
        return found
