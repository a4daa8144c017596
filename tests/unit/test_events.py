"""Facts are read back exactly as they were written, or not at all."""

from __future__ import annotations

from dataclasses import Field, replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.room.events import (
    KINDS,
    Admitted,
    CorruptLog,
    Disconnected,
    Fact,
    Record,
    from_record,
    to_record,
)
from sessions.room.moves import PlannedRoom

REASONS = st.sampled_from([None, "told-us", "technical", "transport", "other"])
TIMES = st.datetimes(timezones=st.just(UTC))


def of_side_room(kind: type[Fact]) -> st.SearchStrategy[Any]:
    match kind.__dataclass_fields__.get("room"):
        case Field(type="UUID"):
            return st.uuids()
        case Field(type="UUID | None"):
            return st.none() | st.uuids()
        case _:
            return st.text(max_size=32)


ANY_FACT = st.one_of(
    *(
        st.builds(
            kind,
            **{
                name: strategy
                for name, strategy in {
                    "at": TIMES,
                    "person": st.uuids(),
                    "actor": st.uuids(),
                    "connection": st.uuids(),
                    "reason": REASONS if kind is Admitted else st.text(max_size=200),
                    "device": st.text(max_size=64),
                    "clean": st.booleans(),
                    "on": st.booleans(),
                    "ask": st.sampled_from(["unmute", "cameraOn", "cameraOff"]),
                    "by": st.sampled_from(["staff", "everyone"]),
                    "until": TIMES,
                    "due_at": TIMES,
                    "paused_at": TIMES,
                    "ends_at": st.none() | TIMES,
                    "room": of_side_room(kind),
                    "rooms": st.lists(st.from_type(PlannedRoom), max_size=3).map(tuple),
                    "line": st.integers(min_value=1),
                    "to": st.sampled_from(["room", "staff", "everyone", "waiting", "person"]),
                    "crisis": st.uuids(),
                }.items()
                if name in kind.__dataclass_fields__
            },
        )
        for kind in KINDS.values()
    )
)
WHEN = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
RECORD = to_record(Disconnected(at=WHEN, person=UUID(int=1), connection=UUID(int=2), clean=False))


def test_every_kind_of_fact_has_a_word_of_its_own() -> None:
    assert set(KINDS.values()) == set(get_args(Fact))


@given(ANY_FACT)
def test_what_is_written_is_what_is_read(fact: Fact) -> None:
    assert from_record(to_record(fact)) == fact


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("an unknown kind", {"kind": "vanished"}),
        ("a field that is missing", {"data": {}}),
        ("a field that is foreign", {"data": {"clean": False, "mood": "good"}}),
        ("a value of another type", {"data": {"clean": "no"}}),
        ("a person left out", {"person": None}),
        ("an actor where none acts", {"actor": UUID(int=3)}),
        ("a time without a zone", {"at": WHEN.replace(tzinfo=None)}),
    ],
)
def test_anything_else_is_a_corrupt_log(what: str, changes: dict[str, Any]) -> None:
    broken: Record = replace(RECORD, **changes)
    with pytest.raises(CorruptLog):
        from_record(broken)
    assert from_record(RECORD), what


def test_a_reason_is_in_the_log_only_when_there_is_one() -> None:
    """What was sealed before there were reasons is read, and sealed, as ever."""
    plain = Admitted(at=WHEN, person=UUID(int=1), actor=UUID(int=2))
    assert to_record(plain).data == {}
    assert to_record(replace(plain, reason="transport")).data == {"reason": "transport"}


@pytest.mark.parametrize(
    "data", [{"reason": None}, {"reason": "slept in"}, {"reason": "other", "mood": "good"}]
)
def test_no_other_reason_is_in_the_log(data: dict[str, Any]) -> None:
    record = to_record(Admitted(at=WHEN, person=UUID(int=1), actor=UUID(int=2)))
    with pytest.raises(CorruptLog):
        from_record(replace(record, data=data))


def test_stored_kinds_never_change_their_spelling() -> None:
    assert sorted(KINDS) == [
        "admitted",
        "agenda_set",
        "arrived",
        "ask_answered",
        "asked",
        "assigned",
        "auto_admit_set",
        "break_ended",
        "break_started",
        "breakouts_closed",
        "breakouts_opened",
        "breakouts_planned",
        "camera_off",
        "camera_on",
        "connected",
        "crisis_closed",
        "crisis_noted",
        "crisis_opened",
        "declined",
        "disconnected",
        "ended",
        "entered",
        "hand_lowered",
        "hand_raised",
        "help_asked",
        "help_ended",
        "hold_began",
        "hold_ended",
        "identity_verified",
        "kept_apart",
        "knocked",
        "lapsed",
        "lead_given",
        "left",
        "lock_set",
        "muted",
        "part_begun",
        "recall_called",
        "recalled",
        "removed",
        "said",
        "screens_set",
        "sent_back",
        "sent_to_breakout",
        "spotlighted",
        "stepped_aside",
        "timer_set",
        "took_over",
    ]
