from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from sessions.audit import service as audit
from sessions.management.clinic_command import ClinicCommand


class Command(ClinicCommand):
    help = "Walk the audit chains and print each one's length and last digest. Fails on a breach."

    def handle(self, **options: Any) -> None:
        breaches = audit.verify()
        for scope, (length, digest) in audit.heads().items():
            self.stdout.write(f"{scope} {length} {digest}")
        if breaches:
            found = "\n".join(f"{breach.scope} {breach.seq}: {breach.why}" for breach in breaches)
            raise CommandError(f"The audit record does not hold:\n{found}")
