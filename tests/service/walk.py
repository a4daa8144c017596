"""The live evening that test_room_stateful walks: its people, devices and clock, and what the test knows of them.

Two meetings, so that a seat of one never opens the other: the evening group with Mina and Theo, and in each run one
more: Alice's individual session, a family evening to which guests come by a link, or a call with Ada, who
finished last year.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.test import TestCase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from sessions.core import clock
from sessions.core.errors import NotFound, Refusal
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import Command, Knock
from sessions.room.events import Admitted, Entered, Fact, Knocked, SentBack
from sessions.room.log import facts_of
from sessions.room.machine import RoomState, evolve
from sessions.room.moves import KeptApart
from tests.cast import EVENING, Cast
from tests.service.room import Evening, command_id, seconds

STAFF = st.sampled_from(["mina", "theo"])
CLIENTS = st.sampled_from(["alice", "bruno"])
# Who is neither: Omar, the guest who came last by a link, or Ada. See Walk.person.
GUEST = "guest"
ANYBODY = st.sampled_from(["mina", "theo", "alice", "bruno", GUEST])
MEETINGS = st.sampled_from(["group", "other"])


@dataclass
class Device:
    """A browser as it really is, whatever the server believes."""

    evening: Evening
    person: Person
    connection: UUID
    last_heard: datetime
    speaks: bool = True
    latest: datetime = field(
        init=False
    )  # by any clock it was ever heard by: a clock that jumps back unhears nothing

    def __post_init__(self) -> None:
        self.latest = self.last_heard

    def heard(self) -> None:
        self.last_heard = clock.now()
        self.latest = max(self.latest, self.last_heard)


class Reader:
    """A meeting's log, read on from where it was left; in a thousand steps that is most of the time."""

    def __init__(self, evening: Evening) -> None:
        self.evening = evening
        self.room = RoomState()
        self.facts: list[tuple[int, Fact]] = []
        self.entries: dict[UUID, Fact] = {}  # the last way in or out of the waiting room
        self.first: dict[UUID, datetime] = {}  # when somebody was at the door first
        self.led_since: datetime | None = None

    def read(self) -> RoomState:
        if service.head(self.evening.meeting.pk) == len(self.facts):
            return self.room
        for row, fact in facts_of(self.evening.meeting.pk, after=len(self.facts)):
            assert row.seq == len(self.facts) + 1  # 23: gap-free
            self.facts.append((row.seq, fact))
            if isinstance(fact, Admitted):  # a lock lets in nobody new
                assert not self.room.floor.locked or self.room.of(fact.person).entered_at is not None
                assert (fact.reason is not None) == self.too_late(fact.person)
            if isinstance(fact, Knocked):
                self.first[fact.person] = min(self.first.get(fact.person, fact.at), fact.at)
            if isinstance(fact, Entered):
                self.led_since = min(self.led_since or fact.at, fact.at)
            self.room = evolve(self.room, fact, row.seq)
            if isinstance(fact, Knocked | SentBack | KeptApart | Admitted | Entered):
                self.entries[fact.person] = fact
        return self.room

    def too_late(self, person: UUID) -> bool:
        """Whether the door had closed to somebody who has never been inside."""
        if not self.evening.meeting.kind_defaults.by_cohort or self.led_since is None:
            return False
        closed_at = max(self.evening.meeting.starts_at + timedelta(minutes=15), self.led_since)
        return self.room.of(person).entered_at is None and self.first[person] > closed_at


@dataclass
class Truth:
    """What the test knows and the server cannot."""

    devices: list[Device] = field(default_factory=list)
    elapsed: timedelta = timedelta()
    acknowledged: dict[tuple[UUID, UUID, str], int] = field(default_factory=dict)
    commands: list[tuple[Evening, Person, Command, str]] = field(default_factory=list)
    apart: set[frozenset[UUID]] = field(default_factory=set)
    beats: int = 0
    lines: dict[tuple[UUID, UUID], list[str]] = field(default_factory=dict)  # by meeting and reader
    out: set[UUID] = field(default_factory=set)  # whose access is over: switched off, or their client said so
    tokens: dict[str, UUID] = field(default_factory=dict)  # links that were sent, and whose they are
    read: set[UUID] = field(default_factory=set)  # messages
    at_home: dict[UUID, str] = field(default_factory=dict)  # the one device of a guest who came by a link
    signed: dict[str, dict[UUID, int]] = field(default_factory=dict)  # credited seconds under a signature
    uncalled: bool = False  # the alumna has taken her consent back


@contextmanager
def heard(yes: bool = True) -> Iterator[None]:
    """What is said on commit is heard, or (a process died just then) by nobody."""
    with TestCase.captureOnCommitCallbacks(execute=yes):
        yield


