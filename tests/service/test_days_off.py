"""A prescribed week leaves out single days of the group's series: not expected then, not absent, welcome all the same.

Evening meets Monday to Friday, 18:00 to 21:00 with a break of ten minutes. Alice's week has no Tuesday and no Friday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.attendance import makeups, week_service
from sessions.attendance.models import AttendanceRecord, Proposal
from sessions.core import clock
from sessions.core.errors import Invalid
from sessions.core.span import Span
from sessions.messages import changes, consents
from sessions.messages.models import Channel, Message
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.plan import weeks
from sessions.programs import episodes, feeds, service
from sessions.programs import series as calendar
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import Busy, Series
from sessions.programs.day_off_models import DayOff
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from sessions.room.machine import Place
from tests.cast import HOUR, MORNING, Cast, assemble
from tests.service.attendance import Group
from tests.service.test_feeds import moments

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)  # a Monday
NEXT = TODAY + timedelta(days=7)
TUESDAY, FRIDAY = 1, 4
DAY = timedelta(days=1)


@pytest.fixture
def traveller() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cast(db: None, traveller: time_machine.Traveller) -> Cast:
    return assemble(MORNING)


@pytest.fixture
def evenings(cast: Cast) -> Series:
    return calendar.create(cast.north, draft(cast))


def draft(
    cast: Cast, *, on: date = TODAY, start: time = time(18), weekdays: range = range(5)
) -> calendar.Draft:
    return calendar.Draft(
        MeetingKind.PROCESS_GROUP,
        weekly(weekdays),
        on,
        start,
        time(21),
        [cast.mina],
        cast.evening,
        breaks=[(time(19, 25), time(19, 35))],
    )


def of(cast: Cast) -> Episode:
    return Episode.objects.get(person=cast.alice)


def left_out(cast: Cast, evenings: Series, *weekdays: int, on: date = NEXT) -> None:
    weeks.prescribe(of(cast), on, [], [], [], by=cast.mina, off=[(evenings, day) for day in weekdays])


def days(person: Person, first: date = NEXT, count: int = 7) -> list[int]:
    """On which days of the month the person is expected in a series."""
    rows = Meeting.objects.filter(series__isnull=False, held_on__range=(first, first + (count - 1) * DAY))
    return [
        on.day
        for on in rows.standing().attended_by(person).order_by("held_on").values_list("held_on", flat=True)
    ]


def on_the(day: date) -> Meeting:
    return Meeting.objects.get(series__isnull=False, held_on=day, cancelled_at=None)


def test_calendar_booking_feed_and_target_know_it_from_its_first_day_on(cast: Cast, evenings: Series) -> None:
    left_out(cast, evenings, TUESDAY, FRIDAY)
    assert days(cast.alice, TODAY, 14) == [2, 3, 4, 5, 6, 9, 11, 12]
    assert days(cast.bruno) == [9, 10, 11, 12, 13]
    (told,) = weeks.history(cast.mina, of(cast))
    assert (told.week.scheduled_minutes, told.week.target_minutes) == (3 * 170, 540)
    assert told.off == [(evenings, TUESDAY), (evenings, FRIDAY)]
    booked = Busy.objects.filter(person=cast.alice, meeting__series=evenings, meeting__held_on__gte=NEXT)
    assert {on.weekday() for on in booked.values_list("meeting__held_on", flat=True)} == {0, 2, 3}
    expected = (
        Meeting.objects.filter(series=evenings).attended_by(cast.alice).values_list("starts_at", flat=True)
    )
    assert {at for at in moments(feeds.of(cast.alice, "Appointment", MORNING)) if at.hour in (22, 23)} == set(
        expected
    )
    assert cast.alice not in {one.person for one in service.roster(on_the(NEXT + DAY))}
    assert cast.alice in {one.person for one in service.roster(on_the(NEXT))}


def test_the_week_board_requires_and_schedules_what_was_prescribed(cast: Cast, evenings: Series) -> None:
    left_out(cast, evenings, TUESDAY, FRIDAY)
    board = week_service.board(cast.carol, cast.north, MORNING, NEXT)
    scheduled = {line.name: (line.week.required, line.week.scheduled) for line in board.lines}
    assert scheduled["Alice Haddad"] == (540, 510)
    assert scheduled["Bruno Silva"] == (540, 850)
    (short,) = [
        one
        for one in week_service.short_schedules(cast.north, NEXT, MORNING)
        if one.person_id == cast.alice.pk
    ]
    assert short.lacking == 30


def test_what_is_made_later_and_what_replaces_the_series_leave_it_out_too(
    cast: Cast, evenings: Series, traveller: time_machine.Traveller
) -> None:
    left_out(cast, evenings, TUESDAY, FRIDAY)
    traveller.shift(timedelta(weeks=2))
    calendar.extend_all(clock.now())
    last = TODAY + timedelta(weeks=9)  # beyond what was on the calendar when it was prescribed
    assert days(cast.alice, last) == [4, 6, 7]
    calendar.change(evenings, last, draft(cast, on=last, start=time(17), weekdays=range(1, 5)), cast.carol)
    assert days(cast.alice, last) == [6, 7]
    assert weeks.days_off(of(cast)) >= {
        (Series.objects.get(follows=evenings).pk, day) for day in (TUESDAY, FRIDAY)
    }


def test_a_day_taken_back_needs_the_client_free(cast: Cast, evenings: Series) -> None:
    left_out(cast, evenings, TUESDAY)
    elsewhere = service.schedule(
        cast.north,
        MeetingKind.INDIVIDUAL_THERAPY,
        Span(on_the(NEXT + DAY).starts_at, on_the(NEXT + DAY).starts_at + HOUR),
        facilitators=[cast.theo],
        invitees=[(cast.alice, RoomRole.CLIENT)],
    )
    with pytest.raises(Booked) as refused:
        left_out(cast, evenings, FRIDAY)
    assert isinstance(refused.value, calendar.Clash)
    assert refused.value.days == (NEXT + DAY,)
    assert weeks.days_off(of(cast)) == {(evenings.pk, TUESDAY)}
    service.cancel(elsewhere)
    left_out(cast, evenings, FRIDAY)  # the same first day: a correction
    assert days(cast.alice) == [9, 10, 11, 12]
    left_out(cast, evenings, on=NEXT + 7 * DAY)
    assert days(cast.alice, NEXT, 14) == [9, 10, 11, 12, 16, 17, 18, 19, 20]
    assert [len(one.off) for one in weeks.history(cast.alice, of(cast))] == [0, 1]


@pytest.mark.parametrize("weekday", [5, 6])
def test_only_a_day_of_the_group_is_left_out(cast: Cast, evenings: Series, weekday: int) -> None:
    with pytest.raises(Invalid):
        left_out(cast, evenings, weekday)
    assert not DayOff.objects.exists()


def test_it_rests_with_the_client(cast: Cast, evenings: Series, traveller: time_machine.Traveller) -> None:
    left_out(cast, evenings, TUESDAY, on=TODAY)
    episodes.pause(of(cast), "Surgery.", by=cast.carol)
    assert weeks.watch(MORNING) == 1
    traveller.shift(3 * DAY)
    episodes.resume(of(cast), by=cast.carol)
    assert days(cast.alice) == [9, 10, 11, 12, 13]


class TestTheDayItself:
    @pytest.fixture
    def group(self, cast: Cast, evenings: Series, traveller: time_machine.Traveller) -> Group:
        """Tuesday, 18:00: the door has opened."""
        left_out(cast, evenings, TUESDAY, on=TODAY)
        tuesday = on_the(TODAY + DAY)
        traveller.move_to(tuesday.starts_at)
        found = Group(cast, traveller)
        found.meeting = tuesday
        return found

    def test_who_has_the_day_off_is_not_absent(self, group: Group, cast: Cast) -> None:
        group.comes(cast.mina)
        group.passes(timedelta(minutes=10), cast.mina)
        group.is_ended()
        assert {(row.person, row.status) for row in Proposal.objects.filter(meeting=group.meeting)} == {
            (cast.bruno, "absent")
        }
        group.is_signed()
        assert not AttendanceRecord.objects.filter(meeting=group.meeting, person=cast.alice).exists()

    def test_who_comes_all_the_same_is_let_in_by_hand_and_credited_as_more(
        self, group: Group, cast: Cast
    ) -> None:
        group.begins(cast.alice, cast.bruno)
        assert group.place(cast.alice) is Place.MAIN
        group.passes(timedelta(minutes=10), cast.mina, cast.alice, cast.bruno)
        group.is_ended()
        assert group.proposal(cast.alice).credited_minutes == 10
        week = week_service.client_week(cast.north, cast.alice, TODAY, clock.now())
        assert week is not None
        (tuesday,) = [part for part in week.parts if part.meeting == group.meeting]
        assert tuesday.extra
        assert tuesday.hour.credited == 10
        group.is_signed()
        assert group.record(cast.alice).credited_seconds >= 600

    def test_it_may_be_booked_as_a_make_up(self, cast: Cast, evenings: Series) -> None:
        left_out(cast, evenings, TUESDAY, on=TODAY)
        makeups.book(cast.carol, on_the(TODAY + DAY), cast.alice.pk)
        assert days(cast.alice, TODAY) == [2, 3, 4, 5, 6]

    def test_of_its_changes_only_those_expected_hear(self, cast: Cast, evenings: Series) -> None:
        left_out(cast, evenings, TUESDAY, on=TODAY)
        for one in (cast.alice, cast.bruno):
            consents.give(one, Channel.EMAIL)
        changes.tell(MORNING)
        Message.objects.all().delete()
        tuesday = on_the(TODAY + DAY)
        service.move(tuesday, Span(tuesday.starts_at - HOUR, tuesday.ends_at - HOUR), cast.mina)
        changes.tell(MORNING)
        assert {one.person for one in Message.objects.all()} == {cast.bruno}


def test_the_page_takes_the_days_and_says_them(cast: Cast, evenings: Series, client: Client) -> None:
    address = reverse("prescription", args=[of(cast).pk])
    client.force_login(cast.mina)
    assert "Tuesday, Process group, 6:00\u00a0PM to 9:00\u00a0PM" in client.get(address).content.decode()
    typed = {"starts_on": f"{NEXT}", "off": [f"{evenings.pk}:{TUESDAY}", f"{evenings.pk}:{FRIDAY}"]}
    assert client.post(address, {**typed, "off": [f"{evenings.pk}:5"]}).status_code == 422
    assert client.post(address, typed).status_code == 302
    page = client.get(address).content.decode()
    assert "holds 510 of 540 minutes: 30 are missing" in page
    assert "Off: Tuesday, Friday" in page
    client.force_login(cast.alice)
    page = client.get(address).content.decode()
    assert "If you come all the same" in page
    assert "Your team looks after the rest" in page  # a client is not told off for what was planned


def test_the_day_is_that_of_the_rule_also_when_a_session_is_moved(cast: Cast, evenings: Series) -> None:
    left_out(cast, evenings, TUESDAY, on=TODAY)
    monday, tuesday = on_the(NEXT), on_the(NEXT + DAY)
    service.cancel(on_the(NEXT + 2 * DAY))
    service.move(tuesday, Span(tuesday.starts_at + DAY, tuesday.ends_at + DAY))
    service.move(monday, Span(monday.starts_at + DAY, monday.ends_at + DAY))
    assert days(cast.alice) == [10, 12, 13]
