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
from sessions.room.models import Connection, Placement, Room, RoomFact

__all__ = [
    "AuditChain",
    "AuditEvent",
    "Cohort",
    "CohortFacilitator",
    "Connection",
    "Enrollment",
    "Household",
    "HouseholdMember",
    "Meeting",
    "MeetingFacilitator",
    "MeetingInvitee",
    "Membership",
    "NoContact",
    "Person",
    "Placement",
    "Program",
    "Room",
    "RoomFact",
]
