"""Before a consent ends the client hears that something is on their page, staff that it may need renewing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from sessions.consents.models import Consent, ConsentReminder
from sessions.core import zones
from sessions.messages import service as messages
from sessions.messages.models import Channel
from sessions.worklist import service as worklist

DAYS_BEFORE: Final = (30, 7)


def remind(now: datetime) -> int:
    """Say it once for each step; after an outage only the nearest. How many were said. Safe to run twice."""
    said = 0
    for days, least in zip(DAYS_BEFORE, (*DAYS_BEFORE[1:], 0), strict=True):
        rows = (
            Consent.objects.all()
            .live(now)
            .filter(
                ~Exists(ConsentReminder.objects.filter(consent=OuterRef("pk"), days=days)),
                expires_at__gt=now + timedelta(days=least),
                expires_at__lte=now + timedelta(days=days),
                # Short papers: not at the moment they are signed.
                offered_at__lt=now - timedelta(days=days) / 2,
            )
        )
        for consent in rows.select_related("patient", "program"):
            said += _say(consent, days, now)
    return said


def _say(consent: Consent, days: int, now: datetime) -> int:
    if consent.expires_at is None:
        return 0
    last_day = zones.local_date(consent.expires_at - timedelta(seconds=1), consent.program.time_zone)
    with transaction.atomic():
        _, new = ConsentReminder.objects.get_or_create(consent=consent, days=days, defaults={"at": now})
        if not new:
            return 0
        key = f"consent {consent.pk} ends-{days}"
        messages.queue(
            "page.look",
            consent.patient,
            Channel.EMAIL,
            key=key,
            not_after=consent.expires_at,
            params={"link": messages.link("papers")},
            program_id=consent.program_id,
            about=consent.pk,
        )
        worklist.ask(
            consent.program_id,
            "consent.renew",
            key=key,
            reason="consent-ends",
            params={"on": last_day.isoformat()},
            person=consent.patient_id,
            due_at=consent.expires_at,
        )
    return 1
