"""What a programme decides for itself: its rules and tracks, what each kind of meeting carries, its groups
and who leads them, the licences of its staff. Every change is on record with who made it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q

from sessions.audit import service as audit
from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING, STAFF
from sessions.programs import settings as rules
from sessions.programs.calendar_models import Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.models import Cohort, CohortFacilitator, Program
from sessions.programs.settings import KindRule, Track

# Rules.


@asked(Act.SET_PROGRAM)
def set_rules(program: Program, values: Mapping[str, Any], by: Person) -> None:
    """Keep these words of the programme's settings; every other word stays. Raises ValidationError."""
    _keep(program, lambda held: {**held, **values}, by)


@asked(Act.SET_PROGRAM)
def set_tracks(program: Program, change: Callable[[list[Track]], Sequence[Track]], by: Person) -> None:
    """`change` makes the new tracks of those that hold. Raises ValidationError, Invalid."""

    def write(held: Mapping[str, Any]) -> dict[str, Any]:
        holds = rules.read(held)
        return rules.write(replace(holds, tracks=tuple(change(list(holds.tracks)))), held)

    _keep(program, write, by)


@asked(Act.SET_PROGRAM)
def set_kind(program: Program, kind: MeetingKind, rule: KindRule, by: Person) -> None:
    """What this kind of meeting carries from now on; an empty rule is the default again."""
    _keep(program, lambda held: rules.with_kind(held, kind.value, rule), by)


def _keep(program: Program, write: Callable[[Mapping[str, Any]], dict[str, Any]], by: Person) -> None:
    held = Program.objects.select_for_update().get(pk=program.pk)
    held.settings = write(held.settings)
    held.full_clean()
    held.save(update_fields=["settings"])
    program.settings = held.settings
    _record(by, Act.SET_PROGRAM, "program", program.pk, program.pk)


# Groups.


def cohort(cohort_id: UUID, program_id: UUID) -> Cohort:
    """Raises NotFound, also for a group of another programme."""
    found = Cohort.objects.of(program_id).select_related("program").filter(pk=cohort_id).first()
    if found is None:
        raise NotFound
    return found


def cohorts(program: Program) -> list[Cohort]:
    """By name, each with `members`: how many clients are in it now. Facilitators and series are fetched."""
    running = Count("enrollments__person", filter=Q(enrollments__ended_on=None), distinct=True)
    rows = Cohort.objects.of(program.pk).annotate(members=running).order_by("name")
    return list(rows.prefetch_related("facilitators"))


@asked(Act.KEEP_COHORTS)
def begin_cohort(
    program: Program, name: str, capacity: int | None, facilitators: Collection[Person], by: Person
) -> Cohort:
    """A new group. Raises Invalid for a name that is taken and for facilitators who are not staff."""
    row = Cohort(program=program, name=name.strip(), capacity=capacity)
    _save(row)
    _leads(row, facilitators)
    _record(by, "cohort.began", "cohort", row.pk, program.pk)
    return row


@asked(Act.KEEP_COHORTS, of=lambda cohort: cohort.program)
def change_cohort(cohort: Cohort, name: str, capacity: int | None, by: Person) -> None:
    """Another name, more or fewer places. Nobody who is in it loses theirs. Raises Invalid."""
    cohort.name, cohort.capacity = name.strip(), capacity
    _save(cohort)
    _record(by, "cohort.changed", "cohort", cohort.pk, cohort.program_id)


@asked(Act.KEEP_COHORTS, of=lambda cohort: cohort.program)
def give_cohort(cohort: Cohort, person: Person, by: Person) -> None:
    """From now on this person leads the group: sees its people, signs their plans. Idempotent."""
    _leads(cohort, [person])
    _record(by, "cohort.facilitator-added", "person", person.pk, cohort.program_id)


@asked(Act.KEEP_COHORTS, of=lambda cohort: cohort.program)
def take_cohort(cohort: Cohort, person: Person, by: Person) -> None:
    """This person leads the group no more; sessions already on the calendar stay theirs. Idempotent."""
    CohortFacilitator.objects.filter(cohort=cohort, person=person).delete()
    _record(by, "cohort.facilitator-removed", "person", person.pk, cohort.program_id)


def _save(row: Cohort) -> None:
    try:
        row.full_clean()
    except ValidationError as wrong:
        raise Invalid("There is a group of this name already.") from wrong
    row.save()


def _leads(row: Cohort, people: Collection[Person]) -> None:
    staff = Membership.objects.filter(program=row.program_id, person__in=people, role__in=LEADING).active()
    if set(staff.values_list("person_id", flat=True)) != {one.pk for one in people}:
        raise Invalid("Only staff of the programme can lead a group.")
    for one in people:
        CohortFacilitator.objects.get_or_create(cohort=row, person=one)


# Licences.


def licences(program: Program, on: date) -> list[Licence]:
    """Those of the programme's staff: what ends first stands first, what has no end last. One query."""
    rows = Licence.objects.filter(person__in=staff(program)).select_related("person")
    return sorted(rows, key=lambda row: (row.until is None, row.until or on, row.state, row.person.name))


def licence(licence_id: UUID, program: Program) -> Licence:
    """Raises NotFound, also for somebody who is no staff of this programme."""
    row = Licence.objects.filter(pk=licence_id, person__in=staff(program)).select_related("person").first()
    if row is None:
        raise NotFound
    return row


@asked(Act.KEEP_LICENCES)
def keep_licence(program: Program, row: Licence, by: Person) -> Licence:
    """Write down a licence, or what has changed of one. Raises ValidationError, Invalid, NotFound."""
    if not staff(program).filter(person=row.person_id).exists():
        raise NotFound
    row.full_clean()
    row.save()
    _record(by, "licence.kept", "person", row.person_id, program.pk)
    return row


def staff(program: Program) -> Any:
    """Who works here now, as a subquery of person ids."""
    return Membership.objects.filter(program=program, role__in=STAFF).active().values("person")


def leading(program: Program) -> Any:
    """Of those who work here, who may lead a session."""
    return Membership.objects.filter(program=program, role__in=LEADING).active().values("person")


def series_of(program: Program, on: date) -> dict[UUID, list[Series]]:
    """The running series of each group, in order of their hours. One query."""
    found: dict[UUID, list[Series]] = {}
    for row in Series.objects.of(program.pk).exclude(ends_on__lt=on):
        if row.cohort_id is not None:
            found.setdefault(row.cohort_id, []).append(row)
    return found


def _record(by: Person, act: str, subject_type: str, subject_id: UUID, program_id: UUID) -> None:
    audit.record(actor_id=by.pk, act=act, subject_type=subject_type, subject_id=subject_id, scope=program_id)
