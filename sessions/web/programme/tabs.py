"""The pages on which a programme is kept, as one row of links on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy

from sessions.people.access import Act, may
from sessions.people.models import Person
from sessions.programs.models import Program

_TABS: Final[tuple[tuple[str, Any, Act], ...]] = (
    ("program-settings", gettext_lazy("Rules"), Act.SET_PROGRAM),
    ("tracks", gettext_lazy("Tracks"), Act.SET_PROGRAM),
    ("kinds", gettext_lazy("Kinds of session"), Act.SET_PROGRAM),
    ("credit-policy", gettext_lazy("Counted minutes"), Act.SET_CREDIT_POLICY),
    ("aftercare-policy", gettext_lazy("Calls after treatment"), Act.SET_AFTERCARE_POLICY),
    ("cohorts", gettext_lazy("Groups"), Act.KEEP_COHORTS),
    ("holidays", gettext_lazy("Days of rest"), Act.SCHEDULE),
    ("waitlist", gettext_lazy("Waitlist"), Act.KEEP_EPISODES),
    ("on-call", gettext_lazy("On call"), Act.KEEP_ON_CALL),
    ("staff", gettext_lazy("Staff"), Act.KEEP_STAFF),
    ("licences", gettext_lazy("Licences"), Act.KEEP_LICENCES),
    ("import", gettext_lazy("Bring in files"), Act.IMPORT),
    ("systems", gettext_lazy("Connected systems"), Act.KEEP_SYSTEMS),
)


@dataclass(frozen=True, slots=True)
class Tab:
    label: Any
    address: str
    here: bool


def tabs(person: Person, program: Program, here: str) -> list[Tab]:
    """Those this person may open."""
    allowed = {act for act in dict.fromkeys(act for _, _, act in _TABS) if may(person, act, program)}
    return [
        Tab(label, reverse(name, args=[program.pk]), name == here)
        for name, label, act in _TABS
        if act in allowed
    ]
