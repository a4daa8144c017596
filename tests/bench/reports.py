"""Reports of a whole episode: `python -m tests.bench.reports [DAYS]` prints seconds (by the clock, and of the processor) and pages.

One client, three signed evenings a week, on SQLite in a folder of its own; each kind of report as it is made: gathered,
drawn by the program beside us, encrypted, sealed. Then a long one.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine

FIRST = datetime(2026, 1, 5, 18, tzinfo=ZoneInfo("America/New_York"))
LONG = 900  # sessions, about


def main(days: int) -> None:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "ERROR"
        os.environ.pop("DATABASE_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
        import django

        django.setup()
        _measure(days)


def _measure(days: int) -> None:
    from django.core.management import call_command
    from pypdf import PdfReader

    from sessions import tasks
    from sessions.attendance.reports import drawing, service
    from sessions.attendance.reports.audiences import TO, Audience, Format
    from tests import cast as people
    from tests.service.papers import file, offered, recipient, signs
    from tests.service.signed import signed

    call_command("migrate", verbosity=0)
    last = FIRST + timedelta(days=days - 1)
    with time_machine.travel(last.astimezone(UTC) + timedelta(days=1), tick=True):
        cast = people.assemble()
        evenings = [FIRST + timedelta(days=day) for day in range(days) if day % 7 in (0, 2, 4)]
        for start in evenings:
            signed(cast, start, {cast.alice: 170}, length=180)
        print(f"{len(evenings)} sessions in {days} days")
        period = (FIRST.date(), last.date())
        for audience in (Audience.CHART, *TO):
            consent = None
            if audience in TO:
                purpose, kinds = TO[audience]
                consent = signs(cast.alice, offered(cast, purpose, recipient(cast, min(kinds))))
            order = service.order(
                cast.carol, file(cast), service.Wanted(audience, *period, Format.PDF, consent)
            )
            begun, spent = time.perf_counter(), _processor()
            tasks.make_reports()
            taken, spent = time.perf_counter() - begun, _processor() - spent
            order.refresh_from_db()
            assert order.report is not None, order.why
            _name, data = service.download(cast.carol, order.report.pk)
            pages = len(PdfReader(io.BytesIO(data)).pages)
            print(
                f"{audience.value:<9} {taken:5.1f} s, {spent:5.1f} s of the processor  {pages:>3} pages  {len(data) / 1024:5.0f} KiB"
            )
        content = service.preview(cast.carol, file(cast), service.Wanted(Audience.CHART, *period, Format.PDF))
        begun, spent = time.perf_counter(), _processor()
        data = drawing.draw(
            replace(content, entries=content.entries * -(-LONG // len(evenings))),
            report_id="bench",
            made_at=last,
            made_by="Carol Reyes",
            language="en",
        )
        taken, spent = time.perf_counter() - begun, _processor() - spent
        pages = len(PdfReader(io.BytesIO(data)).pages)
        print(
            f"{'a long one':<9} {taken:5.1f} s, {spent:5.1f} s of the processor  {pages:>3} pages; the limit is {drawing.DEADLINE_S} s"
        )
    print("load average " + " ".join(f"{one:.1f}" for one in os.getloadavg()))


def _processor() -> float:
    """Seconds, of this process and of those that it waited for: a report is drawn in one of its own."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2] or ["90"]))
