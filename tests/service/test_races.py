"""Several processes write to the same calendar at the same moment, and nobody is booked twice.

Each is a Python of its own with its own Django, on the database the suite runs on: SQLite's file and its
triggers, PostgreSQL and its exclusion constraint. A barrier begins every round.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection

from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs import leaving, service, slots
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Busy, OfferedSlot, Series
from sessions.programs.episode_models import Episode, EpisodeFact
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Enrollment, MeetingInvitee
from sessions.programs.recurrence import weekly
from tests.cast import HOUR, MORNING, Cast, assemble, person
from tests.service.racers import Round, race

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 2)
ROUNDS = 8  # of each kind
Rounds = list[tuple[Round, Round]]  # what the two processes do at the same moment


def clients(cast: Cast, count: int, word: str) -> list[Person]:
    found = [person(f"{word}{n}", "Race") for n in range(count)]
    for one in found:
        join(one, cast.north.pk, Role.CLIENT)
    return found


def hours(first_day: int) -> list[datetime]:
    return [MORNING + timedelta(days=first_day + n) for n in range(ROUNDS)]


def a_facilitator(cast: Cast) -> Rounds:
    """Two clients, one facilitator; the hours overlap by half of them in every other round."""
    return [
        (
            ("individual", (cast.north.pk, cast.mina.pk, cast.alice.pk, at)),
            ("individual", (cast.north.pk, cast.mina.pk, cast.bruno.pk, at + n % 2 * HOUR / 2)),
        )
        for n, at in enumerate(hours(1))
    ]


def a_client(cast: Cast) -> Rounds:
    return [
        (
            ("individual", (cast.north.pk, cast.mina.pk, cast.alice.pk, at)),
            ("individual", (cast.north.pk, cast.theo.pk, cast.alice.pk, at - n % 2 * HOUR / 2)),
        )
        for n, at in enumerate(hours(20))
    ]


def the_last_place_of_a_group(cast: Cast) -> Rounds:
    pairs = clients(cast, 2 * ROUNDS, "member")
    groups = [
        Cohort.objects.create(program=cast.north, name=f"One place {n}", capacity=1) for n in range(ROUNDS)
    ]
    return [
        (("enroll", (group.pk, pairs[2 * n].pk, TODAY)), ("enroll", (group.pk, pairs[2 * n + 1].pk, TODAY)))
        for n, group in enumerate(groups)
    ]


def _series(cast: Cast, word: str, n: int) -> Series:
    """Of a group of its own, led by somebody of their own, with one meeting; it takes one client."""
    cohort = Cohort.objects.create(program=cast.north, name=f"{word} {n}")
    leader = person(f"{word}{n}", "Leads")
    join(leader, cast.north.pk, Role.FACILITATOR)
    on = TODAY + timedelta(days=1)
    draft = calendar.Draft(
        MeetingKind.SKILL_BUILDING,
        weekly([on.weekday()]),
        on,
        time(9),
        time(11),
        [leader],
        cohort,
        ends_on=on,
    )
    return calendar.create(cast.north, draft)


def the_last_place_of_a_series(cast: Cast) -> Rounds:
    cast.north.settings = {"kinds": {"skill_building": {"largest": 1}}}
    cast.north.save()
    pairs = clients(cast, 2 * ROUNDS, "joins")
    return [
        (
            ("attend", (row.pk, pairs[2 * n].pk, TODAY)),
            ("attend", (row.pk, pairs[2 * n + 1].pk, TODAY)),
        )
        for n, row in enumerate(_series(cast, "Series", n) for n in range(ROUNDS))
    ]


def the_last_place_of_a_session(cast: Cast) -> Rounds:
    """One asks for it as a make-up, the other joins the series."""
    cast.north.settings = {"kinds": {"skill_building": {"largest": 1}}}
    cast.north.save()
    pairs = clients(cast, 2 * ROUNDS, "makesup")
    for one in pairs:
        group = Cohort.objects.create(program=cast.north, name=f"Of {one.given_name}")
        service.enroll(one, group, TODAY)
    found: Rounds = []
    for n in range(ROUNDS):
        row = _series(cast, "Session", n)
        meeting = row.meetings.get()
        found.append(
            (
                ("make_up", (meeting.pk, pairs[2 * n].pk, cast.carol.pk)),
                ("attend", (row.pk, pairs[2 * n + 1].pk, TODAY)),
            )
        )
    return found


def _members(cast: Cast, word: str) -> list[Episode]:
    """Each in a group of one place of their own."""
    found = []
    for n, one in enumerate(clients(cast, ROUNDS, word)):
        group = Cohort.objects.create(program=cast.north, name=f"One stays {word} {n}", capacity=1)
        stretch = service.enroll(one, group, TODAY - timedelta(days=7))
        assert stretch.episode is not None
        found.append(stretch.episode)
    return found


def a_way_out_of_a_group(cast: Cast) -> Rounds:
    """Two coordinators, or one who presses twice."""
    out = [("take_out", (one.pk, TODAY, cast.carol.pk)) for one in _members(cast, "leaves")]
    return [(one, one) for one in out]


def the_place_of_who_was_taken_out(cast: Cast) -> Rounds:
    """They are put back while it is given to somebody else."""
    found: Rounds = []
    for row, other in zip(_members(cast, "returns"), clients(cast, ROUNDS, "follows"), strict=True):
        changed = leaving.take_out(row, TODAY, "By mistake.", by=cast.carol)
        found.append(
            (("put_back", (row.pk, cast.carol.pk)), ("enroll", (changed.stretch.cohort_id, other.pk, TODAY)))
        )
    return found


def an_offered_hour(cast: Cast) -> Rounds:
    spans = [Span(at, at + HOUR) for at in hours(40)]
    slots.offer(cast.north, cast.mina, MeetingKind.INDIVIDUAL_THERAPY, spans, cast.mina)
    rows = OfferedSlot.objects.filter(facilitator=cast.mina)
    return [(("take", (row.pk, cast.alice.pk)), ("take", (row.pk, cast.bruno.pk))) for row in rows]


RACES: dict[Callable[[Cast], Rounds], set[str]] = {  # for what, and what the slower one hears
    a_facilitator: {"Booked"},
    a_client: {"Booked"},
    the_last_place_of_a_group: {"Full"},
    the_last_place_of_a_series: {"Full"},
    the_last_place_of_a_session: {"Full", "NotBookable"},
    a_way_out_of_a_group: {"IllegalMove"},
    the_place_of_who_was_taken_out: {"Full"},
    an_offered_hour: {"Gone"},
}


def test_of_two_processes_one_gets_it_and_the_other_hears_why() -> None:
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        rounds: list[tuple[Callable[[Cast], Rounds], tuple[Round, Round]]] = [
            (kind, one) for kind in RACES for one in kind(cast)
        ]
    found = _race([one for _, one in rounds])
    for (kind, _), outcome in zip(rounds, found, strict=True):
        assert outcome["done"] == 1, (kind.__name__, outcome)
        assert set(outcome) <= {"done", *RACES[kind]}, (kind.__name__, outcome)
    _nobody_is_in_two_places()
    for group in Cohort.objects.filter(name__startswith="One place"):
        assert Enrollment.objects.filter(cohort=group).count() == 1
    for group in Cohort.objects.filter(name__startswith="One stays"):
        assert Enrollment.objects.filter(cohort=group, ended_on=None).count() <= 1
    taken_out = EpisodeFact.objects.filter(kind="left_group").values_list("episode", flat=True)
    assert set(Counter(taken_out).values()) == {1}
    for invited in Counter(
        MeetingInvitee.objects.filter(meeting__kind=MeetingKind.SKILL_BUILDING).values_list(
            "meeting", flat=True
        )
    ).values():
        assert invited == 1


def _race(rounds: list[tuple[Round, Round]]) -> list[Counter[str]]:
    """What was heard in each round."""
    spawn = multiprocessing.get_context("spawn")
    gate, said = spawn.Barrier(2), spawn.Queue()
    connection.close()
    racers = [
        spawn.Process(target=race, args=(_database(), MORNING, [one[me] for one in rounds], gate, said, me))
        for me in range(2)
    ]
    for racer in racers:
        racer.start()
    try:
        heard: dict[int, Counter[str]] = defaultdict(Counter)
        for _ in range(2 * len(rounds)):
            number, _, word = said.get(timeout=120)
            heard[number][word] += 1
        for racer in racers:
            racer.join(60)
        assert [racer.exitcode for racer in racers] == [0, 0]
    finally:
        for racer in racers:
            if racer.is_alive():
                racer.kill()
                racer.join()
    return [heard[number] for number in range(len(rounds))]


def _database() -> str:
    """The suite's own database, as DATABASE_URL says it."""
    held = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{held['NAME']}"
    where = f"{held['HOST']}:{held['PORT']}" if held["PORT"] else held["HOST"]
    who = quote(held["USER"]) + (f":{quote(held['PASSWORD'])}" if held["PASSWORD"] else "")
    return f"postgres://{who}@{where}/{held['NAME']}"


def _nobody_is_in_two_places() -> None:
    rows = Busy.objects.order_by("person", "scope", "starts_at").values_list(
        "person", "scope", "starts_at", "ends_at"
    )
    last: dict[tuple[object, object], datetime] = {}
    for who, scope, starts_at, ends_at in rows:
        assert last.get((who, scope), starts_at) <= starts_at
        last[who, scope] = ends_at
