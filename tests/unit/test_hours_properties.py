"""What must be true of every meeting (SAFETY, invariants 15 to 21), whatever happened in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.attendance.evidence import Observation
from sessions.attendance.explain import explain
from sessions.attendance.hours import Credit, Meeting, credit
from sessions.attendance.intervals import length, union
from sessions.attendance.policy import Policy
from tests.unit.test_hours_oracle import CAST, a_meeting, a_policy, chaotic, orderly

Case = tuple[Meeting, list[Observation], Policy]


@st.composite
def cases(draw: st.DrawFn, people: Callable[..., list[Observation]] | None = None) -> Case:
    """A small meeting with its facts; a seed is drawn, so that every case can be told again."""
    random = Random(draw(st.integers(0, 2**32)))
    meeting, policy = a_meeting(random), a_policy(random)
    facts: list[Observation] = []
    for person, role in CAST:
        facts += (people or random.choice([orderly, chaotic]))(random, person, role)
    return meeting, facts, policy


def evidence(facts: list[Observation], person: str) -> int:
    """Seconds between a device's first and last fact, whichever room: an upper bound of its presence."""
    mine = [fact for fact in facts if fact.person == person]
    devices = {fact.connection for fact in mine if fact.connection}
    ends = max((fact.at for fact in mine), default=0)
    opened = [
        min((f.at for f in mine if f.connection == d and f.kind == "connected"), default=ends)
        for d in devices
    ]
    return length(union((start, ends) for start in opened))


@given(cases())
def test_credit_stays_within_the_evidence_and_the_schedule(case: Case) -> None:
    meeting, facts, policy = case
    for person, found in credit(meeting, facts, policy).items():
        scheduled = meeting.ends_at - meeting.starts_at + policy.early_credit + policy.overrun_cap
        assert 0 <= found.raw_seconds <= found.credited_seconds <= found.eligible_seconds <= scheduled
        assert found.credited_seconds == found.raw_seconds + found.bridged_seconds
        assert found.raw_seconds <= evidence(facts, person)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(case: Case, random: Random) -> None:
    meeting, facts, policy = case
    shuffled = [*facts]
    random.shuffle(shuffled)
    assert credit(meeting, shuffled, policy) == credit(meeting, facts, policy)


@given(cases())
def test_facts_that_arrive_twice_count_once(case: Case) -> None:
    meeting, facts, policy = case
    assert credit(meeting, facts + facts, policy) == credit(meeting, facts, policy)


@given(
    cases(), st.integers(0, 320), st.integers(1, 100), st.sampled_from(["main", "breakout:1", "breakout:9"])
)
@settings(max_examples=400)
def test_more_presence_never_means_less_credit(case: Case, at: int, seconds: int, room: str) -> None:
    """Where a facilitator anywhere is enough. (With supervision by room, a client alone in a room is not credited
    there, however short the connection's gap that it fills.)"""
    meeting, everything, given_policy = case
    policy = replace_policy(given_policy, breakout_supervision="session")
    # a removal would end the one more device too: that is no more presence
    facts = [
        fact
        for fact in everything
        if not (fact.kind == "removed" and fact.person == "alice" and at <= fact.at)
    ]
    before = credit(meeting, facts, policy)
    was = before.get("alice")  # nowhere in it when her removal was all there was
    more = [
        Observation(at, "connected", "alice", "client", "one more device", room),
        Observation(at + seconds, "disconnected", "alice", "client", "one more device"),
    ]
    after = credit(meeting, facts + more, policy)
    for part in ("credited_seconds", "raw_seconds"):
        assert getattr(after["alice"], part) >= (getattr(was, part) if was else 0)
    assert {name: one for name, one in after.items() if name != "alice"} == {
        name: one for name, one in before.items() if name != "alice"
    }


@given(cases(orderly))
def test_a_second_device_that_does_the_same_adds_nothing(case: Case) -> None:
    meeting, facts, policy = case
    twins = [replace(fact, connection=f"{fact.connection} twin") for fact in facts if fact.connection]
    assert credit(meeting, facts + twins, policy) == credit(meeting, facts, policy)


@given(cases(orderly))
def test_waiting_credits_nothing(case: Case) -> None:
    meeting, facts, policy = case
    waiting = [
        replace(fact, room="waiting") if fact.role == "client" and fact.room else fact for fact in facts
    ]
    for found in credit(meeting, waiting, policy).values():
        assert found.credited_seconds == 0


@given(cases(orderly), st.integers(0, 300))
def test_a_crash_never_gains(case: Case, crashed_at: int) -> None:
    """After it nothing is recorded any more: nobody has more than with all facts."""
    meeting, facts, given_policy = case
    policy = replace_policy(given_policy, breakout_supervision="session")
    known = [fact for fact in facts if fact.at <= crashed_at or fact.role == "facilitator"]
    whole = credit(meeting, facts, policy)
    for person, found in credit(meeting, known, policy).items():
        assert found.raw_seconds <= whole[person].raw_seconds


@given(cases(), st.integers(-10_000_000, 10_000_000))
def test_only_differences_of_time_count(case: Case, shift: int) -> None:
    meeting, facts, policy = case
    moved = Meeting(
        meeting.starts_at + shift,
        meeting.ends_at + shift,
        None if meeting.ended_at is None else meeting.ended_at + shift,
        tuple((start + shift, end + shift) for start, end in meeting.breaks),
    )
    later = [replace(fact, at=fact.at + shift) for fact in facts]
    assert numbers(credit(moved, later, policy)) == numbers(credit(meeting, facts, policy))


@given(cases())
def test_every_second_has_exactly_one_reason_and_words(case: Case) -> None:
    meeting, facts, policy = case
    for found in credit(meeting, facts, policy).values():
        told = found.stretches
        assert all(one.end == other.start for one, other in pairwise(told))
        assert told[0].start <= meeting.starts_at
        assert told[-1].end >= meeting.ends_at
        credited = sum(one.end - one.start for one in told if one.credited)
        assert credited == found.credited_seconds
        assert len(explain(found, policy, ZoneInfo("America/New_York"))) == len(told)


@given(st.integers(-3, 3), st.integers(10, 200))
def test_a_clock_that_is_put_back_never_credits_a_negative_time(hours: int, seconds: int) -> None:
    start = int(datetime(2026, 3, 2, 18, tzinfo=UTC).timestamp())
    meeting = Meeting(start, start + 3600, None)
    facts = [
        Observation(start, "connected", "dana", "facilitator", "d", "main"),
        Observation(start + 3600, "disconnected", "dana", "facilitator", "d"),
        Observation(start, "connected", "alice", "client", "a", "main"),
        Observation(start + seconds, "seen", "alice", "client", "a"),
        Observation(start + seconds + hours * 3600, "disconnected", "alice", "client", "a"),
    ]
    found = credit(meeting, facts, Policy())["alice"]
    assert 0 <= found.credited_seconds <= 3600


def numbers(credits_: dict[str, Credit]) -> dict[str, tuple[int, int, int, int, str, bool]]:
    return {
        name: (
            one.credited_seconds,
            one.raw_seconds,
            one.bridged_seconds,
            one.eligible_seconds,
            one.status,
            one.late,
        )
        for name, one in credits_.items()
    }


def replace_policy(policy: Policy, **values: object) -> Policy:
    return msgspec.structs.replace(policy, **values)
