"""The kinds of meeting and what each carries by default (DOMAIN 2). A programme may set its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from sessions.people.roles import RoomRole
from sessions.programs.settings import kind_rule


class MeetingKind(models.TextChoices):
    PROCESS_GROUP = "process_group", _("Process group")
    RELAPSE_PREVENTION = "relapse_prevention", _("Relapse prevention")
    SKILL_BUILDING = "skill_building", _("Skill building")
    CODEPENDENCY_SUPPORT = "codependency_support", _("Codependency support")
    FAMILY_GROUP = "family_group", _("Family group")
    TWELVE_STEP = "twelve_step", _("12-step facilitation")
    ADDICTION_EDUCATION = "addiction_education", _("Addiction education")
    EMPLOYMENT_EDUCATION = "employment_education", _("Employment workshop")
    HOLISTIC = "holistic", _("Mindfulness")
    INDIVIDUAL_THERAPY = "individual_therapy", _("Individual session")
    FAMILY_THERAPY = "family_therapy", _("Family session")
    ASSESSMENT = "assessment", _("Assessment")
    MEDICATION_MANAGEMENT = "medication_management", _("Medication management")
    CASE_MANAGEMENT = "case_management", _("Case management")
    ALUMNI_MEETING = "alumni_meeting", _("Alumni meeting")
    CHECK_IN_CALL = "check_in_call", _("Check-in call")


@dataclass(frozen=True, slots=True)
class KindDefaults:
    creditable: bool  # counts towards a client's weekly minutes
    largest: int  # people who are not staff
    attend: frozenset[RoomRole]  # who besides facilitators
    by_cohort: bool = False  # the cohort's members belong to it without an invitation each


_CLIENT = frozenset({RoomRole.CLIENT})
_FAMILY = frozenset({RoomRole.CLIENT, RoomRole.FAMILY})
_ALUMNUS = frozenset({RoomRole.ALUMNUS})

THERAPY_SIZE: Final = 12
EDUCATION_SIZE: Final = 30
MULTI_FAMILY_SIZE: Final = 15

DEFAULTS: Final[dict[MeetingKind, KindDefaults]] = {
    MeetingKind.PROCESS_GROUP: KindDefaults(True, THERAPY_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.RELAPSE_PREVENTION: KindDefaults(True, THERAPY_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.SKILL_BUILDING: KindDefaults(True, THERAPY_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.CODEPENDENCY_SUPPORT: KindDefaults(True, THERAPY_SIZE, _FAMILY, by_cohort=True),
    MeetingKind.FAMILY_GROUP: KindDefaults(True, MULTI_FAMILY_SIZE, _FAMILY, by_cohort=True),
    MeetingKind.TWELVE_STEP: KindDefaults(False, EDUCATION_SIZE, _CLIENT | _ALUMNUS, by_cohort=True),
    MeetingKind.ADDICTION_EDUCATION: KindDefaults(True, EDUCATION_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.EMPLOYMENT_EDUCATION: KindDefaults(True, EDUCATION_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.HOLISTIC: KindDefaults(True, EDUCATION_SIZE, _CLIENT, by_cohort=True),
    MeetingKind.INDIVIDUAL_THERAPY: KindDefaults(True, 1, _CLIENT),
    MeetingKind.FAMILY_THERAPY: KindDefaults(True, THERAPY_SIZE, _FAMILY),
    MeetingKind.ASSESSMENT: KindDefaults(True, 1, _CLIENT),
    MeetingKind.MEDICATION_MANAGEMENT: KindDefaults(True, 1, _CLIENT),
    MeetingKind.CASE_MANAGEMENT: KindDefaults(False, 1, _CLIENT),
    MeetingKind.ALUMNI_MEETING: KindDefaults(False, EDUCATION_SIZE, _ALUMNUS | _CLIENT),
    MeetingKind.CHECK_IN_CALL: KindDefaults(False, 1, _ALUMNUS),
}


def creditable(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds that count towards the week in a programme with these settings."""
    return tuple(kind.value for kind in MeetingKind if of(settings, kind).creditable)


def of(settings: Mapping[str, Any], kind: MeetingKind) -> KindDefaults:
    """What a kind of meeting carries in a programme with these settings."""
    found, own = DEFAULTS[kind], kind_rule(settings, kind.value)
    if own.creditable is not None:
        found = replace(found, creditable=own.creditable)
    if own.largest is not None:
        found = replace(found, largest=own.largest)
    if own.attend is not None:
        found = replace(found, attend=frozenset(RoomRole(role) for role in own.attend))
    return found
