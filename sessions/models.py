"""Django's discovery point. Every table of the clinic, by name; no code."""

from __future__ import annotations

from sessions.aftercare.due_models import Due, EngineBeat
from sessions.aftercare.hours_models import BookedCell, CallerException, CallerHours
from sessions.aftercare.models import (
    AftercareCourse,
    AftercareFact,
    AftercarePolicy,
    CallNote,
    CallTry,
    CheckIn,
    CheckInForm,
    PlanVersion,
)
from sessions.aftercare.urgent_models import Escalation, TierDecision
from sessions.attendance.absence_models import AbsenceNotice, MakeUp
from sessions.attendance.elsewhere_models import ElsewhereAttendance
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
from sessions.families.models import Invitation
from sessions.interop.models import AccessToken, ConnectedSystem
from sessions.messages.models import ChannelConsent, Message, QuietHours, StoppedAddress
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.plan.models import Assessment, CarePlan, PlanReview
from sessions.plan.week_models import WeekPlan, WeekPlanSeries
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
from sessions.programs.day_off_models import DayOff
from sessions.programs.episode_models import Episode, EpisodeFact, StepProposal
from sessions.programs.licences import Licence
from sessions.programs.models import (
    Cohort,
    CohortFacilitator,
    Enrollment,
    Meeting,
    MeetingFacilitator,
    MeetingInvitee,
    Program,
)
from sessions.room.arrival_models import Arrival
from sessions.room.chat_models import ChatLine
from sessions.room.crisis_models import Crisis, CrisisReading, CrisisStep
from sessions.room.models import Connection, Placement, Room, RoomFact, SideRoom
from sessions.toxicology.models import Custody, Sample, TestPlan
from sessions.worklist.models import StaffTask

__all__ = [
    "AbsenceNotice",
    "AccessToken",
    "Adjustment",
    "AftercareCourse",
    "AftercareFact",
    "AftercarePolicy",
    "Arrival",
    "Assessment",
    "AttendanceRecord",
    "Attestation",
    "AuditChain",
    "AuditEvent",
    "BookedCell",
    "Busy",
    "CalendarFeed",
    "CallNote",
    "CallTry",
    "CallerException",
    "CallerHours",
    "CarePlan",
    "ChannelConsent",
    "ChatLine",
    "CheckIn",
    "CheckInForm",
    "Cohort",
    "CohortFacilitator",
    "ConnectedSystem",
    "Connection",
    "Consent",
    "ConsentEnd",
    "ConsentReminder",
    "ConsentSignature",
    "CreditPolicy",
    "Crisis",
    "CrisisReading",
    "CrisisStep",
    "Custody",
    "DailyHead",
    "DayOff",
    "Disclosure",
    "Due",
    "ElsewhereAttendance",
    "EngineBeat",
    "Enrollment",
    "Episode",
    "EpisodeFact",
    "Escalation",
    "Holiday",
    "Household",
    "HouseholdMember",
    "IndividualNote",
    "Invitation",
    "Licence",
    "MakeUp",
    "Meeting",
    "MeetingFacilitator",
    "MeetingInvitee",
    "Membership",
    "Message",
    "NoContact",
    "OfferedSlot",
    "Person",
    "Placement",
    "PlanReview",
    "PlanVersion",
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
    "Sample",
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
    "TestPlan",
    "TierDecision",
    "WaitlistEntry",
    "WeekPlan",
    "WeekPlanSeries",
]
