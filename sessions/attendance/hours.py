"""From where people were to the minutes they are credited, each second with its reason. Pure.

`credit` is a function of a meeting, a policy and the recorded facts: whole seconds, UTC, no clock, whatever
the order of arrival. Rules and worked cases in plain words: docs/hours.md.

Credited = present, or bridged, while eligible. Bridged seconds are counted only where they are creditable,
and the cap cuts the last of them short instead of dropping a whole gap: so more presence never means less.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sessions.attendance.evidence import Observation, Whereabouts, whereabouts
from sessions.attendance.intervals import (
    NOTHING,
    Interval,
    Seconds,
    close_gaps,
    difference,
    first,
    gaps,
    intersection,
    length,
    union,
)
from sessions.attendance.policy import Policy

MOVE_S: Final = 30  # a move between rooms that takes no longer is bridged, whatever the cap


class Status(StrEnum):
    PRESENT = "present"
    PARTIAL = "partial"
    INSUFFICIENT = "insufficient"
    ABSENT = "absent"


class Reason(StrEnum):
    """Why a second was credited, or was not."""

    PRESENT = "present"
    BRIDGED = "bridged"
    MOVED = "moved"
    BREAK = "break"
    EARLY = "early"
    OVER = "over"
    UNSUPERVISED = "unsupervised"
    WAITING = "waiting"
    NOT_YET = "not_yet"
    AWAY = "away"  # left on purpose
    REMOVED = "removed"
    SILENT = "silent"  # a drop longer than the grace
    CAPPED = "capped"  # a short drop after the cap was used up
    GONE = "gone"  # did not come back


CREDITED: Final = frozenset({Reason.PRESENT, Reason.BRIDGED, Reason.MOVED})


@dataclass(frozen=True, slots=True)
class Meeting:
    """Times in whole seconds since the epoch. `ended_at` is None while nobody has ended it."""

    starts_at: int
    ends_at: int
    ended_at: int | None
    breaks: Seconds = NOTHING


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds of one kind: [start, end)."""

    start: int
    end: int
    reason: Reason

    @property
    def credited(self) -> bool:
        return self.reason in CREDITED


@dataclass(frozen=True, slots=True)
class Credit:
    """What one client is credited for one meeting: a proposal, until a facilitator attests it.

    credited = raw + bridged, and credited <= eligible, all in seconds; `raw` is free of any bridging, of the
    client's drops and of the facilitator's, and is what claims use.
    """

    credited_seconds: int
    raw_seconds: int
    bridged_seconds: int
    eligible_seconds: int
    status: Status
    late: bool
    stretches: tuple[Stretch, ...]
    policy_version: str
    arrived_at: int | None  # at the door
    left_at: int | None  # last moment in a room of the meeting

    @property
    def credited_minutes(self) -> int:
        """Floored once, here (rule 7)."""
        return self.credited_seconds // 60

    def until(self, at: int) -> Credit:
        """The same, its stretches told up to `at` only: of a meeting that still runs."""
        told = (replace(one, end=min(one.end, at)) for one in self.stretches if one.start < at)
        return replace(self, stretches=tuple(told))


def credit(
    meeting: Meeting, facts: Iterable[Observation], policy: Policy, expected: Iterable[str] = ()
) -> dict[str, Credit]:
    """Every client's credit by person; family guests and facilitators are never credited.

    `expected` are clients who get an answer also when there is no fact about them.
    """
    people = whereabouts(facts)
    for name in expected:
        people.setdefault(name, Whereabouts("client"))
    staff = [person for person in people.values() if person.role == "facilitator"]
    hour = _Hour.of(meeting, staff, policy)
    return {name: _credit(hour, person, policy) for name, person in people.items() if person.role == "client"}


