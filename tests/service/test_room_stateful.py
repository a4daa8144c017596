"""Anything anybody can do to a room, in any order, on any clock: what must hold after every step.

SAFETY lists the rules: those of the room are here, the evening and its clock in walk.py, what the clinic does
meanwhile (links, signatures, calls) in walk_clinic.py, and what must hold in walk_invariants.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from sessions.core import clock
from sessions.core.errors import NotAllowed, NotFound
from sessions.people.models import Membership
from sessions.room import service
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
from sessions.room.fact import LateReason
from sessions.room.floor_commands import (
    AnswerAsk,
    AskOf,
    BeginPart,
    EndBreak,
    HandOver,
    LowerHand,
    MuteAll,
    RaiseHand,
    SetAgenda,
    SetAutoAdmit,
    SetLock,
    Spotlight,
    StartBreak,
)
from sessions.room.floor_facts import Part
from sessions.room.log import facts_of
from sessions.room.machine import Place
from sessions.room.moves import KeptApart, Recalled
from sessions.room.side_commands import (
    AskHelp,
    Assign,
    CloseBreakouts,
    OpenBreakouts,
    PlanBreakouts,
    ProposeAtRandom,
    ProposeByHousehold,
    ReturnFromAside,
    RoomWish,
    SetBreakoutTimer,
    StepAside,
    Visit,
)
from sessions.room.still_facts import ChatTo
from tests import cast as people
from tests.cast import EVENING
from tests.service.room import Evening, seconds
from tests.service.walk import ANYBODY, CLIENTS, GUEST, MEETINGS, STAFF, Device
from tests.service.walk_clinic import Clinic

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
    "agenda": lambda whom: SetAgenda((Part("Check-in", 2),)),
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
    "agenda": lambda whom: SetAgenda((Part("Check-in", 2), Part("", 1, is_break=True))),
    "begin the break of the agenda": lambda whom: BeginPart(2),
    "write another in before": lambda whom: SetAgenda(
        (Part("Welcome", 1), Part("Check-in", 2, number=1), Part("", 2, is_break=True, number=2)), version=2
    ),
    "mute all": lambda whom: MuteAll(),
    "ask": lambda whom: AskOf(whom, "unmute"),
    "lower hand": LowerHand,
    "hand over": HandOver,
}
LENGTHS = st.sampled_from([None, timedelta(minutes=1)])


class RoomMachine(Clinic):
    @initialize(
        other=st.sampled_from(
            ["individual", "individual", "family", "call"]
        ),  # the others take longer to set up
        begun=st.sampled_from(["nobody came yet", "everybody is in", "the door has closed", "it is over"]),
    )
    def begin(self, other: str, begun: str) -> None:
        """Before anybody came, with everybody in both meetings, with Alice late, or after the group's end: much is
        only possible from there."""
        self.set_out()
        cast = self.cast
        self.meets("group", Evening(cast.group), cast.mina, cast.theo, cast.alice, cast.bruno)
        self.opens_the_other(other)
        if begun == "the door has closed":
            self.traveller.shift(timedelta(minutes=20))
            self.connect("group", "mina", "laptop")
            self.time_passes(5)
            self.connect("group", "alice", "laptop")
        if begun in ("everybody is in", "it is over"):
            for who in ("mina", "theo", "alice", "bruno"):
                self.connect("group", who, "laptop")
            self.admit_all("group", "mina")
        if begun == "everybody is in":
            for who in ("mina", "alice", "bruno", GUEST):
                self.connect("other", who, "laptop")
            self.admit_all("other", "mina")
        if begun == "it is over":
            self.is_held()

    def is_held(self) -> None:
        """For a few minutes; ended, with all evidence in."""
        for _ in range(6):
            self.time_passes(25)
            self.beat()
        self.end("group", "mina")
        self.time_passes(5)
        self.beat()

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            try:
                self.each_acknowledged_command_is_in_the_log_once()
                self.what_is_signed_stands()
                self.no_secret_is_in_clear()
            finally:
                self.travel.stop()
                transaction.set_rollback(True)
                self.savepoint.__exit__(None, None, None)

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

    @rule(
        where=MEETINGS,
        who=CLIENTS | st.just(GUEST),
        whom=ANYBODY,
        what=st.sampled_from(sorted(STAFF_COMMANDS)),
    )
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
        if person.pk in self.truth.out:
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
        for person in self.everybody():
            actor = log.evening.actor(person)
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
            self.parts[where].add(carol.pk)

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

    @rule(where=MEETINGS, who=STAFF)
    def by_household(self, where: str, who: str) -> None:
        self.ask(where, who, ProposeByHousehold())

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
