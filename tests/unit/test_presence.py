"""Stays: what the log and the evidence say about who was in the room when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.room.events import (
    Admitted,
    Connected,
    Disconnected,
    Ended,
    Fact,
    Knocked,
    Lapsed,
    Left,
    Removed,
    SentBack,
)
from sessions.room.moves import KeptApart
from sessions.room.presence import Ending, Stay, stays_of, time_present, whole_minutes

T0 = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
ALICE, MINA = UUID(int=1), UUID(int=9)
LAPTOP, PHONE = UUID(int=101), UUID(int=102)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def on(connection: UUID, minute: float) -> Connected:
    name = "laptop" if connection == LAPTOP else "phone"
    return Connected(at=at(minute), person=ALICE, connection=connection, device=name)


def off(connection: UUID, minute: float, clean: bool = False) -> Disconnected:
    return Disconnected(at=at(minute), person=ALICE, connection=connection, clean=clean)


def knock(minute: float) -> Knocked:
    return Knocked(at=at(minute), person=ALICE)


def admit(minute: float) -> Admitted:
    return Admitted(at=at(minute), person=ALICE, actor=MINA)


def leave(minute: float) -> Left:
    return Left(at=at(minute), person=ALICE)


def stays(*facts: Fact, seen: Mapping[UUID, datetime] | None = None) -> tuple[Stay, ...]:
    return stays_of(enumerate(facts, 1), seen or {}).get(ALICE, ())


def shape(found: tuple[Stay, ...]) -> list[tuple[str, float, float, Ending]]:
    return [
        (
            stay.device,
            (stay.starts_at - T0) / timedelta(minutes=1),
            (stay.ends_at - T0) / timedelta(minutes=1),
            stay.ending,
        )
        for stay in found
    ]


ARRIVAL: list[Fact] = [on(LAPTOP, 0), knock(0), admit(4)]


@pytest.mark.parametrize(
    ("what", "facts", "expected"),
    [
        (
            "waiting is no presence",
            [*ARRIVAL, leave(30), off(LAPTOP, 31)],
            [("laptop", 4, 30, Ending.LEFT)],
        ),
        ("never admitted, never there", [on(LAPTOP, 0), knock(0), off(LAPTOP, 60)], []),
        (
            "a drop cuts a stay in two at its last evidence",
            [*ARRIVAL, off(LAPTOP, 10), on(PHONE, 10.5), leave(20)],
            [("laptop", 4, 10, Ending.LOST), ("phone", 10.5, 20, Ending.LEFT)],
        ),
        (
            "a reload says goodbye",
            [*ARRIVAL, off(LAPTOP, 10, clean=True), on(PHONE, 10.1), leave(20)],
            [("laptop", 4, 10, Ending.CLOSED), ("phone", 10.1, 20, Ending.LEFT)],
        ),
        (
            "found dead only after the removal, silent before it",
            [*ARRIVAL, Removed(at=at(20), person=ALICE, actor=MINA), off(LAPTOP, 19)],
            [("laptop", 4, 19, Ending.LOST)],
        ),
        (
            "sent back to the waiting room and in again",
            [*ARRIVAL, SentBack(at=at(10), person=ALICE, actor=MINA), admit(12), leave(20)],
            [("laptop", 4, 10, Ending.SENT_BACK), ("laptop", 12, 20, Ending.LEFT)],
        ),
        (
            "kept apart from somebody, it says no more than sent back",
            [*ARRIVAL, KeptApart(at=at(10), person=ALICE), off(LAPTOP, 30)],
            [("laptop", 4, 10, Ending.SENT_BACK)],
        ),
        (
            "a place held for nobody adds nothing",
            [*ARRIVAL, off(LAPTOP, 10), Lapsed(at=at(11), person=ALICE)],
            [("laptop", 4, 10, Ending.LOST)],
        ),
        (
            "the end of the meeting",
            [*ARRIVAL, Ended(at=at(60), actor=MINA), off(LAPTOP, 65)],
            [("laptop", 4, 60, Ending.MEETING_ENDED)],
        ),
        (
            "the clock put back by two hours makes no negative stay",
            [*ARRIVAL, leave(-110), off(LAPTOP, 5)],
            [],
        ),
    ],
)
def test_stays(what: str, facts: list[Fact], expected: list[Any]) -> None:
    """Devices that say no goodbye are heard to the end of the evening."""
    assert shape(stays(*facts, seen=dict.fromkeys([LAPTOP, PHONE], at(180)))) == expected, what


def test_who_is_still_here_is_here_up_to_the_latest_evidence() -> None:
    found = stays(*ARRIVAL, seen={LAPTOP: at(9.5)})
    assert shape(found) == [("laptop", 4, 9.5, Ending.STILL_HERE)]


def test_without_any_evidence_an_open_connection_is_worth_nothing() -> None:
    assert stays(*ARRIVAL) == ()


def test_two_devices_count_once() -> None:
    """Laptop minutes 0 to 100, phone 40 to 180: 180 minutes, not 240."""
    found = stays(
        on(LAPTOP, 0),
        knock(0),
        admit(0),
        on(PHONE, 40),
        off(LAPTOP, 100),
        leave(180),
        off(PHONE, 180),
    )
    assert len(found) == 2
    assert time_present(found) == timedelta(minutes=180)


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (59, 0), (60, 1), (5390, 89), (10200, 170)])
def test_minutes_are_floored_once(seconds: int, minutes: int) -> None:
    assert whole_minutes(timedelta(seconds=seconds)) == minutes


moments = st.integers(0, 180).map(at)
spans = st.tuples(moments, moments).map(sorted)
lines = st.lists(spans, max_size=5)
visits = st.lists(spans, max_size=4)


@given(lines, visits)
def test_presence_never_exceeds_its_evidence_nor_the_time_in_the_room(
    connected: list[list[datetime]], inside: list[list[datetime]]
) -> None:
    """Whatever order the facts come in: a stay lies inside one connection and one visit."""
    facts: list[Fact] = [
        Connected(at=start, person=ALICE, connection=UUID(int=n), device="")
        for n, (start, _) in enumerate(connected, 1)
    ]
    for start, end in inside:
        facts += [
            Knocked(at=start, person=ALICE),
            Admitted(at=start, person=ALICE, actor=MINA),
            Left(at=end, person=ALICE),
        ]
    facts += [
        Disconnected(at=end, person=ALICE, connection=UUID(int=n), clean=False)
        for n, (_, end) in enumerate(connected, 1)
    ]
    found = stays_of(enumerate(facts, 1), {}).get(ALICE, ())
    for stay in found:
        start, end = connected[stay.connection.int - 1]
        assert start <= stay.starts_at < stay.ends_at <= end
        assert any(begin <= stay.starts_at and stay.ends_at <= leave for begin, leave in inside)
    covered = time_present(found)
    assert timedelta(0) <= covered <= sum((stay.ends_at - stay.starts_at for stay in found), timedelta(0))
    minute_by_minute = sum(
        any(s <= at(m) < e for s, e in connected) and any(s <= at(m) < e for s, e in inside)
        for m in range(180)
    )
    assert covered == timedelta(minutes=minute_by_minute)