@dataclass(frozen=True, slots=True)
class _Hour:
    """What is the same for everybody in one meeting."""

    meeting: Meeting
    opened_at: int | None  # first facilitator present
    window: Seconds
    breaks: Seconds
    raw: dict[str, Seconds]  # by room: with a facilitator in it
    supervised: dict[str, Seconds]  # the same, a facilitator's short absences bridged
    anywhere_raw: Seconds
    anywhere: Seconds

    @classmethod
    def of(cls, meeting: Meeting, staff: list[Whereabouts], policy: Policy) -> _Hour:
        anywhere_raw = union(*(person.present for person in staff))
        rooms = {room for person in staff for room in person.rooms}
        raw = {room: union(*(person.rooms.get(room, NOTHING) for person in staff)) for room in rooms}
        opened_at = anywhere_raw[0][0] if anywhere_raw else None
        window: Seconds = NOTHING
        if opened_at is not None:
            start = max(meeting.starts_at - policy.early_credit, opened_at)
            end = meeting.ends_at + policy.overrun_cap
            if meeting.ended_at is not None:
                end = min(end, meeting.ended_at)
            window = union([(start, end)])
        return cls(
            meeting=meeting,
            opened_at=opened_at,
            window=window,
            breaks=NOTHING if policy.credit_breaks else union(meeting.breaks),
            raw=raw,
            supervised={room: close_gaps(seconds, policy.facilitator_gap) for room, seconds in raw.items()},
            anywhere_raw=anywhere_raw,
            anywhere=close_gaps(anywhere_raw, policy.facilitator_gap),
        )

    def eligible(self, person: Whereabouts, by_room: bool, raw: bool) -> Seconds:
        """The seconds that can count for `person`: in the window, no break, with a facilitator."""
        anywhere, rooms = (self.anywhere_raw, self.raw) if raw else (self.anywhere, self.supervised)
        supervised = anywhere
        if by_room:
            # only a room that one is in alone takes seconds away; elsewhere the meeting's supervision counts
            alone = [difference(seconds, rooms.get(room, NOTHING)) for room, seconds in person.rooms.items()]
            together = [
                intersection(seconds, rooms.get(room, NOTHING)) for room, seconds in person.rooms.items()
            ]
            supervised = difference(supervised, difference(union(*alone), union(*together)))
        return difference(intersection(self.window, supervised), self.breaks)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """What lies between a client's presences, sorted by what it was; no second is in two of them."""

    moves: Seconds
    short: Seconds  # unclean and within the grace
    long: Seconds


def _sort_gaps(person: Whereabouts, policy: Policy) -> _Gaps:
    moves = difference(_moves(person), person.present)
    short: list[Interval] = []
    long: list[Interval] = []
    for gap in gaps(person.present):
        if not _on_purpose(person, gap):
            (short if gap[1] - gap[0] <= policy.reconnect_grace else long).append(gap)
    return _Gaps(moves, difference(tuple(short), moves), difference(tuple(long), moves))


def _moves(person: Whereabouts) -> Seconds:
    """From the end of a stay in one room to the start of one in another, when that is no longer than MOVE_S.

    Looked at by room, not by gap in the presence: a second device that fills a part of the way must not turn
    the rest of it into a drop.
    """
    ends = [(end, room) for room, seconds in person.rooms.items() for _, end in seconds]
    starts = [(start, room) for room, seconds in person.rooms.items() for start, _ in seconds]
    found = (
        (end, start)
        for end, room in ends
        for start, other in starts
        if room != other and 0 < start - end <= MOVE_S
    )
    return union(way for way in found if not _on_purpose(person, way))


def _on_purpose(person: Whereabouts, gap: Interval) -> bool:
    """Whether the person went, was sent away, or waited to be let in."""
    start, end = gap
    return any(start <= at <= end for at in person.farewells) or bool(intersection((gap,), person.waiting))


