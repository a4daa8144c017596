"""Credited minutes against a model that looks at every second alone: 5,200 small meetings, at random."""

from __future__ import annotations

from random import Random

import pytest

from sessions.attendance.evidence import Kind, Observation, Role
from sessions.attendance.hours import Meeting, credit
from sessions.attendance.intervals import union
from sessions.attendance.policy import Policy
from tests.unit.oracle import Verdict, judge

HORIZON = range(330)
BATCHES, EACH = 13, 400
ROOMS = ("main", "main", "main", "waiting", "breakout:1", "breakout:2", "aside")
CAST: tuple[tuple[str, Role], ...] = (
    ("dana", "facilitator"),
    ("eli", "facilitator"),
    ("alice", "client"),
    ("bruno", "client"),
    ("omar", "family"),
)


def a_policy(random: Random) -> Policy:
    return Policy(
        reconnect_grace=random.choice([0, 5, 20, 60]),
        reconnect_cap=random.choice([0, 10, 30, 300]),
        early_credit=random.choice([0, 0, 15]),
        overrun_cap=random.choice([0, 0, 20]),
        credit_breaks=random.random() < 0.2,
        facilitator_gap=random.choice([0, 10, 40]),
        breakout_supervision=random.choice(["session", "room"]),
        present_percent=random.choice([50, 90, 100]),
        partial_minutes=random.choice([0, 1, 2]),
        late_after=random.choice([0, 10, 30]),
    )


def a_meeting(random: Random) -> Meeting:
    starts_at, ends_at = random.randint(20, 60), random.randint(200, 270)
    breaks = [
        (at, at + random.randint(1, 40)) for at in random.sample(range(60, 200), random.choice([0, 0, 1, 2]))
    ]
    ended_at = random.choice([None, ends_at, random.randint(150, 300), starts_at - 5])
    return Meeting(starts_at, ends_at, ended_at, union(breaks))


def orderly(random: Random, person: str, role: Role) -> list[Observation]:
    """Devices that come, beat now and then, move, drop and come back: what the server really records."""
    facts: list[Observation] = []
    for device in range(random.choice([1, 1, 1, 2])):
        at = random.randint(0, 120)
        for stint in range(random.randint(1, 5)):
            connection, beats = f"{person}-{device}-{stint}", random.random() < 0.5
            facts.append(Observation(at, "connected", person, role, connection, random.choice(ROOMS)))
            until = min(at + random.choice([0, 3, 20, 60, 120, 200]), HORIZON.stop - 1)
            facts += [
                Observation(beat, "seen", person, role, connection)
                for beat in range(at + 10, until, 10)
                if beats and random.random() < 0.9
            ]
            if random.random() < 0.3 and until > at:
                moved_at = random.randint(at, until)
                facts.append(Observation(moved_at, "moved", person, role, connection, random.choice(ROOMS)))
            how: Kind | None = random.choice(
                ["disconnected", "disconnected", "disconnected", "left", "removed", None]
            )
            if how is not None:
                facts.append(Observation(until, how, person, role, connection))
            at = until + random.choice([0, 1, 2, 5, 10, 20, 30, 31, 60, 61])
            if at > 300:
                break
    return facts


def chaotic(random: Random, person: str, role: Role) -> list[Observation]:
    """Anything at any time."""
    facts: list[Observation] = []
    for _ in range(random.randint(1, 12)):
        kind: Kind = random.choice(
            ["connected", "connected", "seen", "disconnected", "left", "removed", "moved"]
        )
        connection = random.choice(["a", "b"])
        if kind in ("left", "moved", "removed") and random.random() < 0.5:
            connection = ""
        room = random.choice(ROOMS) if kind in ("connected", "moved") else ""
        facts.append(Observation(random.randint(0, 300), kind, person, role, connection, room))
    return facts


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_second_is_judged_as_the_rules_say(batch: int) -> None:
    random = Random(batch)
    for case in range(EACH):
        meeting, policy = a_meeting(random), a_policy(random)
        facts: list[Observation] = []
        for person, role in CAST:
            if random.random() < 0.85:
                facts += random.choice([orderly, orderly, chaotic])(random, person, role)
        random.shuffle(facts)
        found = {
            person: Verdict(
                credited=one.credited_seconds,
                raw=one.raw_seconds,
                eligible=one.eligible_seconds,
                status=one.status.value,
                late=one.late,
            )
            for person, one in credit(meeting, facts, policy).items()
        }
        assert found == judge(meeting, facts, policy, HORIZON), (batch, case, meeting, policy, facts)
