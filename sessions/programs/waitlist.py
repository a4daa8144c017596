"""Who waits for a place in a full group, and to whom a place that frees is offered.

    waiting ─► offered ─► wants it ─► placed (by admission or a signed step; never by itself)
       ▲          └─► let go, or no answer in time: stays on the list, is asked again by hand

A place that frees is offered to the first in line who has not let one go, and kept for them for
`settings.offer_hours`. Care is not decided here: who wants the place is admitted by staff.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs import service
from sessions.programs.calendar_models import WaitlistEntry
from sessions.programs.models import Cohort, Enrollment, Program


class Waits(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Line:
    """One group's waitlist."""

    cohort: Cohort
    free: int | None  # places that nobody has and nobody is offered; None when nobody counts
    entries: tuple[WaitlistEntry, ...]


def state(entry: WaitlistEntry, now: datetime) -> Waits:
    if entry.taken_at is not None:
        return Waits.TAKEN
    if entry.offer_ends_at is not None and entry.offer_ends_at > now:
        return Waits.OFFERED
    return Waits.PASSED if entry.passed_at is not None or entry.offer_ends_at else Waits.WAITING


def lines(program: Program) -> list[Line]:
    """Of every group for which somebody waits, by name. Four queries."""
    found: dict[UUID, list[WaitlistEntry]] = {}
    rows = WaitlistEntry.objects.filter(cohort__program=program, ended_at=None)
    for row in rows.select_related("person", "cohort__program").order_by(
        "cohort__name", "-moved_up", "since", "id"
    ):
        found.setdefault(row.cohort_id, []).append(row)
    held = service.places_of([of[0].cohort for of in found.values()])
    kept = service.kept_in(held)
    return [
        Line(of[0].cohort, None if left is None else max(0, left - kept.get(pk, 0)), tuple(of))
        for pk, of in found.items()
        for left in [held[pk]]
    ]


def free(cohort: Cohort) -> int | None:
    left = service.places(cohort)
    return None if left is None else max(0, left - service.kept_places(cohort))


def entry(entry_id: UUID, program_id: UUID) -> WaitlistEntry:
    """Also one that has ended. Raises NotFound, also for another programme's."""
    row = WaitlistEntry.objects.filter(pk=entry_id, cohort__program=program_id)
    found = row.select_related("cohort__program", "person").first()
    if found is None:
        raise NotFound
    return found


def offers_to(person: Person, now: datetime) -> list[WaitlistEntry]:
    """The places kept for this person now: to answer, or answered and soon theirs."""
    rows = WaitlistEntry.objects.filter(person=person, ended_at=None, offered_at__isnull=False)
    rows = rows.select_related("cohort__program")
    return [row for row in rows if state(row, now) in (Waits.OFFERED, Waits.TAKEN)]


# What staff do.


@asked(Act.KEEP_EPISODES, of=lambda cohort: cohort.program)
def join(cohort: Cohort, person: Person, by: Person) -> WaitlistEntry:
    """To the end of the line. Idempotent. Raises Invalid for who is no client, or is in the group."""
    if not Membership.objects.filter(person=person, program=cohort.program_id, role=Role.CLIENT).active():
        raise Invalid("Only a client of the programme can wait for a place.")
    if Enrollment.objects.filter(person=person, cohort=cohort, ended_on=None).exists():
        raise Invalid("They are in this group already.")
    return service.wait_for_place(person, cohort, by)


@asked(Act.KEEP_EPISODES, of=lambda entry: entry.cohort.program)
def move_up(entry: WaitlistEntry, by: Person) -> None:
    """To the front of the line; an offer that was let go no longer counts against them."""
    top = WaitlistEntry.objects.filter(cohort=entry.cohort).aggregate(top=Max("moved_up"))["top"] or 0
    entry.moved_up, entry.passed_at = top + 1, None
    if entry.taken_at is None and state(entry, clock.now()) is not Waits.OFFERED:
        entry.offer_ends_at = None
    entry.save(update_fields=["moved_up", "passed_at", "offer_ends_at"])
    _record(by, "waitlist.moved-up", entry)


