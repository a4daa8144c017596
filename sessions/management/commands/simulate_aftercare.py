"""A year and a half of a site's aftercare in minutes, in a database of its own."""

from __future__ import annotations

import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.db import connection

from sessions.aftercare.models import CallTry
from sessions.management.aftercare_running import InThisProcess
from sessions.management.aftercare_site import KILLS, Site
from sessions.management.clinic_command import ClinicCommand
from sessions.messages.models import Message


class Command(ClinicCommand):
    help = "Play a site's aftercare with faults, in a throw-away database, and check that nothing was lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--alumni", type=int, default=450)
        parser.add_argument("--days", type=int, default=540)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--kills", type=float, default=KILLS, help="chance of a fault at each step")

    def handle(self, *, alumni: int, days: int, seed: int, kills: float, **_: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="viop-simulation-") as folder:
            if connection.vendor == "sqlite":
                connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "simulation.sqlite3")
            named = connection.settings_dict["NAME"]
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
            try:
                started = time.monotonic()
                running = InThisProcess(seed, kills)
                site = Site(alumni, days, seed, running)
                states = site.play()
                spent_s = time.monotonic() - started
                self.stdout.write(f"{alumni} alumni, {days} days, seed {seed}: {spent_s:.0f} s")
                for state, count in sorted(states.items()):
                    self.stdout.write(f"  {state:<12} {count:>7}")
                over = states["completed"] + states["missed"]
                self.stdout.write(f"  reached {100 * states['completed'] / max(1, over):.0f} %")
                self.stdout.write(f"  tries {CallTry.objects.count()}, messages {Message.objects.count()}")
                self.stdout.write(f"  letters {sum(running.letters.values())}, refused {site.refused}")
                for fault, count in sorted(running.faults.items()):
                    self.stdout.write(f"  {fault}: {count}")
                self.stdout.write("Every call is accounted for.")
            finally:
                connection.creation.destroy_test_db(named, verbosity=0)
