"""Every form around the programme, sent wrong: it says so at the field, keeps what was typed, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from sessions.programs import episodes
from sessions.programs.episode_models import Episode
from sessions.programs.licences import Licence
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db

LONG = "x" * 5_000


@dataclass(frozen=True)
class Clinic:
    cast: Cast
    episode: Episode
    licence: Licence


@pytest.fixture
def clinic(db: None) -> Iterator[Clinic]:
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        episode = episodes.current(cast.alice, cast.north.pk)
        assert episode is not None
        yield Clinic(cast, episode, Licence.objects.create(person=cast.mina, state="NY"))


Args = Callable[[Clinic], tuple[Any, ...]]
NORTH: Args = lambda it: (it.cast.north.pk,)  # noqa: E731
EPISODE: Args = lambda it: (it.episode.pk,)  # noqa: E731
MEETING: Args = lambda it: (it.cast.individual.pk,)  # noqa: E731

# who, address, its parts, what is typed, the fields in error (none listed: at least one), what must still stand there
FORMS: dict[str, tuple[str, str, Args, dict[str, Any], set[str], str]] = {
    "rules": ("ines", "program-settings", NORTH, {"planning_weeks": "many"}, set(), "many"),
    "track": (
        "ines",
        "track-new",
        NORTH,
        {"name": "Noon", "start": "25:00"},
        {"start", "end", "weekdays"},
        "Noon",
    ),
    "kind": (
        "ines",
        "kind",
        lambda it: (it.cast.north.pk, "process_group"),
        {"largest": "900"},
        {"largest", "attend"},
        "900",
    ),
    "group": (
        "carol",
        "cohort-new",
        NORTH,
        {"name": "Evening", "capacity": "0"},
        {"name", "capacity"},
        "Evening",
    ),
    "licence": (
        "carol",
        "licence-new",
        NORTH,
        {"state": "ZZ", "number": "N-77"},
        {"person", "state"},
        "N-77",
    ),
    "licence changed": (
        "carol",
        "licence",
        lambda it: (it.cast.north.pk, it.licence.pk),
        {"state": "NY", "until": "soon"},
        {"until"},
        "soon",
    ),
    "somebody invited": (
        "ines",
        "staff-invite",
        NORTH,
        {
            "given_name": "Lena",
            "email": "nowhere",
            "role": "client",
            "language": "en",
            "time_zone": "Mars/Base",
        },
        {"family_name", "email", "role", "time_zone"},
        "Mars/Base",
    ),
    "role": ("ines", "staff-role", NORTH, {"role": "coordinator"}, {"person"}, ""),
    "waitlist": ("carol", "waitlist", NORTH, {"person": "nobody"}, {"person", "cohort"}, ""),
    "day of rest": ("carol", "holidays", NORTH, {"on": "2026-02-30", "name": "Rest"}, {"on"}, "Rest"),
    "series": (
        "carol",
        "series-new",
        NORTH,
        {
            "kind": "party",
            "title": "Skills",
            "every": "0",
            "start": "18:00",
            "end": "21:00",
            "break_start": "17:00",
        },
        {"kind", "facilitators", "weekdays", "every", "starts_on", "break_end"},
        "Skills",
    ),
    "one session": (
        "carol",
        "meeting-new",
        NORTH,
        {"kind": "process_group", "title": "Once", "start": "6pm"},
        {"facilitators", "starts_on", "start", "end"},
        "6pm",
    ),
    "session moved": (
        "carol",
        "meeting-change",
        MEETING,
        {"which": "move", "on": "never"},
        {"on", "start", "end"},
        "",
    ),
    "referral": (
        "carol",
        "refer",
        NORTH,
        {"given_name": "Dora"},
        {"family_name", "email", "language", "referred_on"},
        "Dora",
    ),
    "pause": ("carol", "episode-act", lambda it: (it.episode.pk, "pause"), {"why": LONG}, {"why"}, LONG),
    "step": (
        "mina",
        "episode-act",
        lambda it: (it.episode.pk, "step"),
        {"weekly_target_minutes": "5", "why": "More support"},
        {"cohort", "level_of_care", "weekly_target_minutes", "days_a_week", "minutes_a_day", "effective_on"},
        "More support",
    ),
    "end": (
        "carol",
        "episode-act",
        lambda it: (it.episode.pk, "finish"),
        {"how": "vanished", "why": "Moved away"},
        {"how", "on"},
        "Moved away",
    ),
    "guest": ("carol", "family", EPISODE, {"which": "guest", "given_name": "Fatima"}, set(), "Fatima"),
    "hours offered": (
        "mina",
        "hours",
        NORTH,
        {"kind": "individual_therapy", "on": "2026-03-01", "start": "10:00", "end": "09:00", "minutes": "50"},
        {"on", "end", "weeks"},
        "09:00",
    ),
    "plan": ("mina", "plan-write", EPISODE, {"x": "1"}, set(), ""),
    "prescribed week": (
        "mina",
        "prescription",
        EPISODE,
        {"starts_on": "never", "kind1": "individual_therapy", "start1": "10:00"},
        {"starts_on", "weekday1", "end1", "leader1"},
        "10:00",
    ),
    "review": ("mina", "plan-review", EPISODE, {"x": "1"}, set(), ""),
    "assessment": (
        "mina",
        "plan-assess",
        lambda it: (it.episode.pk, "withdrawal"),
        {"x": "1"},
        set(),
        "",
    ),
    "counted minutes": ("ines", "credit-policy", NORTH, {"early": "x"}, set(), ""),
    "calls after treatment": ("ines", "aftercare-policy", NORTH, {"x": "1"}, set(), ""),
    "search": ("carol", "search", lambda it: (), {"q": "x"}, {"q"}, ""),
}


def rows() -> dict[str, int]:
    """How many rows every table of ours has; what is only a look or a refusal may add to the record."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table.startswith("iop_") and not table.startswith("iop_audit"):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
                found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.parametrize("form", FORMS)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    clinic: Clinic, client: Client, form: str
) -> None:
    who, name, args, typed, wrong, kept = FORMS[form]
    client.force_login(getattr(clinic.cast, who))
    before = rows()
    answer = client.post(reverse(name, args=args(clinic)), typed)
    assert answer.status_code == 422
    assert rows() == before
    text = answer.content.decode()
    assert kept in text
    assert 'class="errorlist"' in text
    context: Any = answer.context
    shown = next(
        one
        for one in (value for layer in context for value in layer.dicts for value in value.values())
        if getattr(one, "errors", None)
    )
    if wrong:
        assert set(shown.errors) == wrong
    for field in shown.errors:
        bound = shown[field]
        # A reader of screens hears it with the field: Django ties the two together.
        assert f'id="{bound.auto_id}_error"' in text, field
        assert 'aria-invalid="true"' in text
