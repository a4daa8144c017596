"""Out of a group while the episode goes on: the calendar, who is told, the place that frees, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.aftercare import beginning
from sessions.aftercare.models import AftercareCourse
from sessions.attendance import week_service
from sessions.core import clock, encryption
from sessions.core.errors import IllegalMove, Invalid, NotAllowed, NotFound
from sessions.messages import consents, texts
from sessions.messages.models import Channel, Message, MessageState
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.plan import groups
from sessions.programs import episodes, service, steps, stretches, waitlist
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Busy
from sessions.programs.episode_models import Episode, EpisodeFactKind
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, LevelOfCare, Meeting
from sessions.programs.recurrence import weekly
from sessions.programs.stretches import Hours
from sessions.worklist.models import StaffTask
from tests.cast import MORNING, Cast, assemble, person

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """The evening group meets every Wednesday at six, New York; Alice lives in Phoenix and wants e-mails."""
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        Person.objects.filter(pk=cast.alice.pk).update(time_zone="America/Phoenix")
        cast.alice.refresh_from_db()
        consents.give(cast.alice, Channel.EMAIL)
        wednesdays = calendar.Draft(
            MeetingKind.PROCESS_GROUP,
            weekly([2]),
            TODAY,
            time(18),
            time(21),
            [cast.mina],
            cohort=cast.evening,
        )
        calendar.create(cast.north, wednesdays, cast.carol)
        Message.objects.all().delete()
        yield cast


def of(someone: Person) -> Episode:
    return Episode.objects.select_related("program", "person").get(person=someone)


def wednesdays(cast: Cast) -> list[Meeting]:
    return list(Meeting.objects.filter(series__cohort=cast.evening).order_by("starts_at"))


def said(row: Message) -> str:
    params = json.loads(encryption.decrypt(row.params, f"message params {row.key}"))
    at = datetime.fromisoformat(params["at"]["at"])
    return texts.render(row.template, {**params, "at": at}, row.language, row.time_zone).body


def out(cast: Cast, on: date = TODAY + 3 * DAY) -> None:
    """From Thursday on."""
    groups.take_out(of(cast.alice), on, "Asked for another group.", by=cast.carol)


def test_sessions_to_come_leave_the_calendar_and_what_has_been_stays(cast: Cast) -> None:
    first, *later = wednesdays(cast)
    out(cast)
    assert service.role_in(cast.group, cast.alice) == RoomRole.CLIENT  # today's
    assert service.role_in(first, cast.alice) == RoomRole.CLIENT
    assert later
    assert all(service.role_in(one, cast.alice) is None for one in later)
    assert all(service.role_in(one, cast.bruno) == RoomRole.CLIENT for one in later)
    assert set(Busy.objects.filter(person=cast.alice).values_list("meeting", flat=True)) >= {first.pk}
    assert not Busy.objects.filter(person=cast.alice, meeting__in=later).exists()
    assert service.role_in(cast.individual, cast.alice) == RoomRole.CLIENT  # their own session stays
    stretch = Enrollment.objects.get(person=cast.alice)
    assert (stretch.ended_on, stretch.status) == (TODAY + 2 * DAY, EnrollmentStatus.LEFT)
    row = of(cast.alice)
    assert row.stage == "active"
    assert [why for fact, why in episodes.history(cast.carol, row) if fact.kind == "left_group"] == [
        "Asked for another group."
    ]


def test_the_client_and_who_leads_the_group_are_told_in_their_own_zone(cast: Cast) -> None:
    out(cast)
    told = {row.person: said(row) for row in Message.objects.select_related("person")}
    assert set(told) == {cast.alice, cast.mina, cast.theo}
    assert (
        "Wednesday, March 11, 3:00 PM" in told[cast.alice]
    )  # after the clock change Phoenix is three behind
    assert "Wednesday, March 11, 6:00 PM" in told[cast.mina]
    assert not any(word in text for text in told.values() for word in ("Alice", "roup", "Evening", "left"))


def test_a_clinician_is_asked_what_comes_instead_until_there_is_something(cast: Cast) -> None:
    out(cast)
    task = StaffTask.objects.get(reason="no-group")
    assert (task.person_id, task.params) == (cast.alice.pk, {"on": "2026-03-05"})
    assert groups.watch(MORNING) == 0
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        row = of(cast.alice)
        proposal = steps.propose(
            row, LevelOfCare.OUTPATIENT, cast.morning, Hours(360, 2, 180), TODAY + 4 * DAY, "x", by=cast.mina
        )
        steps.sign(proposal, cast.mina, "Mina Park", agree=True)
        assert groups.watch(clock.now()) == 1
        assert row.history.last().kind == "stepped_down"  # type: ignore[union-attr]
    task.refresh_from_db()
    assert task.status == "done"


def test_the_place_is_theirs_up_to_their_last_day_and_then_offered_to_who_waits(cast: Cast) -> None:
    Cohort.objects.filter(pk=cast.evening.pk).update(capacity=2)
    dora = person("Dora", "Ito")
    join(dora, cast.north.pk, Role.CLIENT)
    waitlist.join(cast.evening, dora, by=cast.carol)
    out(cast)
    assert waitlist.offer_free(MORNING) == 0
    with time_machine.travel(MORNING + 3 * DAY, tick=False):
        assert waitlist.offer_free(clock.now()) == 1
        with pytest.raises(service.Full):  # it is kept for her now
            groups.put_back(of(cast.alice), by=cast.carol)
    assert Enrollment.objects.get(person=cast.alice).status == EnrollmentStatus.LEFT


def test_undone_at_once_it_is_as_if_nothing_had_been_and_nobody_hears_of_it(cast: Cast) -> None:
    before = set(Busy.objects.filter(person=cast.alice).values_list("meeting", flat=True))
    out(cast)
    groups.put_back(of(cast.alice), by=cast.carol)
    (stretch,) = Enrollment.objects.filter(person=cast.alice)
    assert (stretch.ended_on, stretch.status) == (None, EnrollmentStatus.ACTIVE)
    assert set(Busy.objects.filter(person=cast.alice).values_list("meeting", flat=True)) == before
    assert {row.state for row in Message.objects.all()} == {MessageState.CANCELLED}
    assert not StaffTask.objects.filter(reason="no-group").exists()
    with pytest.raises(IllegalMove):
        groups.put_back(of(cast.alice), by=cast.carol)


def test_who_was_told_already_hears_that_it_is_undone(cast: Cast) -> None:
    out(cast)
    Message.objects.update(state=MessageState.SENT, handed_at=MORNING)
    with time_machine.travel(MORNING + timedelta(hours=1), tick=False):
        groups.put_back(of(cast.alice), by=cast.carol)
    assert Message.objects.filter(state=MessageState.QUEUED).count() == 3
    with time_machine.travel(MORNING + timedelta(hours=2), tick=False):
        out(cast)  # and once more
    assert StaffTask.objects.get(reason="no-group").status == "open"


def test_back_after_days_without_them_begins_anew_and_those_days_are_not_held_against_them(
    cast: Cast,
) -> None:
    out(cast)
    with time_machine.travel(MORNING + 10 * DAY, tick=False):
        groups.put_back(of(cast.alice), by=cast.carol)
    old, new = Enrollment.objects.filter(person=cast.alice).order_by("starts_on")
    assert (old.ended_on, new.starts_on) == (TODAY + 2 * DAY, TODAY + 10 * DAY)
    _, missed, after, *_ = wednesdays(cast)
    assert service.role_in(missed, cast.alice) is None
    assert service.role_in(after, cast.alice) == RoomRole.CLIENT


def test_guests_asked_with_them_leave_and_come_back_with_them(cast: Cast) -> None:
    together = calendar.create(
        cast.north,
        calendar.Draft(
            *(MeetingKind.FAMILY_GROUP, weekly([4]), TODAY, time(10), time(11), [cast.theo]),
            cohort=cast.evening,
            invitees=[(cast.omar, RoomRole.FAMILY), (cast.rosa, RoomRole.FAMILY)],
        ),
        cast.carol,
    )
    friday = together.meetings.earliest("starts_at")
    out(cast)
    assert service.role_in(friday, cast.omar) is None
    assert service.role_in(friday, cast.rosa) == RoomRole.FAMILY
    assert not together.invitee_rows.filter(person=cast.omar).exists()
    groups.put_back(of(cast.alice), by=cast.carol)
    assert service.role_in(friday, cast.omar) == RoomRole.FAMILY
    assert together.invitee_rows.filter(person=cast.omar).exists()


@pytest.mark.parametrize(
    ("on", "why", "phrase"),
    [
        (TODAY - DAY, "x", "lies between today"),
        (TODAY + 200 * DAY, "x", "lies between today"),
        (TODAY + DAY, " ", "why in a few words"),
        (TODAY, "x", "has begun"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(cast: Cast, on: date, why: str, phrase: str) -> None:
    with pytest.raises(Invalid) as refused:
        groups.take_out(of(cast.alice), on, why, by=cast.carol)
    assert phrase in refused.value.text
    assert Enrollment.objects.get(person=cast.alice).ended_on is None


def test_from_today_on_when_todays_session_is_still_to_come(cast: Cast) -> None:
    with time_machine.travel(MORNING + 2 * DAY, tick=False):  # Wednesday morning
        out(cast, TODAY + 2 * DAY)
        assert service.role_in(wednesdays(cast)[0], cast.alice) is None
        assert service.role_in(cast.group, cast.alice) == RoomRole.CLIENT


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("mina", NotAllowed), ("alice", NotAllowed), ("bruno", NotFound), ("otto", NotFound)],
)
def test_only_who_keeps_episodes_may(cast: Cast, name: str, refusal: type[Exception]) -> None:
    who = getattr(cast, name)
    with pytest.raises(refusal):
        groups.take_out(of(cast.alice), TODAY + DAY, "x", by=who)
    with pytest.raises(refusal):
        groups.put_back(of(cast.alice), by=who)


def test_a_signed_step_into_another_group_comes_before_a_later_last_day(cast: Cast) -> None:
    out(cast, TODAY + 10 * DAY)
    row = of(cast.alice)
    proposal = steps.propose(
        row, LevelOfCare.OUTPATIENT, cast.morning, Hours(360, 2, 180), TODAY + 4 * DAY, "x", by=cast.mina
    )
    steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        assert episodes.advance(clock.now()) == 1
    old, new = Enrollment.objects.filter(person=cast.alice).order_by("starts_on")
    assert (old.ended_on, new.starts_on, new.cohort) == (TODAY + 3 * DAY, TODAY + 4 * DAY, cast.morning)


def test_the_week_board_expects_no_hours_of_who_pauses_or_has_left_a_group(cast: Cast) -> None:
    def shown(now: Any) -> set[str]:
        return {line.name for line in week_service.board(cast.carol, cast.north, now).lines}

    out(cast)
    assert "Alice Haddad" in shown(MORNING)
    assert week_service.own(cast.alice, MORNING)
    later = MORNING + 3 * DAY
    with time_machine.travel(later, tick=False):
        assert "Alice Haddad" not in shown(later)
        assert not week_service.own(cast.alice, later + DAY)
        assert "Bruno Silva" in shown(later)
        episodes.pause(of(cast.bruno), "Surgery.", by=cast.carol)
        assert "Bruno Silva" not in shown(later)


@pytest.mark.parametrize("how", ["pauses", "is taken out of the group"])
def test_who_ends_from_a_pause_or_out_of_a_group_is_offered_aftercare_once(cast: Cast, how: str) -> None:
    if how == "pauses":
        episodes.pause(of(cast.alice), "Surgery.", by=cast.carol)
    else:
        out(cast)
    late = MORNING + 80 * DAY
    with time_machine.travel(late, tick=False):
        assert beginning.propose_discharged(late) == 0
        episodes.finish(of(cast.alice), EpisodeFactKind.COMPLETED, late.date(), "Well.", by=cast.carol)
        assert beginning.propose_discharged(late) == 1
        assert beginning.propose_discharged(late) == 0
        assert AftercareCourse.objects.get(person=cast.alice).began_on == late.date()


def test_the_page_takes_out_says_so_and_has_one_button_back(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    here = reverse("episode", args=[of(cast.alice).pk])
    leave, back = (reverse("episode-act", args=[of(cast.alice).pk, what]) for what in ("leave", "back"))
    assert leave in client.get(here).content.decode()
    assert client.post(leave, {"on": "2026-03-05"}).status_code == 422
    begun = client.post(leave, {"on": "2026-03-02", "why": "Moved"})
    assert begun.status_code == 422
    assert "Choose the next day" in begun.content.decode()
    page = client.post(leave, {"on": "2026-03-05", "why": "Moved"}, follow=True).content.decode()
    assert f'action="{back}"' in page
    assert "Evening, up to and including Wednesday, March 4" in page
    assert "Left the group" in page
    page = client.post(back, {"undo": "1"}, follow=True).content.decode()
    assert "Undone. They are back in their group." in page
    assert stretches.open_stretch(of(cast.alice)) is not None
    client.force_login(cast.mina)
    assert client.get(leave).status_code == 403
    client.force_login(cast.otto)
    assert client.get(leave).status_code == 404
