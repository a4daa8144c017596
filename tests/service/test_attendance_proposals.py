"""Proposed minutes follow the room: live while it runs, final at its end, never more than the evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from sessions import tasks
from sessions.attendance import proposals
from sessions.attendance.models import Progress, Proposal
from sessions.core.span import Span
from sessions.people.roles import RoomRole
from sessions.programs.kinds import MeetingKind
from sessions.programs.service import schedule
from sessions.room.commands import End, Leave, Remove, SendBack
from sessions.room.floor_commands import EndBreak, StartBreak, VerifyIdentity
from sessions.room.models import Room, RoomFact
from tests.cast import EVENING, HOUR, Cast
from tests.service.attendance import Group
from tests.service.room import seconds
from vIOP.celery import app

pytestmark = pytest.mark.usefixtures("clock")

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_minutes_grow_while_the_meeting_runs(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(10 * MINUTE, cast.mina, cast.alice)
    assert (group.proposal(cast.alice).credited_minutes, group.proposal(cast.alice).final) == (10, False)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    assert group.proposal(cast.alice).credited_minutes == 15


def test_who_has_not_come_has_a_proposal_too(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    assert (group.proposal(cast.bruno).credited_seconds, group.proposal(cast.bruno).status) == (0, "absent")


def test_proposals_are_final_with_the_end(group: Group, cast: Cast) -> None:
    group.begins(cast.alice, cast.bruno)
    group.passes(20 * MINUTE, cast.mina, cast.alice, cast.bruno)
    group.clock.shift(seconds(7))
    group.is_ended()
    for client in (cast.alice, cast.bruno):
        assert (group.proposal(client).credited_seconds, group.proposal(client).final) == (1207, True)


def test_a_device_that_was_dead_at_the_end_is_cut_back_to_its_last_evidence(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(20 * MINUTE, cast.mina, cast.alice)
    group.clock.shift(seconds(9))
    group.is_ended()
    assert group.proposal(cast.alice).credited_seconds == 1209
    group.passes(MINUTE, cast.mina)
    assert group.proposal(cast.alice).credited_seconds == 1200


def test_waiting_is_arrival_and_not_presence(group: Group, cast: Cast) -> None:
    group.comes(cast.mina, cast.alice)
    group.passes(4 * MINUTE, cast.mina, cast.alice)
    group.lets_in(cast.mina, cast.alice)
    group.passes(6 * MINUTE, cast.mina, cast.alice)
    found = group.proposal(cast.alice)
    assert (found.credited_minutes, found.late, found.arrived_at) == (6, False, EVENING)


@pytest.mark.parametrize("clean", [True, False])
def test_a_reload_and_a_lost_connection_are_bridged(group: Group, cast: Cast, clean: bool) -> None:
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    group.loses(cast.alice, clean=clean)
    group.passes(seconds(40), cast.mina)
    group.connects(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    found = group.proposal(cast.alice)
    assert (found.credited_seconds, found.bridged_seconds) == (640, 40)


def test_what_is_done_on_purpose_is_not_bridged(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    group.does(cast.alice, Leave())
    group.passes(seconds(20), cast.mina, cast.alice)
    group.comes(cast.alice)
    group.lets_in(cast.mina, cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.does(cast.mina, SendBack(cast.alice.pk))
    group.passes(seconds(20), cast.mina, cast.alice)
    group.lets_in(cast.mina, cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.does(cast.mina, Remove(cast.alice.pk))
    group.passes(MINUTE, cast.mina, cast.alice)
    found = group.proposal(cast.alice)
    assert (found.credited_seconds, found.bridged_seconds) == (300 + 60 + 60, 0)


def test_leaving_and_coming_back_within_one_second_loses_nothing(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    group.does(cast.alice, Leave())
    group.comes(cast.alice)
    group.lets_in(cast.mina, cast.alice)
    group.does(cast.mina, SendBack(cast.alice.pk))
    group.lets_in(cast.mina, cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    assert group.proposal(cast.alice).credited_seconds == 600


def test_a_lapse_is_a_lost_connection_and_not_a_leave(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    group.passes(5 * MINUTE, cast.mina)
    found = group.proposal(cast.alice)
    reasons = [reason for _, _, reason in found.spans]
    assert (found.credited_seconds, "uncertain" in found.flags) == (300, True)
    assert "gone" in reasons
    assert "away" not in reasons


def test_two_devices_count_once(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    laptop = group.lines[cast.alice.pk]
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    phone = group.connects(cast.alice, device="phone")
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    assert laptop != phone
    assert group.proposal(cast.alice).credited_seconds == 600


def test_family_guests_and_alumni_are_never_credited(cast: Cast, clock: time_machine.Traveller) -> None:
    clock.move_to(cast.family.starts_at)
    evening = Group(cast, clock)
    evening.meeting = cast.family
    evening.begins(cast.alice, cast.omar)
    evening.passes(MINUTE, cast.mina, cast.alice, cast.omar)
    credited = set(Proposal.objects.filter(meeting=cast.family).values_list("person_id", flat=True))
    assert credited == {cast.alice.pk, cast.bruno.pk}
    assert cast.family.role_of(cast.omar) == RoomRole.FAMILY


def test_reading_on_gives_what_reading_anew_gives(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    for _ in range(3):
        group.passes(2 * MINUTE, cast.mina, cast.alice)
        group.loses(cast.alice)
        group.passes(seconds(20), cast.mina)
        group.connects(cast.alice)
    group.is_ended()
    on = group.proposal(cast.alice)
    Progress.objects.update(seq=0, folded=b"written by another version")
    proposals.compute(group.meeting.pk)
    anew = group.proposal(cast.alice)
    assert (anew.credited_seconds, anew.spans) == (on.credited_seconds, on.spans)


def test_a_quiet_evening_costs_nothing(
    group: Group, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The cost of a beat knows no history: no query per meeting that has nothing new."""
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.is_ended()
    group.loses(cast.mina, clean=True)
    group.loses(cast.alice, clean=True)
    tasks.credit_meetings()
    assert not Room.objects.filter(uncredited=True).exists()
    with django_assert_num_queries(3):
        tasks.credit_meetings()


