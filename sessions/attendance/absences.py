"""What follows from an absence: a review by a person. Called with every signature and every adjustment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from sessions.attendance.absence import Asks, Attended, Review, Rules, excused_by_notice, reviews
from sessions.attendance.absence_models import AbsenceNotice
from sessions.attendance.models import AttendanceRecord, AttendanceStatus
from sessions.attendance.records import effective, with_adjustments
from sessions.audit import service as audit
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid, NotAllowed
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.models import Meeting
from sessions.worklist import service as worklist

LOOK_BACK: Final = timedelta(days=90)
LONGEST: Final = 1_000
_KIND: Final = {
    Asks.UNEXCUSED: "absence.review",
    Asks.IN_A_ROW: "level.review",
    Asks.IN_DAYS: "level.review",
}


class TooLate(IllegalMove):
    code = "too-late"
    text = "This session has begun. Please call your team."


# Said beforehand.


def give_notice(actor: Person, meeting: Meeting, person: Person, reason: str = "") -> AbsenceNotice:
    """The client cannot come: said by themselves, or taken by a facilitator of the meeting. Idempotent.

    Raises:
        NotFound, NotAllowed: the actor is neither; or the person is no client of the meeting.
        TooLate: the meeting has begun.
        Invalid: a reason that is too long.
    """
    require(actor, Act.SEE_MEETING if actor.pk == person.pk else Act.ATTEST, meeting)
    if meeting.role_of(person) is not RoomRole.CLIENT:
        raise NotAllowed
    if clock.now() >= meeting.starts_at or meeting.cancelled_at is not None:
        raise TooLate
    if len(reason) > LONGEST:
        raise Invalid(f"A note has between 1 and {LONGEST} characters.")
    with transaction.atomic():
        row, new = AbsenceNotice.objects.get_or_create(
            meeting=meeting, person=person, withdrawn_at=None, defaults={"given_by": actor}
        )
        if new:
            if reason.strip():
                row.reason = encryption.encrypt(reason.strip(), _place(row.pk))
                row.save(update_fields=["reason"])
            _record(actor, "absence.noticed", meeting, person.pk)
    return row


def withdraw_notice(actor: Person, meeting: Meeting, person: Person) -> None:
    """They can come after all. Idempotent. Raises as give_notice does."""
    require(actor, Act.SEE_MEETING if actor.pk == person.pk else Act.ATTEST, meeting)
    rows = AbsenceNotice.objects.filter(meeting=meeting, person=person, withdrawn_at=None)
    if rows.update(withdrawn_at=clock.now()):
        _record(actor, "absence.notice-withdrawn", meeting, person.pk)


def notice_of(meeting: Meeting, person: Person) -> AbsenceNotice | None:
    """For who may already see the meeting as this person, or everybody's attendance."""
    return AbsenceNotice.objects.filter(meeting=meeting, person=person, withdrawn_at=None).first()


def notices(meeting: Meeting) -> Mapping[UUID, tuple[datetime, bool, str]]:
    """By client: when it was said, whether early enough to be excused, and why. For callers that have asked
    for
    SEE_ATTENDANCE and written its audit row."""
    rules = Rules.of(meeting.program.rules)
    rows = AbsenceNotice.objects.filter(meeting=meeting, withdrawn_at=None)
    return {
        row.person_id: (
            row.given_at,
            excused_by_notice(row.given_at, meeting.starts_at, rules),
            encryption.decrypt(row.reason, _place(row.pk)) if row.reason is not None else "",
        )
        for row in rows
    }


# Followed up.


def review(meeting: Meeting, people: Collection[UUID]) -> None:
    """Ask for the reviews that this signed meeting and later ones raise for these clients; in the caller's
    transaction.

    Settles those that no longer hold, as after an adjustment that excuses an absence. Only kinds that count
    towards the week raise any.
    """
    if not meeting.kind_defaults.creditable or not people:
        return
    rules = Rules.of(meeting.program.rules)
    held: set[str] = set()
    told: set[str] = set()  # every review there could be about what was looked at
    for person_id, history in _histories(meeting, people).items():
        told |= {_key(why, one.record) for why in Asks for one, _ in history}
        for count, (_, at) in enumerate(history, start=1):
            raised = reviews([one for one, _ in history[:count]], rules)
            held |= {_key(one.why, one.since) for one in raised}
            if at >= meeting.starts_at:  # later ones too: meetings are signed in any order
                for one in raised:
                    _ask(meeting, person_id, one, rules)
    for kind in sorted(set(_KIND.values())):
        for task in worklist.live(meeting.program_id, kind):
            if task.key in told - held:
                worklist.settled(meeting.program_id, task.key)


def _ask(meeting: Meeting, person_id: UUID, one: Review, rules: Rules) -> None:
    params: dict[str, str | int] = {"on": one.on.isoformat()}
    if one.why is not Asks.UNEXCUSED:
        params["count"] = one.count
    if one.why is Asks.IN_DAYS:
        params["days"] = rules.days
    worklist.ask(
        meeting.program_id,
        _KIND[one.why],
        key=_key(one.why, one.since),
        reason=one.why.value,
        params=params,
        person=person_id,
        about=worklist.About("sheet", meeting.pk),
    )


def _key(why: Asks, since: UUID) -> str:
    return f"{why.value} {since}"


def _histories(meeting: Meeting, people: Collection[UUID]) -> dict[UUID, list[tuple[Attended, datetime]]]:
    """Each client's signed meetings that count, as they hold now, in order of time."""
    rows = with_adjustments(
        AttendanceRecord.objects.filter(
            person__in=people,
            meeting__program=meeting.program_id,
            attestation__creditable=True,
            meeting__starts_at__gt=meeting.starts_at - LOOK_BACK,
        ).select_related("meeting")
    ).order_by("meeting__starts_at", "pk")
    found: dict[UUID, list[tuple[Attended, datetime]]] = defaultdict(list)
    for row in rows:
        held = effective(row)
        absent = held.status is AttendanceStatus.ABSENT
        one = Attended(row.pk, row.meeting.held_on, absent, held.excused)
        found[row.person_id].append((one, row.meeting.starts_at))
    return found


def _place(pk: UUID) -> str:
    return f"absence-notice {pk}"


def _record(actor: Person, act: str, meeting: Meeting, person_id: UUID) -> Any:
    return audit.record(
        actor_id=actor.pk, act=act, subject_type="person", subject_id=person_id, scope=meeting.program_id
    )
