"""The week as it is counted, and the ring that the client sees of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from sessions.attendance import grid, service, week_service
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.service import Change
from sessions.attendance.week_service import Board, ClientWeek
from sessions.core import clock as clocks
from sessions.core import zones
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.programs import breaks
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment, EnrollmentStatus, Meeting, Program
from sessions.programs.service import cancel
from tests.cast import EVENING, HOUR, Cast
from tests.service.attendance import Group
from tests.service.week import DAY, MINUTE, evening, home

pytestmark = pytest.mark.usefixtures("clock")


def week(person: Person, cast: Cast, at: timedelta = timedelta()) -> ClientWeek:
    (own,) = week_service.own(person, EVENING + at)
    (on_board,) = [
        one
        for one in week_service.board(cast.carol, cast.north, EVENING + at).lines
        if one.person_id == person.pk
    ]
    assert own.client.line == on_board  # the client and the coordinator see the same
    return own.client


def board_of(cast: Cast) -> Board:
    return week_service.board(cast.carol, Program.objects.get(pk=cast.north.pk), clocks.now())


def test_a_week_counts_what_is_scheduled_without_breaks(cast: Cast) -> None:
    evening(cast, 2)
    cast.group.breaks = breaks.write([Span(EVENING, EVENING + 10 * MINUTE)])
    cast.group.save()
    found = week(cast.bruno, cast, timedelta(minutes=-5)).week
    assert (found.required, found.scheduled) == (540, 170 + 170 + 60)  # the family group's hour too


def test_minutes_count_while_the_meeting_runs(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    found = week(cast.alice, cast, 30 * MINUTE).week
    assert (found.credited, found.delivered) == (30, 30)
    assert found.reachable == 30 + 145 + 60 + 60  # the rest of the evening, individual, family
    assert week(cast.bruno, cast, 30 * MINUTE).week.credited == 0


def test_what_is_signed_and_changed_afterwards_counts(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    group.is_signed()
    service.adjust(
        cast.mina,
        group.record(cast.bruno),
        Change(credited_minutes=20, status=AttendanceStatus.PARTIAL),
        reason="By phone.",
        typed_name="Mina Park",
    )
    found = week(cast.bruno, cast, 31 * MINUTE)
    assert (found.week.credited, found.parts[0].status, found.parts[0].signed) == (20, "partial", True)


def test_an_ended_meeting_has_nothing_left(group: Group, cast: Cast) -> None:
    before = week(cast.bruno, cast).week.reachable
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.is_ended()
    assert week(cast.bruno, cast, MINUTE).week.reachable == before - 175


@pytest.mark.parametrize("days", [6, 7])
def test_a_week_is_monday_to_sunday_in_the_programmes_zone(cast: Cast, days: int) -> None:
    """Sunday 18:00 in New York is Sunday 23:00 in London and Monday in Tokyo."""
    later = evening(cast, days)
    Person.objects.filter(pk=cast.alice.pk).update(time_zone="Asia/Tokyo")
    alice = Person.objects.get(pk=cast.alice.pk)
    assert (later in [part.meeting for part in week(alice, cast).parts]) == (days == 6)


@pytest.mark.parametrize("kind", [MeetingKind.TWELVE_STEP, MeetingKind.CASE_MANAGEMENT])
def test_what_does_not_count_is_left_out(cast: Cast, kind: MeetingKind) -> None:
    Meeting.objects.filter(pk=cast.individual.pk).update(kind=kind)
    assert cast.individual not in [part.meeting for part in week(cast.alice, cast).parts]


def credit(cast: Cast, kind: MeetingKind, *, counts: bool) -> None:
    """The programme's own word on whether a kind counts towards the week."""
    cast.north.settings = {**cast.north.settings, "kinds": {kind.value: {"creditable": counts}}}
    cast.north.save()


def counted(cast: Cast) -> tuple[int, int]:
    """Alice's minutes of this week: on the board, and in the eight weeks of her group."""
    (line,) = [one for one in board_of(cast).lines if one.person_id == cast.alice.pk]
    weeks = grid.cohort_weeks(cast.carol, cast.evening.pk, clocks.now())
    (cells,) = [one.cells for one in weeks.lines if one.person == cast.alice]
    return line.week.credited, cells[-1].credited


def test_who_steps_down_stays_one_line_of_the_group_with_the_hours_of_each_week(cast: Cast) -> None:
    (row,) = Enrollment.objects.filter(person=cast.alice)
    today = zones.local_date(clocks.now(), cast.north.time_zone)
    monday = today - timedelta(days=today.weekday())
    Enrollment.objects.filter(pk=row.pk).update(
        ended_on=monday - timedelta(days=1), status=EnrollmentStatus.STEPPED
    )
    Enrollment.objects.create(
        person=cast.alice, cohort=row.cohort, episode=row.episode, starts_on=monday, weekly_target_minutes=360
    )
    weeks = grid.cohort_weeks(cast.carol, cast.evening.pk, clocks.now())
    (line,) = [one for one in weeks.lines if one.person == cast.alice]
    assert [cell.required for cell in line.cells][-2:] == [540, 360]
    assert line.taper


