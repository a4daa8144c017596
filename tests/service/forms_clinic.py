"""A clinic in which every form of the product has something to be about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import time_machine

from sessions.aftercare import beginning
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.attendance import service as attendance
from sessions.consents import service as consents
from sessions.consents.purposes import Purpose, Scope
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.plan import service as plans
from sessions.programs import steps
from sessions.programs.episode_models import Episode
from sessions.programs.licences import Licence
from sessions.programs.models import LevelOfCare, Meeting
from sessions.programs.stretches import Hours
from sessions.toxicology import service as tests
from sessions.toxicology.models import CustodyStep, FrequencyChoice, Sample
from sessions.worklist import service as worklist
from sessions.worklist.models import StaffTask
from tests.cast import MORNING, Cast
from tests.service import papers
from tests.service.aftercare import Aftercare, agrees
from tests.service.attendance import Group
from tests.service.guests import WHO, said

LONG = "x" * 5_000


def stepping(it: Clinic) -> Episode:
    hours = Hours(360, 2, 180)
    steps.propose(
        it.episode,
        LevelOfCare.OUTPATIENT,
        it.cast.evening,
        hours,
        MORNING.date(),
        "Stable.",
        by=it.cast.carol,
    )
    return it.episode


def planned(it: Clinic) -> Episode:
    plans.write(it.episode, plans.Words("", (plans.Goal("Sleep"),)), [], by=it.cast.mina)
    return it.episode


def given_sample(it: Clinic) -> Sample:
    """Asked, and given."""
    tests.begin(it.episode, FrequencyChoice.THREE, by=it.cast.carol)
    for n in range(7):
        tests.select(MORNING + timedelta(days=n, hours=3))
    one = Sample.objects.filter(plan__episode=it.episode).earliest("on")
    tests.hand_over(one, CustodyStep.COLLECTED, by=it.cast.mina)
    return one


def held(it: Clinic) -> Meeting:
    """The evening group, over; its attendance waits for a signature."""
    group = Group(it.cast, it.clock)
    group.begins(it.cast.alice)
    group.passes(timedelta(minutes=2), it.cast.mina, it.cast.alice)
    group.is_ended()
    return it.cast.group


def signed(it: Clinic) -> Meeting:
    meeting = held(it)
    attendance.attest(it.cast.mina, meeting, attendance.Draft(typed_name="Mina Park"))
    return meeting


def asked(it: Clinic) -> StaffTask:
    return worklist.ask(
        it.cast.north.pk, "other", key="form", reason="planned-end", params={"on": "2026-03-09"}
    )


def calling(it: Clinic) -> CheckIn:
    """A call that is being made by Mina."""
    ada = Aftercare(it.cast, it.clock)
    ada.begins()
    return ada.talks(ada.comes_due())


def proposed(it: Clinic) -> AftercareCourse:
    agrees(it.cast, it.cast.ada)
    return beginning.propose(it.cast.north.pk, it.cast.ada, MORNING.date())


def link(it: Clinic) -> str:
    guest = families.add(it.episode, WHO, by=it.cast.carol)
    to = consents.guest_recipient(papers.file(it.cast), guest)
    papers.signs(it.cast.alice, papers.offered(it.cast, Purpose.PRESENCE, to, [Scope.PRESENCE]))
    families.invite(Invitation.objects.get(guest=guest, revoked_at=None), by=it.cast.carol)
    return said("invitation.link", "link").rsplit("/", 1)[1]


@dataclass(frozen=True)
class Clinic:
    cast: Cast
    episode: Episode
    licence: Licence
    clock: time_machine.Traveller