@asked(Act.KEEP_EPISODES, of=lambda entry: entry.cohort.program)
def offer(entry: WaitlistEntry, by: Person) -> None:
    """By hand, whoever stands before them. Raises Full, and IllegalMove when one is kept already."""
    held = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if held.ended_at is not None or state(held, clock.now()) in (Waits.OFFERED, Waits.TAKEN):
        raise IllegalMove("A place is kept for them already.")
    if free(entry.cohort) == 0:
        raise service.Full
    _offer(entry, clock.now(), by)


@asked(Act.KEEP_EPISODES, of=lambda entry: entry.cohort.program)
def leave(entry: WaitlistEntry, by: Person) -> None:
    """Off the list; a place that was kept for them is free. Idempotent."""
    if WaitlistEntry.objects.filter(pk=entry.pk, ended_at=None).update(ended_at=clock.now()):
        _record(by, "waitlist.left", entry)


@asked(Act.KEEP_EPISODES, of=lambda entry: entry.cohort.program)
def back(entry: WaitlistEntry, by: Person) -> None:
    """Undo `leave`: where they stood. An offer is not kept over it. Idempotent.

    Raises IllegalMove when they are in the group, or on the list again, by now.
    """
    again = WaitlistEntry.objects.filter(cohort=entry.cohort, person=entry.person, ended_at=None)
    if again.filter(pk=entry.pk).exists():
        return
    inside = Enrollment.objects.filter(cohort=entry.cohort, person=entry.person, ended_on=None)
    if again.exists() or inside.exists():
        raise IllegalMove("They have a place, or wait for one, by now.")
    WaitlistEntry.objects.filter(pk=entry.pk).update(
        ended_at=None, offered_at=None, offer_ends_at=None, taken_at=None, told_at=None
    )
    _record(by, "waitlist.joined", entry)


# What the person does.


@transaction.atomic
def answer(entry_id: UUID, person: Person, *, wanted: bool) -> WaitlistEntry:
    """Their own yes or no to a place. Raises NotFound for another's, IllegalMove when the time has passed."""
    row = WaitlistEntry.objects.select_for_update(of=("self",)).filter(pk=entry_id, person=person)
    found = row.select_related("cohort__program", "person").first()
    if found is None or found.offered_at is None:
        raise NotFound
    now = clock.now()
    if found.ended_at is not None or state(found, now) not in (Waits.OFFERED, Waits.TAKEN):
        raise IllegalMove("This place is not kept for you any more. Your team will ask you again.")
    if wanted:
        found.taken_at = found.taken_at or now
    else:
        found.taken_at, found.passed_at, found.offer_ends_at = None, now, None
    found.told_at = None
    found.save(update_fields=["taken_at", "passed_at", "offer_ends_at", "told_at"])
    _record(person, "waitlist.wanted" if wanted else "waitlist.passed", found)
    return found


# What time does.


def offer_free(now: datetime) -> int:
    """Offer every free place to who is next. Returns how many. Safe to repeat and side by side."""
    made = 0
    waiting = WaitlistEntry.objects.filter(ended_at=None, taken_at=None, passed_at=None)
    for cohort_id in list(waiting.order_by().values_list("cohort_id", flat=True).distinct()):
        with transaction.atomic():
            made += _offer_in(Cohort.objects.select_for_update(of=("self",)).get(pk=cohort_id), now)
    return made


def _offer_in(cohort: Cohort, now: datetime) -> int:
    rows = WaitlistEntry.objects.filter(cohort=cohort, ended_at=None, taken_at=None)
    rows.filter(offer_ends_at__lte=now, passed_at=None).update(passed_at=now)
    left, made = free(cohort), 0
    for row in rows.filter(passed_at=None, offer_ends_at=None).select_related("cohort__program", "person"):
        if left is None or made >= left:
            break
        _offer(row, now, None)
        made += 1
    return made


def _offer(row: WaitlistEntry, now: datetime, by: Person | None) -> None:
    row.offered_at, row.passed_at, row.told_at = now, None, None
    row.offer_ends_at = now + timedelta(hours=row.cohort.program.rules.offer_hours)
    row.save(update_fields=["offered_at", "offer_ends_at", "passed_at", "told_at"])
    _record(by, "waitlist.offered", row)


def _record(by: Person | None, act: str, row: WaitlistEntry) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="person",
        subject_id=row.person_id,
        scope=row.cohort.program_id,
    )
