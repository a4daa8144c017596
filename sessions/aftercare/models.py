"""Aftercare: who is called how often, each call, and what was said.

Facts, tries, decisions, notes and versions are written once. Answers and free text are encrypted. Course and
CheckIn are the present state; Fact holds how it came about. Changed through the modules beside this one.
Beside it: hours_models, when callers are there; due_models, what is due next; urgent_models, what is urgent.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.aftercare import machine
from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.people import standing
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.models import Enrollment, Meeting, Program

_RUNNING: Final = sorted(state.value for state in set(machine.Course) - machine.ENDED)
_CALLED: Final = sorted(state.value for state in machine.CALLED)
_STANDING: Final = sorted(
    state.value for state in set(machine.Call) - {machine.Call.CANCELLED, machine.Call.REVOKED}
)


class AftercarePolicy(AppendOnlyModel):
    """One version of a programme's aftercare rules."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # of this programme, from 1
    values = models.JSONField(default=dict)  # what differs from the default; policy.decode reads it
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["program", "number"], name="aftercare_policy_number")]

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        return f"program-{self.number}"


class CourseState(models.TextChoices):
    PROPOSED = machine.Course.PROPOSED.value, _("proposed")
    ACTIVE = machine.Course.ACTIVE.value, _("on its way")
    OUTREACH = machine.Course.OUTREACH.value, _("hard to reach")
    LOST = machine.Course.LOST.value, _("no contact")
    CRISIS = machine.Course.CRISIS.value, _("crisis")
    STEP_UP_REVIEW = machine.Course.STEP_UP_REVIEW.value, _("more care in review")
    PAUSED = machine.Course.PAUSED.value, _("paused")
    READMITTED = machine.Course.READMITTED.value, _("back in the programme")
    REVOKED = machine.Course.REVOKED.value, _("no consent")
    GRADUATED = machine.Course.GRADUATED.value, _("completed")


class CourseQuerySet(models.QuerySet["AftercareCourse"]):
    def of(self, program_id: uuid.UUID) -> CourseQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def running(self) -> CourseQuerySet:
        return self.filter(state__in=_RUNNING)


