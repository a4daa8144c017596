"""Credited minutes: the worked cases of a Monday group, 18:00 to 21:00 with a break from 19:25 to 19:35."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessions.attendance.evidence import Observation, Role
from sessions.attendance.hours import Credit, Meeting, Reason, credit
from sessions.attendance.policy import Policy

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # the wall clock of these tests is UTC


def at(clock: str) -> int:
    hours, minutes, *seconds = map(int, clock.split(":"))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return int((MONDAY + offset).timestamp())


GROUP = Meeting(at("18:00"), at("21:00"), at("21:00"), ((at("19:25"), at("19:35")),))


def stay(
    person: str, start: str, end: str, *, how: str = "disconnected", room: str = "main", device: str = ""
) -> list[Observation]:
    role: Role = "facilitator" if person == "dana" else "client"
    connection = device or f"{person} {start}"
    return [
        Observation(at(start), "connected", person, role, connection, room),
        Observation(at(end), how, person, role, connection),  # type: ignore[arg-type]
    ]


DANA = stay("dana", "17:50", "21:00", how="left")


def alice(
    *facts: list[Observation],
    staff: list[Observation] = DANA,
    meeting: Meeting = GROUP,
    policy: Policy | None = None,
) -> Credit:
    everything = [fact for part in (*facts, staff) for fact in part]
    return credit(meeting, everything, policy or Policy())["alice"]


def minute(count: int) -> str:
    return f"{18 + count // 60}:{count % 60:02}"


WORKED = [
    ("joins early and stays to the end", [stay("alice", "17:54", "21:00")], DANA, 170, 170, "present"),
    ("arrives 18:12, leaves 20:40", [stay("alice", "18:12", "20:40", how="left")], DANA, 138, 170, "partial"),
    (
        "laptop minutes 0-100, phone 40-180: the union",
        [
            stay("alice", "18:00", minute(100), device="laptop"),
            stay("alice", minute(40), "21:00", device="phone"),
        ],
        DANA,
        170,
        170,
        "present",
    ),
    (
        "drops of 45 s, 55 s and 240 s: the short ones are bridged",
        [
            stay("alice", "18:00", "18:30"),
            stay("alice", "18:30:45", "19:00"),
            stay("alice", "19:00:55", "20:00"),
            stay("alice", "20:04", "21:00"),
        ],
        DANA,
        166,
        170,
        "present",
    ),
    (
        "leaves on purpose, back after 50 s",
        [stay("alice", "18:00", "19:00", how="left"), stay("alice", "19:00:50", "21:00")],
        DANA,
        169,
        170,
        "present",
    ),
    (
        "facilitator gone 8 min in the middle",
        [stay("alice", "18:00", "21:00")],
        stay("dana", "17:50", "19:00") + stay("dana", "19:08", "21:00"),
        162,
        162,
        "present",
    ),
    (
        "facilitator 7 min late",
        [stay("alice", "18:00", "21:00")],
        stay("dana", "18:07", "21:00"),
        163,
        163,
        "present",
    ),
    (
        "waited 4 min, then admitted",
        [
            stay("alice", "18:00", "18:04", room="waiting", device="a"),
            stay("alice", "18:04", "21:00", device="b"),
        ],
        DANA,
        166,
        170,
        "present",
    ),
    (
        "leaves during the break, back 6 min after it",
        [stay("alice", "18:00", "19:28", how="left"), stay("alice", "19:41", "21:00")],
        DANA,
        164,
        170,
        "present",
    ),
]


@pytest.mark.parametrize(
    ("phrase", "facts", "staff", "minutes", "eligible", "status"), WORKED, ids=[c[0] for c in WORKED]
)
def test_a_worked_case(
    phrase: str,
    facts: list[list[Observation]],
    staff: list[Observation],
    minutes: int,
    eligible: int,
    status: str,
) -> None:
    found = alice(*facts, staff=staff)
    assert (found.credited_minutes, found.eligible_seconds, found.status) == (
        minutes,
        eligible * 60,
        status,
    ), phrase


def test_the_claim_minutes_are_free_of_bridging() -> None:
    found = alice(*WORKED[3][1])
    assert found.raw_seconds // 60 == 164
    assert found.raw_seconds + found.bridged_seconds == found.credited_seconds


def test_a_meeting_that_ends_early_ends_for_everybody() -> None:
    early = Meeting(at("18:00"), at("21:00"), at("20:45"), GROUP.breaks)
    found = alice(stay("alice", "18:00", "20:45"), meeting=early)
    assert (found.credited_minutes, found.eligible_seconds) == (155, 155 * 60)


def test_an_app_killed_at_minute_100_counts_to_its_last_evidence() -> None:
    beats = [Observation(at("18:00") + 10 * n, "seen", "alice", "client", "phone") for n in range(1, 600)]
    opened = Observation(at("18:00"), "connected", "alice", "client", "phone", "main")
    for evidence in (
        [opened, *beats],
        [opened, beats[-1]],
        [opened, *beats, Observation(at("19:41"), "disconnected", "alice", "client", "phone")],
        # noticed as early as it can be: 30 s after the last evidence
        [opened, *beats, Observation(at("19:40:20"), "disconnected", "alice", "client", "phone")],
    ):
        found = alice(evidence)
        assert (found.credited_minutes, found.credited_seconds) == (89, 5_390)


def test_a_device_that_falls_silent_and_speaks_again_was_away_in_between() -> None:
    beats = [at("18:00") + 10 * n for n in range(1, 61)] + [at("18:40") + 10 * n for n in range(1, 61)]
    facts = [Observation(at("18:00"), "connected", "alice", "client", "phone", "main")]
    facts += [Observation(beat, "seen", "alice", "client", "phone") for beat in beats]
    assert alice(facts).credited_seconds == 600 + (at("18:50") - at("18:40") - 10)


@pytest.mark.parametrize(
    ("arrival", "room", "staff", "late"),
    [
        ("18:05", "waiting", DANA, False),
        ("18:05:01", "waiting", DANA, True),
        ("18:12", "main", DANA, True),
        ("18:11", "waiting", stay("dana", "18:07", "21:00"), False),
        ("17:40", "waiting", DANA, False),
    ],
)
def test_lateness_is_judged_at_the_door(
    arrival: str, room: str, staff: list[Observation], late: bool
) -> None:
    assert alice(stay("alice", arrival, "21:00", room=room), staff=staff).late is late


def test_the_cap_cuts_bridging_short_and_moves_are_outside_of_it() -> None:
    drops = [stay("alice", f"18:{n:02}", f"18:{n:02}:10") for n in range(10)]  # nine gaps of 50 s
    found = alice(*drops)
    assert found.bridged_seconds == 300
    moved = [
        stay("alice", "18:00", "18:20"),
        stay("alice", "18:20:30", "18:40", room="breakout:1"),
        stay("alice", "18:40:30", "21:00"),
    ]
    assert alice(*moved, policy=Policy(reconnect_cap=0)).credited_minutes == 170
    assert alice(*moved, policy=Policy(reconnect_cap=0, reconnect_grace=0)).credited_minutes == 170


def test_a_second_device_that_fills_a_part_of_the_way_does_not_make_a_move_a_drop() -> None:
    moved = [stay("alice", "18:00", "18:20"), stay("alice", "18:20:20", "21:00", room="breakout:1")]
    phone = stay("alice", "18:20:05", "18:20:10", room="breakout:1", device="phone")
    strict = Policy(reconnect_cap=0)
    assert alice(*moved, policy=strict).credited_seconds == 170 * 60
    assert alice(*moved, phone, policy=strict).credited_seconds == 170 * 60


@pytest.mark.parametrize(("how", "bridged"), [("disconnected", 50), ("left", 0), ("removed", 0)])
def test_only_an_unclean_end_is_bridged(how: str, bridged: int) -> None:
    found = alice(stay("alice", "18:00", "19:00", how=how), stay("alice", "19:00:50", "21:00"))
    assert found.bridged_seconds == bridged


def test_a_removal_closes_every_device() -> None:
    laptop = Observation(at("18:00"), "connected", "alice", "client", "laptop", "main")
    phone = Observation(at("18:00"), "connected", "alice", "client", "phone", "main")
    removed = Observation(at("19:00"), "removed", "alice", "client", "phone")
    assert alice([laptop, phone, removed]).credited_minutes == 60


def test_two_minutes_without_a_facilitator_are_bridged_and_a_second_more_is_not() -> None:
    for gap, eligible in (("19:02", 170 * 60), ("19:02:01", 170 * 60 - 121)):
        found = alice(
            stay("alice", "18:00", "21:00"), staff=stay("dana", "18:00", "19:00") + stay("dana", gap, "21:00")
        )
        assert found.eligible_seconds == found.credited_seconds == eligible


def test_supervision_by_room_takes_the_time_alone_from_credit_and_from_what_was_eligible() -> None:
    moves = [
        stay("alice", "18:00", "18:30"),
        stay("alice", "18:30", "19:00", room="breakout:1"),
        stay("alice", "19:00", "21:00"),
    ]
    hop = (
        stay("dana", "18:00", "18:40")
        + stay("dana", "18:40", "18:50", room="breakout:1")
        + stay("dana", "18:50", "21:00")
    )
    assert alice(*moves, staff=hop).credited_minutes == 170
    strict = alice(*moves, staff=hop, policy=Policy(breakout_supervision="room"))
    assert (strict.credited_minutes, strict.eligible_seconds) == (150, 150 * 60)


@pytest.mark.parametrize(
    ("policy", "minutes"),
    [
        (Policy(credit_breaks=True), 180),
        (Policy(early_credit=360), 176),
        (Policy(overrun_cap=900), 180),
        (Policy(early_credit=3600, overrun_cap=3600, credit_breaks=True), 200),
    ],
)
def test_a_policy_widens_the_window(policy: Policy, minutes: int) -> None:
    long = Meeting(at("18:00"), at("21:00"), at("21:10"), GROUP.breaks)
    staff = stay("dana", "17:50", "21:10")
    assert (
        alice(stay("alice", "17:40", "21:10"), meeting=long, staff=staff, policy=policy).credited_minutes
        == minutes
    )


def test_when_no_facilitator_comes_nobody_loses() -> None:
    found = credit(GROUP, stay("alice", "18:00", "21:00"), Policy())["alice"]
    assert (found.credited_seconds, found.eligible_seconds, found.status) == (0, 0, "present")


def test_guests_and_staff_are_never_credited() -> None:
    guest = [
        Observation(at("18:00"), "connected", "omar", "family", "tablet", "main"),
        Observation(at("21:00"), "disconnected", "omar", "family", "tablet"),
    ]
    assert credit(GROUP, [*DANA, *guest], Policy()) == {}


def test_every_second_of_the_meeting_has_one_reason() -> None:
    found = alice(stay("alice", "18:12", "18:31"), stay("alice", "18:35", "20:40", how="left"))
    assert [(s.start, s.end, s.reason) for s in found.stretches] == [
        (at("18:00"), at("18:12"), Reason.NOT_YET),
        (at("18:12"), at("18:31"), Reason.PRESENT),
        (at("18:31"), at("18:35"), Reason.SILENT),
        (at("18:35"), at("19:25"), Reason.PRESENT),
        (at("19:25"), at("19:35"), Reason.BREAK),
        (at("19:35"), at("20:40"), Reason.PRESENT),
        (at("20:40"), at("21:00"), Reason.AWAY),
    ]
