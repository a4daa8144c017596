"""An evening group whose attendance is looked at: Mina leads, Alice and Bruno are its clients, on a clock that
the test holds. The meeting is from 17:55 to 20:55 New York time."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from sessions import tasks
from sessions.attendance import service
from sessions.attendance.models import AttendanceRecord, Proposal
from sessions.people.models import Person
from sessions.room.commands import End
from tests.cast import Cast
from tests.service.room import Evening, seconds


class Group(Evening):
    """One evening; `passes` lets time go by with everybody named alive."""

    def __init__(self, cast: Cast, clock: time_machine.Traveller) -> None:
        super().__init__(cast.group)
        self.cast, self.clock = cast, clock

    def passes(self, length: timedelta, *alive: Person) -> None:
        """Every 10 s the web process reports who is alive, the sweeper runs, and attendance follows."""
        for _ in range(length // seconds(10)):
            self.clock.shift(seconds(10))
            self.hears(*alive)
            tasks.sweep_presence()
        tasks.credit_meetings()

    def begins(self, *clients: Person) -> None:
        self.comes(self.cast.mina, *clients)
        self.lets_in(self.cast.mina, *clients)

    def is_ended(self) -> None:
        self.does(self.cast.mina, End())
        tasks.credit_meetings()

    def proposal(self, person: Person) -> Proposal:
        return Proposal.objects.get(meeting=self.meeting, person=person)

    def record(self, person: Person) -> AttendanceRecord:
        return service.record_of(self.meeting, person.pk)

    def is_signed(self, **more: object) -> None:
        draft = service.Draft(typed_name="Mina Park", **more)  # type: ignore[arg-type]
        service.attest(self.cast.mina, self.meeting, draft)
