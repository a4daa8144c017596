"""Ends that were a mistake, taken back: of an episode, of somebody's way in, of a series.

Alice is in the evening group, which meets every Wednesday, and has a session of her own every Thursday with Mina.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.aftercare import beginning
from sessions.aftercare.models import AftercareCourse
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.messages import consents
from sessions.messages.models import Channel, Message
from sessions.people.access import Act, may
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.plan import groups
from sessions.programs import episodes, reopening, service
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Busy, Series, SeriesSkip
from sessions.programs.episode_models import Episode, EpisodeFactKind, Stage
from sessions.programs.episodes import Newcomer
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment, EnrollmentStatus, Meeting
from sessions.programs.recurrence import weekly
from sessions.programs.reopening import TooLate
from sessions.programs.stretches import Hours
from sessions.worklist.models import StaffTask
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture
def at() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, at: time_machine.Traveller) -> Cast:
    cast = assemble(MORNING)
    consents.give(cast.alice, Channel.EMAIL)
    group = calendar.Draft(
        MeetingKind.PROCESS_GROUP, weekly([2]), TODAY, time(18), time(21), [cast.mina], cohort=cast.evening
    )
    own = calendar.Draft(
        MeetingKind.INDIVIDUAL_THERAPY,
        weekly([3]),
        TODAY,
        time(10),
        time(11),
        [cast.mina],
        invitees=[(cast.alice, RoomRole.CLIENT)],
    )
    calendar.create(cast.north, group, cast.carol)
    calendar.create(cast.north, own, cast.carol)
    Message.objects.all().delete()
    return cast


def of(someone: Person) -> Episode:
    return Episode.objects.select_related("program", "person").get(person=someone)


def ended(cast: Cast, how: EpisodeFactKind = EpisodeFactKind.DISCHARGED, on: date = TODAY) -> Episode:
    episodes.finish(of(cast.alice), how, on, "The wrong person.", by=cast.carol)
    return of(cast.alice)


def hers(cast: Cast) -> set[Meeting]:
    """What stands on her calendar from now on."""
    rows = Meeting.objects.of(cast.north.pk).attended_by(cast.alice).standing()
    return set(rows.filter(starts_at__gt=clock.now()))


@pytest.mark.parametrize("how", episodes.ENDINGS)
def test_on_the_same_day_it_is_as_if_nothing_had_been(cast: Cast, how: EpisodeFactKind) -> None:
    before, booked = hers(cast), Busy.objects.filter(person=cast.alice).count()
    stretch = Enrollment.objects.get(person=cast.alice)
    row = ended(cast, how)
    assert not hers(cast) & set(Meeting.objects.filter(held_on__gt=TODAY))
    groups.reopen(row, by=cast.carol)
    row = of(cast.alice)
    assert (row.stage, row.ended_on) == (Stage.ACTIVE, None)
    again = Enrollment.objects.get(person=cast.alice)
    assert (again.pk, again.ended_on, again.status) == (stretch.pk, None, EnrollmentStatus.ACTIVE)
    assert hers(cast) == before
    assert Busy.objects.filter(person=cast.alice).count() == booked
    kinds = [fact.kind for fact, _ in episodes.history(cast.carol, row)]
    assert kinds[-2:] == [how, EpisodeFactKind.REOPENED]
    assert not cast.alice.memberships.filter(role=Role.ALUMNUS, ended_at=None).exists()
    assert may(cast.alice, Act.SEE_MEETING, cast.individual)


def test_an_end_on_an_earlier_day_is_undone_whole_too(cast: Cast) -> None:
    before = hers(cast)
    groups.reopen(ended(cast, on=TODAY - 5 * DAY), by=cast.carol)
    assert hers(cast) == before
    assert Enrollment.objects.get(person=cast.alice).ended_on is None


def test_later_a_new_stretch_begins_and_the_days_between_stay_without_them(
    cast: Cast, at: time_machine.Traveller
) -> None:
    row = ended(cast)
    at.shift(3 * DAY)
    groups.reopen(row, by=cast.carol)
    first, second = Enrollment.objects.filter(person=cast.alice).order_by("starts_on")
    assert (first.ended_on, second.starts_on, second.ended_on) == (TODAY, TODAY + 3 * DAY, None)
    assert second.cohort == first.cohort
    assert second.weekly_target_minutes == first.weekly_target_minutes
    wednesday = Meeting.objects.get(series__cohort=cast.evening, held_on=TODAY + 2 * DAY)
    assert service.role_in(wednesday, cast.alice) is None


def test_both_hear_of_it(cast: Cast) -> None:
    groups.reopen(ended(cast), by=cast.carol)
    told = Message.objects.filter(template__in=["appointment.calendar", "staff.calendar"])
    assert {row.person for row in told} == {cast.alice, cast.mina, cast.theo}


def test_who_paused_pauses_again_and_who_was_assessed_is_assessed_again(cast: Cast) -> None:
    episodes.pause(of(cast.alice), "travels", by=cast.carol)
    paused = Enrollment.objects.get(person=cast.alice)
    groups.reopen(ended(cast), by=cast.carol)
    again = Enrollment.objects.get(person=cast.alice)
    assert of(cast.alice).stage == Stage.ON_HOLD
    assert (again.status, again.ended_on) == (paused.status, paused.ended_on)
    row = episodes.refer(cast.north, Newcomer("Dora", "Y", "dora@example.org"), "", TODAY, by=cast.carol)
    for stage in (Stage.REFERRED, Stage.ASSESSING):
        if stage is Stage.ASSESSING:
            episodes.assess(row, by=cast.carol)
        episodes.decline(row, "The wrong person.", by=cast.carol)
        assert not may(row.person, Act.SEE_PLAN, cast.north)
        groups.reopen(row, by=cast.carol)
        row.refresh_from_db()
        assert (row.stage, row.ended_on) == (stage, None)
        assert row.person.memberships.filter(role=Role.CLIENT, ended_at=None).count() == 1


def test_a_week_later_or_after_a_new_referral_it_is_part_of_the_record(
    cast: Cast, at: time_machine.Traveller
) -> None:
    row = ended(cast)
    assert reopening.may_reopen(row)
    at.shift(8 * DAY)
    assert not reopening.may_reopen(row)
    with pytest.raises(TooLate):
        groups.reopen(row, by=cast.carol)
    at.move_to(MORNING)
    episodes.refer(cast.north, Newcomer("Alice", "H", cast.alice.email), "", TODAY, by=cast.carol)
    with pytest.raises(TooLate):
        groups.reopen(row, by=cast.carol)


def test_a_place_that_was_given_away_is_not_taken_back(cast: Cast) -> None:
    cast.evening.capacity = 2
    cast.evening.save()
    row = ended(cast, on=TODAY - DAY)
    episodes.finish(of(cast.chidi), EpisodeFactKind.COMPLETED, TODAY - DAY, "", by=cast.carol)
    again = episodes.refer(cast.north, Newcomer("C", "E", cast.chidi.email), "", TODAY, by=cast.carol)
    episodes.assess(again, by=cast.carol)
    episodes.admit(again, cast.evening, TODAY, Hours(540, 3, 180), by=cast.carol)
    with pytest.raises(service.Full):
        groups.reopen(row, by=cast.carol)
    row.refresh_from_db()
    assert row.stage == Stage.DISCHARGED


def test_a_plan_for_calls_that_nobody_signed_is_gone_and_one_that_runs_stands_in_the_way(
    cast: Cast,
) -> None:
    row = ended(cast)
    beginning.propose_discharged(clock.now())
    browser = Client()
    browser.force_login(cast.carol)
    page = browser.post(
        reverse("episode-act", args=[row.pk, "reopen"]), {"undo": "1"}, follow=True
    ).content.decode()
    assert "Undone." in page
    assert not AftercareCourse.objects.filter(person=cast.alice).exists()
    assert not StaffTask.objects.filter(person=cast.alice, status="open").exists()
    row = ended(cast)
    assert beginning.propose_discharged(clock.now()) == 1
    AftercareCourse.objects.filter(person=cast.alice).update(state="active")
    with pytest.raises(IllegalMove):
        beginning.withdraw(row)


def test_the_page_offers_it_beside_what_is_said_and_as_long_as_it_can_be(
    cast: Cast, at: time_machine.Traveller
) -> None:
    row, browser = of(cast.alice), Client()
    browser.force_login(cast.carol)
    typed = {"how": "completed", "on": "2026-03-02", "why": "all goals met"}
    page = browser.post(reverse("episode-act", args=[row.pk, "finish"]), typed, follow=True).content.decode()
    back = reverse("episode-act", args=[row.pk, "reopen"])
    assert f'action="{back}"' in page
    assert f'href="{back}"' in page
    at.shift(8 * DAY)
    browser.force_login(cast.carol)
    assert back not in browser.get(reverse("episode", args=[row.pk])).content.decode()


class TestSeries:
    def own(self) -> Series:
        return Series.objects.get(cohort=None)

    def test_with_one_press_it_goes_on_as_it_was(self, cast: Cast) -> None:
        before, series = hers(cast), self.own()
        browser = Client()
        browser.force_login(cast.carol)
        page = browser.post(reverse("series-end", args=[cast.north.pk, series.pk]), follow=True)
        assert not series.meetings.filter(cancelled_at=None).exists()
        again = reverse("series-again", args=[cast.north.pk, series.pk, "open"])
        assert f'action="{again}"' in page.content.decode()
        assert "Undone." in browser.post(again, {"undo": "1"}, follow=True).content.decode()
        series.refresh_from_db()
        assert series.ends_on is None
        assert hers(cast) == before

    def test_a_day_on_which_somebody_is_booked_by_now_is_left_out_and_shown(self, cast: Cast) -> None:
        series = self.own()
        calendar.end(series, TODAY, cast.carol)
        taken = series.meetings.order_by("starts_at")[1]
        service.schedule(
            cast.north,
            MeetingKind.INDIVIDUAL_THERAPY,
            taken.span,
            facilitators=[cast.mina],
            invitees=[(cast.bruno, RoomRole.CLIENT)],
        )
        calendar.go_on(series, None, cast.carol)
        assert set(series.meetings.exclude(cancelled_at=None)) == {taken}
        assert SeriesSkip.objects.get(series=series).on == taken.recurs_on

    def test_not_when_another_has_taken_its_place_nor_further_back_than_it_ends(self, cast: Cast) -> None:
        series = self.own()
        calendar.end(series, TODAY + 10 * DAY, cast.carol)
        with pytest.raises(Invalid):
            calendar.go_on(series, TODAY, cast.carol)
        draft = calendar.Draft(
            MeetingKind.INDIVIDUAL_THERAPY,
            weekly([4]),
            TODAY + 11 * DAY,
            time(10),
            time(11),
            [cast.mina],
            invitees=[(cast.alice, RoomRole.CLIENT)],
        )
        calendar.change(series, TODAY + 5 * DAY, draft, cast.carol)
        with pytest.raises(Invalid):
            calendar.go_on(series, None, cast.carol)


def test_nobody_else_takes_an_end_back(cast: Cast) -> None:
    row = ended(cast)
    for who in (cast.otto, cast.nora, cast.bruno):
        with pytest.raises(NotFound):
            groups.reopen(row, by=who)
