"""Every page at the size of a site and of ten: `python -m tests.bench.pages [SITES…]` prints queries and medians.

A site is 60 clients in six groups over 90 days, three evenings a week, on SQLite in a folder of its own: calendar, proposals,
episodes, plans' tasks, messages, waitlist, licences. All pages are of the first site; the others are in the same
tables. A page may take MOST_QUERIES queries and LIMIT_MS of the server's time at the median; the bench fails when
one takes more. A process of its own for each size.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from typing import Any, Final

CLIENTS, COHORT, DAYS, ROUNDS = 60, 10, 90, 5
MOST_QUERIES, LIMIT_MS = 20, 150
ZONE: Final = "America/New_York"


def main(sites: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="viop-bench-") as folder:
        os.environ["VIOP_VAR"] = folder
        os.environ["VIOP_LOG_LEVEL"] = "ERROR"
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

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    now = clock.now()
    with transaction.atomic():
        site, *_others = [_site(n, now) for n in range(sites)]
    browsers = {}
    for role, person in site["people"].items():
        browsers[role] = Client()
        browsers[role].force_login(person)
    print(f"{sites * CLIENTS} clients in {sites} site{'s' if sites > 1 else ''}, {DAYS} days")
    print(f"{'page':58}{'queries':>8}{'CPU ms':>8}{'clock ms':>9}")
    slow = []
    for role, address in _pages(site):
        browser = browsers[role]
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(address)
            # the next request empties the list; that a transaction begins and ends is no query
            asked = sum(
                not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for one in queries
            )
        if answer.status_code != 200:
            raise SystemExit(f"{role} {address}: {answer.status_code}")
        cpu, wall = [], []
        for _ in range(ROUNDS):
            begun = time.process_time(), time.perf_counter()
            browser.get(address)
            cpu.append((time.process_time() - begun[0]) * 1000)
            wall.append((time.perf_counter() - begun[1]) * 1000)
        over = asked > MOST_QUERIES or statistics.median(cpu) > LIMIT_MS
        name = f"{role} {answer.resolver_match.url_name} {address.partition('?')[2]}"
        print(
            f"{name:58}{asked:8}{statistics.median(cpu):8.0f}{statistics.median(wall):9.0f}{'  over' if over else ''}"
        )
        if over:
            slow.append(name)
    print(f"{len(slow)} over {MOST_QUERIES} queries or {LIMIT_MS} ms")
    return bool(slow)


def _pages(site: dict[str, Any]) -> list[tuple[str, str]]:
    from django.urls import reverse

    program, client, episode = site["program"].pk, site["people"]["client"].pk, site["episode"].pk
    meeting, cohort, over = site["meeting"].pk, site["cohort"].pk, site["over"].pk
    ours = {
        "client": [
            *(
                "home",
                "today",
                "schedule",
                "schedule?view=month",
                "my-week",
                "papers",
                "reminders",
                "book",
                "feed",
            ),
            *("record-seen", "place-offers", ("meeting", meeting), ("meeting", over), ("episode", episode)),
            *(("plan", episode), ("samples", episode)),
        ],
        "facilitator": [
            *("home", "schedule?view=month", "tasks", "groups", "search", "calls", ("meeting", meeting)),
            *(("sign", over), ("meeting", over), ("episode", episode), ("plan", episode), ("hours", program)),
        ],
        "coordinator": [
            *("home", "week", "tasks", "deliveries", "files", "aftercare", "search", "calls"),
            *(
                ("schedule-of", program),
                ("schedule-of?view=day", program),
                ("schedule-of?view=month", program),
            ),
            *(("series-new", program), ("series", program, site["series"].pk), ("meeting-new", program)),
            *(("meeting-change", meeting), ("holidays", program), ("census", program), ("refer", program)),
            *(
                ("cohorts", program),
                ("cohort", program, cohort),
                ("waitlist", program),
                ("licences", program),
            ),
            *(("licence-new", program), ("episode", episode), ("plan", episode), ("plan-write", episode)),
            *(
                ("samples", episode),
                ("family", episode),
                ("file", program, client),
                ("report-new", program, client),
            ),
            *(("told", program, client), ("client-week", program, client), ("cohort-weeks", cohort)),
            *(("episode-act", episode, "step"), ("episode-act", episode, "finish"), ("sign", over)),
        ],
        "administrator": [
            *(
                "home",
                ("program-settings", program),
                ("tracks", program),
                ("kinds", program),
                ("staff", program),
            ),
            *(("kind", program, "process_group"), ("credit-policy", program), ("cohorts", program)),
            *(("licences", program), ("staff-invite", program), ("staff-role", program)),
        ],
    }
    found = []
    for role, pages in ours.items():
        for page in pages:
            name, *args = page if isinstance(page, tuple) else (page,)
            name, mark, query = str(name).partition("?")
            found.append((role, reverse(name, args=args) + mark + query))
    return found


def _site(number: int, now: datetime) -> dict[str, Any]:
    from datetime import date, time

    from sessions.attendance.models import Proposal
    from sessions.people.models import Membership, Person
    from sessions.people.roles import Role
    from sessions.programs import series as calendar
    from sessions.programs.calendar_models import Series, WaitlistEntry
    from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
    from sessions.programs.kinds import MeetingKind
    from sessions.programs.licences import Licence
    from sessions.programs.models import (
        Cohort,
        CohortFacilitator,
        Enrollment,
        Meeting,
        MeetingFacilitator,
        Program,
    )

    program = Program.objects.create(name=f"Site {number}", time_zone=ZONE, settings={"planning_weeks": 8})
    today = now.date()
    began: date = today - timedelta(days=DAYS)

    def people(word: str, count: int, role: Role) -> list[Person]:
        made = Person.objects.bulk_create(
            Person(
                email=f"{word}{n}@site{number}.example", given_name=f"{word.title()} {n}", family_name="Bench"
            )
            for n in range(count)
        )
        Membership.objects.bulk_create(Membership(person=one, program=program, role=role) for one in made)
        return made

    staff, clients = people("facilitator", 6, Role.FACILITATOR), people("client", CLIENTS, Role.CLIENT)
    (coordinator,), (administrator,) = (
        people("carol", 1, Role.COORDINATOR),
        people("ines", 1, Role.ADMINISTRATOR),
    )
    people("alumna", CLIENTS, Role.ALUMNUS)
    Licence.objects.bulk_create(
        Licence(person=one, state=state, until=today + timedelta(days=30 * n))
        for n, one in enumerate(staff)
        for state in ("NY", "NJ", "CT")
    )
    episodes = Episode.objects.bulk_create(
        Episode(
            program=program,
            person=one,
            stage=Stage.ACTIVE,
            referred_on=began,
            starts_on=began,
            planned_end_on=today + timedelta(days=9),
            therapist=staff[n % 6],
        )
        for n, one in enumerate(clients)
    )
    EpisodeFact.objects.bulk_create(
        EpisodeFact(episode=one, kind=kind, on=began, at=now, by=coordinator)
        for one in episodes
        for kind in (EpisodeFactKind.REFERRED, EpisodeFactKind.ASSESSMENT, EpisodeFactKind.ENROLLED)
    )
    over: list[Meeting] = []
    rows: list[Series] = []
    for first in range(0, CLIENTS, COHORT):
        n, lead = first // COHORT, staff[first // COHORT]
        cohort = Cohort.objects.create(program=program, name=f"Group {n}", capacity=COHORT)
        CohortFacilitator.objects.create(cohort=cohort, person=lead)
        WaitlistEntry.objects.create(cohort=cohort, person=clients[(first + COHORT) % CLIENTS])
        members = clients[first : first + COHORT]
        Enrollment.objects.bulk_create(
            Enrollment(person=one, cohort=cohort, starts_on=began, episode=episodes[first + m])
            for m, one in enumerate(members)
        )
        for day in range(-DAYS, 0):
            start = datetime.combine(today + timedelta(days=day), time(22), now.tzinfo)
            if start.weekday() not in (0, 2, 4):
                continue
            meeting = Meeting(
                program=program,
                cohort=cohort,
                kind=MeetingKind.PROCESS_GROUP,
                starts_at=start,
                ends_at=start + timedelta(hours=3),
            )
            meeting.save()
            MeetingFacilitator.objects.create(meeting=meeting, person=lead)
            over.append(meeting)
            Proposal.objects.bulk_create(
                Proposal(
                    meeting=meeting,
                    person=one,
                    credited_seconds=9000,
                    raw_seconds=9000,
                    bridged_seconds=0,
                    eligible_seconds=10800,
                    status="partial",
                    late=False,
                    spans=[[0, 5400, "present"], [5400, 6000, "gone"], [6000, 9600, "present"]],
                    policy_version="default-1",
                    final=True,
                    computed_at=now,
                )
                for one in members
            )
        rows.append(
            calendar.create(
                program,
                calendar.Draft(
                    MeetingKind.PROCESS_GROUP,
                    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
                    today,
                    time(18),
                    time(21),
                    [lead],
                    cohort=cohort,
                    title=f"Evening {n}",
                    breaks=[(time(19, 25), time(19, 35))],
                ),
            )
            if number == 0
            else Series(program=program)
        )
    found: dict[str, Any] = {
        "program": program,
        "people": {
            "client": clients[0],
            "facilitator": staff[0],
            "coordinator": coordinator,
            "administrator": administrator,
        },
        "episode": episodes[0],
    }
    if number == 0:
        coming = rows[0].meetings.filter(starts_at__gt=now + timedelta(days=1)).first()
        ended = [one for one in over if one.cohort_id == rows[0].cohort_id]
        found |= {"meeting": coming, "cohort": rows[0].cohort, "series": rows[0], "over": ended[-1]}
    return found


if __name__ == "__main__":
    if len(sys.argv) == 2:
        raise SystemExit(main(int(sys.argv[1])))
    sizes = sys.argv[1:] or ["1", "10"]
    answers = [
        subprocess.run([sys.executable, "-m", "tests.bench.pages", size], check=False) for size in sizes
    ]
    raise SystemExit(any(one.returncode for one in answers))
