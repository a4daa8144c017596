"""A client's week, prescribed by a clinician from a day on: on the calendar at once, measured, kept on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.core.errors import Invalid, NotAllowed, NotFound
from sessions.people.service import keep_apart
from sessions.plan import weeks
from sessions.plan.week_models import WeekPlan
from sessions.plan.weeks import Alone
from sessions.programs import episodes
from sessions.programs import series as calendar
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import Busy, Series
from sessions.programs.episode_models import Episode, EpisodeFactKind
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from sessions.programs.service import Full
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)  # a Monday
NEXT = TODAY + timedelta(days=7)
THERAPY = MeetingKind.INDIVIDUAL_THERAPY


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


@pytest.fixture
def skills(cast: Cast) -> Series:
    """The morning group's, led by Theo: Chidi is there."""
    draft = calendar.Draft(
        MeetingKind.SKILL_BUILDING, weekly([1]), TODAY, time(9), time(11), [cast.theo], cast.morning
    )
    return calendar.create(cast.north, draft)


def of(cast: Cast) -> Episode:
    return Episode.objects.get(person=cast.alice)


def alone(cast: Cast, weekday: int = 3, start: int = 10) -> Alone:
    return Alone(THERAPY, weekday, time(start), time(start, 50), cast.mina)


def days(cast: Cast) -> list[date]:
    """Of the client's coming prescribed sessions, in the first two weeks."""
    rows = Meeting.objects.filter(series__isnull=False, held_on__lt=TODAY + timedelta(days=14)).standing()
    return sorted(rows.attended_by(cast.alice).values_list("held_on", flat=True))


def test_the_calendar_holds_it_from_its_first_day_on_and_it_is_measured(cast: Cast, skills: Series) -> None:
    week = weeks.prescribe(of(cast), NEXT, [skills], [], [alone(cast)], by=cast.mina)
    assert days(cast) == [date(2026, 3, 10), date(2026, 3, 12)]
    assert (week.scheduled_minutes, week.target_minutes) == (120 + 50, 540)
    later = MORNING + timedelta(weeks=3)
    with time_machine.travel(later, tick=False):
        calendar.extend_all(later)
    last = Meeting.objects.filter(series=skills).latest("starts_at")
    assert last.role_of(cast.alice) == "client"  # what is made later expects her too


def test_another_week_ends_it_the_day_before_and_both_stay_on_record(cast: Cast, skills: Series) -> None:
    first = weeks.prescribe(of(cast), TODAY, [skills], [], [alone(cast)], by=cast.mina)
    (therapy,) = weeks.own(of(cast))
    second = weeks.prescribe(of(cast), NEXT, [], [therapy], [alone(cast, weekday=4)], by=cast.theo)
    assert days(cast) == [date(2026, 3, day) for day in (3, 5, 12, 13)]
    first.refresh_from_db()
    assert (first.ended_on, second.ended_on) == (NEXT - timedelta(days=1), None)
    newest, oldest = weeks.history(cast.alice, of(cast))
    assert (len(newest.own), newest.joined, oldest.joined) == (2, [], [skills])
    third = weeks.prescribe(of(cast), NEXT, [], [], [], by=cast.mina)  # the same day: a correction
    assert days(cast) == [date(2026, 3, 3), date(2026, 3, 5)]
    assert set(WeekPlan.objects.all()) == {first, third}
    with pytest.raises(Invalid):
        weeks.prescribe(of(cast), TODAY, [], [], [], by=cast.mina)  # a later one stands


def test_what_cannot_be_changes_nothing(cast: Cast, skills: Series) -> None:
    day = timedelta(days=1)
    for starts_on in (TODAY - day, TODAY + timedelta(weeks=8) + day):
        with pytest.raises(Invalid):
            weeks.prescribe(of(cast), starts_on, [], [], [], by=cast.mina)
    before = Busy.objects.count()
    with pytest.raises(Booked):  # two at the same time
        weeks.prescribe(of(cast), TODAY, [skills], [], [alone(cast), alone(cast)], by=cast.mina)
    with pytest.raises(Booked):
        weeks.prescribe(of(cast), TODAY, [skills], [], [alone(cast, weekday=1)], by=cast.mina)
    with pytest.raises(Invalid):
        weeks.prescribe(of(cast), TODAY, [], [skills], [], by=cast.mina)  # not hers to keep
    group = Alone(MeetingKind.PROCESS_GROUP, 3, time(10), time(11), cast.mina)
    with pytest.raises(Invalid):
        weeks.prescribe(of(cast), TODAY, [], [], [group], by=cast.mina)
    assert Busy.objects.count() == before
    assert not WeekPlan.objects.exists()


