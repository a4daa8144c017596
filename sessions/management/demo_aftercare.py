"""Aftercare in the demo clinic: an alumna with a plan, calls behind her and one ahead, and somebody to call
now, at whatever hour one looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from sessions.aftercare import (
    answers,
    availability,
    beginning,
    calls,
    emergency,
    engine,
    journal,
    plans,
    queue,
)
from sessions.aftercare.calls import Outcome
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due
from sessions.aftercare.models import AftercareCourse, CheckIn, TryOutcome
from sessions.aftercare.policy import DEFAULT
from sessions.aftercare.slots import Hours
from sessions.consents import service as consents
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock, zones
from sessions.core.daytime import local_time
from sessions.messages import consents as channels
from sessions.messages.models import Channel
from sessions.people.models import Person
from sessions.programs.clients import client_file
from sessions.programs.models import Program

# Calls are on the days 3, 10, 17 and 24 after discharge: three lie behind, and none within a day of now.
SINCE: Final = timedelta(days=21)
# Somewhere on this round of the earth it is day: nobody is called at night, and a demo is looked at then too.
ROUND: Final = ("America/New_York", "Pacific/Honolulu", "Pacific/Guam", "Europe/Madrid")
MORNING: Final = time(9)  # with hours to go before the evening in the next zone
EVENING: Final = time(19)
PROTECTED: Final = {"bam9": 3, "bam10": 2, "bam12": 2, "bam13": 3, "bam14": 1, "bam16": 3}
# What was answered before each call: a hard start, and better since.
STORY: Final[tuple[tuple[Mapping[str, int], str], ...]] = (
    (
        {"bam1": 2, "bam2": 3, "bam3": 3, "bam8": 2, "bam11": 2, "bam15": 2, **PROTECTED}
        | {f"phq9_{n}": 1 for n in range(1, 9)}
        | {"phq9_9": 0}
        | {f"gad7_{n}": 1 for n in range(1, 8)},
        "Sleeps badly, misses the group. Wants to find a meeting near her.",
    ),
    (
        {"bam1": 2, "bam2": 2, "bam3": 2, "bam8": 2, "bam11": 1, "bam15": 1, **PROTECTED}
        | {f"phq9_{n}": int(n < 7) for n in range(1, 10)}
        | {f"gad7_{n}": int(n < 6) for n in range(1, 8)},
        "Found a Tuesday meeting. Her sister visits on weekends.",
    ),
    (
        {"bam1": 1, "bam2": 1, "bam3": 1, "bam8": 1, "bam11": 1, "bam15": 1, **PROTECTED}
        | {f"phq9_{n}": int(n < 4) for n in range(1, 10)}
        | {f"gad7_{n}": int(n < 4) for n in range(1, 8)},
        "Back at work three days a week, and proud of it.",
    ),
)


def prepare(
    program: Program, coordinator: Person, caller: Person, alumni: Sequence[Person], now: datetime
) -> None:
    """Once; afterwards only brought up to `now`. The first has a call ahead, the second is to be called."""
    if not AftercareCourse.objects.of(program.pk).filter(person__in=alumni).exists():
        alumni[1].time_zone = where_it_is_day(now)
        alumni[1].save(update_fields=["time_zone"])
        for person in (caller, coordinator):
            hours = [Hours(day, time(8), time(20)) for day in range(7)]
            availability.set_hours(person, program.pk, hours)
        with clock.held_at(now - SINCE):
            courses = [_sign(program, coordinator, caller, person) for person in alumni]
        _play(courses, caller, now - SINCE, now)
        with clock.held_at(now):
            calls.ask_for_call(alumni[1], courses[1])
    engine.run(now)


def where_it_is_day(now: datetime) -> str:
    """The first of ROUND in which nobody sleeps at this moment."""
    return next(zone for zone in ROUND if MORNING <= local_time(now, zone) < EVENING)


def _sign(program: Program, coordinator: Person, caller: Person, person: Person) -> AftercareCourse:
    file = client_file(program.pk, person.pk)
    today = zones.local_date(clock.now(), program.time_zone)
    paper = consents.offer(
        coordinator,
        file,
        consents.Offer(
            purpose=Purpose.AFTERCARE,
            recipient=consents.program_recipient(file),
            scopes=[Scope.CALLS],
            last_day=today + timedelta(days=720),
        ),
    )
    consents.sign(person, paper, typed_name=person.name, sha256=paper.sha256, agreed=True)
    channels.give(person, Channel.EMAIL)
    course = beginning.propose(program.pk, person, today)
    values = plans.PlanValues(phases=DEFAULT.phases, channel="telephone")
    beginning.sign(coordinator, course, values, typed_name=coordinator.name, caller=caller)
    told = emergency.Emergency("12 Dock Street, Apt 4, New York", "Rosa Sandoval, sister", "+1 212 555 0121")
    emergency.set_emergency(person, course, told)
    return course


def _play(courses: Sequence[AftercareCourse], caller: Person, start: datetime, end: datetime) -> None:
    """Let the engine run through the past, and make the calls that it brings.

    From one matter of a call to the next: the nightly look ahead, which finds nothing new, is made then too.
    """
    moment, made = start, dict.fromkeys((course.pk for course in courses), 0)
    while moment < end:
        ahead = Due.objects.filter(done_at=None, at__gt=moment).exclude(step=Step.ROLL).order_by("at")
        moment = min(ahead.values_list("at", flat=True).first() or end, end)
        with clock.held_at(moment):
            engine.run(moment)
            if moment == end:
                return
            for row in CheckIn.objects.filter(course__in=courses).called():
                _talk(journal.check_in_of(row.pk), caller, made[row.course_id])
                made[row.course_id] += 1


def _talk(row: CheckIn, caller: Person, number: int) -> None:
    given, note = STORY[min(number, len(STORY) - 1)]
    answers.answer(row.course.person, row, given, finished=True)
    if number == 1:
        queue.take(caller, row)
        calls.tried(caller, journal.check_in_of(row.pk), "telephone", TryOutcome.VOICEMAIL)
    queue.take(caller, row)
    row = calls.reached(caller, journal.check_in_of(row.pk), "telephone", 18)
    proposed = answers.assessment(row)
    calls.close(
        caller,
        row,
        Outcome(proposed.tier, note, summary="Your next step: the Tuesday meeting." if number else ""),
    )
