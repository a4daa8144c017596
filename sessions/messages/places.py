"""Telling people of a place that is kept for them, and staff of who wants it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.messages import consents, service
from sessions.messages.models import Channel
from sessions.people.models import Membership
from sessions.people.roles import Role
from sessions.programs import waitlist
from sessions.programs.calendar_models import WaitlistEntry
from sessions.programs.waitlist import Waits

MOST_A_RUN: Final = 100


def tell(now: datetime) -> int:
    """Put into the outbox what nobody was told of yet. Returns how many. Safe to repeat."""
    rows = WaitlistEntry.objects.filter(told_at=None, ended_at=None, offered_at__isnull=False)
    return sum(_tell(pk, now) for pk in list(rows.values_list("pk", flat=True)[:MOST_A_RUN]))


@transaction.atomic
def _tell(pk: UUID, now: datetime) -> int:
    if not WaitlistEntry.objects.filter(pk=pk, told_at=None).update(told_at=now):
        return 0
    row = WaitlistEntry.objects.select_related("person", "cohort").get(pk=pk)
    match waitlist.state(row, now):
        case Waits.OFFERED:
            for channel in consents.wanted(row.person):
                service.queue(
                    "page.look",
                    row.person,
                    channel,
                    key=f"place {row.pk} {_moment(row.offered_at)} {channel}",
                    not_after=row.offer_ends_at,
                    params={"link": service.link("place-offers")},
                    program_id=row.cohort.program_id,
                    about=row.pk,
                )
        case Waits.TAKEN:
            coordinators = Membership.objects.filter(program=row.cohort.program_id, role=Role.COORDINATOR)
            for one in coordinators.active().select_related("person"):
                service.queue(
                    "staff.task",
                    one.person,
                    Channel.EMAIL,
                    key=f"place {row.pk} {_moment(row.taken_at)} {one.person_id}",
                    params={"link": service.link("waitlist", row.cohort.program_id)},
                    program_id=row.cohort.program_id,
                )
    return 1


def _moment(at: datetime | None) -> str:
    return str(int(at.timestamp())) if at else ""
