"""Asking staff to do something, and what became of it.

    ask(program_id, kind, key=…, reason=…)   in the caller's transaction; the same key asks once, ever
    open_tasks(actor, program)               what this person may see, urgent first, then by due time
    claim, release, done, dismiss            by somebody who may see it; done and dismiss take a note
    settled(program_id, key)                 the matter has settled itself: closes the task without a person

Coordinators see all tasks of their programme. A facilitator sees those asked of them by name, and those that
their kind opens to clinicians when they are about nobody or about a client of a cohort they lead; while on
call also every call for help from a live meeting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from sessions.audit import service as audit
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people import standing
from sessions.people.access import Act, require
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs.models import Cohort, Enrollment, Program
from sessions.worklist import kinds
from sessions.worklist.models import StaffTask, TaskStatus

LIVE: Final = (TaskStatus.OPEN, TaskStatus.CLAIMED)
DUE_IN: Final = timedelta(days=2)
LONGEST: Final = 4_000


class AlreadyFinished(IllegalMove):
    code = "already-finished"
    text = "Somebody has finished this already."


@dataclass(frozen=True, slots=True)
class About:
    """Where a task leads: a kind of page and an id, for example About("meeting", meeting.pk)."""

    type: str
    id: UUID | str


def ask(
    program_id: UUID,
    kind: str,
    *,
    key: str,
    reason: str,
    params: Mapping[str, str | int] | None = None,
    person: Person | UUID | None = None,
    about: About | None = None,
    assigned_to: Person | None = None,
    due_at: datetime | None = None,
    urgent: bool = False,
) -> StaffTask:
    """Ask the programme's staff, in the caller's transaction. Idempotent by `key`: whatever has become of it.

    Args:
        kind: of kinds.KINDS; says who sees it.
        reason: of kinds.REASONS; `params` fill its sentence: numbers, codes, ISO dates (shown as days).
        due_at: by default two days from now.

    Raises:
        Fault: no such kind or reason, or a value of the reason is missing.
    """
    kinds.kind(kind)
    kinds.reason(reason).check(params or {})
    person_id = person.pk if isinstance(person, Person) else person
    task, _ = StaffTask.objects.get_or_create(
        program_id=program_id,
        key=key,
        defaults={
            "kind": kind,
            "reason": reason,
            "params": dict(params or {}),
            "person_id": person_id,
            "about_type": about.type if about else "",
            "about": str(about.id) if about else "",
            "assigned_to": assigned_to,
            "due_at": due_at or clock.now() + DUE_IN,
            "urgent": urgent,
        },
    )
    return task


def settled(program_id: UUID, key: str) -> None:
    """The matter is no more: an open task under this key closes by itself. Idempotent."""
    StaffTask.objects.filter(program_id=program_id, key=key, status__in=LIVE).update(
        status=TaskStatus.DONE, finished_at=clock.now()
    )


def all_settled(program_id: UUID, prefix: str) -> None:
    """The same for every key that begins so: what was asked again from day to day. Idempotent."""
    StaffTask.objects.filter(program_id=program_id, key__startswith=prefix, status__in=LIVE).update(
        status=TaskStatus.DONE, finished_at=clock.now()
    )


def withdrawn(program_id: UUID, key: str) -> None:
    """The matter was none after all: a task that nobody has taken up is gone, another closes. Idempotent."""
    StaffTask.objects.filter(program_id=program_id, key=key, status=TaskStatus.OPEN).delete()
    settled(program_id, key)


def live(program_id: UUID, kind: str) -> list[StaffTask]:
    """Open tasks of one kind, for the slice that asked them and may settle them."""
    return list(StaffTask.objects.filter(program_id=program_id, kind=kind, status__in=LIVE))


def open_tasks(actor: Person, program: Program, *, limit: int | None = None) -> list[StaffTask]:
    """What is to do and this person may see: urgent first, then by due time. The look is on record, for each
    client in it too.

    Raises NotFound for who is neither coordinator nor facilitator of the programme.
    """
    require(actor, Act.SEE_TASKS, program)
    rows = list(_visible(actor, program).filter(status__in=LIVE).order_by("-urgent", "due_at", "id")[:limit])
    audit.record_look(
        actor_id=actor.pk,
        act=Act.SEE_TASKS,
        subject_type="program",
        subject_id=program.pk,
        people={row.person_id for row in rows if row.person_id is not None},
        scope=program.pk,
    )
    return rows


def finished_tasks(actor: Person, program: Program, *, limit: int = 50) -> list[StaffTask]:
    """The last ones that were done or set aside, newest first. Raises NotFound as open_tasks does."""
    require(actor, Act.SEE_TASKS, program)
    rows = list(_visible(actor, program).exclude(status__in=LIVE).order_by("-finished_at", "id")[:limit])
    if people := {row.person_id for row in rows if row.person_id is not None}:
        audit.record_each(
            actor_id=actor.pk,
            act=Act.SEE_TASKS,
            subject_type="person",
            subject_ids=people,
            scope=program.pk,
        )
    return rows


def open_count(actor: Person) -> int:
    """How much waits for this person in all programmes: a number for the home page, no names, no row."""
    works_in = {row.program_id for row in standing.memberships(actor) if row.role in kinds.CLINICIANS}
    programs = Program.objects.filter(pk__in=works_in)  # nothing is asked of the database for nobody's
    return sum(_visible(actor, program).filter(status__in=LIVE).count() for program in programs)


def task(actor: Person, task_id: UUID) -> StaffTask:
    """Raises NotFound for one that is not there or not theirs to see."""
    try:
        row = StaffTask.objects.select_related("program").get(pk=task_id)
    except (StaffTask.DoesNotExist, ValidationError) as none:
        raise NotFound from none
    require(actor, Act.SEE_TASKS, row.program)
    if not _visible(actor, row.program).filter(pk=row.pk).exists():
        raise NotFound
    return row


def claim(actor: Person, task_id: UUID) -> None:
    """ "I am on it." Others still see it, and may take it over."""
    row = task(actor, task_id)
    _change(row, actor, "task.claimed", status=TaskStatus.CLAIMED, claimed_by=actor, claimed_at=clock.now())


def release(actor: Person, task_id: UUID) -> None:
    row = task(actor, task_id)
    _change(row, actor, "task.released", status=TaskStatus.OPEN, claimed_by=None, claimed_at=None)


def done(actor: Person, task_id: UUID, note: str = "") -> None:
    """Raises NotFound, AlreadyFinished; Invalid for a note that is too long."""
    _finish(task(actor, task_id), actor, TaskStatus.DONE, note)


def dismiss(actor: Person, task_id: UUID, note: str) -> None:
    """Set aside without doing it; the note says why. Raises as done does, Invalid without a note too."""
    row = task(actor, task_id)
    if not note.strip():
        raise Invalid("Please say why you set this aside.")
    _finish(row, actor, TaskStatus.DISMISSED, note)


def note_of(row: StaffTask) -> str:
    """For who got the row from here; "" without one."""
    return encryption.decrypt(row.note, _place(row.pk)) if row.note is not None else ""


def _finish(row: StaffTask, actor: Person, status: TaskStatus, note: str) -> None:
    if len(note) > LONGEST:
        raise Invalid(f"A note has between 1 and {LONGEST} characters.")
    kept = encryption.encrypt(note.strip(), _place(row.pk)) if note.strip() else None
    _change(
        row, actor, f"task.{status}", status=status, finished_by=actor, finished_at=clock.now(), note=kept
    )


def _change(row: StaffTask, actor: Person, act: str, **values: object) -> None:
    """A conditional UPDATE: of two people only one finishes a task."""
    with transaction.atomic():
        _record(actor, act, "stafftask", row.pk, row.program_id)  # first, as whoever settles a task does
        if not StaffTask.objects.filter(pk=row.pk, status__in=LIVE).update(**values):
            raise AlreadyFinished


def _visible(actor: Person, program: Program) -> QuerySet[StaffTask]:
    rows = StaffTask.objects.filter(program=program).select_related("person", "claimed_by", "finished_by")
    roles = {Role(role) for role in _roles(actor).filter(program=program).values_list("role", flat=True)}
    if Role.COORDINATOR in roles:
        return rows
    if Role.FACILITATOR not in roles:
        return rows.none()
    led = Cohort.objects.of(program.pk).filter(facilitators=actor)
    clients = Enrollment.objects.filter(cohort__in=led).values("person")
    open_to = [code for code, kind in kinds.KINDS.items() if Role.FACILITATOR in kind.seen_by]
    theirs = Q(person=None) | Q(person__in=clients)
    seen = Q(assigned_to=actor) | Q(theirs, assigned_to=None, kind__in=open_to)
    if _roles(actor).filter(program=program, on_call=True).exists():
        seen |= Q(assigned_to=None, kind__in=[code for code, kind in kinds.KINDS.items() if kind.on_call])
    return rows.filter(seen)


def _roles(actor: Person) -> QuerySet[Membership]:
    return Membership.objects.filter(person=actor).active()


def _place(pk: UUID) -> str:
    return f"staff-task {pk}"


def _record(actor: Person, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(
        actor_id=actor.pk, act=act, subject_type=subject_type, subject_id=subject_id, scope=program_id
    )


__all__ = [
    "About",
    "AlreadyFinished",
    "StaffTask",
    "TaskStatus",
    "ask",
    "claim",
    "dismiss",
    "done",
    "finished_tasks",
    "live",
    "note_of",
    "open_count",
    "open_tasks",
    "release",
    "settled",
    "task",
]
