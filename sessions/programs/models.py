from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import ExtractIsoWeekDay
from django.utils.translation import gettext_lazy as _

from sessions.core import zones
from sessions.core.prepared import Prepared
from sessions.core.reading import once
from sessions.core.span import Span
from sessions.people.models import Membership, MembershipQuerySet, Person, validate_time_zone
from sessions.people.roles import LEADING, Role, RoomRole
from sessions.programs import breaks as break_times
from sessions.programs import kinds
from sessions.programs import settings as program_settings
from sessions.programs.day_off_models import DayOff
from sessions.programs.kinds import KindDefaults, MeetingKind
from sessions.programs.settings import ProgramSettings


class Program(models.Model):
    """A site's programme with its time zone and policies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    settings = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if wrong := program_settings.check(self.settings):
            raise ValidationError({"settings": [f"{name}: {limits}" for name, limits in wrong.items()]})

    @property
    def rules(self) -> ProgramSettings:
        """The settings, typed."""
        return program_settings.read(self.settings)

    @property
    def program_id(self) -> uuid.UUID:
        """For access rules: a programme is its own."""
        return self.id

    def role_of(self, person: Person) -> RoomRole | None:
        """For access rules: a programme has no room."""
        return None


class CohortQuerySet(models.QuerySet["Cohort"]):
    def of(self, program_id: uuid.UUID) -> CohortQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)


class Cohort(models.Model):
    """The people of one track ("Evening Track A"), with its facilitators."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="cohorts")
    name = models.CharField(max_length=120)
    capacity = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # clients; None: as its kinds of meeting allow
    facilitators = models.ManyToManyField(Person, through="iop.CohortFacilitator", related_name="cohorts_led")

    objects = CohortQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "name"], name="cohort_name_unique")]

    def __str__(self) -> str:
        return self.name


class CohortFacilitator(models.Model):
    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "person"], name="cohort_facilitator_once")]

    def __str__(self) -> str:
        return "facilitator"


class LevelOfCare(models.TextChoices):
    RESIDENTIAL = "residential", _("Residential")
    PARTIAL_HOSPITALIZATION = "php", _("Partial hospitalization")
    INTENSIVE_OUTPATIENT = "iop", _("Intensive outpatient")
    OUTPATIENT = "outpatient", _("Outpatient")
    AFTERCARE = "aftercare", _("Aftercare")


class EnrollmentStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    ON_HOLD = "on_hold", _("On hold")
    STEPPED = "stepped", _("Went on at another level")  # the next row begins where this one ends
    COMPLETED = "completed", _("Completed")
    LEFT = "left", _("Left early")


BEGUN: Final = (  # those in whose time the client belongs to the cohort's meetings
    EnrollmentStatus.ACTIVE,
    EnrollmentStatus.STEPPED,
    EnrollmentStatus.COMPLETED,
    EnrollmentStatus.LEFT,
)


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def of(self, program_id: uuid.UUID) -> EnrollmentQuerySet:
        """No row of another programme."""
        return self.filter(cohort__program_id=program_id)

    def counted_on(self, on: date | OuterRef) -> EnrollmentQuerySet:
        """Those whose clients belong to the cohort's meetings on that day, also when the day has passed."""
        return self.filter(
            Q(ended_on__isnull=True) | Q(ended_on__gte=on),
            starts_on__lte=on,
            status__in=BEGUN,
        )


