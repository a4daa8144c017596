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
from sessions.attendance.reports.wording import long_day
from sessions.core import clock, zones
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
    done = subprocess.run(
        [sys.executable, "-m", "sessions.attendance.reports.printing"],
        input=page(actor, course).encode(),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise Fault("the letter could not be drawn")
    return done.stdout


def page(writer: Person, course: AftercareCourse) -> str:
    """What is drawn, dated by the programme's calendar; for who has been let in."""
    reader = course.person
    on = zones.local_date(clock.now(), course.program.time_zone)
    with translation.override(reader.language):
        return render_to_string(
            "calls/letter.html",
            {
                "person": reader,
                "writer": writer,
                "language": reader.language,
                "on": long_day(on),
            },
        )
