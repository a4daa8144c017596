"""A meeting's room as tests drive it: people come, ask, fall silent, on a clock that the test holds."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connection

from sessions.core import clock
from sessions.core.errors import Refusal
from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.room import service
from sessions.room.commands import Admit, Command, Knock
from sessions.room.log import facts_of, state_of
from sessions.room.machine import Place, RoomState, Standing, replay
from sessions.room.models import Room

_numbers = itertools.count(1)


def command_id() -> str:
    return f"command-{next(_numbers)}"


@dataclass
class Evening:
    """One meeting."""

    meeting: Meeting
    lines: dict[UUID, UUID] = field(default_factory=dict)  # a person's latest connection

    def actor(self, person: Person) -> service.Actor:
        return service.Actor(person.pk, self.meeting.pk)

    def does(self, person: Person, command: Command, given_id: str | None = None) -> service.Outcome:
        return service.handle(self.actor(person), command, given_id or command_id())

    def connects(self, person: Person, device: str = "laptop", process: str = "web-1") -> UUID:
        self.lines[person.pk] = service.connect(self.actor(person), device, process)
        return self.lines[person.pk]

    def comes(self, *people: Person) -> None:
        """Each opens the room page: clients then wait, facilitators are in."""
        for person in people:
            self.connects(person)
            service.handle(self.actor(person), Knock())

    def lets_in(self, facilitator: Person, *people: Person) -> None:
        for person in people:
            self.does(facilitator, Admit(person.pk))

    def hears(self, *people: Person) -> frozenset[UUID]:
        """A heartbeat, now."""
        now = clock.now()
        return service.seen({self.lines[person.pk]: now for person in people})

    def loses(self, person: Person, at: datetime | None = None, *, clean: bool = False) -> None:
        service.disconnect(self.lines[person.pk], clean, at or clock.now())

    def view(self, person: Person) -> service.RoomView:
        return service.view(self.actor(person))

    def place(self, person: Person) -> Place:
        return self.view(person).you.place

    def kinds(self) -> list[str]:
        """The log, connections left out."""
        kinds = [fact.kind for _, fact in facts_of(self.meeting.pk)]
        return [kind for kind in kinds if kind not in ("connected", "disconnected")]

    def stays(self, reader: Person) -> dict[str, service.PersonStays]:
        return {entry.name: entry for entry in service.stays(self.actor(reader))}

    def stored(self) -> RoomState:
        """Without those who have a placement but never came: a facilitator may act from outside."""
        room = state_of(Room.objects.get(pk=self.meeting.pk))
        came = {person: standing for person, standing in room.people.items() if standing != Standing()}
        return replace(room, people=came)

    def replayed(self) -> RoomState:
        return replay((row.seq, fact) for row, fact in facts_of(self.meeting.pk))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def all_at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together; a refusal is an answer."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return job()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        answers = list(pool.map(run, jobs))
    close_old_connections()
    return answers
