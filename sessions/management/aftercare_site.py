"""A site's aftercare as a simulation: people who answer, miss, relapse, move, revoke and say STOP, on a clock
of its own, on an engine whose processes die and that stands still. The same seed gives the same story.

Uses the services that the pages use, and checks at the end what must hold whatever happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sessions.aftercare import (
    answers,
    appointment,
    availability,
    beginning,
    calls,
    deciding,
    escalation,
    journal,
    plans,
    queue,
)
from sessions.aftercare.calls import Outcome
from sessions.aftercare.escalation import Review
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareCourse, CheckIn, TryOutcome
from sessions.aftercare.policy import DEFAULT
from sessions.aftercare.risk import Tier
from sessions.aftercare.slots import Hours
from sessions.aftercare.urgent_models import Escalation
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock, zones
from sessions.core.errors import Refusal
from sessions.core.prepared import Prepared
from sessions.management.aftercare_holds import check
from sessions.management.aftercare_running import InThisProcess, Running
from sessions.messages import consents as channels
from sessions.messages.models import Channel
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.clients import client_file
from sessions.programs.models import Cohort, Program

ZONE: Final = "America/New_York"
ZONES: Final = (ZONE, "America/Chicago", "America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu")
FAR: Final = ("Pacific/Auckland", "Pacific/Pago_Pago")  # a day apart, and two hours
BEGINS: Final = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
TICK: Final = timedelta(hours=1)
CALLS_AN_HOUR: Final = 3
KILLS: Final = 0.002
ALUMNI_A_CALLER: Final = 60
_SOON: Final = Prepared(
    lambda after, until: CheckIn.objects.filter(
        state=Call.SCHEDULED.value, starts_at__gt=after, starts_at__lte=until
    ).values_list("pk", "course__person_id"),
    datetime,
    datetime,
)


@dataclass
class Alumnus:
    """How one person is."""

    person: Person
    dice: Random
    answers: float  # how often a try reaches them
    forms: float  # how often they answer the questions
    uses: float  # how often they tell of a use
    acted: set[UUID] = field(default_factory=set)
    moves: list[tuple[datetime, str]] = field(default_factory=list)  # away from which zone, and when

    def zone_at(self, moment: datetime) -> str:
        """Where they lived then."""
        left = (zone for when, zone in self.moves if moment < when)
        return next(left, self.person.time_zone)


class Site:
    def __init__(self, alumni: int, days: int, seed: int, running: Running | None = None) -> None:
        """`running`: what keeps the engine going; InThisProcess with some faults by default."""
        self.alumni, self.days, self.seed = alumni, days, seed
        self.running = running or InThisProcess(seed, KILLS)
        self.refused = 0  # what people wanted and could not have: somebody was faster, the call was over
        self.dice = Random(seed)  # noqa: S311 - a story, not a secret
        self.now = BEGINS
        self.people: dict[UUID, Alumnus] = {}

    def play(self) -> Counter[str]:
        """The whole story; returns what came of the calls. Raises AssertionError for what does not hold."""
        with clock.held_at(self.now):
            self._found()
        last_discharge = max(1, self.days - 45)
        for day in range(self.days):
            for n in range(
                day * self.alumni // last_discharge,
                min((day + 1) * self.alumni // last_discharge, self.alumni),
            ):
                with clock.held_at(self.now):
                    self._discharge(n)
            for _ in range(24):
                self._hour()
            self._evening()
        self.running.settles(self.now)
        for _ in range(12 * 24):  # everything that is under way comes to its end
            self.now = self.running.works(self.now)
            with clock.held_at(self.now):
                self._call()
            self.now += TICK
        self._evening()
        self.now = self.running.works(self.now)
        self.running.rests()
        with clock.held_at(self.now):
            return check(self.now, TICK, self._zone_at, self.running.letters)

    def _zone_at(self, person_id: UUID, moment: datetime) -> str:
        return self.people[person_id].zone_at(moment)

    def _found(self) -> None:
        self.program = Program.objects.create(name="Simulated", time_zone=ZONE)
        self.cohort = Cohort.objects.create(program=self.program, name="Evening")
        self.coordinator = self._staff("coordinator", Role.COORDINATOR)
        self.callers = [
            self._staff(f"caller{n}", Role.FACILITATOR)
            for n in range(max(2, -(-self.alumni // ALUMNI_A_CALLER)))
        ]
        for caller in self.callers:
            hours = [Hours(day, time(9), time(20)) for day in range(6)]
            availability.set_hours(caller, self.program.pk, hours)

    def _staff(self, name: str, role: Role) -> Person:
        person = Person.objects.create_user(f"{name}@sim.example", given_name=name, family_name="Sim")
        join(person, self.program.pk, role)
        return person

    def _discharge(self, n: int) -> None:
        dice = Random(f"{self.seed}:{n}")  # noqa: S311
        person = Person.objects.create_user(
            f"alumnus{n}@sim.example",
            given_name=f"Alumnus {n}",
            phone=f"+1 212 555 {n:04}",
            time_zone=dice.choice(ZONES),
            language=dice.choice(("en", "en", "es")),
        )
        join(person, self.program.pk, Role.ALUMNUS)
        for channel, often in ((Channel.EMAIL, 0.9), (Channel.SMS, 0.6)):
            if dice.random() < often:
                channels.give(person, channel)
        self.people[person.pk] = Alumnus(
            person,
            dice,
            dice.choice((0.2, 0.5, 0.8, 0.95)),
            dice.choice((0.0, 0.5, 0.9)),
            dice.choice((0.0, 0.02, 0.15)),
        )
        file = client_file(self.program.pk, person.pk)
        paper = consents.offer(
            self.coordinator,
            file,
            consents.Offer(
                purpose=Purpose.AFTERCARE,
                recipient=consents.program_recipient(file),
                scopes=[Scope.CALLS],
                last_day=self.now.date() + timedelta(days=dice.choice((60, 700, 700, 700))),
            ),
        )
        consents.sign(person, paper, typed_name=person.name, sha256=paper.sha256, agreed=True)
        course = beginning.propose(self.program.pk, person, zones.local_date(self.now, person.time_zone))
        way: plans.Channel = "video" if dice.random() < 0.2 else "telephone"
        start, end = dice.choice(
            ((time(0), time(0)), (time(8), time(12)), (time(12), time(17)), (time(17), time(21)))
        )
        values = plans.PlanValues(phases=DEFAULT.phases, channel=way, from_time=start, to_time=end)
        beginning.sign(
            self.coordinator,
            course,
            values,
            typed_name=self.coordinator.name,
            caller=dice.choice(self.callers),
        )

    def _hour(self) -> None:
        self.now = self.running.works(self.now)
        with clock.held_at(self.now):
            self._alumni()
            self._call()
        self.now += TICK

    def _alumni(self) -> None:
        """Those with a call within a day answer it, the questions and all; some take everything back."""
        for pk, person_id in _SOON.rows(self.now + 2 * TICK, self.now + timedelta(days=1)):
            who = self.people[person_id]
            if pk in who.acted:
                continue
            who.acted.add(pk)
            roll = who.dice.random()
            row = journal.check_in_of(pk)
            try:
                if roll < 0.3:
                    appointment.keep(who.person, row)
                elif roll < 0.35:
                    times = appointment.choices(row, self.now)
                    if times:
                        appointment.move(who.person, row, who.dice.choice(times).starts_at)
                elif roll < 0.38:
                    appointment.decline(who.person, row)
                    continue
                if who.dice.random() < who.forms:
                    answers.answer(who.person, journal.check_in_of(pk), self._feels(who), finished=True)
            except Refusal:
                self.refused += 1

    def _feels(self, who: Alumnus) -> dict[str, int]:
        uses = who.dice.random() < who.uses
        return {
            "bam4": int(uses),
            "bam8": who.dice.randint(0, 4) if uses else who.dice.randint(0, 2),
            "phq9_1": who.dice.randint(0, 2),
            "phq9_9": int(who.dice.random() < 0.004),
        }

    def _call(self) -> None:
        local = self.now.astimezone(zones.zone(ZONE))
        if not (9 <= local.hour < 20 and local.weekday() < 6):
            return
        for caller in self.callers:
            for _ in range(CALLS_AN_HOUR):
                try:
                    self._talk(caller, queue.take_next(caller, self.program))
                except queue.NothingToCall:
                    return
                except Refusal:
                    self.refused += 1

    def _talk(self, caller: Person, row: CheckIn) -> None:
        who = self.people[row.course.person_id]
        channel = "telephone" if row.other_channel else row.channel
        if who.dice.random() >= who.answers:
            calls.tried(caller, row, channel, TryOutcome.NO_ANSWER)
            return
        row = calls.reached(caller, row, channel, who.dice.randint(8, 30))
        if who.dice.random() < 0.01:
            return  # forgets to write it down; the evening reminds
        self._close(caller, journal.check_in_of(row.pk), who)

    def _close(self, caller: Person, row: CheckIn, who: Alumnus) -> None:
        answers.interview(caller, row, self._feels(who))
        found, asked = answers.assessment(row), escalation.open_of(row)
        if asked is not None and asked.tier >= Tier.CRISIS and asked.handed_off_at is None:
            escalation.hand_off(caller, row, "To the clinician on call.")  # an answer taken back, too
        calls.close(caller, row, Outcome(found.tier, "Talked."))

    def _evening(self) -> None:
        """Now and then people move, take consent back, say STOP or ask for a call; a coordinator decides."""
        self.running.rests()  # who moves now was reminded where they lived before
        with clock.held_at(self.now):
            self._news()
            self._reviews()

    def _news(self) -> None:
        for who in self.people.values():
            roll = who.dice.random()
            if roll < 0.0005:
                who.moves.append((self.now, who.person.time_zone))
                who.person.time_zone = who.dice.choice((*ZONES, *FAR))
                who.person.save(update_fields=["time_zone"])
            elif roll < 0.0008:
                for paper in Consent.objects.filter(patient=who.person):
                    consents.end(who.person, paper)
            elif roll < 0.0012:
                self._with_course(who, self._pause)
            elif roll < 0.0022:
                self._with_course(who, self._ask)
            elif roll < 0.0027:
                channels.heard(Channel.SMS, who.person.phone, "Stop.")
            elif roll < 0.0032:
                channels.heard(Channel.SMS, who.person.phone, "Start")

    def _reviews(self) -> None:
        for row in CheckIn.objects.filter(state=Call.CONNECTED.value).select_related(
            "course__person", "program"
        ):
            self._close(
                row.claimed_by or row.caller or self.coordinator, row, self.people[row.course.person_id]
            )
        since = self.now - timedelta(hours=20)
        for found in Escalation.objects.filter(closed_at=None, opened_at__lt=since).select_related("course"):
            decision = self.dice.choices(list(Review), (80, 15, 5))[0]
            try:
                escalation.review(self.coordinator, found, decision, "Looked at it.")
                if decision is Review.MORE_CARE:
                    deciding.readmit(
                        self.coordinator, journal.course_of(found.course_id), self.cohort, self.now.date()
                    )
            except Refusal:
                self.refused += 1

    def _with_course(self, who: Alumnus, act: Callable[[Alumnus, AftercareCourse], object]) -> None:
        course = AftercareCourse.objects.running().filter(person=who.person).first()
        if course is None:
            return
        try:
            act(who, course)
        except Refusal:
            self.refused += 1

    def _pause(self, who: Alumnus, course: AftercareCourse) -> None:
        until: date = zones.local_date(self.now, course.zone) + timedelta(days=who.dice.randint(3, 30))
        deciding.pause(self.coordinator, course, until)

    def _ask(self, who: Alumnus, course: AftercareCourse) -> None:
        calls.ask_for_call(who.person, course)
