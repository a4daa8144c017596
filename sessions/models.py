"""Django's discovery point. Every table of the clinic, by name; no code."""

from __future__ import annotations

from sessions.attendance.models import (
    Adjustment,
    AttendanceRecord,
    Attestation,
    CreditPolicy,
    DailyHead,
    IndividualNote,
    Progress,
    Proposal,
    Seal,
)
from sessions.attendance.reports.models import Report, ReportChain, ReportOrder
from sessions.audit.models import AuditChain, AuditEvent
from sessions.consents.models import (
    Consent,
    ConsentEnd,
    ConsentReminder,
    ConsentSignature,
    Disclosure,
    Recipient,
)
from sessions.messages.models import ChannelConsent, Message, QuietHours, StoppedAddress
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.programs.calendar_models import (
    Busy,
    CalendarFeed,
    Holiday,
    OfferedSlot,
    ScheduleChange,
    Series,
    SeriesFacilitator,
    SeriesInvitee,
    SeriesSkip,
    WaitlistEntry,
)
from sessions.programs.episode_models import Episode, EpisodeFact, StepProposal
from sessions.programs.models import (
    Cohort,
    CohortFacilitator,
    Enrollment,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    Program,
)
from sessions.room.models import Connection, Placement, Room, RoomFact, SideRoom
from sessions.worklist.models import StaffTask

__all__ = [
    "Adjustment",
    "AttendanceRecord",
    "Attestation",
    "AuditChain",
    "AuditEvent",
    "Busy",
    "CalendarFeed",
    "ChannelConsent",
    "Cohort",
    "CohortFacilitator",
    "Connection",
    "Consent",
    "ConsentEnd",
    "ConsentReminder",
    "ConsentSignature",
    "CreditPolicy",
    "DailyHead",
    "Disclosure",
    "Enrollment",
    "Episode",
    "EpisodeFact",
    "Holiday",
    "Household",
    "HouseholdMember",
    "IndividualNote",
    "Meeting",
    "MeetingFacilitator",
    "MeetingInvitee",
    "Membership",
    "Message",
    "NoContact",
    "OfferedSlot",
    "Person",
    "Placement",
    "Program",
    "Progress",
    "Proposal",
    "QuietHours",
    "Recipient",
    "Report",
    "ReportChain",
    "ReportOrder",
    "Room",
    "RoomFact",
    "ScheduleChange",
    "Seal",
    "Series",
    "SeriesFacilitator",
    "SeriesInvitee",
    "SeriesSkip",
    "SideRoom",
    "StaffTask",
    "StepProposal",
    "StoppedAddress",
    "WaitlistEntry",
]