class AftercareCourse(models.Model):
    """One person's aftercare after one episode. An access.Subject: its caller leads it, the alumnus owns
    it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="aftercare_courses")
    enrollment = models.OneToOneField(Enrollment, models.PROTECT, related_name="aftercare", null=True)
    state = models.CharField(max_length=16, choices=CourseState.choices, default=CourseState.PROPOSED)
    began_on = models.DateField()  # the day of discharge
    plan = models.JSONField(default=dict)  # plans.PlanValues in force; PlanVersion holds the earlier ones
    zone = models.CharField(max_length=64)  # the alumnus's, as what is ahead was planned with
    caller = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)  # who usually calls
    denser = models.PositiveSmallIntegerField(default=0)  # cadence steps more often than the plan says
    missed_in_a_row = models.PositiveSmallIntegerField(default=0)
    silent_since = models.DateTimeField(null=True)  # when the first of these was due
    last_contact_at = models.DateTimeField(null=True)
    emergency = models.BinaryField(default=bytes)  # where they live and who helps; see emergency.Emergency
    created_at = models.DateTimeField(default=clock.now)

    objects = CourseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CourseState.values), name="course_state_known"),
            models.UniqueConstraint(
                fields=["program", "person"], condition=Q(state__in=_RUNNING), name="course_one_running"
            ),
        ]
        indexes = [models.Index(fields=["program", "state"], name="course_program_state")]

    def __str__(self) -> str:
        return f"aftercare {self.pk}"

    def role_of(self, person: Person) -> RoomRole | None:
        """For access rules: whose it is, and who calls."""
        if person.pk == self.person_id:
            return RoomRole.ALUMNUS
        calls = person.pk == self.caller_id and standing.leads_in(person, self.program_id)
        return RoomRole.FACILITATOR if calls else None


class PlanVersion(AppendOnlyModel):
    """A plan as it was signed or changed."""

    course = models.ForeignKey(AftercareCourse, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    values = models.JSONField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    typed_name = models.CharField(
        max_length=200, blank=True
    )  # the signature; "" for the alumnus's own wishes

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["course", "number"], name="plan_version_number")]

    def __str__(self) -> str:
        return f"plan {self.course_id} {self.number}"


class CallState(models.TextChoices):
    PLANNED = machine.Call.PLANNED.value, _("planned")
    SCHEDULED = machine.Call.SCHEDULED.value, _("has a time")
    DUE = machine.Call.DUE.value, _("due")
    ATTEMPTING = machine.Call.ATTEMPTING.value, _("not reached yet")
    CONNECTED = machine.Call.CONNECTED.value, _("reached")
    COMPLETED = machine.Call.COMPLETED.value, _("done")
    MISSED = machine.Call.MISSED.value, _("missed")
    CANCELLED = machine.Call.CANCELLED.value, _("called off")
    REVOKED = machine.Call.REVOKED.value, _("no consent")


class Why(models.TextChoices):
    """Why a call is made at all."""

    CADENCE = "cadence", _("planned call")
    CONTACT = "contact", _("soon, after the last one")  # HIGH or CRISIS: within 48 hours
    CHOSEN = "chosen", _("agreed in the last call")
    ASKED = "asked", _("asked for a call")
    RETRY = "retry", _("a new try")  # monthly, after nobody was reached for a month


class CheckInQuerySet(models.QuerySet["CheckIn"]):
    def of(self, program_id: uuid.UUID) -> CheckInQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def ahead(self) -> CheckInQuerySet:
        return self.filter(state__in=[state.value for state in machine.AHEAD])

    def called(self) -> CheckInQuerySet:
        return self.filter(state__in=_CALLED)

    def unfinished(self) -> CheckInQuerySet:
        return self.exclude(state__in=[state.value for state in machine.OVER])


class CheckIn(models.Model):
    """One call. An access.Subject: who usually calls, who has it in hand, and the alumnus have a part in
    it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    course = models.ForeignKey(AftercareCourse, models.PROTECT, related_name="check_ins")
    number = models.PositiveIntegerField()  # of this course, from 1
    why = models.CharField(max_length=8, choices=Why.choices, default=Why.CADENCE)
    state = models.CharField(max_length=12, choices=CallState.choices, default=CallState.PLANNED)
    reason = models.CharField(max_length=24, blank=True)  # why it was missed or called off: a code
    nominal_on = models.DateField()  # the day from which the cadence counts the next
    due_on = models.DateField()  # in the alumnus's zone
    # The appointment.
    starts_at = models.DateTimeField(null=True)
    length_minutes = models.PositiveSmallIntegerField(default=30)
    caller = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    channel = models.CharField(max_length=12, default="video")  # plans.Channel
    booking = models.PositiveSmallIntegerField(
        default=0
    )  # counts the times it was given; names its reminders
    confirmed_at = models.DateTimeField(null=True)
    link_hash = models.CharField(max_length=64, null=True, unique=True)
    meeting = models.OneToOneField(Meeting, models.PROTECT, related_name="check_in", null=True)
    # The tries.
    fell_due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    other_channel = models.BooleanField(default=False)  # the next try goes another way
    claimed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    claimed_until = models.DateTimeField(null=True)
    reached_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    minutes = models.PositiveSmallIntegerField(null=True)  # of the talk, as the caller wrote them down
    tier = models.PositiveSmallIntegerField(null=True)  # risk.Tier, as a person settled it
    proposed_tier = models.PositiveSmallIntegerField(null=True)  # as the answers so far propose it

    objects = CheckInQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CallState.values), name="check_in_state_known"),
            models.UniqueConstraint(fields=["course", "number"], name="check_in_number"),
            models.UniqueConstraint(
                fields=["course", "nominal_on"],
                condition=Q(why=Why.CADENCE, state__in=_STANDING),
                name="check_in_planned_once",
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.SCHEDULED) | Q(starts_at__isnull=False, caller__isnull=False),
                name="check_in_scheduled_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.COMPLETED)
                | Q(reached_at__isnull=False, closed_at__isnull=False, tier__isnull=False),
                name="check_in_completed_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "next_try_at"], condition=Q(state__in=_CALLED), name="check_in_queue"
            ),
            models.Index(fields=["program", "due_on"], name="check_in_program_day"),
            models.Index(fields=["course", "due_on"], name="check_in_course_day"),
        ]

    def __str__(self) -> str:
        return f"check-in {self.pk}"

    def role_of(self, person: Person) -> RoomRole | None:
        """For access rules."""
        if person.pk == self.course.person_id:
            return RoomRole.ALUMNUS
        holds = person.pk == self.claimed_by_id and self.claimed_until is not None
        calls = holds or person.pk in (self.caller_id, self.course.caller_id)
        if calls and standing.leads_in(person, self.program_id):
            return RoomRole.FACILITATOR
        return None


class AftercareFact(AppendOnlyModel):
    """One transition of a course or a call."""

    course = models.ForeignKey(AftercareCourse, models.PROTECT, related_name="facts")
    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="facts", null=True)
    event = models.CharField(max_length=24)
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)  # None: the engine
    reason = models.CharField(max_length=24, blank=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.event} {self.after}"


class TryOutcome(models.TextChoices):
    ANSWERED = "answered", _("We talked")
    NO_ANSWER = "no_answer", _("No answer")
    VOICEMAIL = "voicemail", _("Voicemail, nothing said")
    BUSY = "busy", _("Busy")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    NOT_NOW = "not_now", _("Answered, but cannot talk now")


class CallTry(AppendOnlyModel):
    """One try to reach somebody, logged by whoever made it."""

    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="try_rows")
    number = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12, choices=TryOutcome.choices)
    minutes = models.PositiveSmallIntegerField(null=True)  # of a call by telephone, by hand

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["check_in", "number"], name="call_try_number")]

    def __str__(self) -> str:
        return f"try {self.number}"


class CheckInForm(models.Model):
    """Answers about one call: the alumnus's before it, the caller's in it."""

    ALUMNUS: Final = "alumnus"
    CALLER: Final = "caller"

    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="forms")
    source = models.CharField(max_length=8, choices=[(ALUMNUS, ALUMNUS), (CALLER, CALLER)])
    ciphertext = models.BinaryField(default=b"")
    instrument = models.PositiveSmallIntegerField()  # instruments.VERSION
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["check_in", "source"], name="check_in_form_once"),
        ]

    def __str__(self) -> str:
        return f"form {self.source}"


class CallNote(AppendOnlyModel):
    """What was written down after a call: for staff, or the summary that the alumnus wished for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    check_in = models.ForeignKey(CheckIn, models.PROTECT, related_name="notes")
    for_alumnus = models.BooleanField(default=False)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ciphertext = models.BinaryField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"note {self.pk}"
