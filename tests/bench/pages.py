"""Every page at the size of a site and of ten: `python -m tests.bench.pages [SITES…]` prints queries and medians.

A site is 60 clients in six groups over 90 days, three evenings a week, with an alumna for each of them (history.py), on SQLite in a folder of
its own. Every address in the table of addresses is asked by every role, with the first site's things; what answers with a page is measured, and an
address that answers nobody is told. A page may take MOST_QUERIES queries and LIMIT_MS of the server's time at the median; the bench fails when
one takes more, or when a page was never opened. A process of its own for each size.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

CLIENTS, DAYS, ROUNDS = 60, 90, 5
MOST_QUERIES, LIMIT_MS = 20, 150
# What no role opens as a page: a guest's link and code, a personal link, files, buttons, what other systems ask.
NO_PAGES: Final = {
    *("invitation", "appointment", "appointment-calendar", "messages-stop", "feed-read", "meeting-file"),
    *("told-csv", "aftercare-export", "report-file", "messages-heard", "alive", "ready", "clockwork"),
    *("oauth-token", "openapi", "fhir", "fhir-metadata", "smart-configuration", "fhir-kind", "fhir-resource"),
    "fhir-nothing",
}
VIEWS: Final = {
    "schedule": ("", "?view=day", "?view=month"),
    "schedule-of": ("", "?view=day", "?view=month"),
}


def main(sites: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "CRITICAL"
        os.environ.pop("DATABASE_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "vIOP.settings"
        import django

        django.setup()
        return _measure(sites)


def _measure(sites: int) -> bool:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from sessions.core import clock
    from tests.bench import history

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    now = clock.now()
    with transaction.atomic():
        site, *_others = [
            history.site(n, now, clients=CLIENTS, days=DAYS, calendars=not n) for n in range(sites)
        ]
        values = _values(site, now)
    everybody = {
        "client": site.clients[0],
        "facilitator": site.staff[0],
        "coordinator": site.coordinator,
        "administrator": site.administrator,
        "alumna": site.alumni[0],
        "guest": values["guest"],
    }
    browsers = {}
    for role, person in everybody.items():
        browsers[role] = Client(raise_request_exception=False)
        browsers[role].force_login(person)
    print(f"{sites * CLIENTS} clients in {sites} site{'s' if sites > 1 else ''}, {DAYS} days")
    print(f"{'page':58}{'queries':>8}{'CPU ms':>8}{'clock ms':>9}")
    over, opened, broken = [], set(), []
    for name, address in _addresses(values):
        for role, browser in browsers.items():
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(address)
                # the next request empties the list; that a transaction begins and ends is no query
                asked = sum(
                    not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for one in queries
                )
            if answer.status_code >= 500:
                broken.append(f"{role} {name}")
            if answer.status_code in (302, 405):
                opened.add(name)  # a button, or a way to another page
            if answer.status_code != 200:
                continue
            opened.add(name)
            cpu, wall = [], []
            for _ in range(ROUNDS):
                begun = time.process_time(), time.perf_counter()
                browser.get(address)
                cpu.append((time.process_time() - begun[0]) * 1000)
                wall.append((time.perf_counter() - begun[1]) * 1000)
            too_much = asked > MOST_QUERIES or statistics.median(cpu) > LIMIT_MS
            page = f"{role} {name} {address.partition('?')[2]}"
            print(
                f"{page:58}{asked:8}{statistics.median(cpu):8.0f}{statistics.median(wall):9.0f}{'  over' if too_much else ''}"
            )
            if too_much:
                over.append(page)
    never = sorted(set(_names()) - opened - NO_PAGES)
    print(
        f"{len(over)} over {MOST_QUERIES} queries or {LIMIT_MS} ms; failed: {broken}; never opened: {never}"
    )
    return bool(over or never or broken)


def _names() -> dict[str, tuple[str, ...]]:
    """The clinic's addresses, each with the names of its parts."""
    from django.urls import get_resolver

    from sessions.web.urls import urlpatterns

    found = {}
    for pattern in urlpatterns:
        if pattern.name:
            (possible, *_), *_ = get_resolver().reverse_dict.getlist(pattern.name)
            found[pattern.name] = tuple(possible[0][1])
    return found


