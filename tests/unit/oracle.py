"""Credited minutes the naive way: a list of seconds, each looked at alone, straight from docs/hours.md.

Shares nothing with sessions/attendance but the form of its input. Slow on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from sessions.attendance.evidence import Observation
from sessions.attendance.hours import Meeting
from sessions.attendance.policy import Policy

SILENCE = 30
MOVE = 30


@dataclass
class Verdict:
    credited: int
    raw: int
    eligible: int
    status: str
    late: bool


def judge(meeting: Meeting, facts: list[Observation], policy: Policy, horizon: range) -> dict[str, Verdict]:
    """`horizon`: all seconds in which anything can be."""
    people = sorted({fact.person for fact in facts})
    role = {fact.person: fact.role for fact in facts}
    where = {person: rooms_by_second(facts, person, horizon) for person in people}
    staff = [person for person in people if role[person] == "facilitator"]
    verdicts = {}
    for person in people:
        if role[person] == "client":
            verdicts[person] = of_client(meeting, facts, policy, horizon, where, staff, person)
    return verdicts


def rooms_by_second(facts: list[Observation], person: str, horizon: range) -> dict[int, set[str]]:
    """For each second the rooms in which one of the person's devices was."""
    mine = [fact for fact in facts if fact.person == person]
    connections = {fact.connection for fact in mine if fact.connection}
    found: dict[int, set[str]] = {second: set() for second in horizon}
    for connection in connections:
        for second, room in one_device(mine, connection, horizon).items():
            found[second].add(room)
    return found


def one_device(mine: list[Observation], connection: str, horizon: range) -> dict[int, str]:
    """Walk one device through time, second by second; then cut what its evidence does not carry."""
    order = ["connected", "moved", "seen", "disconnected", "left", "removed"]
    about_me = [
        fact
        for fact in mine
        if fact.connection == connection
        or fact.kind == "removed"
        or (fact.connection == "" and fact.kind in ("moved", "left", "disconnected"))
    ]
    by_second = {
        at: sorted(group, key=lambda fact: (order.index(fact.kind), fact.connection, fact.room))
        for at, group in groupby(sorted(about_me, key=lambda fact: fact.at), key=lambda fact: fact.at)
    }
    rooms: dict[int, str] = {}
    room: str | None = None  # None: not open
    evidence, beating = 0, False
    for second in horizon:
        now = by_second.get(second, [])
        if room is not None and any(
            fact.kind == "connected" for fact in now
        ):  # the same device, back at once
            ends = [f for f in now if f.kind in ("disconnected", "left") and f.connection == connection]
            now = ends + [fact for fact in now if fact not in ends]
        for fact in now:
            longest = SILENCE - 1 if fact.kind == "disconnected" else SILENCE
            dead = room is not None and beating and second - evidence > longest
            if dead:
                forget(rooms, evidence, second)
            if fact.kind == "connected":
                room, evidence, beating = fact.room, second, False
            elif room is None:
                continue
            elif fact.kind == "seen":
                evidence, beating = second, True
            elif fact.kind == "moved":
                room = fact.room
                evidence = evidence if dead else second
            else:
                room = None
        if room is not None:
            rooms[second] = room
    if room is not None:
        forget(rooms, evidence, horizon.stop)
    return rooms


def forget(rooms: dict[int, str], since: int, until: int) -> None:
    for second in range(since, until):
        rooms.pop(second, None)


def of_client(
    meeting: Meeting,
    facts: list[Observation],
    policy: Policy,
    horizon: range,
    where: dict[str, dict[int, set[str]]],
    staff: list[str],
    person: str,
) -> Verdict:
    mine = where[person]
    in_rooms = {second: mine[second] - {"waiting"} for second in horizon}
    staffed = {
        second: {room for one in staff for room in where[one][second]} - {"waiting"} for second in horizon
    }
    names = {room for second in horizon for room in in_rooms[second] | staffed[second]}
    anywhere_raw = {second for second in horizon if staffed[second]}
    anywhere = filled(anywhere_raw, policy.facilitator_gap)
    by_room_raw = {room: {second for second in horizon if room in staffed[second]} for room in names}
    by_room = {room: filled(seconds, policy.facilitator_gap) for room, seconds in by_room_raw.items()}
    opened = min(anywhere_raw, default=None)

    def in_window(second: int) -> bool:
        if opened is None or second < max(meeting.starts_at - policy.early_credit, opened):
            return False
        if meeting.ended_at is not None and second >= meeting.ended_at:
            return False
        return second < meeting.ends_at + policy.overrun_cap

    def on_break(second: int) -> bool:
        return not policy.credit_breaks and any(start <= second < end for start, end in meeting.breaks)

    def can_count(second: int, anywhere: set[int], by_room: dict[str, set[int]]) -> bool:
        if not in_window(second) or on_break(second) or second not in anywhere:
            return False
        rooms = in_rooms[second]
        if policy.breakout_supervision == "room" and rooms:
            return any(second in by_room[room] for room in rooms)
        return True

    eligible = {second for second in horizon if can_count(second, anywhere, by_room)}
    eligible_raw = {second for second in horizon if can_count(second, anywhere_raw, by_room_raw)}
    present = {second for second in horizon if in_rooms[second]}
    moving: set[int] = set()
    dropped: set[int] = set()
    goodbyes = {fact.at for fact in facts if fact.person == person and fact.kind in ("left", "removed")}

    def on_purpose(start: int, end: int) -> bool:
        """Went, was sent away, or waited between the two seconds."""
        return bool(goodbyes & {*range(start, end + 1)}) or any(
            "waiting" in mine[second] for second in range(start, end)
        )

    for end in horizon[1:]:
        gone = in_rooms[end - 1] - in_rooms[end]
        for start in range(end + 1, min(end + MOVE + 1, horizon.stop)) if gone else ():
            came_in = in_rooms[start] - in_rooms[start - 1]
            if any(one != other for one in gone for other in came_in) and not on_purpose(end, start):
                moving.update(set(range(end, start)) - present)
    for gap in gaps_of(present):
        if len(gap) <= policy.reconnect_grace and not on_purpose(gap[0], gap[-1] + 1):
            dropped.update(set(gap) - moving)
    bridged = set(sorted(dropped & eligible)[: policy.reconnect_cap])
    credited = len((present | moving) & eligible) + len(bridged)
    arrivals = [fact.at for fact in facts if fact.person == person and fact.kind == "connected"]
    late = bool(arrivals) and opened is not None
    late = late and min(arrivals) - max(meeting.starts_at, opened or 0) > policy.late_after
    came = bool(present) or any("waiting" in mine[second] for second in horizon)
    return Verdict(
        credited=credited,
        raw=len(present & eligible_raw),
        eligible=len(eligible),
        status=status(came, credited, len(eligible), policy),
        late=late,
    )


def status(came: bool, credited: int, eligible: int, policy: Policy) -> str:
    if not came:
        return "absent"
    if eligible == 0 or credited / eligible >= policy.present_percent / 100 - 1e-12:
        return "present"
    if credited >= 60 * policy.partial_minutes:
        return "partial"
    return "insufficient" if credited else "absent"


def gaps_of(seconds: set[int]) -> list[list[int]]:
    """Runs of missing seconds between the first and the last."""
    if not seconds:
        return []
    found: list[list[int]] = []
    run: list[int] = []
    for second in range(min(seconds), max(seconds) + 1):
        if second not in seconds:
            run.append(second)
        elif run:
            found.append(run)
            run = []
    return found


def filled(seconds: set[int], longest: int) -> set[int]:
    return seconds | {second for gap in gaps_of(seconds) if len(gap) <= longest for second in gap}
