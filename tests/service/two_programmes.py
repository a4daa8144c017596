"""Two programmes with somebody who works in both, and what only one of them has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

import pytest
import time_machine

from sessions.aftercare.models import AftercareCourse
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs import episodes
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series
from sessions.programs.clients import client_file
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort
from sessions.programs.recurrence import weekly
from sessions.toxicology import service as tests
from sessions.toxicology.models import FrequencyChoice, Sample
from tests.cast import HOUR, MORNING, Cast, assemble
from tests.service.aftercare import Aftercare


@dataclass(frozen=True)
class Two:
    """Carol and Mina work in both programmes; Otto and Sofia, a group and a series are South's alone."""

    cast: Cast
    clock: time_machine.Traveller
    alices: Episode
    group: Cohort
    series: Series
    referred: Episode

    @property
    def otto(self) -> Person:
        return self.cast.otto


@pytest.fixture
def two_programmes(db: None) -> Iterator[Two]:
    """Test modules give it the name that they use."""
    with time_machine.travel(MORNING, tick=False) as clock_:
        cast = assemble(MORNING)
        for role in (Role.COORDINATOR, Role.ADMINISTRATOR, Role.FACILITATOR):
            join(cast.carol, cast.south.pk, role)
            join(cast.carol, cast.north.pk, role)
        join(cast.mina, cast.south.pk, Role.FACILITATOR)
        group = Cohort.objects.get(program=cast.south)
        draft = calendar.Draft(
            MeetingKind.PROCESS_GROUP,
            weekly([2]),
            date(2026, 3, 4),
            time(18),
            time(21),
            [cast.otto],
            cohort=group,
        )
        who = episodes.Newcomer("Dora", "Falk", "dora@north.example", "", "en", "")
        referred = episodes.refer(cast.north, who, "", MORNING.date(), by=cast.carol)
        episodes.assess(referred, by=cast.carol)
        alices = episodes.current(cast.alice, cast.north.pk)
        assert alices is not None
        # one of North's that may be joined, so that the form asks for it
        morning = calendar.Draft(
            MeetingKind.PROCESS_GROUP,
            weekly([4]),
            date(2026, 3, 4),
            time(8),
            time(9),
            [cast.theo],
            cohort=cast.morning,
        )
        calendar.create(cast.north, morning, cast.carol)
        yield Two(cast, clock_, alices, group, calendar.create(cast.south, draft, cast.carol), referred)


def course(it: Two) -> AftercareCourse:
    if held := AftercareCourse.objects.first():
        return held
    ada = Aftercare(it.cast, it.clock)
    ada.begins()
    return ada.course


def southern_paper(it: Two) -> Consent:
    """Sofia's, for a court: signed, in force, of South."""
    if held := Consent.objects.filter(patient=it.cast.sofia).first():
        return held
    file = client_file(it.cast.south.pk, it.cast.sofia.pk)
    court = consents.outside_recipient(file, RecipientKind.COURT, "County Court", "1 Main Street")
    offer = consents.Offer(
        purpose=Purpose.COURT, recipient=court, scopes=[Scope.ATTENDANCE], last_day=date(2026, 6, 1)
    )
    paper = consents.offer(it.cast.carol, file, offer)
    name = it.cast.sofia.name
    consents.sign(it.cast.sofia, paper, typed_name=name, sha256=paper.sha256, agreed=True)
    return paper


def sample(it: Two) -> Sample:
    tests.begin(it.alices, FrequencyChoice.THREE, by=it.cast.carol)
    for n in range(7):
        tests.select(MORNING + n * 24 * HOUR + 3 * HOUR)
    return Sample.objects.filter(plan__episode=it.alices).earliest("on")
