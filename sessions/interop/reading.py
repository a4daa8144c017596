"""What a connected system finds: rows of its own programme only, each read on record.

A word of a search that is not known is refused, never passed over: to answer more than was asked for would
tell what nobody needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions.attendance.models import Adjustment, AttendanceRecord
from sessions.attendance.records import effective, with_adjustments
from sessions.attendance.reports.gather import staff_of
from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import NotAllowed, NotFound
from sessions.interop import resources
from sessions.interop.fhir import PARAMETERS
from sessions.interop.models import AccessToken, ConnectedSystem
from sessions.interop.resources import Resource
from sessions.interop.scopes import scope_of
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING, Role
from sessions.plan import service as plans
from sessions.plan.models import Assessment, CarePlan
from sessions.programs.episode_models import Episode
from sessions.programs.licences import held_by
from sessions.programs.models import Meeting, Program

PAGE: Final = 50
MOST: Final = 200
PAGING: Final = frozenset({"_count", "_page"})
_IN_CARE: Final = (Role.CLIENT, Role.ALUMNUS)
_DATE: Final = re.compile(
    r"(ge|gt|le|lt|eq)?(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2}))?", re.ASCII
)


class Unknown(Exception):
    """A search that is not understood; its text is for the one who asked."""


@dataclass(frozen=True, slots=True)
class Search:
    id: str = ""
    patient: UUID | None = None
    since: datetime | None = None  # included
    until: datetime | None = None  # not included
    count: int = PAGE
    page: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    resources: list[Resource]
    total: int


def understood(kind: str, given: Mapping[str, Sequence[str]], program: Program) -> Search:
    """Raises Unknown for a word, or a value, that means nothing here."""
    known = {name for name, _, _ in PARAMETERS[kind]} | PAGING
    if set(given) - known:
        raise Unknown(f"unknown search parameter; known here: {', '.join(sorted(known))}")
    for name in sorted(given):
        if name != "date" and len(given[name]) > 1:
            raise Unknown(f"{name}: only once")
    values: dict[str, Any] = {}
    if ids := given.get("_id"):
        if not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", ids[0]):
            raise Unknown("_id: one id")
        values["id"] = ids[0]
    if patients := given.get("patient"):
        values["patient"] = _uuid(patients[0].removeprefix("Patient/"))
        if values["patient"] is None:
            raise Unknown("patient: an id, or Patient/ and an id")
    bounds = [_bounds(text, program) for text in given.get("date", ())]
    if since := [one["since"] for one in bounds if "since" in one]:
        values["since"] = max(since)
    if until := [one["until"] for one in bounds if "until" in one]:
        values["until"] = min(until)
    for name, most in (("count", MOST), ("page", 100_000)):
        if numbers := given.get(f"_{name}"):
            if not re.fullmatch(r"[0-9]{1,6}", numbers[0]) or int(numbers[0]) < 1:
                raise Unknown(f"_{name}: a number from 1")
            values[name] = min(most, int(numbers[0]))
    if kind == "Appointment" and not {"patient", "id"} & values.keys():
        raise Unknown("Appointment: say whose, with patient")
    return Search(**values)


def search(token: AccessToken, kind: str, given: Mapping[str, Sequence[str]]) -> tuple[Found, Search]:
    """One page of what is found, and how the question was understood. The look is on record before anything
    is shown: for each patient of whom something is found, and for the one who was asked for.

    Raises NotAllowed without the scope, Unknown.
    """
    _allow(token, kind)
    wanted = understood(kind, given, token.system.program)
    program = token.system.program
    found = _READERS[kind](program, wanted)
    of = {whose for one in found.resources if (whose := _whose(one)) is not None}
    if wanted.patient is not None and _people(program, _IN_CARE).filter(pk=wanted.patient).exists():
        of.add(wanted.patient)
    if of:
        audit.record_each(
            actor_id=token.system_id,
            act=f"fhir.{kind}",
            subject_type="person",
            subject_ids=sorted(of),
            scope=program.pk,
        )
    else:
        _record(token.system, kind, None)
    return found, wanted


def read(token: AccessToken, kind: str, resource_id: str) -> Resource:
    """Raises NotAllowed without the scope, NotFound also for what is of another programme."""
    _allow(token, kind)
    found = _READERS[kind](token.system.program, Search(id=resource_id))
    if not found.resources:
        _record(token.system, kind, None, audit.Outcome.REFUSED, NotFound.code)
        raise NotFound
    (one,) = found.resources
    _record(token.system, kind, _whose(one))
    return one


def _allow(token: AccessToken, kind: str) -> None:
    if scope_of(kind) not in token.scopes:
        _record(token.system, kind, None, audit.Outcome.REFUSED, "insufficient-scope")
        raise NotAllowed


def _whose(one: Resource) -> UUID | None:
    if one["resourceType"] == "Patient":
        return UUID(one["id"])
    actors = [each.get("actor") for each in one.get("participant", ())]
    for reference in (one.get("subject"), *actors):
        if reference and reference["reference"].startswith("Patient/"):
            return UUID(reference["reference"].removeprefix("Patient/"))
    return None


def _record(
    system: ConnectedSystem,
    kind: str,
    patient: UUID | None,
    outcome: audit.Outcome = audit.Outcome.ALLOWED,
    reason: str = "",
) -> None:
    audit.record(
        actor_id=system.pk,
        act=f"fhir.{kind}",
        subject_type="program" if patient is None else "person",
        subject_id=system.program_id if patient is None else patient,
        scope=system.program_id,
        outcome=outcome,
        reason=reason,
    )


# Each kind: the rows of one programme, narrowed, counted, one page of them as resources.


def _patients(program: Program, wanted: Search) -> Found:
    rows = _people(program, _IN_CARE)
    page, total = _page(_with_id(rows, wanted.id), wanted, "pk")
    episodes: dict[UUID, list[Episode]] = {}
    for one in Episode.objects.of(program.pk).filter(person__in=page):
        episodes.setdefault(one.person_id, []).append(one)
    return Found([resources.patient(one, episodes.get(one.pk, ())) for one in page], total)


def _practitioners(program: Program, wanted: Search) -> Found:
    page, total = _page(_with_id(_people(program, tuple(LEADING)), wanted.id), wanted, "pk")
    live = Membership.objects.filter(program=program, role__in=LEADING).active()
    here = set(live.values_list("person_id", flat=True))
    licences = held_by([one.pk for one in page])
    return Found(
        [resources.practitioner(one, licences.get(one.pk, ()), one.pk in here) for one in page], total
    )


def _appointments(program: Program, wanted: Search) -> Found:
    patient, only = wanted.patient, None
    if wanted.id:
        if not re.fullmatch(r"[0-9a-f]{64}", wanted.id):
            return Found([], 0)
        only, named = UUID(wanted.id[:32]), UUID(wanted.id[32:])
        if patient not in (None, named):
            return Found([], 0)
        patient = named
    people = _people(program, _IN_CARE)
    person = people.filter(pk=patient).first() if patient is not None else None
    if person is None:
        return Found([], 0)
    signed = {
        row.meeting_id: effective(row)
        for row in with_adjustments(AttendanceRecord.objects.filter(person=person, meeting__program=program))
    }
    # As a patient: what they lead, or come to as somebody's guest, is not theirs.
    attended = Meeting.objects.of(program.pk).attended_by(person).filter(Q(("room_role__in", _IN_CARE)))
    expected = attended.order_by().values("pk")
    rows = Meeting.objects.of(program.pk).filter(Q(pk__in=expected) | Q(pk__in=list(signed)))
    if only is not None:
        rows = rows.filter(pk=only)
    page, total = _page(_between(rows, wanted, "starts_at"), wanted, "starts_at", "pk")
    leads = staff_of([one.pk for one in page])
    return Found(
        [
            resources.appointment(
                one, person.pk, [lead.pk for lead in leads.get(one.pk, ())], signed.get(one.pk)
            )
            for one in page
        ],
        total,
    )


def _encounters(program: Program, wanted: Search) -> Found:
    """Signed attendances with minutes, as they hold now: the same that a report tells."""
    newer = Adjustment.objects.filter(record=OuterRef("record"), number__gt=OuterRef("number"))
    last = Adjustment.objects.filter(~Exists(newer), record=OuterRef("pk"))
    rows = AttendanceRecord.objects.filter(
        Exists(last.filter(after__credited_seconds__gte=60))
        | (Q(credited_seconds__gte=60) & ~Exists(Adjustment.objects.filter(record=OuterRef("pk")))),
        meeting__program=program,
    )
    rows = _of(_with_id(rows, wanted.id), wanted.patient, "person")
    rows = _between(rows, wanted, "meeting__starts_at").select_related("meeting", "attestation")
    page, total = _page(with_adjustments(rows), wanted, "meeting__starts_at", "pk")
    leads = staff_of([one.meeting_id for one in page])
    return Found(
        [resources.encounter(one, [lead.pk for lead in leads.get(one.meeting_id, ())]) for one in page], total
    )


def _responses(program: Program, wanted: Search) -> Found:
    rows = Assessment.objects.filter(episode__program=program).select_related("episode")
    rows = _of(_with_id(rows, wanted.id), wanted.patient, "episode__person")
    page, total = _page(_between(rows, wanted, "at"), wanted, "at", "pk")
    return Found([resources.questionnaire_response(one, plans.answers_of(one)) for one in page], total)


def _care_plans(program: Program, wanted: Search) -> Found:
    rows = CarePlan.objects.filter(episode__program=program).select_related("episode")
    rows = _of(_with_id(rows, wanted.id), wanted.patient, "episode__person")
    page, total = _page(rows, wanted, "made_at", "pk")
    return Found([resources.care_plan(one, plans.words_of(one)) for one in page], total)


_READERS: Final[dict[str, Callable[[Program, Search], Found]]] = {
    "Patient": _patients,
    "Practitioner": _practitioners,
    "Appointment": _appointments,
    "Encounter": _encounters,
    "QuestionnaireResponse": _responses,
    "CarePlan": _care_plans,
}


def _people(program: Program, roles: Iterable[Role]) -> QuerySet[Person]:
    """Who has or had one of these roles in the programme."""
    rows = Membership.objects.filter(program=program, role__in=list(roles))
    return Person.objects.filter(pk__in=rows.values("person"))


def _with_id(rows: Any, wanted: str) -> Any:
    if not wanted:
        return rows
    pk = _uuid(wanted)
    return rows.none() if pk is None else rows.filter(pk=pk)


def _of(rows: Any, patient: UUID | None, path: str) -> Any:
    return rows if patient is None else rows.filter(**{path: patient})


def _between(rows: Any, wanted: Search, path: str) -> Any:
    if wanted.since is not None:
        rows = rows.filter(**{f"{path}__gte": wanted.since})
    return rows if wanted.until is None else rows.filter(**{f"{path}__lt": wanted.until})


def _page(rows: Any, wanted: Search, *order: str) -> tuple[list[Any], int]:
    first = (wanted.page - 1) * wanted.count
    total = rows.count()
    return list(rows.order_by(*order)[first : first + wanted.count]), total


def _bounds(text: str, program: Program) -> dict[str, datetime]:
    """A day counts in the programme's zone, from its beginning to its end."""
    read = _DATE.fullmatch(text)
    if read is None:
        raise Unknown("date: a day, or a moment with its zone, after ge, gt, le or lt")
    prefix, day, moment = read.groups()
    try:
        if moment:
            begins = datetime.fromisoformat((day + moment).replace("Z", "+00:00")).astimezone(UTC)
            ends = begins + timedelta(seconds=1)
        else:
            span = zones.day(date.fromisoformat(day), program.time_zone)
            begins, ends = span.start, span.end
    except (ValueError, OverflowError) as none:
        raise Unknown("date: there is no such day") from none
    return {
        "ge": {"since": begins},
        "gt": {"since": ends},
        "le": {"until": ends},
        "lt": {"until": begins},
    }.get(prefix or "eq", {"since": begins, "until": ends})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def touched(system: ConnectedSystem) -> None:
    """It has read something now; kept for the page that shows the systems."""
    ConnectedSystem.objects.filter(pk=system.pk).update(read_at=clock.now())
