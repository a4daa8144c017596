"""From the room's log to attendance: which device was where, and never more than the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from sessions.attendance import observe
from sessions.attendance.evidence import Role, whereabouts
from sessions.attendance.hours import Credit, Meeting, credit
from sessions.attendance.policy import DEFAULT
from sessions.room.events import (
    Admitted,
    Connected,
    Disconnected,
    Ended,
    Entered,
    Fact,
    Knocked,
    Left,
    Removed,
)

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
SECOND = int(START.timestamp())
MINA, ALICE = UUID(int=1), UUID(int=2)
DESK, PHONE = UUID(int=10), UUID(int=20)
ROLES: dict[UUID, Role] = {MINA: "facilitator", ALICE: "client"}
HOUR = Meeting(SECOND, SECOND + 3600, None)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def opened() -> list[Fact]:
    """Mina leads from the start, Alice is let in at once."""
    return [
        Connected(at=at(0), person=MINA, connection=DESK, device="desk"),
        Entered(at=at(0), person=MINA),
        Connected(at=at(0), person=ALICE, connection=PHONE, device="phone"),
        Knocked(at=at(0), person=ALICE),
        Admitted(at=at(0), person=ALICE, actor=MINA),
    ]


def read(facts: Iterable[Fact]) -> observe.Observed:
    observed = observe.Observed()
    for seq, fact in enumerate(facts, start=1):
        observed.read(seq, fact)
    return observed


def alice(facts: list[Fact], heard: dict[UUID, int]) -> Credit:
    evidence = {connection: at(seconds) for connection, seconds in heard.items()}
    observed = read(facts)
    return credit(HOUR, observed.facts(evidence, ROLES), DEFAULT, [str(ALICE)])[str(ALICE)]


def test_an_open_device_counts_to_its_latest_evidence() -> None:
    assert alice(opened(), {DESK: 600, PHONE: 590}).credited_seconds == 590


def test_a_device_without_evidence_counts_nothing() -> None:
    assert alice(opened(), {DESK: 600}).credited_seconds == 0


@given(st.integers(0, 600), st.integers(0, 60), st.sampled_from(["removed", "ended"]))
def test_what_was_taken_for_its_time_is_cut_back_to_the_last_evidence(
    last: int, later: int, how: str
) -> None:
    """The phone died at `last`; that it did is noticed after she was removed, or the meeting ended."""
    over: Fact = (
        Ended(at=at(last + later), actor=MINA)
        if how == "ended"
        else Removed(at=at(last + later), person=ALICE, actor=MINA)
    )
    silent = Disconnected(at=at(last), person=ALICE, connection=PHONE, clean=False)
    assert alice([*opened(), over, silent], {DESK: 700}).credited_seconds == last


@given(st.integers(0, 3), st.integers(1, 600))
def test_leaving_and_returning_within_a_second_loses_nothing(after: int, length: int) -> None:
    there_and_back: list[Fact] = [
        Left(at=at(after), person=ALICE),
        Knocked(at=at(after), person=ALICE),
        Admitted(at=at(after), person=ALICE, actor=MINA),
    ]
    found = alice([*opened(), *there_and_back], {DESK: after + length, PHONE: after + length})
    assert found.credited_seconds == after + length


def test_a_removal_is_a_farewell_and_a_closed_tab_is_none() -> None:
    removed = read([*opened(), Removed(at=at(9), person=ALICE, actor=MINA)])
    closed = read([*opened(), Disconnected(at=at(9), person=ALICE, connection=PHONE, clean=True)])
    for observed, farewells in ((removed, {SECOND + 9: "removed"}), (closed, {})):
        assert whereabouts(observed.facts({}, ROLES))[str(ALICE)].farewells == farewells


def test_evidence_is_complete_when_every_open_device_was_heard_after_the_end() -> None:
    observed = read([*opened(), Ended(at=at(100), actor=MINA)])
    assert not observed.complete({DESK: at(99), PHONE: at(101)})
    assert observed.complete({DESK: at(100), PHONE: at(101)})
    assert not read(opened()).complete({DESK: at(100), PHONE: at(101)})


def test_what_was_kept_is_read_back_and_what_is_foreign_is_refused() -> None:
    observed = read(opened())
    assert observe.load(observe.dump(observed)) == observed
    assert observe.load(b"something else") is None