def test_facts_that_nobody_read_for_hours_are_read_later(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    for _ in range(30):
        group.clock.shift(seconds(10))
        group.hears(cast.mina, cast.alice)
    group.loses(cast.alice)
    group.loses(cast.mina)
    group.clock.shift(5 * HOUR)
    tasks.sweep_presence()
    tasks.end_overdue_meetings()
    tasks.credit_meetings()
    assert (group.proposal(cast.alice).credited_seconds, group.proposal(cast.alice).final) == (300, True)


def test_a_break_counts_as_it_was_taken(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(10 * MINUTE, cast.mina, cast.alice)
    group.does(cast.mina, StartBreak(10 * MINUTE))
    group.passes(4 * MINUTE, cast.mina, cast.alice)
    group.does(cast.mina, EndBreak())
    group.passes(6 * MINUTE, cast.mina, cast.alice)
    assert group.proposal(cast.alice).credited_minutes == 16


def test_a_break_that_nobody_ended_is_over_at_its_time(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.does(cast.mina, StartBreak(10 * MINUTE))
    group.passes(25 * MINUTE, cast.mina, cast.alice)
    assert group.proposal(cast.alice).credited_minutes == 15


def cost(act: Callable[[], object]) -> tuple[int, int]:
    """How many queries `act` asks, and how many rows it reads."""
    queries = rows = 0
    looking = False

    def look(execute: Callable[..., object], sql: str, params: Any, many: bool, context: object) -> object:
        nonlocal queries, rows, looking
        if looking:
            return execute(sql, params, many, context)
        queries += 1
        if sql.startswith("SELECT"):  # asked once more, since what is read cannot be counted and then read
            looking = True
            with connection.cursor() as again:
                again.execute(sql, params)
                rows += len(again.fetchall())
            looking = False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        act()
    return queries, rows


def live_cost(group: Group, cast: Cast) -> tuple[int, int]:
    """Of the beat after ten more seconds of a meeting that has run for a minute."""
    group.begins(cast.alice, cast.bruno)
    for client in (cast.alice, cast.bruno):
        group.does(cast.mina, VerifyIdentity(client.pk))
    group.passes(MINUTE, cast.mina, cast.alice, cast.bruno)
    group.clock.shift(seconds(10))
    group.hears(cast.mina, cast.alice, cast.bruno)
    before = group.proposal(cast.alice).raw_seconds
    spent = cost(tasks.credit_meetings)
    assert group.proposal(cast.alice).raw_seconds == before + 10
    return spent


def goes_home(group: Group, cast: Cast) -> None:
    group.is_ended()
    for person in (cast.mina, cast.alice, cast.bruno):
        group.loses(person, clean=True)
    tasks.credit_meetings()


def test_a_live_proposal_costs_on_day_90_what_it_costs_on_day_1(
    group: Group, cast: Cast, clock: time_machine.Traveller
) -> None:
    spent = []
    for day in range(1, 92, 3):
        start = EVENING + day * DAY
        clock.move_to(start)
        group.meeting = schedule(
            cast.north,
            MeetingKind.PROCESS_GROUP,
            Span(start, start + 3 * HOUR),
            facilitators=[cast.mina],
            cohort=cast.evening,
            drop_in=True,
        )
        spent.append(live_cost(group, cast))
        goes_home(group, cast)
    assert RoomFact.objects.count() > 300
    assert set(spent) == {spent[0]}


def test_the_beat_makes_proposals_final_within_five_seconds_of_the_end(group: Group, cast: Cast) -> None:
    """One run of the beat after the end is enough, and it comes every three seconds."""
    assert app.conf.beat_schedule["credit-meetings"]["schedule"] <= 3
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.does(cast.mina, End())
    ended_at = Room.objects.get().ended_at
    group.clock.shift(seconds(3))
    tasks.credit_meetings()
    found = group.proposal(cast.alice)
    assert ended_at is not None
    assert (found.final, found.computed_at - ended_at) == (True, seconds(3))
