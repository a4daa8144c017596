"""An evening that has been held in the demo clinic, for pages that look back. Run before the site starts:
`manage.py shell -c "from tests.e2e.attended import hold; hold()"` prints the meeting's id."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from sessions import tasks
from sessions.core import clock
from sessions.core.span import Span
from sessions.management import demo_clinic
from sessions.management.demo_aftercare import where_it_is_day
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Program
from sessions.programs.service import schedule
from sessions.room.commands import End, Leave
from tests.service.room import Evening

LENGTH_MINUTES = 60
STEP = timedelta(seconds=20)


def hold() -> None:
    """Luis is late, Priya loses her connection for eight minutes, Marcus does not come, Hannah leaves early,
    Noor loses hers, is back a minute later and then waits at the door; the others are there all the time.

    The clinic lies where it is day now: an evening that has just been held is of this day and this week.
    """
    by_day = where_it_is_day(clock.now())
    Program.objects.filter(name=demo_clinic.PROGRAM).update(time_zone=by_day)
    Person.objects.filter(email__endswith=demo_clinic.DOMAIN).update(time_zone=by_day)
    cohort = Cohort.objects.get(program__name=demo_clinic.PROGRAM)
    people = {
        person.given_name: person for person in Person.objects.filter(email__endswith=demo_clinic.DOMAIN)
    }
    luis, priya, marcus, hannah, noor = (
        people[name] for name in ("Luis", "Priya", "Marcus", "Hannah", "Noor")
    )
    maya, samuel = people["Maya"], people["Samuel"]
    clients = [
        person for person in Person.objects.filter(enrollments__cohort=cohort) if person not in (luis, marcus)
    ]
    start = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=LENGTH_MINUTES + 30)
    minute = timedelta(minutes=1)
    meeting = schedule(
        cohort.program,
        MeetingKind.SKILL_BUILDING,
        Span(start, start + LENGTH_MINUTES * minute),
        facilitators=[maya, samuel],
        cohort=cohort,
        title="Skills for hard evenings",
        breaks=[Span(start + 30 * minute, start + 35 * minute)],
    )
    evening = Evening(meeting)
    with time_machine.travel(start - 4 * minute, tick=False) as traveller:
        evening.comes(maya, *clients)
        here = {maya, *clients}
        while clock.now() < start + LENGTH_MINUTES * minute:
            traveller.shift(STEP)
            passed = (clock.now() - start) / minute
            if passed == 0:
                evening.lets_in(maya, *clients)
            if passed == 12:
                evening.comes(luis)
                evening.lets_in(maya, luis)
                here.add(luis)
            if passed == 15:
                here.discard(priya)
            if passed == 23:
                evening.comes(priya)
                evening.lets_in(maya, priya)
                here.add(priya)
            if passed == 40:
                evening.loses(noor)
                here.discard(noor)
            if passed == 41:
                evening.comes(noor)
                here.add(noor)
            if passed == 48:
                evening.does(hannah, Leave())
                here.discard(hannah)
            evening.hears(*here)
            tasks.sweep_presence()
        evening.does(maya, End())
        traveller.shift(timedelta(minutes=1))
        tasks.sweep_presence()
        tasks.credit_meetings()
    print(meeting.pk)
