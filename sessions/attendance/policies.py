"""Which policy counts for which meeting. A change is a new version; what was signed keeps its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from sessions.attendance import policy as pure
from sessions.attendance.models import CreditPolicy, Progress
from sessions.attendance.policy import DEFAULT, Policy
from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, Program


def policy_of(meeting: Meeting) -> Policy:
    """The kind's own, else the programme's, else the default: in effect at the meeting's scheduled start."""
    rows = CreditPolicy.objects.filter(
        program=meeting.program_id, kind__in=["", meeting.kind], effective_from__lte=meeting.starts_at
    ).order_by("-kind", "-effective_from", "-number")
    return _read(rows.first())


def held(program: Program, kind: MeetingKind | None, now: datetime) -> Policy:
    """What counts now for one kind of meeting, or for all without rules of their own."""
    word = "" if kind is None else kind.value
    rows = CreditPolicy.objects.filter(program=program, kind__in=["", word], effective_from__lte=now)
    return _read(rows.order_by("-kind", "-effective_from", "-number").first())


def versions(program: Program, kind: MeetingKind | None) -> list[CreditPolicy]:
    """The versions of one kind's own rules, or of the programme's, the newest first. For callers that have
    asked for SET_CREDIT_POLICY."""
    rows = CreditPolicy.objects.filter(program=program, kind="" if kind is None else kind.value)
    return list(rows.select_related("created_by").order_by("-number"))


def set_policy(
    actor: Person,
    program: Program,
    values: Mapping[str, object],
    *,
    kind: MeetingKind | None = None,
    effective_from: datetime | None = None,
) -> CreditPolicy:
    """A new version for the programme, or for one kind of meeting in it. Meetings that are not signed are
    computed again.

    Args:
        values: what differs from the default policy; the keys of policy.Policy but `version`.
        effective_from: meetings that start at this time or later; now by default.

    Raises:
        NotFound, NotAllowed: the actor does not administer the programme.
        Invalid: an unknown key or a value out of bounds; the text names it.
    """
    require(actor, Act.SET_CREDIT_POLICY, program)
    if "version" in values:
        raise Invalid("version: is given by the server")
    try:
        pure.decode(dict(values))
    except msgspec.ValidationError as wrong:
        raise Invalid(str(wrong)) from wrong
    with transaction.atomic():
        Program.objects.select_for_update().get(pk=program.pk)
        word = kind.value if kind is not None else ""
        earlier = CreditPolicy.objects.filter(program=program, kind=word)
        row = CreditPolicy.objects.create(
            program=program,
            kind=word,
            number=(earlier.aggregate(last=Max("number"))["last"] or 0) + 1,
            values=dict(values),
            effective_from=effective_from or clock.now(),
            created_by=actor,
        )
        _compute_again(program.pk, word, row.effective_from)
        audit.record(
            actor_id=actor.pk,
            act=Act.SET_CREDIT_POLICY,
            subject_type="creditpolicy",
            subject_id=row.pk,
            scope=program.pk,
        )
    return row


def _read(row: CreditPolicy | None) -> Policy:
    return DEFAULT if row is None else msgspec.structs.replace(pure.decode(row.values), version=row.version)


def _compute_again(program_id: UUID, kind: str, since: datetime) -> None:
    meetings = Meeting.objects.filter(program=program_id, starts_at__gte=since, attestation=None)
    if kind:
        meetings = meetings.filter(kind=kind)
    Progress.objects.filter(meeting__in=meetings.values("pk")).update(stale=True)
