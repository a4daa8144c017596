"""Proposals follow the room's log: live during the meeting, final at its end, never after the signature."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, transaction

from sessions.attendance import breaks, hours, observe
from sessions.attendance.evidence import Observation, Role, whereabouts
from sessions.attendance.flags import Flag, flags
from sessions.attendance.hours import Credit
from sessions.attendance.intervals import NOTHING, Seconds, intersection, union
from sessions.attendance.models import Attestation, Progress, Proposal
from sessions.attendance.policies import policy_of
from sessions.attendance.policy import Policy, values_of
from sessions.core import clock
from sessions.core.errors import Fault
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.room import feed

log = logging.getLogger(__name__)

_ROLES: Final[dict[RoomRole, Role]] = {
    RoomRole.FACILITATOR: "facilitator",
    RoomRole.CLIENT: "client",
    RoomRole.FAMILY: "family",
    RoomRole.ALUMNUS: "family",  # is not credited either
}

EVIDENCE_EVERY: Final = timedelta(seconds=10)  # new evidence alone counts no more often than it comes


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that is known about one meeting at one moment."""

    meeting: Meeting
    facts: tuple[Observation, ...]
    clients: tuple[str, ...]  # on the roster
    ended_at: datetime | None
    breaks_taken: tuple[tuple[int, int], ...]  # started in the room, to the second
    complete: bool  # no evidence is missing any more
    cameras: Mapping[str, Seconds]  # by person, when on; empty when nobody told of any
    identified: Set[UUID]  # whom staff of the programme have made sure of
    seq: int
    digest: str

    def times(self) -> hours.Meeting:
        """As hours.credit wants them."""
        return hours.Meeting(
            starts_at=_seconds(self.meeting.starts_at),
            ends_at=_seconds(self.meeting.ends_at),
            ended_at=None if self.ended_at is None else _seconds(self.ended_at),
            breaks=self.breaks(),
        )

    def breaks(self) -> Seconds:
        """As planned, or as they were taken."""
        planned = ((_seconds(b.start), _seconds(b.end)) for b in self.meeting.break_spans)
        return breaks.counted(planned, self.breaks_taken)

    def break_spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """The same, as moments."""
        return tuple(
            (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
            for start, end in self.breaks()
        )

    def started_at(self) -> datetime | None:
        """When a facilitator and a client were first in rooms of the meeting together; None when never."""
        together = intersection(self._present("facilitator"), self._present("client"))
        return _moment(together[0][0]) if together else None

    def staff_spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """When a facilitator was there."""
        return tuple(
            (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
            for start, end in self._present("facilitator")
        )

    def _present(self, role: Role) -> Seconds:
        people = whereabouts(self.facts).values()
        return union(*(person.present for person in people if person.role == role))

    def flags(self, person: UUID, credit: Credit) -> tuple[Flag, ...]:
        camera = self.cameras.get(str(person), NOTHING) if self.cameras else None
        return flags(credit, camera, identified=person in self.identified)

    def credits(self, policy: Policy) -> dict[UUID, Credit]:
        """By client. While the meeting runs, what has not happened yet has no reason."""
        found = hours.credit(self.times(), self.facts, policy, self.clients)
        if self.ended_at is None:
            until = max((fact.at for fact in self.facts), default=0)
            found = {person: credit.until(until) for person, credit in found.items()}
        return {UUID(person): credit for person, credit in found.items()}


def follow(now: datetime) -> int:
    """Bring every proposal up to date that has something new; returns how many meetings were computed.

    Touches only meetings with new facts, with fresh evidence, or with a changed policy: the cost knows no
    history. A meeting that cannot be computed is logged and passed over; it is tried again next time.
    """
    wanted = feed.uncredited() | set(Progress.objects.filter(stale=True).values_list("meeting_id", flat=True))
    heard = feed.latest_evidence()
    known = Progress.objects.filter(meeting__in=heard).values_list("meeting_id", "evidence_at", "computed_at")
    for meeting_id, evidence_at, computed_at in known:
        fresh = evidence_at is None or heard[meeting_id] > evidence_at
        if fresh and (computed_at is None or abs(now - computed_at) >= EVIDENCE_EVERY):
            wanted.add(meeting_id)
    done = 0
    for meeting_id in sorted(wanted):
        try:
            compute(meeting_id, now)
            done += 1
        except (DatabaseError, Fault, ValueError) as error:
            log.error("attendance of meeting %s failed: %s", meeting_id, type(error).__name__)
    return done


@transaction.atomic
def compute(meeting_id: UUID, now: datetime | None = None) -> None:
    """Read what is new and write the proposals. Nothing but the reading once the meeting is signed."""
    progress = locked(meeting_id)
    if Attestation.objects.filter(meeting=meeting_id).exists():
        feed.credited(meeting_id, feed.read(meeting_id, after=progress.seq).seq)
        Progress.objects.filter(pk=meeting_id, stale=True).update(stale=False)
        return
    found, evidence_at = _hear(progress)
    policy = policy_of(found.meeting)
    progress.computed_at, progress.evidence_at, progress.stale = now or clock.now(), evidence_at, False
    progress.save(update_fields=["seq", "folded", "computed_at", "evidence_at", "stale"])
    credits_ = found.credits(policy)
    rows = [
        proposal(found, person, credit, policy, progress.computed_at) for person, credit in credits_.items()
    ]
    names = [field.name for field in Proposal._meta.concrete_fields if not field.primary_key]
    Proposal.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["meeting", "person"],
        update_fields=[name for name in names if name not in ("meeting", "person")],
    )
    Proposal.objects.filter(meeting=meeting_id).exclude(person__in=credits_).delete()
    feed.credited(meeting_id, progress.seq)


def locked(meeting_id: UUID) -> Progress:
    """The meeting's row, locked until the transaction ends."""
    Progress.objects.get_or_create(meeting_id=meeting_id)
    return Progress.objects.select_for_update().get(pk=meeting_id)


def hear(meeting: Meeting, *, lock: bool = False, people: bool = True) -> Hearing:
    """What is known about the meeting now, read from its beginning; changes nothing.

    With `lock` (inside a transaction) nothing is added to the room's log before the transaction ends. Without
    `people` nobody is looked up: enough for times, not for credits.
    """
    observed = observe.Observed()
    return _hearing(meeting, observed, feed.read(meeting.pk, lock=lock), people)


def proposal(
    found: Hearing, person: UUID, credit: Credit, policy: Policy, computed_at: datetime | None = None
) -> Proposal:
    """As a row, not stored."""
    return Proposal(
        meeting=found.meeting,
        person_id=person,
        final=found.ended_at is not None,
        computed_at=computed_at or clock.now(),
        **columns(found, person, credit, policy),
    )


def columns(found: Hearing, person: UUID, credit: Credit, policy: Policy) -> dict[str, Any]:
    """A credit as the columns of models.Credited."""
    return {
        "credited_seconds": credit.credited_seconds,
        "raw_seconds": credit.raw_seconds,
        "bridged_seconds": credit.bridged_seconds,
        "eligible_seconds": credit.eligible_seconds,
        "status": credit.status.value,
        "late": credit.late,
        "arrived_at": _moment(credit.arrived_at),
        "left_at": _moment(credit.left_at),
        "spans": [[one.start, one.end, one.reason.value] for one in credit.stretches],
        "flags": [flag.value for flag in found.flags(person, credit)],
        "policy_version": credit.policy_version,
        "policy": values_of(policy),
    }


def _hear(progress: Progress) -> tuple[Hearing, datetime | None]:
    observed = observe.load(progress.folded) if progress.folded else observe.Observed()
    if observed is None:
        observed, progress.seq = observe.Observed(), 0
    reading = feed.read(progress.meeting_id, after=progress.seq)
    found = _hearing(programs.meeting(progress.meeting_id), observed, reading)
    progress.seq, progress.folded = reading.seq, observe.dump(observed)
    return found, max(reading.heard.values(), default=None)


def _hearing(
    meeting: Meeting, observed: observe.Observed, reading: feed.Reading, people: bool = True
) -> Hearing:
    for seq, fact in reading.facts:
        observed.read(seq, fact)
    roles = {person: _ROLES[role] for person, role in reading.roles.items()}
    return Hearing(
        meeting=meeting,
        facts=tuple(observed.facts(reading.heard, roles)),
        clients=_clients(meeting, reading) if people else (),
        ended_at=reading.ended_at,
        breaks_taken=tuple(observed.breaks),
        complete=reading.seq == 0 or observed.complete(reading.heard),
        cameras=observed.camera_on(),
        identified=reading.identified,
        seq=reading.seq,
        digest=reading.digest,
    )


def _clients(meeting: Meeting, reading: feed.Reading) -> tuple[str, ...]:
    """On the roster as clients, unless they came as something else."""
    on_roster = (entry.person.pk for entry in programs.roster(meeting) if entry.role == RoomRole.CLIENT)
    return tuple(
        sorted(str(pk) for pk in on_roster if reading.roles.get(pk, RoomRole.CLIENT) == RoomRole.CLIENT)
    )


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _moment(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