class Enrollment(models.Model):
    """One stretch of a client's episode: in one cohort, at one level of care, with one weekly target.

    A step to another level ends it and begins the next. The planned end never discharges anyone by itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="enrollments")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="enrollments")
    episode = models.ForeignKey(
        "iop.Episode", models.PROTECT, null=True, blank=True, related_name="enrollments"
    )
    level_of_care = models.CharField(
        max_length=16, choices=LevelOfCare.choices, default=LevelOfCare.INTENSIVE_OUTPATIENT
    )
    weekly_target_minutes = models.PositiveIntegerField(default=540)
    days_a_week = models.PositiveSmallIntegerField(default=3)
    minutes_a_day = models.PositiveSmallIntegerField(default=180)
    starts_on = models.DateField()
    planned_end_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)  # the last day
    status = models.CharField(
        max_length=16, choices=EnrollmentStatus.choices, default=EnrollmentStatus.ACTIVE
    )
    left_with = models.JSONField(
        default=dict, blank=True
    )  # guests, when taken out; `ended`: see reopening.py

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "cohort"], condition=Q(ended_on__isnull=True), name="enrollment_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=models.F("starts_on")),
                name="enrollment_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(
                    ended_on__isnull=False,
                    status__in=[EnrollmentStatus.STEPPED, EnrollmentStatus.COMPLETED, EnrollmentStatus.LEFT],
                )
                | Q(
                    ended_on__isnull=True,
                    status__in=[EnrollmentStatus.PLANNED, EnrollmentStatus.ACTIVE, EnrollmentStatus.ON_HOLD],
                ),
                name="enrollment_end_matches_status",
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()


def _live_roles(person: Person, program: OuterRef) -> MembershipQuerySet:
    return Membership.objects.filter(person=person, program=program).active()


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def of(self, program_id: uuid.UUID) -> MeetingQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def with_role_of(self, person: Person) -> MeetingQuerySet:
        """Annotates `room_role`: the person's part in each meeting, or None.

        Every part rests on a live membership of the meeting's programme: ending that ends the part.
        """
        leads = Exists(MeetingFacilitator.objects.filter(meeting=OuterRef("pk"), person=person))
        enrolled = Exists(
            Enrollment.objects.filter(person=person, cohort=OuterRef("cohort")).counted_on(
                OuterRef("held_on")
            )
        )
        roles = _live_roles(person, OuterRef("program"))
        invited = MeetingInvitee.objects.filter(
            meeting=OuterRef("pk"),
            person=person,
            role__in=_live_roles(person, OuterRef("meeting__program")).values("role"),
        )
        return self.annotate(
            room_role=Case(
                When(leads & Exists(roles.filter(role__in=LEADING)), then=Value(RoomRole.FACILITATOR.value)),
                When(enrolled & Exists(roles.filter(role=Role.CLIENT)), then=Value(RoomRole.CLIENT.value)),
                default=Subquery(invited.values("role")[:1]),
                output_field=models.CharField(null=True),
            )
        )

    def attended_by(self, person: Person) -> MeetingQuerySet:
        """Those in which the person has a part and is expected; `room_role` says which part.

        A client whose prescribed week leaves the day out keeps the part, for they may come all the same.
        """
        return self.with_role_of(person).filter(Q(("room_role__isnull", False))).expecting(person)

    def expecting(self, person: Person) -> MeetingQuerySet:
        """Without those on a day off that the person's week has, unless they are asked by name."""
        invited = MeetingInvitee.objects.filter(meeting=OuterRef("pk"), person=person)
        off = DayOff.objects.filter(person=person).on(
            OuterRef("series"), OuterRef("recurs_on"), OuterRef("recurs_weekday")
        )
        return self.annotate(recurs_weekday=ExtractIsoWeekDay("recurs_on") - 1).filter(
            ~Exists(off) | Exists(invited)
        )

    def roles_of(self, person: Person) -> dict[uuid.UUID, RoomRole | None]:
        """The person's part in each of these meetings, by meeting id; one query."""
        rows: Any = self.with_role_of(person)
        return {pk: RoomRole(role) if role else None for pk, role in rows.values_list("pk", "room_role")}

    def overlapping(self, span: Span) -> MeetingQuerySet:
        return self.filter(starts_at__lt=span.end, ends_at__gt=span.start)

    def standing(self) -> MeetingQuerySet:
        return self.filter(cancelled_at__isnull=True)


class CancelReason(models.TextChoices):
    HOLIDAY = "holiday", _("Holiday")
    STAFF = "staff", _("Nobody could lead it")
    SERIES_ENDED = "series_ended", _("The series ended")
    BY_CLIENT = "by_client", _("Given back by the client")
    OTHER = "other", _("Another reason")


