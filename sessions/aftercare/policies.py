"""Which aftercare rules a programme has. A change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from sessions.aftercare import policy as pure
from sessions.aftercare.models import AftercarePolicy
from sessions.aftercare.policy import DEFAULT, Policy
from sessions.audit import service as audit
from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.core.prepared import Prepared
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.programs.models import Program

_LATEST: Final = Prepared(
    lambda program: AftercarePolicy.objects.filter(program=program).order_by("-number")[:1]
)


def policy_of(program_id: UUID) -> Policy:
    """The programme's latest version, else the default."""
    row = _LATEST.model(program_id)
    if row is None:
        return DEFAULT
    return msgspec.structs.replace(pure.decode(row.values), version=row.version)


def set_policy(actor: Person, program: Program, values: Mapping[str, object]) -> AftercarePolicy:
    """A new version. What is planned already stays as it is; what is planned from now on follows it.

    Args:
        values: what differs from the default policy; the keys of policy.Policy but `version`.

    Raises:
        NotFound, NotAllowed: the actor does not administer the programme.
        Invalid: an unknown key or a value out of bounds; the text names it.
    """
    require(actor, Act.SET_AFTERCARE_POLICY, program)
    if "version" in values:
        raise Invalid("version: is given by the server")
    try:
        pure.decode(dict(values))
    except msgspec.ValidationError as wrong:
        raise Invalid(str(wrong)) from wrong
    with transaction.atomic():
        Program.objects.select_for_update().get(pk=program.pk)
        earlier = AftercarePolicy.objects.filter(program=program)
        row = AftercarePolicy(
            program=program,
            number=(earlier.aggregate(last=Max("number"))["last"] or 0) + 1,
            values=dict(values),
            created_by=actor,
            created_at=clock.now(),
        )
        row.save()
        audit.record(
            actor_id=actor.pk,
            act=Act.SET_AFTERCARE_POLICY,
            subject_type="aftercarepolicy",
            subject_id=row.pk,
            scope=program.pk,
        )
    return row


def versions(program: Program) -> list[AftercarePolicy]:
    """All of the programme's, newest first; for who may change them (the caller asked)."""
    return list(
        AftercarePolicy.objects.filter(program=program).select_related("created_by").order_by("-number")
    )
