"""A consent was taken back: its calls end now, not at the engine's next look."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from sessions.aftercare import journal, planning
from sessions.aftercare.models import AftercareCourse
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose
from sessions.core import clock


def consent_ended(consent: Consent, **_: Any) -> None:
    """Heard on commit. The engine looks too, before every step: this is only faster."""
    if consent.purpose != Purpose.AFTERCARE.value:
        return
    rows = AftercareCourse.objects.of(consent.program_id).running().filter(person=consent.patient_id)
    for pk in rows.values_list("pk", flat=True):
        with transaction.atomic():
            course = journal.locked_course(pk)
            now = clock.now()
            if not planning.consented(course, now):
                planning.revoke(course, now)
