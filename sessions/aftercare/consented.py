"""What an alumnus has agreed to at this moment, and what follows when it is taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from sessions.aftercare import journal, planning
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.consents.service import named
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


def still(row: CheckIn, now: datetime) -> bool:
    """Live consent; when it is gone the course ends here and now."""
    if planning.consented(row.course, now):
        return True
    with transaction.atomic():
        planning.revoke(journal.locked_course(row.course_id), now)
    return False


def may_be_asked(course: AftercareCourse, now: datetime) -> tuple[str, ...]:
    """Whom a live consent lets us ask how the alumnus is reached, by name and number; for who has been let
    in."""
    papers = Consent.objects.of(course.program_id).live(now)
    papers = papers.filter(patient=course.person_id, purpose=Purpose.CONTACT.value)
    lines: dict[str, None] = {}
    for paper in papers.select_related("recipient__person").order_by("offered_at", "pk"):
        if Scope.WHEREABOUTS.value in paper.scopes:
            known = paper.recipient.person
            line = f"{known.name}, {known.phone}".rstrip(", ") if known else named(paper.recipient).line
            lines[line] = None
    return tuple(lines)
