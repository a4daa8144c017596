"""Anything anybody can do to a room, in any order, on any clock: what must hold after every step.

The numbers are those of SAFETY's invariants. The evening has two meetings, so that a seat of one never opens the
other: the group of Alice and Bruno with Mina and Theo, and Alice's individual session with Mina.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sessions.core import clock
from sessions.core.errors import NotAllowed, NotFound, Refusal
from sessions.people.models import Membership, Person
from sessions.people.service import disable, keep_apart
from sessions.room import presence, service
from sessions.room.care_commands import Say
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Command,
    Decline,
    End,
    Knock,
    Leave,
    MuteOther,
    Remove,
    SendBack,
    TakeOver,
)
from sessions.room.events import Admitted, Entered, Fact, Knocked, SentBack
from sessions.room.fact import LateReason
from sessions.room.floor_commands import (
    AnswerAsk,
    AskOf,
    EndBreak,
    HandOver,
    LowerHand,
    MuteAll,
    RaiseHand,
    SetAutoAdmit,
    SetLock,
    Spotlight,
    StartBreak,
)
from sessions.room.log import facts_of
from sessions.room.machine import SEATED, Place, RoomState, evolve, room_key
from sessions.room.models import Connection, RoomFact
from sessions.room.moves import KeptApart, Recalled
from sessions.room.side_commands import (
    AskHelp,
    Assign,
    CloseBreakouts,
    OpenBreakouts,
    PlanBreakouts,
    ProposeAtRandom,
    ReturnFromAside,
    RoomWish,
    SetBreakoutTimer,
    StepAside,
    Visit,
)
from sessions.room.still_facts import ChatTo
from tests import cast as people
from tests.cast import EVENING, Cast
from tests.service.room import Evening, command_id, seconds

STAFF = st.sampled_from(["mina", "theo"])
CLIENTS = st.sampled_from(["alice", "bruno"])
ANYBODY = STAFF | CLIENTS
# All of it where the phase "clinic" runs, on CI and elsewhere; on PostgreSQL, and by hand, a few.
RUNS = int(os.environ.get("VIOP_ROOM_RUNS", "500" if os.environ.get("VIOP_TEST_PHASE") == "clinic" else "25"))
STEPS = 50
# What only facilitators may, about or to somebody.
STAFF_COMMANDS: dict[str, Callable[[UUID], Command]] = {
    "admit": Admit,
    "decline": Decline,
    "send back": SendBack,
    "remove": Remove,
    "mute": MuteOther,
    "mute all": lambda whom: MuteAll(),
    "admit all": lambda whom: AdmitAll(),
    "end": lambda whom: End(),
    "open breakouts": lambda whom: OpenBreakouts(),
    "close breakouts": lambda whom: CloseBreakouts(),
    "visit": lambda whom: Visit(None),
    "step aside": StepAside,
    "assign": lambda whom: Assign(whom, None),
    "lock": lambda whom: SetLock(True),
    "auto-admit": lambda whom: SetAutoAdmit(True),
    "spotlight": Spotlight,
    "break": lambda whom: StartBreak(timedelta(minutes=5)),
    "hand over": HandOver,
}
# How staff lead a meeting.
LEADING: dict[str, Callable[[UUID], Command]] = {
    "lock": lambda whom: SetLock(True),
    "unlock": lambda whom: SetLock(False),
    "open the door": lambda whom: SetAutoAdmit(True),
    "close the door": lambda whom: SetAutoAdmit(False),
    "spotlight": Spotlight,
    "spotlight off": lambda whom: Spotlight(None),
    "break": lambda whom: StartBreak(timedelta(minutes=1)),
    "end of break": lambda whom: EndBreak(),
    "mute all": lambda whom: MuteAll(),
    "ask": lambda whom: AskOf(whom, "unmute"),
    "lower hand": LowerHand,
    "hand over": HandOver,
}
NAMES = ("mina", "theo", "carol", "alice", "bruno")
LENGTHS = st.sampled_from([None, timedelta(minutes=1)])
MEETINGS = st.sampled_from(["group", "individual"])


@dataclass
class Device:
    """A browser as it really is, whatever the server believes."""

    evening: Evening
    person: Person
    connection: UUID
    last_heard: datetime
    speaks: bool = True


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
    disabled: set[UUID] = field(default_factory=set)


class RoomMachine(RuleBasedStateMachine):
    cast: ClassVar[Cast]
    logged: ClassVar[pytest.LogCaptureFixture]

    @initialize(begun=st.sampled_from(["nobody came yet", "everybody is in", "the door has closed"]))
    def begin(self, begun: str) -> None:
        """Before anybody came, with everybody of the group in it, or with Alice late: much is only possible from
        there."""
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.travel = time_machine.travel(EVENING, tick=False)
        self.traveller = self.travel.start()
        self.logged.clear()
        self.truth = Truth()
        self.checked: dict[str, int] = {}
        self.presence_checked: tuple[object, ...] = ()
        self.staff = {self.person(name).pk for name in ("mina", "theo")}
        self.evenings = {
            "group": Evening(self.cast.group),
            "individual": Evening(self.cast.individual),
        }
        self.logs = {name: Reader(evening) for name, evening in self.evenings.items()}
        if begun == "the door has closed":
            self.traveller.shift(timedelta(minutes=20))
            self.connect("group", "mina", "laptop")
            self.time_passes(5)
            self.connect("group", "alice", "laptop")
        if begun == "everybody is in":
            for who in ("mina", "theo", "alice", "bruno"):
                self.connect("group", who, "laptop")
            self.admit_all("group", "mina")

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            try:
                self.each_acknowledged_command_is_in_the_log_once()
            finally:
                self.travel.stop()
                transaction.set_rollback(True)
                self.savepoint.__exit__(None, None, None)

    def person(self, name: str) -> Person:
        person: Person = getattr(self.cast, name)
        return person

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
                    device.last_heard = clock.now()

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
            assert person.pk in self.truth.disabled or (where == "individual" and who in ("bruno", "theo"))
            return
        assert person.pk not in self.truth.disabled
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
    @rule()
    def kill(self) -> None:
        """A web process dies, and with it every socket: nobody says goodbye."""
        for device in self.truth.devices:
            device.speaks = False

    @precondition(lambda self: self.truth.elapsed > timedelta(minutes=2))
    @rule(who=st.sampled_from(["bruno", "theo"]))
    def disable(self, who: str) -> None:
        """32: from that moment no seat, no view, no command, whatever is still connected."""
        account = Person.objects.get(pk=self.person(who).pk)
        disable(account)
        self.truth.disabled.add(account.pk)
        self.checked.clear()

    # Commands.

    @rule(where=MEETINGS, who=ANYBODY)
    def knock(self, where: str, who: str) -> None:
        self.ask(where, who, Knock())

    @rule(where=MEETINGS, who=ANYBODY)
    def leave(self, where: str, who: str) -> None:
        self.ask(where, who, Leave())

    @rule(where=MEETINGS, who=STAFF, whom=ANYBODY)
    def admit(self, where: str, who: str, whom: str) -> None:
        self.ask(where, who, Admit(self.person(whom).pk))

    @rule(where=MEETINGS, who=STAFF, reason=st.sampled_from([None, "told-us", "other"]))
    def admit_the_next(self, where: str, who: str, reason: LateReason | None) -> None:
        """With a reason who came after the door had closed, and nobody else; see Reader."""
        for whom in self.logs[where].read().at(Place.WAITING)[:1]:
            self.ask(where, who, Admit(whom, reason))

    @rule(where=MEETINGS, who=STAFF)
    def admit_all(self, where: str, who: str) -> None:
        self.ask(where, who, AdmitAll())

    @rule(
        where=MEETINGS,
        who=STAFF,
        whom=ANYBODY,
        what=st.sampled_from([Decline, SendBack, Remove, MuteOther]),
    )
    def act_on(
        self, where: str, who: str, whom: str, what: type[Decline | SendBack | Remove | MuteOther]
    ) -> None:
        self.ask(where, who, what(self.person(whom).pk))

    @precondition(lambda self: self.truth.elapsed > timedelta(minutes=3))
    @rule(where=MEETINGS, who=STAFF)
    def end(self, where: str, who: str) -> None:
        self.ask(where, who, End())

    @rule(where=MEETINGS, who=CLIENTS, whom=ANYBODY, what=st.sampled_from(sorted(STAFF_COMMANDS)))
    def overreach(self, where: str, who: str, whom: str, what: str) -> None:
        """9. Only facilitators of the meeting admit, move, eject, end, and decide how it is led."""
        evening = self.evenings[where]
        before = service.head(evening.meeting.pk)
        with pytest.raises((NotAllowed, NotFound)):
            evening.does(self.person(who), STAFF_COMMANDS[what](self.person(whom).pk))
        assert service.head(evening.meeting.pk) == before

    @precondition(lambda self: self.truth.commands)
    @rule(which=st.integers(0, 99))
    def repeat(self, which: int) -> None:
        """A command sent again, late: acknowledged again, and nothing happens."""
        evening, person, command, given_id = self.truth.commands[which % len(self.truth.commands)]
        before = service.head(evening.meeting.pk)
        if person.pk in self.truth.disabled:
            with pytest.raises(NotFound):
                evening.does(person, command, given_id)
        else:
            assert evening.does(person, command, given_id).repeated
        assert service.head(evening.meeting.pk) == before

    # How it is led.

    @rule(where=MEETINGS, who=ANYBODY, what=st.sampled_from([RaiseHand(), LowerHand(), AnswerAsk()]))
    def of_oneself(self, where: str, who: str, what: Command) -> None:
        self.ask(where, who, what)

    @rule(where=MEETINGS, who=STAFF, whom=ANYBODY, what=st.sampled_from(sorted(LEADING)))
    def lead(self, where: str, who: str, whom: str, what: str) -> None:
        self.ask(where, who, LEADING[what](self.person(whom).pk))

    @rule(where=MEETINGS, who=ANYBODY, to=st.sampled_from(["room", "staff", "everyone", "waiting"]))
    def chat(self, where: str, who: str, to: ChatTo) -> None:
        """2: a line is read by whom it is for and who was there then, and by nobody who comes later."""
        log, writer = self.logs[where], self.person(who).pk
        room = log.read()
        inside, leaders = room.inside(), self.leaders(where)
        said = len(self.truth.commands)
        text = f"line {said}"
        self.ask(where, who, Say(to, text))
        if len(self.truth.commands) > said:
            readers = {
                "room": {one for one, there in inside.items() if there == inside.get(writer)},
                "staff": leaders,
                "everyone": inside.keys(),
                "waiting": leaders | set(room.at(Place.WAITING)),
            }[to]
            assert to in ("room", "staff") or writer in leaders
            for reader in readers | {writer}:
                self.truth.lines.setdefault((log.evening.meeting.pk, reader), []).append(text)
        for name in NAMES:
            actor = log.evening.actor(self.person(name))
            try:
                read = [line.text for line in service.lines_since(actor, 0)]
            except NotFound:
                continue
            assert read == self.truth.lines.get((actor.meeting_id, actor.person_id), [])

    def leaders(self, where: str) -> set[UUID]:
        """Whom the meeting has as facilitators, whatever became of their account since."""
        return set(self.evenings[where].meeting.facilitators.values_list("pk", flat=True))

    @rule(where=MEETINGS)
    def take_over(self, where: str) -> None:
        """Carol is on call: without a facilitator there the door is hers, and otherwise not even known."""
        evening, carol = self.evenings[where], self.cast.carol
        held = self.logs[where].read().sides.hold is not None
        part = evening.meeting.role_of(carol) is not None
        try:
            connection = evening.connects(carol)
        except NotFound:
            assert not held
            assert not part
            return
        assert held or part
        self.truth.devices.append(Device(evening, carol, connection, clock.now()))
        self.ask(where, "carol", Knock() if part else TakeOver())
        if evening.meeting.role_of(carol) is not None:
            self.staff.add(carol.pk)

    # Rooms beside the main one.

    @rule(where=MEETINGS, who=STAFF, blue=st.sets(ANYBODY), green=st.sets(ANYBODY))
    def plan(self, where: str, who: str, blue: set[str], green: set[str]) -> None:
        rooms = [
            RoomWish(None, "", tuple(self.person(name).pk for name in sorted(room))) for room in (blue, green)
        ]
        self.ask(where, who, PlanBreakouts(tuple(rooms)))

    @rule(where=MEETINGS, who=STAFF, size=st.integers(2, 4))
    def draw(self, where: str, who: str, size: int) -> None:
        self.ask(where, who, ProposeAtRandom(size))

    @rule(where=MEETINGS, who=STAFF, length=LENGTHS)
    def open_breakouts(self, where: str, who: str, length: timedelta | None) -> None:
        self.ask(where, who, OpenBreakouts(length))

    @rule(where=MEETINGS, who=STAFF, length=LENGTHS)
    def set_timer(self, where: str, who: str, length: timedelta | None) -> None:
        self.ask(where, who, SetBreakoutTimer(length))

    @rule(where=MEETINGS, who=STAFF, notice=st.sampled_from([0, 30]))
    def close_breakouts(self, where: str, who: str, notice: int) -> None:
        """7. Each occupant is in main, or where no seat is, once."""
        evening = self.evenings[where]
        before = self.logs[where].read().at(Place.BREAKOUT)
        head = service.head(evening.meeting.pk)
        self.ask(where, who, CloseBreakouts(seconds(notice)))
        if notice or service.head(evening.meeting.pk) == head:
            return
        room = self.logs[where].read()
        assert room.at(Place.BREAKOUT) == []
        new = [fact for _, fact in facts_of(evening.meeting.pk, after=head)]
        for person in before:
            assert sum(isinstance(fact, Recalled | KeptApart) and fact.person == person for fact in new) == 1
            assert room.of(person).place in (Place.MAIN, Place.WAITING)

    @rule(where=MEETINGS, who=STAFF, whom=ANYBODY, number=st.integers(0, 2))
    def assign(self, where: str, who: str, whom: str, number: int) -> None:
        self.ask(where, who, Assign(self.person(whom).pk, self.side(where, number)))

    @rule(where=MEETINGS, who=STAFF, number=st.integers(0, 3))
    def visit(self, where: str, who: str, number: int) -> None:
        self.ask(where, who, Visit(self.side(where, number)))

    @rule(where=MEETINGS, who=ANYBODY, on=st.booleans())
    def ask_help(self, where: str, who: str, on: bool) -> None:
        self.ask(where, who, AskHelp(on))

    @rule(where=MEETINGS, who=STAFF, whom=ANYBODY)
    def step_aside(self, where: str, who: str, whom: str) -> None:
        self.ask(where, who, StepAside(self.person(whom).pk))

    @rule(where=MEETINGS, who=STAFF)
    def return_from_aside(self, where: str, who: str) -> None:
        asides = self.logs[where].read().sides.asides
        self.ask(where, who, ReturnFromAside(asides[0].id if asides else UUID(int=1)))

    def side(self, where: str, number: int) -> UUID | None:
        """One of the meeting's side rooms; 0 is the main room."""
        sides = self.logs[where].read().sides
        found = [None, *(side.id for side in (*sides.breakouts, *sides.asides))]
        return found[number % len(found)]

    @rule(where=MEETINGS)
    def timers(self, where: str) -> None:
        """As every web process does each second."""
        service.close_due(self.evenings[where].meeting.pk, clock.now())

    @rule(pair=st.sampled_from([("alice", "bruno"), ("bruno", "theo")]))
    def set_apart(self, pair: tuple[str, str]) -> None:
        one, other = map(self.person, pair)
        keep_apart(one, other, self.cast.north.pk)
        service.sweep(clock.now())
        self.truth.apart.add(frozenset((one.pk, other.pk)))
        self.checked.clear()

    # What must hold.

    @invariant()
    def the_log_and_everything_read_from_it_is_sound(self) -> None:
        for name, log in self.logs.items():
            head = service.head(log.evening.meeting.pk)
            if self.checked.get(name) == head:  # nothing else that is read changes without a fact
                continue
            self.checked[name] = head
            log.read()
            assert len(log.facts) == head  # 23: gap-free
            self.the_tables_are_what_the_log_says(log)
            self.in_the_room_means_let_in_after_the_last_wait(log)
            self.everybody_is_in_one_room_and_outside_there_is_nothing(log)
            self.nobody_is_with_whom_they_must_not_meet(log)
            self.nobody_is_led_by_nobody_unnoticed(log)
            self.the_floor_is_about_who_is_there(log)

    def each_acknowledged_command_is_in_the_log_once(self) -> None:
        """23."""
        named = RoomFact.objects.exclude(command_id=None)
        in_log = list(named.values_list("meeting_id", "commanded_by_id", "command_id"))
        assert len(in_log) == len(set(in_log))
        assert set(in_log) == set(self.truth.acknowledged)

    def the_tables_are_what_the_log_says(self, log: Reader) -> None:
        """24."""
        if log.facts:
            assert log.evening.stored() == log.room

    def in_the_room_means_let_in_after_the_last_wait(self, log: Reader) -> None:
        """3."""
        for person in log.room.inside():
            last = log.entries[person]
            if person in self.staff:
                assert isinstance(last, Entered)
            else:
                assert isinstance(last, Admitted)
                assert last.actor in self.staff

    def everybody_is_in_one_room_and_outside_there_is_nothing(self, log: Reader) -> None:
        """1, 2, 4 and 6: one media room for each room; a view of one's own room and no other; outside no
        seat, no roster, no name."""
        room, evening = log.room, log.evening
        inside, seats = room.inside(), service.seats_in(evening.meeting.pk)
        paused = room.sides.hold is not None and room.sides.hold.paused_at <= clock.now()
        able = inside.keys() - self.truth.disabled
        assert seats.keys() == (able if room.ended_at is None else set())
        assert len({seat.identity for seat in seats.values()}) == len(seats)
        for one, here in inside.items():
            standing = room.of(one)
            assert (standing.place is Place.MAIN) == (here is None)
            assert here is None or room.sides.side(here) is not None
            assert standing.place is not Place.BREAKOUT or room.sides.running
            for other, there in inside.items():
                if other != one and not paused and {one, other} <= able:
                    assert (seats[one].media_room == seats[other].media_room) == (here == there)
        # A view is the dearest thing here: after each step one reader looks, in turn.
        for name in (NAMES[len(log.facts) % len(NAMES)],):
            person = self.person(name)
            try:
                view = evening.view(person)
            except NotFound:
                assert person.pk not in seats
                continue
            seat = seats.get(person.pk)
            assert (view.you.place in SEATED) == (seat is not None)
            assert view.you.identity == (seat.identity if seat else "")
            mates = {
                other
                for other, there in inside.items()
                if person.pk in inside and there == inside[person.pk] and other != person.pk
            }
            assert {member.person_id for member in view.members} == mates
            if person.pk not in self.staff:
                assert view.waiting == ()
                if seat is None:
                    assert not any(word in repr(view) for word in ("Park", "Okafor", "Silva", "Haddad"))

    def nobody_is_with_whom_they_must_not_meet(self, log: Reader) -> None:
        """36."""
        inside = log.room.inside()
        for pair in self.truth.apart:
            one, other = pair
            assert not (pair <= inside.keys() and inside[one] == inside[other])

    def nobody_is_led_by_nobody_unnoticed(self, log: Reader) -> None:
        """35: without a connected facilitator there is a hold; when it pauses, each is in a media room alone."""
        room = log.room
        led = any(person in self.staff and room.of(person).connections for person in room.inside())
        others = room.inside().keys() - self.staff
        assert (room.sides.hold is not None) == (bool(others) and not led and room.ended_at is None)
        if room.sides.hold is not None and room.sides.hold.paused_at <= clock.now():
            seats = service.seats_in(log.evening.meeting.pk)
            names = [seat.media_room for seat in seats.values()]
            others -= self.truth.disabled
            assert all(names.count(seats[person].media_room) == 1 for person in others)

    def the_floor_is_about_who_is_there(self, log: Reader) -> None:
        """No hand, question or spotlight outlasts its owner's place in the room."""
        floor, inside = log.room.floor, log.room.inside()
        assert len(set(floor.hands)) == len(floor.hands)
        assert {*floor.hands, *floor.asks} <= inside.keys()
        for where, person in floor.spotlights.items():
            assert room_key(log.room.of(person)) == where

    @invariant()
    def presence_is_backed_by_evidence(self) -> None:
        """16, 19, 20, 21: no stay outlasts what was heard of its device, and nobody gains by a clock."""
        heads = [len(log.facts) for log in self.logs.values()]
        now = (self.truth.elapsed, self.truth.beats, *heads)
        if now == self.presence_checked:  # nothing that it rests on has changed
            return
        self.presence_checked = now
        opened = dict(Connection.objects.filter(closed_at=None).values_list("pk", "seen_at"))
        heard = {device.connection: device.last_heard for device in self.truth.devices}
        for log in self.logs.values():
            for stays in presence.stays_of(log.facts, opened).values():
                assert presence.time_present(stays) <= self.truth.elapsed
                for stay in stays:
                    assert stay.starts_at < stay.ends_at
                    if stay.connection in heard:
                        assert stay.ends_at <= max(heard[stay.connection], stay.starts_at)


# Minutes of work by intention; cut short in the middle it looks like a flaky machine.
@pytest.mark.timeout(1800)
@pytest.mark.django_db
def test_whatever_happens_the_invariants_hold(caplog: pytest.LogCaptureFixture) -> None:
    RoomMachine.logged = caplog
    cast = RoomMachine.cast = people.assemble(EVENING)
    Membership.objects.filter(person=cast.carol, program=cast.north).update(on_call=True)
    run_state_machine_as_test(
        RoomMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
