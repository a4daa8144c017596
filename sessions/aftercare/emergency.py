"""Where somebody lives and who helps: told beforehand, for a call in which they are in danger. Encrypted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from django.db import transaction

from sessions.aftercare import journal
from sessions.aftercare.models import AftercareCourse
from sessions.core import encryption
from sessions.core.errors import Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person

LONGEST_LINE: Final = 400


@dataclass(frozen=True, slots=True)
class Emergency:
    """Where somebody lives, and who helps: for a call in which they are in danger."""

    address: str = ""
    contact: str = ""
    phone: str = ""


def set_emergency(actor: Person, course: AftercareCourse, told: Emergency) -> None:
    """By the alumnus, or by who calls. Kept encrypted. Raises NotFound, NotAllowed; Invalid when too long."""
    if actor.pk != course.person_id:
        require(actor, Act.SEE_COURSE, course)
    if max(map(len, (told.address, told.contact, told.phone))) > LONGEST_LINE:
        raise Invalid("The name or the address is too long.")
    text = json.dumps(asdict(told), ensure_ascii=False)
    with transaction.atomic():
        course.emergency = encryption.encrypt(text, f"aftercare-emergency {course.pk}")
        course.save(update_fields=["emergency"])
        journal.record_course(actor, "aftercare.emergency-set", course)


def emergency_of(course: AftercareCourse) -> Emergency:
    """For who has been let in."""
    if not course.emergency:
        return Emergency()
    return Emergency(**json.loads(encryption.decrypt(course.emergency, f"aftercare-emergency {course.pk}")))
