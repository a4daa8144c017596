"""An alumna's aftercare as tests drive it: Ada of the cast, with Mina and Theo who call, on a clock that the test holds.

The clock is that of time_machine; the engine is run by `passes`, as the ticker would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from sessions.aftercare import availability, beginning, calls, engine, journal, plans, queue
from sessions.aftercare.calls import Outcome
from sessions.aftercare.due_models import Due
from sessions.aftercare.machine import Call
from sessions.aftercare.models import AftercareCourse, CheckIn, TryOutcome
from sessions.aftercare.policies import policy_of
from sessions.aftercare.risk import Tier
from sessions.aftercare.slots import Hours
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock, zones
from sessions.messages import consents as channels
from sessions.messages.models import Channel
from sessions.people.models import Person
from sessions.programs.clients import client_file
from sessions.worklist.models import StaffTask
from tests.cast import MORNING, Cast, assemble

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def agrees(cast: Cast, person: Person, last_day: date | None = None) -> Consent:
    """The person signs the paper that allows aftercare calls."""
    file = client_file(cast.north.pk, person.pk)
    last = last_day or zones.local_date(clock.now(), cast.north.time_zone) + timedelta(days=720)
    paper = consents.offer(
        cast.carol,
        file,
        consents.Offer(
            purpose=Purpose.AFTERCARE,
            recipient=consents.program_recipient(file),
            scopes=[Scope.CALLS],
            last_day=last,
        ),
    )
    consents.sign(person, paper, typed_name=person.name, sha256=paper.sha256, agreed=True)
    return paper


def names_contact(cast: Cast, person: Person) -> Consent:
    """The person signs that a friend may be asked."""
    file = client_file(cast.north.pk, person.pk)
    friend = consents.outside_recipient(file, RecipientKind.CONTACT, "June", "+1 212 555 0199")
    last = zones.local_date(clock.now(), cast.north.time_zone) + timedelta(days=700)
    paper = consents.offer(
        cast.carol,
        file,
        consents.Offer(purpose=Purpose.CONTACT, recipient=friend, scopes=[Scope.WHEREABOUTS], last_day=last),
    )
    consents.sign(person, paper, typed_name=person.name, sha256=paper.sha256, agreed=True)
    return paper


def office_hours(cast: Cast, *people: Person) -> None:
    """Weekdays 9 to 17, by the caller's own clock."""
    for person in people:
        availability.set_hours(person, cast.north.pk, [Hours(day, time(9), time(17)) for day in range(5)])


@dataclass
class Aftercare:
    """One alumna with her plan signed."""

    cast: Cast
    clock: time_machine.Traveller
    course: AftercareCourse = field(init=False)

    def begins(
        self, *, channel: plans.Channel = "telephone", began_on: date | None = None, **changes: Any
    ) -> None:
        ada = self.cast.ada
        Person.objects.filter(pk=ada.pk).update(phone="+1 212 555 0120")
        ada.refresh_from_db()
        for wanted in Channel:
            channels.give(ada, wanted)
        office_hours(self.cast, self.cast.mina, self.cast.theo)
        self.paper = agrees(self.cast, ada)
        today = zones.local_date(clock.now(), ada.time_zone)
        self.course = beginning.propose(self.cast.north.pk, ada, began_on or today, caller=self.cast.mina)
        values = plans.PlanValues(phases=policy_of(self.cast.north.pk).phases, channel=channel, **changes)
        beginning.sign(self.cast.carol, self.course, values, typed_name="Carol Reyes", caller=self.cast.mina)
        self.look()

    def look(self) -> AftercareCourse:
        self.course = journal.course_of(self.course.pk)
        return self.course

    def passes(self, length: timedelta) -> None:
        """Time goes by, and the engine with it: it runs whenever something falls due."""
        end = clock.now() + length
        while clock.now() < end:
            self._next_moment(end)
        self.look()

    def passes_until(self, moment: datetime) -> None:
        self.passes(moment - clock.now())

    def _next_moment(self, end: datetime) -> None:
        waiting = (
            Due.objects.filter(done_at=None, at__gt=clock.now()).order_by("at").values_list("at", flat=True)
        )
        self.clock.move_to(min(waiting.first() or end, end), tick=False)
        engine.run(clock.now())

    def calls(self, *states: Call) -> list[CheckIn]:
        rows = CheckIn.objects.filter(course=self.course).order_by("due_on", "number")
        if states:
            rows = rows.filter(state__in=[state.value for state in states])
        return list(rows.select_related("course__person", "program"))

    def upcoming(self) -> CheckIn:
        """The next call with a time."""
        return next(row for row in self.calls(Call.SCHEDULED) if row.starts_at is not None)

    def comes_due(self) -> CheckIn:
        """The engine runs until the next call stands in the queue."""
        engine.run(clock.now())
        end = clock.now() + 60 * DAY
        while clock.now() < end:
            if due := self.calls(Call.DUE):
                self.look()
                return due[0]
            self._next_moment(end)
        raise AssertionError("no call came due within 60 days")

    def tries(
        self, row: CheckIn, outcome: TryOutcome = TryOutcome.NO_ANSWER, by: Person | None = None
    ) -> CheckIn:
        who = by or self.cast.mina
        queue.take(who, row)
        return calls.tried(who, journal.check_in_of(row.pk), "telephone", outcome)

    def is_missed(self, row: CheckIn) -> CheckIn:
        """The whole ladder, without an answer."""
        for _ in range(4):
            fresh = journal.check_in_of(row.pk)
            assert fresh.next_try_at is not None
            if fresh.next_try_at > clock.now():
                self.passes_until(fresh.next_try_at)
            self.tries(row)
        self.look()
        return journal.check_in_of(row.pk)

    def talks(self, row: CheckIn, by: Person | None = None) -> CheckIn:
        who = by or self.cast.mina
        queue.take(who, row)
        return calls.reached(who, journal.check_in_of(row.pk), "telephone", 20)

    def is_completed(self, row: CheckIn, tier: Tier = Tier.LOW, **more: Any) -> CheckIn:
        """They talk, and it is written down with this tier."""
        row = self.talks(row)
        why = "" if tier is Tier.LOW else "Said so on the phone."
        calls.close(self.cast.mina, row, Outcome(tier=tier, note="We talked.", why=why, **more))
        self.look()
        return journal.check_in_of(row.pk)

    def asked(self) -> list[str]:
        """Why staff were asked about anything in aftercare, in order."""
        rows = StaffTask.objects.filter(program=self.cast.north, reason__startswith="aftercare")
        return list(rows.order_by("created_at", "pk").values_list("reason", flat=True))


@pytest.fixture
def discharged() -> Iterator[Aftercare]:
    """Discharged today, Monday 2026-03-02; nothing signed yet. Test modules give these fixtures the name they use."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield Aftercare(assemble(), traveller)


@pytest.fixture
def plan_signed() -> Iterator[Aftercare]:
    """Her plan is signed on Monday 2026-03-02; the first call is on Thursday at 10."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        found = Aftercare(assemble(), traveller)
        found.begins()
        found.passes(HOUR)
        yield found


def at(text: str, zone: str = "America/New_York") -> datetime:
    """The moment at which clocks there show this."""
    return datetime.fromisoformat(text).replace(tzinfo=zones.zone(zone)).astimezone(UTC)
