"""Every command, by everybody, from every place: who may ask it, and what a refusal is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import transaction

from sessions.core.errors import NotFound, Refusal
from sessions.people.models import Person
from sessions.room.care_commands import Arrive, CloseCrisis, Details, NoteCrisis, OpenCrisis, Say
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Command,
    Decline,
    End,
    Leave,
    MuteOther,
    Remove,
    SendBack,
    StaffCommand,
)
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
    SetScreens,
    Spotlight,
    StartBreak,
    VerifyIdentity,
)
from sessions.room.floor_facts import Part
from tests import cast as people
from tests.cast import EVENING, Cast
from tests.service.room import Evening

HOME = Details("12 Elm Street", "Albany", "NY", "555 0101", "Omar", "555 0102", True, True)


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(EVENING, tick=False):
        yield people.assemble()


# About Bruno, who is inside; only what somebody in `allowed` asks is done.
ANYBODY_HERE = {"inside", "staff inside"}
STAFF = {"staff inside", "staff outside"}
TABLE: list[tuple[str, Callable[[UUID], Command], set[str]]] = [
    ("raise a hand", lambda bruno: RaiseHand(), ANYBODY_HERE),
    ("leave", lambda bruno: Leave(), ANYBODY_HERE | {"waiting"}),
    ("say to the room", lambda bruno: Say("room", "hello"), ANYBODY_HERE),
    ("say to staff", lambda bruno: Say("staff", "hello"), ANYBODY_HERE | STAFF),
    ("announce", lambda bruno: Say("everyone", "hello"), STAFF),
    ("write to somebody", lambda bruno: Say("person", "hello", bruno), STAFF),
    ("tell where one is", lambda bruno: Arrive(HOME), ANYBODY_HERE | STAFF | {"waiting", "outside", "declined", "removed"}),
    ("send back", SendBack, STAFF),
    ("remove", Remove, STAFF),
    ("mute", MuteOther, STAFF),
    ("mute all", lambda bruno: MuteAll(), {"staff inside"}),
    ("ask to unmute", lambda bruno: AskOf(bruno, "unmute"), STAFF),
    ("lock", lambda bruno: SetLock(True), STAFF),
    ("open the door", lambda bruno: SetAutoAdmit(True), STAFF),
    ("open the screens", lambda bruno: SetScreens("everyone"), STAFF),
    ("spotlight", Spotlight, {"staff inside"}),
    ("set the agenda", lambda bruno: SetAgenda((Part("Check-in", 20),)), STAFF),
    ("begin a part that is not there", lambda bruno: BeginPart(9), set()),
    ("start a break", lambda bruno: StartBreak(timedelta(minutes=5)), STAFF),
    ("confirm who somebody is", VerifyIdentity, STAFF),
    ("open a crisis", OpenCrisis, STAFF),
    ("end for all", lambda bruno: End(), STAFF),
    # Not from here, by anybody:
    ("admit who is inside", Admit, set()),
    ("admit all while nobody waits", lambda bruno: AdmitAll("family"), set()),
    ("decline who is inside", Decline, set()),
    ("lower a hand that is not up", lambda bruno: LowerHand(), set()),
    ("answer what nobody asked", lambda bruno: AnswerAsk(), set()),
    ("end a break that is not on", lambda bruno: EndBreak(), set()),
    ("hand over to a client", HandOver, set()),
    ("note a crisis that is not open", lambda bruno: NoteCrisis(bruno, "x"), set()),
    ("close a crisis that is not open", lambda bruno: CloseCrisis(bruno, "x"), set()),
]  # fmt: skip
WHERE = ["outside", "waiting", "declined", "removed", "inside", "staff inside", "staff outside", "stranger"]


def at(where: str, evening: Evening, cast: Cast) -> Person:
    """Somebody at that place; Mina and Bruno are inside."""
    evening.comes(cast.mina, cast.bruno)
    evening.lets_in(cast.mina, cast.bruno)
    if where == "staff inside":
        return cast.mina
    if where == "staff outside":
        return cast.theo
    if where == "stranger":
        return cast.sofia
    if where != "outside":
        evening.comes(cast.alice)
    if where in ("inside", "removed"):
        evening.lets_in(cast.mina, cast.alice)
    if where == "removed":
        evening.does(cast.mina, Remove(cast.alice.pk))
    if where == "declined":
        evening.does(cast.mina, Decline(cast.alice.pk))
    return cast.alice


@pytest.mark.parametrize("where", WHERE)
def test_who_may_ask_what_from_where(cast: Cast, where: str) -> None:
    evening = Evening(cast.group)
    somebody = at(where, evening, cast)
    before = evening.kinds()
    for what, command, allowed in TABLE:
        asked = command(cast.bruno.pk)
        start = transaction.savepoint()
        refusal = refused(evening, somebody, asked)
        after = evening.kinds()
        transaction.savepoint_rollback(start)
        if where == "stranger":
            assert isinstance(refusal, NotFound), what
        elif where in allowed:
            assert refusal is None, f"{what} from {where}: {refusal}"
        else:
            assert refusal is not None, f"{what} from {where}"
            assert after == before, what
            if isinstance(asked, StaffCommand) and "staff" not in where:
                assert refusal.code == "not-allowed", what


def refused(evening: Evening, somebody: Person, command: Command) -> Refusal | None:
    try:
        evening.does(somebody, command)
    except Refusal as refusal:
        return refusal
    return None