def _addresses(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from django.urls import reverse

    for name, parts in _names().items():
        if name in NO_PAGES:
            continue
        ways = [values.get(f"{name}.{part}", values.get(part, [])) for part in parts]
        for chosen in itertools.product(*ways):
            for query in VIEWS.get(name, ("",)):
                yield name, reverse(name, args=chosen) + query


def _values(site: Any, now: datetime) -> dict[str, Any]:
    """What stands in addresses, by the name of the part, or of the page and the part; and the guest."""
    from sessions.attendance import makeups
    from sessions.attendance.reports import making
    from sessions.attendance.reports import service as reports
    from sessions.attendance.reports.audiences import Audience, Format
    from sessions.consents import service as consents
    from sessions.consents.purposes import Purpose, RecipientKind, Scope
    from sessions.core.span import Span
    from sessions.families import service as families
    from sessions.interop import systems
    from sessions.interop.scopes import SCOPES
    from sessions.people.models import Membership
    from sessions.plan import service as plans
    from sessions.plan import weeks
    from sessions.plan.forms import FORMS
    from sessions.plan.models import Modality
    from sessions.programs import series as calendar
    from sessions.programs import slots
    from sessions.programs.calendar_models import SeriesSkip, WaitlistEntry
    from sessions.programs.clients import client_file
    from sessions.programs.kinds import MeetingKind
    from sessions.programs.licences import Licence
    from sessions.toxicology.models import Sample
    from sessions.worklist.models import StaffTask
    from tests.bench import history

    program, client, episode, carol = site.program, site.clients[0], site.episodes[0], site.coordinator
    lead, cohort, series = site.staff[0], site.cohorts[0], site.series[0]
    for code in ("eligibility", "withdrawal"):
        answers = {one.code: "no" for one in FORMS[code].questions if not one.free}
        plans.assess(episode, FORMS[code], answers, by=lead)
    plans.write(episode, plans.Words("Steady weeks", (plans.Goal("Sleep"),)), [Modality.CBT], by=lead)
    file = client_file(program.pk, client.pk)
    court = consents.outside_recipient(file, RecipientKind.COURT, "Kings County Drug Court", "1 Main Street")
    paper = consents.offer(
        carol,
        file,
        consents.Offer(Purpose.COURT, court, [Scope.ATTENDANCE], now.date() + timedelta(days=90)),
    )
    wanted = reports.Wanted(Audience.CHART, now.date() - timedelta(days=30), now.date(), Format.CSV)
    order = reports.order(carol, file, wanted)
    while making.make_next(now):
        pass
    order.refresh_from_db()
    guest = families.add(
        episode, families.Guest("Omar", "Bench", "father", "omar@example.org", "+12125550101"), by=carol
    )
    weeks.prescribe(episode, now.date(), [], [], [], by=lead, off=[(series, 2)])
    hours = [
        Span(start, start + timedelta(minutes=50))
        for start in (now.replace(hour=15, minute=0) + timedelta(days=day) for day in range(3, 13))
    ]
    (slot, *_) = slots.offer(program, lead, MeetingKind.INDIVIDUAL_THERAPY, hours, lead)
    coming = series.meetings.filter(starts_at__gt=now + timedelta(days=1)).first()
    rest = calendar.rest_on(program, now.date() + timedelta(days=40), "Rest", carol)
    system, _secret = systems.connect(program, "Health record", SCOPES, by=site.administrator)
    ended = [one for one in site.past if one.cohort_id == cohort.pk]
    for one in (ended[0], ended[-1]):  # signed long ago, and waiting for its signature
        history.room_behind(one, lead, site.clients[: history.COHORT])
    theirs = [one for one in site.calls if one.course_id == site.courses[0].pk]
    others = (
        site.series[1].meetings.filter(starts_at__gt=now + timedelta(days=1)).exclude(held_on=coming.held_on)
    )
    extra = next((one for one in others if _bookable(makeups, carol, one, client)), None)
    skip = SeriesSkip.objects.create(series=series, on=now.date() + timedelta(days=50), because="taken")
    return {
        "guest": guest,
        "program_id": [program.pk],
        "person_id": [client.pk],
        "meeting_id": [coming.pk, ended[-1].pk, ended[0].pk],
        "cohort_id": [cohort.pk],
        "cohort-leader.person_id": [lead.pk],
        "episode_id": [episode.pk],
        "series_id": [series.pk],
        "licence_id": [Licence.objects.filter(person=lead).values_list("pk", flat=True)[0]],
        "course_id": [site.courses[0].pk],
        "check_in_id": [theirs[0].pk, next(one.pk for one in site.calls if one.state == "due")],
        "consent_id": [paper.pk],
        "order_id": [order.pk],
        "report_id": [order.report_id],
        "task_id": [StaffTask.objects.filter(program=program).values_list("pk", flat=True)[0]],
        "skip_id": [skip.pk],
        "holiday_id": [rest.pk],
        "slot_id": [slot.pk],
        "make_up_id": [extra.pk if extra else client.pk],
        "entry_id": [WaitlistEntry.objects.filter(cohort=cohort).values_list("pk", flat=True)[0]],
        "membership_id": [Membership.objects.get(program=program, person=lead).pk],
        "invitation_id": [families.of_client(episode)[0][1].pk],  # type: ignore[union-attr]
        "sample_id": [Sample.objects.filter(plan__episode=episode).values_list("pk", flat=True)[0]],
        "system_id": [system.pk],
        "number": [1],
        "kind.code": ["process_group"],
        "plan-assess.code": ["withdrawal"],
        "what": ["end"],
        "until": ["open"],
        "episode-act.what": ["step", "finish", "pause"],
    }


def _bookable(makeups: Any, by: Any, meeting: Any, client: Any) -> Any:
    from django.db import transaction

    from sessions.core.errors import Refusal

    try:
        with transaction.atomic():
            return makeups.book(by, meeting, client.pk)
    except Refusal:
        return None


if __name__ == "__main__":
    if len(sys.argv) == 2:
        raise SystemExit(main(int(sys.argv[1])))
    sizes = sys.argv[1:] or ["1", "10"]
    answers = [
        subprocess.run([sys.executable, "-m", "tests.bench.pages", size], check=False) for size in sizes
    ]
    raise SystemExit(any(one.returncode for one in answers))
