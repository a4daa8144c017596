"""The neutral letter after three missed calls, as a PDF: we would like to hear from you, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from django.template.loader import render_to_string
from django.utils import translation

from sessions.aftercare import journal
from sessions.aftercare.models import AftercareCourse
from sessions.attendance.reports.drawing import NoPdfHere, available
from sessions.core.errors import Fault
from sessions.people.access import Act, require
from sessions.people.models import Person

DEADLINE_S: Final = 60


def pdf(actor: Person, course: AftercareCourse) -> bytes:
    """In the alumnus's language, signed with the actor's first name and phone number.

    Raises NotFound, NotAllowed; NoPdfHere without the libraries that draw it.
    """
    require(actor, Act.KEEP_COURSE, course)
    if not available():
        raise NoPdfHere
    journal.record_course(actor, "aftercare.letter-printed", course)
    with translation.override(course.person.language):
        page = render_to_string(
            "calls/letter.html",
            {"person": course.person, "writer": actor, "language": course.person.language},
        )
    done = subprocess.run(
        [sys.executable, "-m", "sessions.attendance.reports.printing"],
        input=page.encode(),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise Fault("the letter could not be drawn")
    return done.stdout
