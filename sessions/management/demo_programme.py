"""What lies around the sessions of the demo: a series, hours to book, a referral, a plan, a step to sign,
samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sessions.core import zones
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.plan import service as plans
from sessions.plan.models import Modality
from sessions.plan.service import Goal, Words
from sessions.programs import episodes, slots, steps
from sessions.programs import series as calendar
from sessions.programs.calendar_models import OfferedSlot, Series
from sessions.programs.episodes import Newcomer
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, LevelOfCare, Program
from sessions.programs.recurrence import weekly
from sessions.programs.stretches import Hours
from sessions.toxicology import service as tests
from sessions.toxicology.models import FrequencyChoice

REFERRED = Newcomer("Olivia", "Grant", "olivia@harbor.example", "+1 212 555 0130")


def prepare(program: Program, cohort: Cohort, people: Mapping[str, Person], now: datetime) -> None:
    """Everything once; the hours to book whenever few are left. `people` by given name."""
    today = zones.local_date(now, program.time_zone)
    maya, samuel, joan = people["Maya"], people["Samuel"], people["Joan"]
    if not Series.objects.of(program.pk).exists():
        _calendar(program, cohort, [maya, samuel], joan, today)
    _hours(program, maya, today)
    if not program.episodes.filter(person__email=REFERRED.email).exists():
        episodes.refer(program, REFERRED, "Riverside Hospital", today, by=joan)
    _care(program, cohort, people, today)


def _calendar(program: Program, cohort: Cohort, leaders: list[Person], by: Person, today: date) -> None:
    tomorrow = today + timedelta(days=1)
    calendar.create(
        program,
        calendar.Draft(
            MeetingKind.RELAPSE_PREVENTION,
            weekly([0, 1, 2, 3]),
            tomorrow,
            time(18),
            time(21),
            leaders,
            cohort=cohort,
            title="Evening group",
            breaks=[(time(19, 25), time(19, 35))],
        ),
        by,
    )


def _hours(program: Program, leader: Person, today: date) -> None:
    if OfferedSlot.objects.of(program.pk).open().filter(starts_at__date__gt=today).count() > 3:
        return
    zone, hour = zones.zone(program.time_zone), timedelta(hours=1)
    first = (datetime.combine(today + timedelta(days=n), time(10), zone) for n in range(2, 6))
    spans = [Span(at + n * hour, at + n * hour + timedelta(minutes=50)) for at in first for n in range(2)]
    slots.offer(program, leader, MeetingKind.INDIVIDUAL_THERAPY, spans, leader)


def _care(program: Program, cohort: Cohort, people: Mapping[str, Person], today: date) -> None:
    maya, daniel, priya, marcus = (people[name] for name in ("Maya", "Daniel", "Priya", "Marcus"))
    daniels = episodes.current(daniel, program.pk)
    if daniels is not None and not daniels.plans.exists():
        goals = (
            Goal("Sleep seven hours", "No screens after ten. Walk before dinner."),
            Goal("Call my sister every Sunday"),
        )
        plan = plans.write(
            daniels, Words("Three weeks in, steady.", goals), [Modality.CBT, Modality.FAMILY], by=maya
        )
        plans.sign(plan, maya, typed_name=maya.name, sha256=plan.sha256)
    priyas = episodes.current(priya, program.pk)
    if priyas is not None and not priyas.proposals.exists():
        hours, on = Hours(360, 2, 180), today + timedelta(days=7)
        level = LevelOfCare.OUTPATIENT
        steps.propose(priyas, level, cohort, hours, on, "Steady for three weeks.", by=people["Joan"])
    marcuss = episodes.current(marcus, program.pk)
    if marcuss is not None and not marcuss.test_plans.exists():
        tests.begin(marcuss, FrequencyChoice.TWICE, by=people["Joan"])
