"""One meeting's credit as JSON, in and out: what an auditor can run again. Pure.

The form of a case and of its result: docs/hours.md, "Run it again".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from sessions.attendance.evidence import Kind, Observation, Role
from sessions.attendance.explain import explain
from sessions.attendance.hours import Credit, Meeting, credit
from sessions.attendance.intervals import union
from sessions.attendance.policy import Policy
from sessions.core.zones import zone

SIDES: Final = ("breakout", "aside")
YEARS: Final = range(1970, 9000)  # around it a time of day in another zone is no date any more


class BadCase(ValueError):
    """The case cannot be read. The message is one line and begins with the path of the field."""


class MeetingCase(Struct, forbid_unknown_fields=True, frozen=True):
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    ended_at: datetime | None = None
    breaks: tuple[tuple[datetime, datetime], ...] = ()


class FactCase(Struct, forbid_unknown_fields=True, frozen=True):
    at: datetime
    kind: Kind
    person: str
    role: Role
    connection: str | None = None
    room: str | None = None


class Case(Struct, forbid_unknown_fields=True, frozen=True):
    meeting: MeetingCase
    facts: tuple[FactCase, ...]
    policy: Policy = Policy()
    clients: tuple[str, ...] = ()  # who is expected, and gets a result also without any fact


def decode(text: bytes | str) -> Case:
    """Raises BadCase, naming the field."""
    try:
        case = msgspec.json.decode(text, type=Case)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise BadCase(f"{_field(what, where)}: {what}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadCase(f"input: not JSON ({error})") from error
    _check(case)
    return case


def run(case: Case) -> dict[str, dict[str, Any]]:
    """The result by person (clients only), ready for JSON."""
    breaks = union((_seconds(start), _seconds(end)) for start, end in case.meeting.breaks)
    ended_at = case.meeting.ended_at
    meeting = Meeting(
        starts_at=_seconds(case.meeting.starts_at),
        ends_at=_seconds(case.meeting.ends_at),
        ended_at=None if ended_at is None else _seconds(ended_at),
        breaks=breaks,
    )
    facts = [
        Observation(
            _seconds(fact.at), fact.kind, fact.person, fact.role, fact.connection or "", fact.room or ""
        )
        for fact in case.facts
    ]
    local = zone(case.meeting.time_zone)
    credits_ = credit(meeting, facts, case.policy, case.clients)
    return {person: _result(credits_[person], case.policy, local) for person in sorted(credits_)}


def _result(found: Credit, policy: Policy, local: ZoneInfo) -> dict[str, Any]:
    return {
        "credited_minutes": found.credited_minutes,
        "credited_seconds": found.credited_seconds,
        "raw_seconds": found.raw_seconds,
        "bridged_seconds": found.bridged_seconds,
        "eligible_seconds": found.eligible_seconds,
        "status": found.status.value,
        "late": found.late,
        "spans": [
            {
                "from": _iso(stretch.start),
                "to": _iso(stretch.end),
                "seconds": stretch.end - stretch.start,
                "credited": stretch.credited,
                "reason": stretch.reason.value,
            }
            for stretch in found.stretches
        ],
        "policy_version": found.policy_version,
        "explanation": list(explain(found, policy, local)),
    }


def _check(case: Case) -> None:
    meeting = case.meeting
    try:
        zone(meeting.time_zone)
    except ValueError as error:
        raise BadCase(f"meeting.time_zone: {error}") from error
    _utc(meeting.starts_at, "meeting.starts_at")
    _utc(meeting.ends_at, "meeting.ends_at")
    if _seconds(meeting.ends_at) <= _seconds(meeting.starts_at):
        raise BadCase("meeting.ends_at: not a whole second after starts_at")
    if meeting.ended_at is not None:
        _utc(meeting.ended_at, "meeting.ended_at")
    for i, (start, end) in enumerate(meeting.breaks):
        _utc(start, f"meeting.breaks[{i}][0]")
        _utc(end, f"meeting.breaks[{i}][1]")
        if end <= start:
            raise BadCase(f"meeting.breaks[{i}]: ends before it starts")
    roles: dict[str, Role] = dict.fromkeys(case.clients, "client")
    for i, fact in enumerate(case.facts):
        _utc(fact.at, f"facts[{i}].at")
        if not fact.person:
            raise BadCase(f"facts[{i}].person: empty")
        if roles.setdefault(fact.person, fact.role) != fact.role:
            raise BadCase(f"facts[{i}].role: {fact.person} was {roles[fact.person]} before")
        if fact.kind in ("connected", "seen", "disconnected") and not fact.connection:
            raise BadCase(f"facts[{i}].connection: missing")
        if fact.kind in ("connected", "moved") and not fact.room:
            raise BadCase(f"facts[{i}].room: missing")
        if fact.room is not None and not _is_room(fact.room):
            raise BadCase(f"facts[{i}].room: not waiting, main, breakout:N, aside or aside:N")


def _is_room(name: str) -> bool:
    """There may be several breakouts, and several rooms aside: each is a room of its own."""
    kind, named, which = name.partition(":")
    return kind in SIDES and bool(which) if named else name in ("waiting", "main", "aside")


def _utc(at: datetime, field: str) -> None:
    offset = at.utcoffset()
    if offset is None:
        raise BadCase(f"{field}: no time zone; write UTC, for example 2026-03-02T23:00:00Z")
    if offset:
        raise BadCase(f"{field}: not UTC")
    if at.year not in YEARS:
        raise BadCase(f"{field}: not between the years {YEARS.start} and {YEARS.stop - 1}")


def _field(what: str, where: str) -> str:
    """The path of the field that msgspec complains of, in our own form."""
    path = where.rstrip("`").lstrip(".")
    named = what.split("`")[1] if what.count("`") >= 2 and "field" in what else ""
    return ".".join(part for part in (path, named) if part) or "case"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