class Meeting(models.Model):
    """One scheduled clinical hour or block. Made by `service.schedule`, which checks what spans tables."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="meetings")
    cohort = models.ForeignKey(Cohort, models.PROTECT, null=True, blank=True, related_name="meetings")
    kind = models.CharField(max_length=32, choices=MeetingKind.choices)
    title = models.CharField(max_length=120, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    held_on = models.DateField(
        editable=False
    )  # of the scheduled start, in the programme's zone (DOMAIN 3.10)
    breaks = models.JSONField(default=list, blank=True)  # [[start, end], …], ISO 8601
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_because = models.CharField(max_length=16, blank=True, choices=CancelReason.choices)
    drop_in = models.BooleanField(default=False)  # takes nobody's time: one may be booked elsewhere meanwhile
    series = models.ForeignKey("iop.Series", models.PROTECT, null=True, blank=True, related_name="meetings")
    recurs_on = models.DateField(null=True, blank=True)  # the series' day it stands for, also when moved
    sequence = models.PositiveIntegerField(default=0)  # RFC 5545: grows with every change people must see
    facilitators = models.ManyToManyField(
        Person, through="iop.MeetingFacilitator", related_name="meetings_led"
    )
    invitees = models.ManyToManyField(Person, through="iop.MeetingInvitee", related_name="meetings_invited")

    objects = MeetingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="meeting_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(kind__in=MeetingKind.values), name="meeting_kind_known"),
            models.UniqueConstraint(fields=["series", "recurs_on"], name="meeting_once_a_day_of_series"),
        ]
        indexes = [
            models.Index(fields=["program", "starts_at"], name="meeting_program_start"),
            models.Index(fields=["cohort", "held_on"], name="meeting_cohort_day"),
        ]
        ordering = ["starts_at", "id"]

    def __str__(self) -> str:
        return self.shown_title

    def __repr__(self) -> str:
        return f"<Meeting {self.pk}>"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.held_on = zones.local_date(self.starts_at, self.program.time_zone)
        if update_fields is not None and "starts_at" in update_fields:
            update_fields = {*update_fields, "held_on"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        super().clean()
        if not (self.starts_at and self.ends_at):
            return  # the fields' own errors say so
        if self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The end must come after the start.")})
        if self.cohort is not None and self.cohort.program_id != self.program_id:
            raise ValidationError({"cohort": _("This cohort belongs to another programme.")})
        try:
            break_times.read(self.breaks, self.span)
        except ValueError as wrong:
            raise ValidationError(
                {"breaks": _("Breaks must lie inside the meeting and not overlap.")}
            ) from wrong

    @property
    def shown_title(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def span(self) -> Span:
        """As scheduled."""
        return Span(self.starts_at, self.ends_at)

    @property
    def break_spans(self) -> tuple[Span, ...]:
        return break_times.read(self.breaks, self.span)

    @property
    def kind_defaults(self) -> KindDefaults:
        """What this kind of meeting carries in this programme."""
        return kinds.of(self.program.settings, MeetingKind(self.kind))

    def role_of(self, person: Person) -> RoomRole | None:
        """The person's part in this meeting now; one query."""
        role = once(("part", self.pk, person.pk), lambda: _ROLE.value(self.pk, person.pk))
        return RoomRole(role) if role else None


def _role(meeting: uuid.UUID, person: uuid.UUID) -> models.QuerySet[Meeting, Any]:
    rows: Any = Meeting.objects.filter(pk=meeting).with_role_of(Person(pk=person))
    found: models.QuerySet[Meeting, Any] = rows.values_list("room_role").order_by()
    return found


_ROLE: Final = Prepared(_role)  # asked at every look at a room


class MeetingFacilitator(models.Model):
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="facilitator_rows")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    on_call = models.BooleanField(default=False)  # may lead when needed; their time is not taken

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "person"], name="meeting_facilitator_once")]

    def __str__(self) -> str:
        return "facilitator"


class MeetingInvitee(models.Model):
    """Somebody asked to one meeting by name: individual, family and check-in meetings."""

    ROLES: ClassVar[list[tuple[str, Any]]] = [
        (role.value, role.label) for role in RoomRole if role != RoomRole.FACILITATOR
    ]

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="invitee_rows")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=ROLES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="meeting_invitee_once"),
            models.CheckConstraint(
                condition=Q(role__in=[RoomRole.CLIENT, RoomRole.FAMILY, RoomRole.ALUMNUS]),
                name="meeting_invitee_role_known",
            ),
        ]

    def __str__(self) -> str:
        return self.get_role_display()
