"""Run one meeting's credit again, from the facts alone."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management import BaseCommand

from sessions.attendance import case


class Command(BaseCommand):
    help = "Read one case as JSON on standard input; print each client's credit, with its reasons, as JSON."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own form; no database is used
    requires_migrations_checks = False

    def handle(self, **_: Any) -> None:
        try:
            result = case.run(case.decode(sys.stdin.buffer.read()))
        except case.BadCase as error:
            self.stderr.write(str(error).replace("\n", " "), ending="\n")
            sys.exit(2)
        self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))