class Walk(RuleBasedStateMachine):
    cast: ClassVar[Cast]
    logged: ClassVar[pytest.LogCaptureFixture]

    def set_out(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.travel = time_machine.travel(EVENING, tick=False)
        self.traveller = self.travel.start()
        self.logged.clear()
        self.truth = Truth()
        self.checked: dict[str, int] = {}
        self.presence_checked: tuple[object, ...] = ()
        self.staff = {self.cast.mina.pk, self.cast.theo.pk}
        self.guest = self.cast.omar
        self.evenings: dict[str, Evening] = {}
        self.logs: dict[str, Reader] = {}
        self.parts: dict[str, set[UUID]] = {}  # who has a part in each meeting

    def meets(self, where: str, evening: Evening, *people: Person) -> None:
        self.evenings[where], self.logs[where] = evening, Reader(evening)
        self.parts[where] = {person.pk for person in people}

    def person(self, name: str) -> Person:
        person: Person = self.guest if name == GUEST else getattr(self.cast, name)
        return person

    def everybody(self) -> tuple[Person, ...]:
        """Whoever may be asked after a step what they see."""
        cast = self.cast
        return (cast.mina, cast.theo, cast.carol, cast.alice, cast.bruno, self.guest)

    def ask(self, where: str, who: str, command: Command) -> None:
        evening, person, given_id = self.evenings[where], self.person(who), command_id()
        before = service.head(evening.meeting.pk)
        try:
            if isinstance(command, Knock):  # has no id on the wire: it is harmless to repeat
                service.handle(evening.actor(person), command)
                return
            outcome = evening.does(person, command, given_id)
        except Refusal:
            assert service.head(evening.meeting.pk) == before
            return
        assert not outcome.repeated
        assert outcome.seq > before
        self.truth.commands.append((evening, person, command, given_id))
        self.truth.acknowledged[evening.meeting.pk, person.pk, given_id] = outcome.seq

    # Time.

    @rule(length_s=st.integers(1, 45))
    def time_passes(self, length_s: int) -> None:
        """As it does: every web process reports every few seconds who was heard."""
        for _ in range(0, length_s, 5):
            self.traveller.shift(seconds(5))
            self.truth.elapsed += seconds(5)
            for device in self.truth.devices:
                if device.speaks:
                    device.heard()

    @rule()
    def beat(self) -> None:
        heard = {device.connection: device.last_heard for device in self.truth.devices}
        self.truth.beats += 1
        dead = service.seen(heard)
        self.truth.devices = [device for device in self.truth.devices if device.connection not in dead]

    @rule()
    def sweep(self) -> None:
        service.sweep(clock.now())
        assert not self.logged.messages  # no room was passed over

    @rule(hours=st.sampled_from([2, -2]))
    def clock_jumps(self, hours: int) -> None:
        self.traveller.shift(timedelta(hours=hours))

    # Devices.

    @rule(where=MEETINGS, who=ANYBODY, device=st.sampled_from(["laptop", "phone"]))
    def connect(self, where: str, who: str, device: str) -> None:
        evening, person = self.evenings[where], self.person(who)
        try:
            connection = evening.connects(person, device)
        except NotFound:
            assert person.pk in self.truth.out or person.pk not in self.parts[where]
            return
        assert person.pk not in self.truth.out
        self.truth.devices.append(Device(evening, person, connection, clock.now()))
        self.ask(where, who, Knock())

    @precondition(lambda self: self.truth.devices)
    @rule(which=st.integers(0, 9))
    def falls_silent(self, which: int) -> None:
        self.truth.devices[which % len(self.truth.devices)].speaks = False

    @precondition(lambda self: self.truth.devices)
    @rule(which=st.integers(0, 9), clean=st.booleans())
    def disconnect(self, which: int, clean: bool) -> None:
        device = self.truth.devices.pop(which % len(self.truth.devices))
        service.disconnect(device.connection, clean, clock.now() if clean else device.last_heard)

    @precondition(lambda self: self.truth.devices)
    @rule(which=st.integers(0, 9))
    def logout(self, which: int) -> None:
        """On one device: the server closes every socket of that login, wherever it was."""
        gone = self.truth.devices[which % len(self.truth.devices)]
        for device in [one for one in self.truth.devices if one.person == gone.person]:
            self.truth.devices.remove(device)
            service.disconnect(device.connection, False, device.last_heard)

    @precondition(lambda self: self.truth.devices)
    @rule()
    def kill(self) -> None:
        """A web process dies, and with it every socket: nobody says goodbye."""
        for device in self.truth.devices:
            device.speaks = False