def test_what_counts_is_the_programmes_to_say(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    assert counted(cast) == (30, 30)
    credit(cast, MeetingKind.PROCESS_GROUP, counts=False)
    assert counted(cast) == (0, 0)
    group.is_ended()
    group.clock.shift(30 * HOUR)
    assert group.meeting not in [one.meeting for one in service.overdue(clocks.now())]
    credit(cast, MeetingKind.PROCESS_GROUP, counts=True)
    assert group.meeting in [one.meeting for one in service.overdue(clocks.now())]


@pytest.mark.parametrize("counts", [True, False])
def test_what_was_signed_counts_as_when_it_was_signed(group: Group, cast: Cast, counts: bool) -> None:
    """A programme that changes its mind changes no week that was signed."""
    credit(cast, MeetingKind.PROCESS_GROUP, counts=counts)
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    group.is_ended()
    group.is_signed()
    before = counted(cast)
    credit(cast, MeetingKind.PROCESS_GROUP, counts=not counts)
    assert counted(cast) == before == ((30, 30) if counts else (0, 0))


def test_a_cancelled_meeting_is_left_out(cast: Cast) -> None:
    before = week(cast.alice, cast).week.scheduled
    cancel(cast.individual)
    assert week(cast.alice, cast).week.scheduled == before - 60


def test_ending_an_enrolment_takes_the_client_off_the_running_week(cast: Cast) -> None:
    Enrollment.objects.filter(person=cast.alice).update(ended_on=EVENING.date(), status="completed")
    assert week_service.own(cast.alice, EVENING) == ()
    now = week_service.board(cast.carol, cast.north, EVENING)
    assert cast.alice.pk not in [one.person_id for one in now.lines]
    past = week_service.board(cast.carol, cast.north, EVENING + 7 * DAY, EVENING.date())
    assert cast.alice.pk in [one.person_id for one in past.lines]


def test_a_client_sees_a_ring_in_words_and_a_table_behind_it(group: Group, cast: Cast) -> None:
    Enrollment.objects.filter(person=cast.alice).update(weekly_target_minutes=120)
    group.begins(cast.alice)
    group.passes(90 * MINUTE, cast.mina, cast.alice)
    shown = home(cast.alice)
    assert 'aria-label="1 hour 30 minutes of 2 hours so far this week"' in shown
    assert 'stroke-dasharray="75 100"' in shown
    assert "30 minutes to go. Your sessions this week cover it." in shown
    assert '<strong class="figures" id="time-today">90 minutes</strong>' in shown
    assert "90 of 180 minutes" in shown.split("Session by session")[1]


def test_the_sessions_own_page_counts_what_the_week_counts(group: Group, cast: Cast) -> None:
    """The ribbon shows every minute in the room; what counts of them is said beneath, to the client alone."""
    page = f"/meetings/{group.meeting.pk}/"
    group.begins(cast.alice)
    group.passes(30 * MINUTE, cast.mina, cast.alice)
    assert "Counted so far: 30 of 30 minutes." in home(cast.alice, page)
    group.is_ended()
    group.is_signed()
    service.adjust(
        cast.mina,
        group.record(cast.alice),
        Change(credited_minutes=25, status=AttendanceStatus.PARTIAL),
        reason="Spoke with me outside.",
        typed_name="Mina Park",
    )
    assert "Counted: 25 of 30 minutes." in home(cast.alice, page)
    assert "Counted" not in home(cast.mina, page)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (0, "You have all your hours for this week."),
        (290, "4 hours 50 minutes to go."),
        (540, "Your sessions this week come to 4 hours less. Your team looks after it."),
    ],
)
def test_the_ring_never_shames(cast: Cast, target: int, words: str) -> None:
    Enrollment.objects.filter(person=cast.alice).update(weekly_target_minutes=target)
    assert words in home(cast.alice)


def test_a_client_who_missed_time_is_asked_kindly(group: Group, cast: Cast) -> None:
    Enrollment.objects.filter(person=cast.alice).update(weekly_target_minutes=300)
    group.begins()
    group.passes(60 * MINUTE, cast.mina)
    assert "Want to make up the time?" in home(cast.alice)


def test_the_ring_moves_without_a_reload(group: Group, cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)
    poll = client.get("/").content.decode().split('hx-get="')[1].split('"')[0]
    group.begins(cast.alice)
    group.passes(5 * MINUTE, cast.mina, cast.alice)
    assert "5 minutes" in client.get(poll).content.decode().split('id="time-today"')[1][:40]


@pytest.mark.parametrize("who", ["mina", "omar", "ada", "carol", "ines", "nora"])
def test_nobody_else_has_a_ring(cast: Cast, who: str) -> None:
    assert "Your week" not in home(getattr(cast, who))


def test_what_waits_for_a_signature_stands_on_the_facilitators_home(group: Group, cast: Cast) -> None:
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    assert "To sign" not in home(cast.mina)
    group.is_ended()
    assert f'href="/meetings/{cast.group.pk}/sign"' in home(cast.mina)
    assert "To sign" not in home(cast.alice)
    group.clock.shift(28 * HOUR)
    assert "overdue" in home(cast.mina)
    group.clock.shift(48 * HOUR)
    assert "long overdue" in home(cast.mina)
    group.is_signed()
    assert f'href="/meetings/{cast.group.pk}/sign"' not in home(cast.mina)