def _credit(hour: _Hour, person: Whereabouts, policy: Policy) -> Credit:
    by_room = policy.breakout_supervision == "room"
    eligible = hour.eligible(person, by_room, raw=False)
    between = _sort_gaps(person, policy)
    present = intersection(person.present, eligible)
    moves = intersection(between.moves, eligible)
    bridged = first(intersection(between.short, eligible), policy.reconnect_cap)
    credited = union(present, moves, bridged)
    credited_s = length(credited)
    raw_s = length(intersection(person.present, hour.eligible(person, by_room, raw=True)))
    eligible_s = length(eligible)
    return Credit(
        credited_seconds=credited_s,
        raw_seconds=raw_s,
        bridged_seconds=credited_s - raw_s,
        eligible_seconds=eligible_s,
        status=_status(credited_s, eligible_s, person, policy),
        late=_late(hour, person, policy),
        stretches=_stretches(hour, person, between, bridged, eligible),
        policy_version=policy.version,
        arrived_at=person.arrived_at,
        left_at=person.present[-1][1] if person.present else None,
    )


def _status(credited_s: int, eligible_s: int, person: Whereabouts, policy: Policy) -> Status:
    if person.arrived_at is None or not (person.rooms or person.waiting):
        return Status.ABSENT
    return status_of(credited_s, eligible_s, policy)


def status_of(credited_s: int, eligible_s: int, policy: Policy) -> Status:
    """Of somebody who came (rule 8)."""
    if eligible_s == 0:
        return Status.PRESENT  # staff never came: the client did (rule 9)
    if credited_s * 100 >= policy.present_percent * eligible_s:
        return Status.PRESENT
    if credited_s >= policy.partial_minutes * 60:
        return Status.PARTIAL
    return Status.INSUFFICIENT if credited_s else Status.ABSENT


def _late(hour: _Hour, person: Whereabouts, policy: Policy) -> bool:
    """By arrival at the door, against the scheduled start or the first facilitator, whichever is later."""
    if person.arrived_at is None or hour.opened_at is None:
        return False
    return person.arrived_at - max(hour.meeting.starts_at, hour.opened_at) > policy.late_after


def _stretches(
    hour: _Hour, person: Whereabouts, between: _Gaps, bridged: Seconds, eligible: Seconds
) -> tuple[Stretch, ...]:
    """A partition of the meeting, and of what the person was there outside of it, into reasons."""
    present, meeting = person.present, hour.meeting
    around = union([(meeting.starts_at, meeting.ends_at)], present, person.waiting)
    whole: Seconds = ((around[0][0], around[-1][1]),)
    found: list[Stretch] = []
    left = whole

    def take(reason: Reason, seconds: Seconds) -> None:
        nonlocal left
        taken = intersection(left, seconds)
        found.extend(Stretch(start, end, reason) for start, end in taken)
        left = difference(left, taken)

    here = union(present, between.moves, bridged)
    take(Reason.PRESENT, intersection(present, eligible))
    take(Reason.MOVED, intersection(between.moves, eligible))
    take(Reason.BRIDGED, bridged)
    window = hour.window or ((meeting.starts_at, meeting.ends_at),)
    take(Reason.OVER, ((min(window[-1][1], meeting.ends_at), whole[0][1]),))
    take(Reason.EARLY, ((whole[0][0], min(window[0][0], meeting.starts_at)),))
    take(Reason.BREAK, hour.breaks)
    take(Reason.UNSUPERVISED, difference(whole, hour.anywhere))
    take(Reason.UNSUPERVISED, difference(here, eligible))
    take(Reason.WAITING, person.waiting)
    take(Reason.CAPPED, between.short)
    take(Reason.SILENT, between.long)
    for start, end in left:
        found.append(Stretch(start, end, _absence(person, start)))
    return tuple(sorted(found, key=lambda stretch: stretch.start))


def _absence(person: Whereabouts, start: int) -> Reason:
    """Why nothing is recorded from `start` on."""
    if person.arrived_at is None or start < person.arrived_at:
        return Reason.NOT_YET
    last = max((at for at in person.farewells if at <= start), default=None)
    before = [end for _, end in union(person.present, person.waiting) if end <= start]
    if last is not None and before and last >= before[-1]:
        return Reason.REMOVED if person.farewells[last] == "removed" else Reason.AWAY
    return Reason.GONE
