"""Ids of another programme in forms of one's own: refused, and nothing changes, also for who works in both.

Addresses are held against their programme in test_programme_access.py; here it is what is typed, ticked or hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

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
from tests.service.test_forms import rows

pytestmark = pytest.mark.django_db


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
def two(db: None) -> Iterator[Two]:
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


ON = {"starts_on": "2026-03-20", "start": "10:00", "end": "11:00"}
HOURS = {"level_of_care": "iop", "weekly_target_minutes": "540", "days_a_week": "3", "minutes_a_day": "180"}
SAID = "said"
Made = Callable[[Two], tuple[str, tuple[Any, ...], dict[str, Any]]]

# what is foreign: who sends it, its field (none: 404; SAID: above the form), and the address, its parts and what stands in the form
FOREIGN: dict[str, tuple[str, str, Made]] = {
    "group of a session": (
        "carol",
        "cohort",
        lambda it: (
            "meeting-new",
            (it.cast.north.pk,),
            {**ON, "kind": "process_group", "cohort": it.group.pk, "facilitators": [it.cast.mina.pk]},
        ),
    ),
    "client of a session": (
        "carol",
        "clients",
        lambda it: (
            "meeting-new",
            (it.cast.north.pk,),
            {
                **ON,
                "kind": "individual_therapy",
                "clients": [it.cast.sofia.pk],
                "facilitators": [it.cast.mina.pk],
            },
        ),
    ),
    "leader of a series": (
        "carol",
        "facilitators",
        lambda it: (
            "series-new",
            (it.cast.north.pk,),
            {
                **ON,
                "kind": "process_group",
                "cohort": it.cast.evening.pk,
                "facilitators": [it.otto.pk],
                "weekdays": ["4"],
                "every": "1",
            },
        ),
    ),
    "series in the address": (
        "carol",
        "",
        lambda it: ("series-end", (it.cast.north.pk, it.series.pk), {}),
    ),
    "substitute": (
        "carol",
        "instead",
        lambda it: (
            "meeting-change",
            (it.cast.individual.pk,),
            {"which": "substitute", "out": it.cast.mina.pk, "instead": it.otto.pk},
        ),
    ),
    "group of an admission": (
        "carol",
        "cohort",
        lambda it: (
            "episode-act",
            (it.referred.pk, "admit"),
            {**HOURS, "cohort": it.group.pk, "starts_on": "2026-03-02"},
        ),
    ),
    "therapist": (
        "carol",
        "therapist",
        lambda it: (
            "episode-act",
            (it.referred.pk, "admit"),
            {**HOURS, "cohort": it.cast.evening.pk, "starts_on": "2026-03-02", "therapist": it.otto.pk},
        ),
    ),
    "group of a step": (
        "mina",
        "cohort",
        lambda it: (
            "episode-act",
            (it.alices.pk, "step"),
            {**HOURS, "cohort": it.group.pk, "effective_on": "2026-03-09", "why": "Stable."},
        ),
    ),
    "leader of a new group": (
        "carol",
        "facilitators",
        lambda it: ("cohort-new", (it.cast.north.pk,), {"name": "Noon", "facilitators": [it.otto.pk]}),
    ),
    "leader of a group": (
        "carol",
        "person",
        lambda it: (
            "cohort",
            (it.cast.north.pk, it.cast.evening.pk),
            {"which": "leader", "person": it.otto.pk},
        ),
    ),
    "group in the address": (
        "carol",
        "",
        lambda it: ("cohort-leader", (it.cast.north.pk, it.group.pk, it.cast.mina.pk, "give"), {}),
    ),
    "leader in the address": (
        "carol",
        "",
        lambda it: ("cohort-leader", (it.cast.north.pk, it.cast.evening.pk, it.otto.pk, "give"), {}),
    ),
    "whose licence": (
        "carol",
        "person",
        lambda it: ("licence-new", (it.cast.north.pk,), {"person": it.otto.pk, "state": "NY"}),
    ),
    "whose role": (
        "carol",
        "person",
        lambda it: ("staff-role", (it.cast.north.pk,), {"person": it.otto.pk, "role": "coordinator"}),
    ),
    "role in the address": (
        "carol",
        "",
        lambda it: ("staff-act", (it.cast.north.pk, it.otto.memberships.get().pk, "end"), {}),
    ),
    "who is on call": (
        "carol",
        "",
        lambda it: ("on-call-set", (it.cast.north.pk, it.otto.memberships.get().pk, "on"), {}),
    ),
    "who waits": (
        "carol",
        "person",
        lambda it: (
            "waitlist",
            (it.cast.north.pk,),
            {"person": it.cast.sofia.pk, "cohort": it.cast.morning.pk},
        ),
    ),
    "for which group": (
        "carol",
        "cohort",
        lambda it: ("waitlist", (it.cast.north.pk,), {"person": it.cast.alice.pk, "cohort": it.group.pk}),
    ),
    "from whom to keep apart": (
        "carol",
        "other",
        lambda it: ("family", (it.alices.pk,), {"which": "apart", "other": it.cast.sofia.pk}),
    ),
    "the same in the address": (
        "carol",
        "",
        lambda it: ("family-apart", (it.alices.pk, it.cast.sofia.pk, "keep"), {}),
    ),
    "session that makes up": (
        "carol",
        "",
        lambda it: ("client-week", (it.cast.north.pk, it.cast.alice.pk), {"meeting": it.cast.southern.pk}),
    ),
    "session that was missed": (
        "carol",
        "",
        lambda it: (
            "client-week",
            (it.cast.north.pk, it.cast.chidi.pk),
            {"meeting": it.cast.group.pk, "missed": it.cast.southern.pk},
        ),
    ),
    "client of a make-up": (
        "carol",
        "",
        lambda it: ("client-week", (it.cast.north.pk, it.cast.sofia.pk), {"meeting": it.cast.group.pk}),
    ),
    "leader of a make-up": (
        "carol",
        "facilitator",
        lambda it: (
            "client-week",
            (it.cast.north.pk, it.cast.alice.pk),
            {"own": "1", "facilitator": it.otto.pk, "on": "2026-03-06", "at": "10:00", "minutes": "60"},
        ),
    ),
    "who is there at a sample": (
        "mina",
        "leader",
        lambda it: (
            "sample-meeting",
            (it.alices.pk, sample(it).pk),
            {"on": "2026-03-03", "at": "10:00", "minutes": "15", "leader": it.otto.pk},
        ),
    ),
    "series of a week": (
        "mina",
        "joined",
        lambda it: ("prescription", (it.alices.pk,), {"starts_on": "2026-03-09", "joined": [it.series.pk]}),
    ),
    "leader in a week": (
        "mina",
        "leader1",
        lambda it: (
            "prescription",
            (it.alices.pk,),
            {
                "starts_on": "2026-03-09",
                "kind1": "individual_therapy",
                "weekday1": "1",
                "start1": "10:00",
                "end1": "11:00",
                "leader1": it.otto.pk,
            },
        ),
    ),
    "group to come back to": (
        "carol",
        SAID,
        lambda it: (
            "aftercare-course",
            (course(it).pk,),
            {"do": "readmit", "cohort": it.group.pk, "on": "2026-03-09"},
        ),
    ),
    "who calls": (
        "carol",
        "caller",
        lambda it: (
            "aftercare-course",
            (course(it).pk,),
            {
                "do": "sign",
                "weekly_until": "8",
                "fortnightly_until": "12",
                "monthly_until": "18",
                "channel": "video",
                "caller": it.otto.pk,
                "typed_name": "Carol Reyes",
            },
        ),
    ),
    "paper of a report": (
        "carol",
        "whom",
        lambda it: (
            "report-new",
            (it.cast.north.pk, it.cast.alice.pk),
            {
                "act": "make",
                "whom": southern_paper(it).pk,
                "from_on": "2026-02-01",
                "to_on": "2026-03-01",
                "format": "csv",
                "language": "en",
            },
        ),
    ),
    "paper of what was told": (
        "carol",
        "under",
        lambda it: (
            "told",
            (it.cast.north.pk, it.cast.alice.pk),
            {"under": southern_paper(it).pk, "scopes": ["attendance"], "via": "telephone", "words": "Came."},
        ),
    ),
}


def test_what_is_of_another_programme_is_not_taken(two: Two, client: Client) -> None:
    """One after the other in one clinic: none leaves anything behind."""
    for what, (who, field, made) in FOREIGN.items():
        name, args, typed = made(two)
        client.force_login(getattr(two.cast, who))
        before = rows()
        answer = client.post(reverse(name, args=args), typed)
        status = {"": 404, SAID: 409}.get(field, 422)
        assert answer.status_code == status, what
        assert rows() == before, what
        assert "Sofia" not in answer.content.decode(), what
        if status == 422:
            assert wrong_fields(answer) == {field}, what


def wrong_fields(answer: Any) -> set[str]:
    """Everything else that was typed is right: it is this id alone that is not taken."""
    values = (value for layer in answer.context for held in layer.dicts for value in held.values())
    return set(next(one for one in values if getattr(one, "errors", None)).errors)
