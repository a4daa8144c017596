"""Whether the rooms' logs and what was signed about them are what was written."""

from __future__ import annotations

import sys
from typing import Any

from sessions.attendance import seals
from sessions.attendance.models import DailyHead
from sessions.attendance.reports.verifying import verify_bytes, verify_chain
from sessions.management.clinic_command import ClinicCommand


class Command(ClinicCommand):
    help = (
        "Walk the hash chains of facts, of signed attendance and of reports. Prints each row that was "
        "edited, removed or moved and exits with 1; else the last daily head, for keeping elsewhere."
    )

    def handle(self, **_: Any) -> None:
        found: list[str] = []
        for walk in (seals.verify, verify_chain, verify_bytes):
            try:
                found += walk()
            except (TypeError, ValueError) as broken:  # so far from what was written that nothing can read it
                found.append(
                    f"{walk.__name__}: a row was edited and cannot be read ({type(broken).__name__})"
                )
        for line in found:
            self.stderr.write(line)
        if found:
            sys.exit(1)
        last = DailyHead.objects.order_by("-on").first()
        self.stdout.write(
            f"all chains hold; last daily head: {f'{last.on} {last.digest}' if last else 'none'}"
        )
