"""What an administrator's home page says of each programme, and of the machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sessions.aftercare import engine
from sessions.core import zones
from sessions.people import service as people
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs import house
from sessions.programs.models import Program
from sessions.web import machine
from sessions.web.programme.licences import SOON


@dataclass(frozen=True, slots=True)
class House:
    program: Program
    people: tuple[tuple[Any, int], ...]  # each role and how many have it; never who
    on_call: tuple[str, ...]
    licences: int  # that end soon or have ended
    missing: tuple[str, ...]  # parts of the machine that do not answer


def houses(person: Person, now: datetime) -> list[House]:
    """Of every programme this person administers; two queries each."""
    ids = people.program_ids(person, Role.ADMINISTRATOR)
    if not ids:
        return []
    missing = [_said(part) for part in machine.missing()]
    if engine.health(now).stands_still(now):
        missing.append(_("the clock of work in the background"))
    found = []
    for program in Program.objects.filter(pk__in=ids).order_by("name"):
        rows = list(Membership.objects.filter(program=program).active().select_related("person"))
        counts = Counter(row.role for row in rows)
        today = zones.local_date(now, program.time_zone)
        held = house.licences(program, today)
        found.append(
            House(
                program=program,
                people=tuple((role.label, counts[role]) for role in Role),
                on_call=tuple(sorted({row.person.name for row in rows if row.on_call})),
                licences=sum(1 for row in held if row.until is not None and row.until <= today + SOON),
                missing=tuple(missing),
            )
        )
    return found


def _said(part: str) -> str:
    said = {
        "database": _("the database"),
        "channel layer": _("messages between pages"),
        "media worker": _("the engine of the calls"),
    }
    return said.get(part, part)