def test_nobody_joins_who_must_not_be_met_or_a_group_that_is_full(cast: Cast, skills: Series) -> None:
    cast.north.settings = {"kinds": {"skill_building": {"largest": 1}}}
    cast.north.save()
    with pytest.raises(Full):
        weeks.prescribe(of(cast), TODAY, [skills], [], [], by=cast.mina)
    cast.north.settings = {}
    cast.north.save()
    keep_apart(cast.alice, cast.chidi, cast.north.pk, cast.carol)
    with pytest.raises(Invalid):
        weeks.prescribe(of(cast), TODAY, [skills], [], [], by=cast.mina)


@pytest.mark.parametrize("how", ["a pause", "the end"])
def test_it_rests_with_the_client(cast: Cast, skills: Series, how: str) -> None:
    week = weeks.prescribe(of(cast), TODAY, [skills], [], [alone(cast)], by=cast.mina)
    if how == "a pause":
        episodes.pause(of(cast), "Surgery.", by=cast.carol)
    else:
        episodes.finish(of(cast), EpisodeFactKind.COMPLETED, TODAY, "", by=cast.carol)
    assert days(cast) == []
    assert weeks.watch(MORNING) == 1
    assert weeks.watch(MORNING) == 0
    week.refresh_from_db()
    assert week.ended_on == TODAY
    with pytest.raises(Invalid):
        weeks.prescribe(of(cast), TODAY, [], [], [], by=cast.mina)
    if how == "a pause":
        with time_machine.travel(MORNING + timedelta(days=3), tick=False):
            episodes.resume(of(cast), by=cast.carol)
            weeks.prescribe(of(cast), TODAY + timedelta(days=4), [skills], [], [], by=cast.mina)
        assert days(cast) == [date(2026, 3, 10)]


@pytest.mark.parametrize("name", ["carol", "alice", "bruno", "otto", "omar", "ines"])
def test_only_a_clinician_of_the_client_prescribes(cast: Cast, name: str) -> None:
    who = getattr(cast, name)
    refusal = NotAllowed if name in ("carol", "alice") else NotFound
    with pytest.raises(refusal):
        weeks.prescribe(of(cast), TODAY, [], [], [], by=who)


def test_the_page_says_in_words_what_is_missing(cast: Cast, skills: Series, client: Client) -> None:
    address = reverse("prescription", args=[of(cast).pk])
    client.force_login(cast.mina)
    assert "Skill building, Morning, Tuesday" in client.get(address).content.decode()
    typed = {
        "starts_on": f"{NEXT}",
        "joined": [str(skills.pk)],
        "kind1": THERAPY.value,
        "weekday1": "3",
        "start1": "10:00",
        "end1": "10:50",
        "leader1": str(cast.mina.pk),
    }
    assert "needs this too" in client.post(address, {**typed, "end1": ""}).content.decode()
    clash = client.post(address, {**typed, "weekday1": "1"})
    assert clash.status_code == 422
    assert "Alice Haddad" in clash.content.decode()
    assert client.post(address, typed).status_code == 302
    page = client.get(address).content.decode()
    assert "holds 170 of 540 minutes: 370 are missing" in page
    assert "170 of 540 minutes a week · Mina Park" in page
    client.force_login(cast.alice)
    page = client.get(address).content.decode()
    assert "My week" in page
    assert "Individual session: Thursday, 10:00" in page
    assert "Prescribe this week" not in page
    assert client.post(address, typed).status_code == 403
    client.force_login(cast.carol)
    assert "Prescribe this week" not in client.get(address).content.decode()
