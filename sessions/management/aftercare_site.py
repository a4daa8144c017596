"""A site's aftercare as a simulation: people who answer, miss, relapse, move and revoke, on a clock of its
own, with processes that die and an engine that stands still. The same seed gives the same story.

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

from django.db import connection

from sessions.aftercare import (
    answers,
    beginning,
    booking,
    calls,
    engine,
    escalation,
    journal,
    planning,
    plans,
)
from sessions.aftercare.calls import NothingToCall, Outcome
from sessions.aftercare.escalation import Review
from sessions.aftercare.machine import OVER, Call, CallEvent, call_after
from sessions.aftercare.models import (
    AftercareCourse,
    AftercareFact,
    CallTry,
    CheckIn,
    Due,
    Escalation,
    TryOutcome,
)
from sessions.aftercare.policy import DEFAULT
from sessions.aftercare.risk import Tier
from sessions.aftercare.slots import Hours
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock, zones
from sessions.core.daytime import is_quiet
from sessions.core.errors import Refusal
from sessions.core.prepared import Prepared
from sessions.messages.models import Message, MessageState
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.clients import client_file
from sessions.programs.models import Cohort, Program
from sessions.worklist.models import StaffTask

ZONE: Final = "America/New_York"
ZONES: Final = (ZONE, "America/Chicago", "America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu")
BEGINS: Final = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
TICK: Final = timedelta(hours=1)
CALLS_AN_HOUR: Final = 3
ALUMNI_A_CALLER: Final = 60
_SOON: Final = Prepared(
    lambda after, until: CheckIn.objects.filter(
        state=Call.SCHEDULED.value, starts_at__gt=after, starts_at__lte=until
    ).values_list("pk", "course__person_id"),
    datetime,
    datetime,
)


def must(holds: object, what: str) -> None:
    """Raises AssertionError with `what` otherwise; unlike assert also under -O."""
    if not holds:
        raise AssertionError(what)


class Killed(BaseException):
    """The process dies here. No `except Exception` catches it, as none would catch kill -9."""


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


@dataclass
class Site:
    alumni: int
    days: int
    seed: int
    kills: float = 0.002  # a chance at each of the engine's points
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)  # noqa: S311 - a story, not a secret
        self.now = BEGINS
        self.people: dict[UUID, Alumnus] = {}
        self.still_until = BEGINS

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
                with clock.held_at(self.now):
                    self._hour()
                self.now += TICK
            with clock.held_at(self.now):
                self._evening()
        self.kills, self.still_until = 0.0, self.now
        for _ in range(12 * 24):  # everything that is under way comes to its end
            with clock.held_at(self.now):
                engine.run(self.now)
                self._call()
            self.now += TICK
        with clock.held_at(self.now):
            self._evening()
            engine.run(self.now)
            return self._check()

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
            booking.set_hours(caller, self.program.pk, hours)

    def _staff(self, name: str, role: Role) -> Person:
        person = Person.objects.create_user(f"{name}@sim.example", given_name=name, family_name="Sim")
        join(person, self.program.pk, role)
        return person

    def _discharge(self, n: int) -> None:
        dice = Random(f"{self.seed}:{n}")  # noqa: S311
        person = Person.objects.create_user(
            f"alumnus{n}@sim.example",
            given_name=f"Alumnus {n}",
            phone="+1 212 555 0100",
            time_zone=dice.choice(ZONES),
            language=dice.choice(("en", "en", "es")),
        )
        join(person, self.program.pk, Role.ALUMNUS)
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
        channel: plans.Channel = "video" if dice.random() < 0.2 else "telephone"
        start, end = dice.choice(
            ((time(0), time(0)), (time(8), time(12)), (time(12), time(17)), (time(17), time(21)))
        )
        values = plans.PlanValues(phases=DEFAULT.phases, channel=channel, from_time=start, to_time=end)
        beginning.sign(
            self.coordinator,
            course,
            values,
            typed_name=self.coordinator.name,
            caller=dice.choice(self.callers),
        )

    def _hour(self) -> None:
        self._engine()
        self._alumni()
        self._call()

    def _engine(self) -> None:
        if self.now < self.still_until:
            return
        if self.kills and self.dice.random() < 1 / (24 * 40):
            self.still_until = self.now + timedelta(hours=self.dice.choice((2, 8, 26, 96)))
            self.faults["engine stood still"] += 1
            return
        for _ in range(20):
            try:
                engine.run(self.now, at=self._maybe_die)
            except Killed:
                self.faults["worker killed"] += 1
                self._wait_for_lease()
            else:
                return

    def _wait_for_lease(self) -> None:
        """A minute later the next worker may have what the dead one held."""
        Due.objects.filter(done_at=None, leased_until__gt=self.now).update(leased_until=self.now)

    def _maybe_die(self, point: str) -> None:
        roll = self.dice.random()
        if roll < self.kills:
            raise Killed
        if roll < self.kills * 1.5 and point == "before-commit":
            # Under everybody's feet: the transaction is gone, and its commit is the first to hear of it.
            connection.connection.close()
            self.faults["database lost"] += 1

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
                    booking.keep(who.person, row)
                elif roll < 0.35:
                    times = booking.choices(row, self.now)
                    if times:
                        booking.move(who.person, row, who.dice.choice(times).starts_at)
                elif roll < 0.38:
                    booking.decline(who.person, row)
                    continue
                if who.dice.random() < who.forms:
                    answers.answer(who.person, journal.check_in_of(pk), self._feels(who), finished=True)
            except Refusal:
                self.faults["refused"] += 1

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
                    row = calls.take_next(caller, self.program)
                except NothingToCall:
                    return
                self._talk(caller, row)

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
        found = answers.assessment(row)
        if found.tier is Tier.CRISIS:
            escalation.hand_off(caller, row, "To the clinician on call.")
        calls.close(caller, row, Outcome(found.tier, "Talked."))

    def _evening(self) -> None:
        """Now and then people move, take consent back, or ask for a call; a coordinator decides."""
        for who in self.people.values():
            roll = who.dice.random()
            if roll < 0.0005:
                who.moves.append((self.now, who.person.time_zone))
                who.person.time_zone = who.dice.choice(ZONES)
                who.person.save(update_fields=["time_zone"])
            elif roll < 0.0008:
                for paper in Consent.objects.filter(patient=who.person):
                    consents.end(who.person, paper)
            elif roll < 0.0012:
                self._with_course(who, self._pause)
            elif roll < 0.0022:
                self._with_course(who, self._ask)
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
                    planning.readmit(
                        self.coordinator, journal.course_of(found.course_id), self.cohort, self.now.date()
                    )
            except Refusal:
                self.faults["refused"] += 1

    def _with_course(self, who: Alumnus, act: Callable[[Alumnus, AftercareCourse], object]) -> None:
        course = AftercareCourse.objects.running().filter(person=who.person).first()
        if course is None:
            return
        try:
            act(who, course)
        except Refusal:
            self.faults["refused"] += 1

    def _pause(self, who: Alumnus, course: AftercareCourse) -> None:
        until: date = zones.local_date(self.now, course.zone) + timedelta(days=who.dice.randint(3, 30))
        planning.pause(self.coordinator, course, until)

    def _ask(self, who: Alumnus, course: AftercareCourse) -> None:
        calls.ask_for_call(who.person, course)

    # What must hold.

    def _check(self) -> Counter[str]:
        rows = list(CheckIn.objects.select_related("course__person"))
        long_ago = self.now - timedelta(days=9)
        facts: dict[UUID | None, list[AftercareFact]] = {}
        for fact in AftercareFact.objects.exclude(check_in=None).exclude(event="planned").order_by("pk"):
            facts.setdefault(fact.check_in_id, []).append(fact)
        for row in rows:
            self._check_history(row, facts.get(row.pk, []))
            over = Call(row.state) in OVER
            settled = over or row.due_on > long_ago.date() or self._explained(row)
            must(settled, f"silent: {row.pk} {row.state}")
            if row.state == Call.MISSED.value:
                must((row.reason == "not_tried") == (row.tries == 0), f"missed how? {row.pk}")
        waiting = Due.objects.filter(done_at=None, at__lt=self.now - TICK).count()
        must(not waiting, f"{waiting} due things were skipped")
        crises = set(Escalation.objects.filter(tier=Tier.CRISIS.value).values_list("check_in", flat=True))
        for one in CallTry.objects.select_related("check_in__course__person"):
            course = one.check_in.course
            must(planning.consented(course, one.at), f"called without consent: {one.check_in_id}")
            zone = self.people[course.person_id].zone_at(one.at)
            quiet = is_quiet(one.at, zone, plans.quiet_of(DEFAULT))
            must(not quiet or one.check_in_id in crises, f"called at night: {one.check_in_id}")
        sent = Message.objects.exclude(about=None).exclude(state=MessageState.CANCELLED)
        said = Counter(sent.values_list("about", "channel", "template", "due_at"))
        must(max(said.values(), default=0) <= 1, "somebody was told twice")
        for found in Escalation.objects.filter(closed_at__isnull=False, tier=Tier.CRISIS.value):
            must(found.handed_off_at is not None, f"a crisis without a hand-off: {found.pk}")
        late = Escalation.objects.filter(contacted_at=None, contact_by__lt=self.now - TICK)
        for found in late:
            asked = StaffTask.objects.filter(key=f"aftercare aftercare-contact-late {found.pk}").exists()
            done = found.closed_at is not None or found.course.state in ("revoked", "readmitted", "graduated")
            must(asked or done, f"nobody was told that contact is late: {found.pk}")
        return Counter(row.state for row in rows)

    def _check_history(self, row: CheckIn, facts: list[AftercareFact]) -> None:
        """The facts lead from planned to where the call stands, by the table."""
        state = Call.PLANNED
        for fact in facts:
            must(fact.before == state.value, f"a gap in the history of {row.pk}")
            state = call_after(state, CallEvent(fact.event))
        must(state.value == row.state, f"the history of {row.pk} ends elsewhere")

    def _explained(self, row: CheckIn) -> bool:
        """Not over, and somebody is asked to see to it."""
        return row.state == Call.CONNECTED.value or escalation.unsafe(row.course)
