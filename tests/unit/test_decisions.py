"""Who may ask what of a room, and from where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from sessions.core.errors import IllegalMove, NotAllowed
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Decline,
    End,
    Knock,
    Leave,
    MuteOther,
    Remove,
    RuledCommand,
    SendBack,
)
from sessions.room.decisions import (
    IDLE_AFTER_END,
    Asker,
    MeetingEnded,
    decide,
    door_closed,
    lapse_due,
)
from sessions.room.events import (
    Admitted,
    Connected,
    Declined,
    Disconnected,
    Ended,
    Entered,
    Fact,
    Knocked,
    Left,
    Muted,
    Removed,
    SentBack,
)
from sessions.room.facilitation import Locked
from sessions.room.floor_commands import SetAutoAdmit, SetLock
from sessions.room.floor_facts import AutoAdmitSet, LockSet
from sessions.room.late import Latecomers, LateDoor
from sessions.room.machine import Place, RoomState, Standing, evolve, replay

T0 = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
ALICE, BRUNO, MINA, THEO = UUID(int=1), UUID(int=2), UUID(int=8), UUID(int=9)
MINA_ASKS, ALICE_ASKS = Asker(MINA, staff=True), Asker(ALICE, staff=False)
STAFF = frozenset({MINA, THEO})
GRACE = timedelta(seconds=60)


def room(*facts: Fact) -> RoomState:
    return replay(enumerate(facts, 1))


def knocked(person: UUID) -> Knocked:
    return Knocked(at=T0, person=person)


def admitted(person: UUID) -> Admitted:
    return Admitted(at=T0, person=person, actor=MINA)


EMPTY = room()
ALICE_WAITS = room(knocked(ALICE))
BOTH_WAIT = room(knocked(BRUNO), knocked(ALICE))
ALICE_IN = room(knocked(ALICE), admitted(ALICE))
THEO_IN = room(Entered(at=T0, person=THEO))
ALICE_DECLINED = room(knocked(ALICE), Declined(at=T0, person=ALICE, actor=MINA))
ALICE_REMOVED = room(knocked(ALICE), admitted(ALICE), Removed(at=T0, person=ALICE, actor=MINA))
OVER = room(knocked(ALICE), admitted(ALICE), Ended(at=T0, actor=MINA))

STAFF_COMMANDS: list[RuledCommand] = [
    Admit(BRUNO),
    AdmitAll(),
    Decline(BRUNO),
    SendBack(BRUNO),
    Remove(BRUNO),
    MuteOther(BRUNO),
    End(),
]


@pytest.mark.parametrize("command", STAFF_COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("state", [BOTH_WAIT, ALICE_IN, EMPTY, OVER])
def test_only_a_facilitator_of_the_meeting_decides_about_others(
    state: RoomState, command: RuledCommand
) -> None:
    with pytest.raises(NotAllowed):
        decide(state, command, ALICE_ASKS, STAFF, T0)


@pytest.mark.parametrize(
    ("what", "state", "asker", "command", "kinds"),
    [
        ("a client knocks and waits", EMPTY, ALICE_ASKS, Knock(), [Knocked]),
        ("a facilitator walks in", EMPTY, MINA_ASKS, Knock(), [Entered]),
        ("a knock of who waits changes nothing", ALICE_WAITS, ALICE_ASKS, Knock(), []),
        ("a knock of who is inside changes nothing", ALICE_IN, ALICE_ASKS, Knock(), []),
        ("who was declined may knock in vain", ALICE_DECLINED, ALICE_ASKS, Knock(), []),
        ("who was removed may knock in vain", ALICE_REMOVED, ALICE_ASKS, Knock(), []),
        ("after the end nobody comes", OVER, ALICE_ASKS, Knock(), []),
        ("nor does a facilitator", OVER, MINA_ASKS, Knock(), []),
        ("who became a facilitator while waiting walks in", ALICE_WAITS, Asker(ALICE, True), Knock(), [Left, Entered]),
        ("one is admitted", ALICE_WAITS, MINA_ASKS, Admit(ALICE), [Admitted]),
        ("all are admitted", BOTH_WAIT, MINA_ASKS, AdmitAll(), [Admitted, Admitted]),
        ("one is declined", ALICE_WAITS, MINA_ASKS, Decline(ALICE), [Declined]),
        ("one is sent back to waiting", ALICE_IN, MINA_ASKS, SendBack(ALICE), [SentBack]),
        ("a decline is taken back", ALICE_DECLINED, MINA_ASKS, SendBack(ALICE), [SentBack]),
        ("one is removed", ALICE_IN, MINA_ASKS, Remove(ALICE), [Removed]),
        ("one is muted", ALICE_IN, MINA_ASKS, MuteOther(ALICE), [Muted]),
        ("a co-facilitator may be muted", THEO_IN, MINA_ASKS, MuteOther(THEO), [Muted]),
        ("one leaves the room", ALICE_IN, ALICE_ASKS, Leave(), [Left]),
        ("one leaves the line", ALICE_WAITS, ALICE_ASKS, Leave(), [Left]),
        ("the meeting is ended", ALICE_IN, MINA_ASKS, End(), [Ended]),
    ],
)  # fmt: skip
def test_what_comes_of_it(
    what: str, state: RoomState, asker: Asker, command: RuledCommand, kinds: list[type[Fact]]
) -> None:
    facts = decide(state, command, asker, STAFF, T0)
    assert [type(fact) for fact in facts] == kinds, what
    for seq, fact in enumerate(facts, 50):
        state = evolve(state, fact, seq)  # legal by the table


@pytest.mark.parametrize(
    ("what", "state", "asker", "command"),
    [
        ("somebody who never came is admitted", EMPTY, MINA_ASKS, Admit(ALICE)),
        ("somebody is admitted twice", ALICE_IN, MINA_ASKS, Admit(ALICE)),
        ("all are admitted, and nobody waits", ALICE_IN, MINA_ASKS, AdmitAll()),
        ("somebody inside is declined", ALICE_IN, MINA_ASKS, Decline(ALICE)),
        ("somebody waiting is removed", ALICE_WAITS, MINA_ASKS, Remove(ALICE)),
        ("somebody waiting is muted", ALICE_WAITS, MINA_ASKS, MuteOther(ALICE)),
        ("somebody waiting is sent back", ALICE_WAITS, MINA_ASKS, SendBack(ALICE)),
        ("somebody declined is admitted past the line", ALICE_DECLINED, MINA_ASKS, Admit(ALICE)),
        ("somebody outside leaves", EMPTY, ALICE_ASKS, Leave()),
        ("somebody declined leaves", ALICE_DECLINED, ALICE_ASKS, Leave()),
    ],
)
def test_what_is_not_possible_from_there(
    what: str, state: RoomState, asker: Asker, command: RuledCommand
) -> None:
    with pytest.raises(IllegalMove):
        decide(state, command, asker, STAFF, T0)


@pytest.mark.parametrize("command", [Decline(THEO), SendBack(THEO), Remove(THEO)])
def test_facilitators_do_not_send_one_another_out(command: RuledCommand) -> None:
    with pytest.raises(NotAllowed):
        decide(THEO_IN, command, MINA_ASKS, STAFF, T0)


@pytest.mark.parametrize("command", [*STAFF_COMMANDS, Leave()], ids=lambda command: type(command).__name__)
def test_after_the_end_nothing_can_be_asked(command: RuledCommand) -> None:
    with pytest.raises(MeetingEnded):
        decide(OVER, command, MINA_ASKS, STAFF, T0)
    with pytest.raises(MeetingEnded):
        decide(ALICE_IN, command, MINA_ASKS, STAFF, T0, closed=True)


def test_everybody_is_admitted_in_the_order_of_the_line() -> None:
    facts = decide(BOTH_WAIT, AdmitAll(), MINA_ASKS, STAFF, T0)
    assert [fact.person for fact in facts if isinstance(fact, Admitted)] == [BRUNO, ALICE]


CLOSED_AT = T0 + timedelta(minutes=15)
AT_22 = T0 + timedelta(minutes=22)
LATE = Latecomers(CLOSED_AT, clients=frozenset({ALICE, BRUNO}))
CONNECTED = [
    Connected(at=T0, person=one, connection=uuid4(), device="laptop") for one in (THEO, ALICE, BRUNO)
]
THEO_LEADS: tuple[Fact, ...] = (*CONNECTED, Entered(at=T0, person=THEO))
ALICE_LATE = room(*THEO_LEADS, knocked(BRUNO), Knocked(at=AT_22, person=ALICE))
ONLY_ALICE_LATE = room(*THEO_LEADS, Knocked(at=AT_22, person=ALICE))
THEO_ASKS = Asker(THEO, staff=True)


@pytest.mark.parametrize(
    ("what", "state", "latecomers", "late"),
    [
        ("came with the start", BOTH_WAIT, LATE, False),
        ("came as the door closed", room(Knocked(at=CLOSED_AT, person=ALICE)), LATE, False),
        ("came after it", ALICE_LATE, LATE, True),
        ("the door never closes", ALICE_LATE, Latecomers(None, frozenset({ALICE})), False),
        ("is no client", ALICE_LATE, Latecomers(CLOSED_AT, frozenset({BRUNO})), False),
        ("was there in time, and went to the kitchen", ALICE_LATE, Latecomers(CLOSED_AT, frozenset({ALICE}), {ALICE: T0}), False),
        ("was inside before", room(knocked(ALICE), admitted(ALICE), Left(at=T0, person=ALICE), Knocked(at=AT_22, person=ALICE)), LATE, False),
        ("is not at the door", room(Knocked(at=AT_22, person=ALICE), Left(at=AT_22, person=ALICE)), LATE, False),
        ("never came", EMPTY, LATE, False),
    ],
)  # fmt: skip
def test_the_door_has_closed_to_who_first_came_too_late(
    what: str, state: RoomState, latecomers: Latecomers, late: bool
) -> None:
    assert latecomers.late(state, ALICE) is late, what


def test_who_came_too_late_is_let_in_with_a_reason_and_it_is_kept() -> None:
    with pytest.raises(LateDoor):
        decide(ALICE_LATE, Admit(ALICE), THEO_ASKS, STAFF, AT_22, latecomers=LATE)
    let_in = Admitted(at=AT_22, person=ALICE, actor=THEO, reason="technical")
    assert decide(ALICE_LATE, Admit(ALICE, "technical"), THEO_ASKS, STAFF, AT_22, latecomers=LATE) == [let_in]


def test_nobody_else_has_a_reason_on_record() -> None:
    (fact,) = decide(ALICE_LATE, Admit(BRUNO, "technical"), THEO_ASKS, STAFF, AT_22, latecomers=LATE)
    assert fact == Admitted(at=AT_22, person=BRUNO, actor=THEO)


def test_a_reason_opens_no_lock() -> None:
    locked = evolve(ALICE_LATE, LockSet(at=AT_22, actor=THEO, on=True), 9)
    with pytest.raises(Locked):
        decide(locked, Admit(ALICE, "other"), THEO_ASKS, STAFF, AT_22, latecomers=LATE)


def test_letting_everybody_in_passes_over_who_came_too_late() -> None:
    facts = decide(ALICE_LATE, AdmitAll(), THEO_ASKS, STAFF, AT_22, latecomers=LATE)
    assert [fact.person for fact in facts if isinstance(fact, Admitted)] == [BRUNO]
    with pytest.raises(LateDoor):
        decide(ONLY_ALICE_LATE, AdmitAll(), THEO_ASKS, STAFF, AT_22, latecomers=LATE)


@pytest.mark.parametrize("lock_first", [False, True])
def test_so_does_the_open_door(lock_first: bool) -> None:
    state = ALICE_LATE
    command: RuledCommand = SetAutoAdmit(True)
    if lock_first:
        was: list[Fact] = [AutoAdmitSet(at=T0, actor=THEO, on=True), LockSet(at=T0, actor=THEO, on=True)]
        for seq, fact in enumerate(was, 9):
            state = evolve(state, fact, seq)
        command = SetLock(False)
    facts = decide(state, command, THEO_ASKS, STAFF, AT_22, roster=STAFF | {ALICE, BRUNO}, latecomers=LATE)
    assert [fact.person for fact in facts if isinstance(fact, Admitted)] == [BRUNO]


def test_an_open_door_is_closed_to_who_comes_now() -> None:
    opened = room(*THEO_LEADS, AutoAdmitSet(at=T0, actor=THEO, on=True))
    (fact,) = decide(opened, Knock(), ALICE_ASKS, STAFF, AT_22, roster=STAFF | {ALICE}, latecomers=LATE)
    assert fact == Knocked(at=AT_22, person=ALICE)


@pytest.mark.parametrize(
    ("gone_for", "lapses"),
    [
        (timedelta(0), False),
        (timedelta(seconds=59), False),
        (timedelta(seconds=60), True),
        (timedelta(hours=2), True),
        (timedelta(seconds=-30), False),  # the clock was put back a little
        (timedelta(hours=-2), True),  # it was put back by hours: how long it has been is unknown
    ],
)
def test_a_place_is_held_for_the_grace(gone_for: timedelta, lapses: bool) -> None:
    standing = Standing(place=Place.MAIN, interrupted_since=T0)
    assert lapse_due(standing, T0 + gone_for, GRACE) is lapses


def test_who_is_connected_never_lapses() -> None:
    assert not lapse_due(Standing(place=Place.MAIN), T0 + timedelta(days=1), GRACE)


LAPTOP = uuid4()
CAME = Connected(at=T0, person=ALICE, connection=LAPTOP, device="laptop")
GONE_20_MIN_LATER = Disconnected(at=T0 + timedelta(minutes=20), person=ALICE, connection=LAPTOP, clean=False)


@pytest.mark.parametrize(
    ("what", "state", "minutes_past_end", "closed"),
    [
        ("before the end the door is open", EMPTY, -1, False),
        ("and a little after it", EMPTY, 14, False),
        ("nobody opens a meeting long after its end", EMPTY, 15, True),
        ("somebody is still there", room(CAME, knocked(ALICE), admitted(ALICE)), 60, False),
        (
            "somebody was there a moment ago",
            room(CAME, knocked(ALICE), admitted(ALICE), GONE_20_MIN_LATER),
            34,
            False,
        ),
        (
            "the last one is gone for good",
            room(CAME, knocked(ALICE), admitted(ALICE), GONE_20_MIN_LATER),
            35,
            True,
        ),
        ("it was ended", OVER, -30, True),
    ],
)
def test_the_door_stays_open_for_those_who_overrun(
    what: str, state: RoomState, minutes_past_end: int, closed: bool
) -> None:
    ends_at = T0
    assert timedelta(minutes=15) == IDLE_AFTER_END
    now = ends_at + timedelta(minutes=minutes_past_end)
    assert door_closed(state, ends_at, cancelled=False, now=now) is closed, what


def test_a_cancelled_meeting_has_no_door() -> None:
    assert door_closed(EMPTY, T0 + timedelta(hours=1), cancelled=True, now=T0)
