"""Django's discovery point. Every table of the clinic, by name; no code."""

from __future__ import annotations

from sessions.audit.models import AuditChain, AuditEvent
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.programs.models import (
    Cohort,
    CohortFacilitator,
    Enrollment,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    Program,
)

__all__ = [
    "AuditChain",
    "AuditEvent",
    "Cohort",
    "CohortFacilitator",
    "Enrollment",
    "Household",
    "HouseholdMember",
    "Meeting",
    "MeetingFacilitator",
    "MeetingInvitee",
    "Membership",
    "NoContact",
    "Person",
    "Program",
]
