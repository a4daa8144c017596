"""Whether a report's file is the one that this programme made."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from sessions.attendance.reports.verifying import Finding, Verdict, verify_file
from sessions.management.clinic_command import ClinicCommand


class Command(ClinicCommand):
    help = (
        "Confirm a report's file by its hash and the chain of reports. One line and an exit code: "
        "0 genuine; 1 not made here, or changed since; 2 cannot be read; 3 known, but the chain is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *, file: str, **_: Any) -> None:
        try:
            data = Path(file).read_bytes()
        except OSError as trouble:
            self.stderr.write(f"cannot be read: {trouble.strerror}")
            sys.exit(Verdict.UNREADABLE)
        found = verify_file(data)
        (self.stdout if found.verdict is Verdict.GENUINE else self.stderr).write(line(found))
        if found.verdict:
            sys.exit(found.verdict)


def line(found: Finding) -> str:
    """Names no client: whoever runs this may not be one to know."""
    if found.report is None or found.standing is None:
        return "not genuine: no report with these bytes was made here"
    report = found.report
    what = f"report {report.seq} ({report.pk}) of {report.made_at:%Y-%m-%d %H:%M} UTC, sha256 {report.sha256}"
    if found.breaches:
        return f"chain broken: {what}: {'; '.join(found.breaches)}"
    said = ["genuine"]
    said += ["superseded: attendance it rests on was changed since"] if found.standing.superseded else []
    said += ["its consent is not in force any more"] if found.standing.closed else []
    return f"{', '.join(said)}: {what}"
