"""The room's table of moves, read as rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest

from sessions.attendance.observe import Observed
from sessions.core.errors import IllegalMove
from sessions.room.events import (
    Admitted,
    Connected,
    Declined,
    Disconnected,
    Ended,
    Entered,
    Fact,
    Knocked,
    Lapsed,
    Left,
    Muted,
    PersonFact,
    Removed,
    SentBack,
)
from sessions.room.machine import HELD, MOVES, SEATED, Place, RoomState, diagram, evolve, replay
from sessions.room.moves import KeptApart, SentToBreakout, SteppedAside
from sessions.room.presence import ENDINGS, stays_of
from sessions.room.seats import LEAVING

T0 = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
ALICE, BRUNO, MINA, BLUE = UUID(int=1), UUID(int=2), UUID(int=9), UUID(int=70)
LAPTOP, PHONE = uuid4(), uuid4()
OUT = {Left, Lapsed, Removed, SentBack, KeptApart, Ended}
SECOND = timedelta(seconds=1)


def rows_to(target: Place) -> set[tuple[Place, type[Fact]]]:
    return {row for row, place in MOVES.items() if place is target and row[0] is not target}


def test_the_only_row_from_waiting_into_the_room_is_admitted() -> None:
    assert {fact for place, fact in rows_to(Place.MAIN) if place is Place.WAITING} == {Admitted}


def test_into_the_rooms_leads_nothing_but_being_admitted_or_being_a_facilitator() -> None:
    inwards = {fact for (source, fact), target in MOVES.items() if target in SEATED and source not in SEATED}
    assert inwards == {Admitted, Entered}
    assert all(MOVES[row] is Place.MAIN for row in MOVES if row[1] in (Admitted, Entered))


def test_from_every_room_one_can_be_taken_out_and_leave() -> None:
    for place in SEATED:
        assert {
            fact for (source, fact), target in MOVES.items() if source is place and target not in SEATED
        } == OUT


def test_whatever_takes_somebody_out_ends_their_presence_and_their_media() -> None:
    assert ENDINGS.keys() == OUT
    assert {*LEAVING, Ended} - {Declined} == OUT


@pytest.mark.parametrize("out", OUT, ids=lambda kind: kind.kind)
def test_each_way_out_is_an_end_to_presence_and_to_attendance(out: type[Fact]) -> None:
    way_in = [Connected, Knocked, Admitted, SentToBreakout, SteppedAside]
    facts = [*(person_fact(kind) for kind in way_in), person_fact(out, at=T0 + SECOND)]
    observed = Observed()
    for seq, fact in enumerate(facts, 1):
        observed.read(seq, fact)
    (stay,) = stays_of(enumerate(facts, 1), {LAPTOP: T0 + timedelta(hours=3)})[ALICE]
    assert (stay.ends_at, stay.ending) == (T0 + SECOND, ENDINGS[out])
    inside = [line for line in observed.lines if line.room != "waiting"]
    assert {line.until for line in inside} <= {int(T0.timestamp()), int((T0 + SECOND).timestamp())}


def test_who_was_declined_or_removed_comes_back_by_a_facilitators_hand_only() -> None:
    for place in (Place.DECLINED, Place.REMOVED):
        assert {fact for source, fact in MOVES if source is place} == {SentBack}


def test_the_end_empties_every_place_that_is_held() -> None:
    assert {place: MOVES[place, Ended] for place in HELD} == dict.fromkeys(HELD, Place.LEFT)


def test_every_place_can_be_reached_and_left() -> None:
    assert {place for place, _ in MOVES} == set(Place)
    assert set(MOVES.values()) | {Place.OUTSIDE} == set(Place)


def test_a_seat_is_only_held_where_a_place_is_held() -> None:
    assert SEATED <= HELD


def person_fact(kind: type[Fact], person: UUID = ALICE, at: datetime = T0) -> Fact:
    match kind:
        case _ if kind in (Admitted, Declined, SentBack, Removed, Muted):
            return kind(at=at, person=person, actor=MINA)
        case _ if kind is Ended:
            return Ended(at=at, actor=MINA)
        case _ if kind is SteppedAside:
            return SteppedAside(at=at, person=person, actor=MINA, room=BLUE)
        case _ if kind is SentToBreakout:
            return SentToBreakout(at=at, person=person, room=BLUE)
        case _ if kind is Connected:
            return Connected(at=at, person=person, connection=LAPTOP, device="laptop")
        case _ if kind is Disconnected:
            return Disconnected(at=at, person=person, connection=LAPTOP, clean=True)
        case _:
            return kind(at=at, person=person)  # type: ignore[call-arg]


MOVING = [kind for kind in get_args(PersonFact) if kind not in (Connected, Disconnected)]


@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("kind", MOVING, ids=lambda kind: kind.kind)
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(place: Place, kind: type[Fact]) -> None:
    room = at_place(place)
    if (place, kind) in MOVES:
        assert evolve(room, person_fact(kind), 99).of(ALICE).place is MOVES[place, kind]
    else:
        with pytest.raises(IllegalMove):
            evolve(room, person_fact(kind), 99)


PATHS: dict[Place, list[type[Fact]]] = {
    Place.OUTSIDE: [],
    Place.WAITING: [Knocked],
    Place.MAIN: [Knocked, Admitted],
    Place.BREAKOUT: [Knocked, Admitted, SentToBreakout],
    Place.ASIDE: [Knocked, Admitted, SteppedAside],
    Place.LEFT: [Knocked, Left],
    Place.DECLINED: [Knocked, Declined],
    Place.REMOVED: [Knocked, Admitted, Removed],
}


def at_place(place: Place) -> RoomState:
    return replay(enumerate((person_fact(kind) for kind in PATHS[place]), start=1))


def test_each_change_of_place_makes_a_new_version_and_nothing_else_does() -> None:
    room, versions = RoomState(), []
    for seq, kind in enumerate([Connected, Knocked, Admitted, Muted, Disconnected, SentBack, Admitted], 1):
        room = evolve(room, person_fact(kind), seq)
        versions.append(room.of(ALICE).version)
    assert versions == [0, 1, 2, 2, 2, 3, 4]


def test_the_line_is_in_the_order_of_knocks_whatever_the_clock_said() -> None:
    facts = [Knocked(at=T0, person=BRUNO), Knocked(at=T0 - timedelta(hours=2), person=ALICE)]
    assert replay(enumerate(facts, 1)).at(Place.WAITING) == [BRUNO, ALICE]


@pytest.mark.parametrize(
    ("what", "facts", "line"),
    [
        ("a lost connection", [], [ALICE, BRUNO]),
        ("a lapse and a new knock", [Lapsed, Knocked], [ALICE, BRUNO]),
        ("leaving and coming again", [Left, Knocked], [BRUNO, ALICE]),
        ("being admitted and sent back", [Admitted, SentBack], [BRUNO, ALICE]),
        ("being declined and called back", [Declined, SentBack], [BRUNO, ALICE]),
        ("lapsing in the room and coming again", [Admitted, Lapsed, Knocked], [BRUNO, ALICE]),
    ],
)
def test_the_place_in_line_survives_what_nobody_chose(
    what: str, facts: list[type[Fact]], line: list[UUID]
) -> None:
    log = [person_fact(Knocked, ALICE), person_fact(Knocked, BRUNO), *(person_fact(kind) for kind in facts)]
    assert replay(enumerate(log, 1)).at(Place.WAITING) == line, what


def connection(person: UUID, which: UUID, at: datetime) -> Connected:
    return Connected(at=at, person=person, connection=which, device="any")


def silence(person: UUID, which: UUID, at: datetime) -> Disconnected:
    return Disconnected(at=at, person=person, connection=which, clean=False)


IN_THE_ROOM: list[Fact] = [connection(ALICE, LAPTOP, T0), Knocked(at=T0, person=ALICE), person_fact(Admitted)]


def test_a_lost_connection_interrupts_from_its_last_evidence() -> None:
    room = replay(enumerate([*IN_THE_ROOM, silence(ALICE, LAPTOP, T0 + 50 * SECOND)], 1))
    assert room.of(ALICE).place is Place.MAIN
    assert room.of(ALICE).interrupted_since == T0 + 50 * SECOND


def test_with_a_second_device_nothing_is_interrupted() -> None:
    facts: list[Fact] = [
        *IN_THE_ROOM,
        connection(ALICE, PHONE, T0 + SECOND),
        silence(ALICE, LAPTOP, T0 + 50 * SECOND),
    ]
    assert replay(enumerate(facts, 1)).of(ALICE).interrupted_since is None


def test_an_interruption_dates_from_the_last_of_all_devices_in_whatever_order_they_are_found_dead() -> None:
    phone_first = [
        *IN_THE_ROOM,
        connection(ALICE, PHONE, T0 + SECOND),
        silence(ALICE, PHONE, T0 + 50 * SECOND),
        silence(ALICE, LAPTOP, T0 + 20 * SECOND),
    ]
    assert replay(enumerate(phone_first, 1)).of(ALICE).interrupted_since == T0 + 50 * SECOND


def test_coming_back_ends_the_interruption_and_keeps_the_place() -> None:
    facts = [
        *IN_THE_ROOM,
        silence(ALICE, LAPTOP, T0 + 50 * SECOND),
        connection(ALICE, PHONE, T0 + 70 * SECOND),
    ]
    standing = replay(enumerate(facts, 1)).of(ALICE)
    assert (standing.place, standing.interrupted_since, standing.version) == (Place.MAIN, None, 2)


def test_outside_nothing_is_interrupted() -> None:
    facts: list[Fact] = [connection(ALICE, LAPTOP, T0), silence(ALICE, LAPTOP, T0 + SECOND)]
    assert replay(enumerate(facts, 1)).of(ALICE).interrupted_since is None


def test_the_end_moves_everybody_at_once_and_is_kept() -> None:
    facts: list[Fact] = [*IN_THE_ROOM, Knocked(at=T0, person=BRUNO), Ended(at=T0 + SECOND, actor=MINA)]
    room = replay(enumerate(facts, 1))
    assert [room.of(ALICE).place, room.of(BRUNO).place] == [Place.LEFT, Place.LEFT]
    assert room.ended_at == T0 + SECOND


def test_the_diagram_draws_every_row_once() -> None:
    drawn = [line for line in diagram().splitlines() if ": " in line]
    assert sum(len(line.split(": ")[1].split(", ")) for line in drawn) == len(MOVES)
