"""Tables of the episode: its stage, its dated history, proposals to step up or down."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.core import clock
from sessions.core.append_only import AppendOnlyModel
from sessions.core.reading import once
from sessions.people import standing
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs.models import Cohort, LevelOfCare, Program


class Stage(models.TextChoices):
    REFERRED = "referred", _("Referred")
    ASSESSING = "assessing", _("Assessment")
    ENROLLED = "enrolled", _("Enrolled, about to start")
    ACTIVE = "active", _("Active")
    ON_HOLD = "on_hold", _("On hold")
    COMPLETED = "completed", _("Completed")
    DISCHARGED = "discharged", _("Discharged")
    TRANSFERRED = "transferred", _("Transferred")
    DECLINED = "declined", _("Not admitted")


ENDED: Final = (Stage.COMPLETED, Stage.DISCHARGED, Stage.TRANSFERRED, Stage.DECLINED)
IN_CARE: Final = (Stage.ACTIVE, Stage.ON_HOLD)


class EpisodeQuerySet(models.QuerySet["Episode"]):
    def of(self, program_id: uuid.UUID) -> EpisodeQuerySet:
        """No row of another programme."""
        return self.filter(program_id=program_id)

    def open(self) -> EpisodeQuerySet:
        return self.exclude(stage__in=ENDED)


class Episode(models.Model):
    """One person's way through a programme, from referral to discharge. Its enrolments are its stretches."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="episodes")
    person = models.ForeignKey(Person, models.PROTECT, related_name="episodes")
    therapist = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.REFERRED)
    source = models.CharField(max_length=120, blank=True)  # who referred: "County hospital"
    referred_on = models.DateField()
    starts_on = models.DateField(null=True, blank=True)
    planned_end_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    reviewed_on = models.DateField(null=True, blank=True)  # the last review of the plan

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "person"], condition=Q(ended_on__isnull=True), name="episode_one_open"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=ENDED, ended_on__isnull=False)
                | (~Q(stage__in=ENDED) & Q(ended_on__isnull=True)),
                name="episode_end_matches_stage",
            ),
        ]
        ordering = ["referred_on", "id"]

    def __str__(self) -> str:
        return self.get_stage_display()

    def __repr__(self) -> str:
        return f"<Episode {self.pk}>"

    def role_of(self, person: Person) -> RoomRole | None:
        """For access rules: the client's own, or their facilitators', as long as these are staff."""
        if person.pk == self.person_id:
            return RoomRole.CLIENT
        led = self.enrollments.filter(cohort__facilitators=person)
        part = person.pk == self.therapist_id or once(("leads", self.pk, person.pk), led.exists)
        return RoomRole.FACILITATOR if part and standing.leads_in(person, self.program_id) else None


class EpisodeFactKind(models.TextChoices):
    REFERRED = "referred", _("Referred")
    ASSESSMENT = "assessment", _("Assessment began")
    ENROLLED = "enrolled", _("Enrolled")
    STARTED = "started", _("Started")
    STEP_PROPOSED = "step_proposed", _("Change of level proposed")
    STEP_DECLINED = "step_declined", _("Change of level not signed")
    STEPPED_UP = "stepped_up", _("Stepped up")
    STEPPED_DOWN = "stepped_down", _("Stepped down")
    ADJUSTED = "adjusted", _("Weekly plan changed")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Came back")
    LEFT_GROUP = "left_group", _("Left the group")
    BACK_IN_GROUP = "back_in_group", _("Back in the group")
    REVIEWED = "reviewed", _("Plan reviewed")
    COMPLETED = "completed", _("Completed")
    DISCHARGED = "discharged", _("Discharged")
    TRANSFERRED = "transferred", _("Transferred")
    DECLINED = "declined", _("Not admitted")
    REOPENED = "reopened", _("The end was taken back")


class EpisodeFact(AppendOnlyModel):
    """One line of an episode's history. `id` grows: who follows the history reads from the last one seen."""

    episode = models.ForeignKey(Episode, models.PROTECT, related_name="history")
    kind = models.CharField(max_length=16, choices=EpisodeFactKind.choices)
    on = models.DateField()  # from which it holds
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    level_of_care = models.CharField(max_length=16, choices=LevelOfCare.choices, blank=True)
    weekly_target_minutes = models.PositiveIntegerField(null=True)
    text = models.BinaryField(default=bytes)  # why, encrypted for its place

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        ordering = ["id"]

    def __str__(self) -> str:
        return self.get_kind_display()


class StepProposal(models.Model):
    """A change of level or hours that somebody proposes. It holds only when a clinician has signed it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="proposals")
    level_of_care = models.CharField(max_length=16, choices=LevelOfCare.choices)
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="+")
    weekly_target_minutes = models.PositiveIntegerField()
    days_a_week = models.PositiveSmallIntegerField()
    minutes_a_day = models.PositiveSmallIntegerField()
    effective_on = models.DateField()
    why = models.BinaryField(default=bytes)  # encrypted
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    typed_name = models.CharField(max_length=200, blank=True)  # the clinician's signature
    signed = models.BooleanField(default=False)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"], condition=Q(decided_at__isnull=True), name="step_one_undecided"
            )
        ]
        ordering = ["proposed_at", "id"]

    def __str__(self) -> str:
        return self.get_level_of_care_display()
