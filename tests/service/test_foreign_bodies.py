"""Ids of another programme in forms of one's own: refused, and nothing changes, also for who works in both.

Addresses are held against their programme in test_programme_access.py; here it is what is typed, ticked or hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.service.test_forms import rows
from tests.service.two_programmes import Two, course, sample, southern_paper, two_programmes

pytestmark = pytest.mark.django_db
two = two_programmes

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
