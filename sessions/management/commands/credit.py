"""Run one meeting's credit again, from the facts alone."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError

from sessions.attendance import case, export
from sessions.core.errors import NotFound
from sessions.management.clinic_command import ClinicCommand


class Command(ClinicCommand):
    help = (
        "Read one case as JSON on standard input; print each client's credit, with its reasons, as JSON. "
        "With --meeting, print that meeting's case instead: what to feed in again."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own form; a case needs no database
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--meeting", metavar="ID", help="print this meeting's case")

    def handle(self, *, meeting: str | None = None, **_: Any) -> None:
        try:
            found = self._run() if meeting is None else self._export(meeting)
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        except BrokenPipeError:
            # Whoever reads has read enough. Python would complain once more when it closes the stream.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            sys.exit(0)

    def _run(self) -> Any:
        try:
            return case.run(case.decode(sys.stdin.buffer.read()))
        except case.BadCase as error:
            self.stderr.write(" ".join(str(error).split()), ending="\n")
            sys.exit(2)

    def _export(self, meeting_id: str) -> Any:
        try:
            return export.export(meeting_id)
        except NotFound as none:
            raise CommandError("there is no such meeting", returncode=2) from none
