"""Absences: said beforehand, reviewed by a person, never a discharge; signatures that are overdue; short schedules."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client

from sessions import tasks
from sessions.attendance import absences, service, week_service
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.service import Change
from sessions.core.errors import NotAllowed, NotFound
from sessions.core.span import Span
from sessions.messages.models import Message, MessageState
from sessions.people.models import Person
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment, EnrollmentStatus, Meeting
from sessions.programs.service import schedule
from sessions.worklist import service as worklist
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import EVENING, HOUR, Cast
from tests.service.attendance import Group

pytestmark = pytest.mark.usefixtures("clock")

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def evening(cast: Cast, days: float, hours: float = 3) -> Meeting:
    start = EVENING + days * DAY
    return schedule(
        cast.north,
        MeetingKind.PROCESS_GROUP,
        Span(start, start + hours * HOUR),
        facilitators=[cast.mina],
        cohort=cast.evening,
    )


def held(
    cast: Cast, meeting: Meeting, clock: time_machine.Traveller, *there: Person, **more: object
) -> Group:
    """The meeting takes place with these clients, and is signed."""
    clock.move_to(meeting.starts_at)
    group = Group(cast, clock)
    group.meeting = meeting
    group.begins(*there)
    group.passes(MINUTE, cast.mina, *there)
    group.is_ended()
    clock.shift(MINUTE)
    group.is_signed(**more)
    return group


def asked(person: Person) -> list[tuple[str, str]]:
    rows = StaffTask.objects.filter(person=person).order_by("created_at", "reason")
    return [(row.reason, row.status) for row in rows]


def test_an_unexcused_absence_asks_for_a_review_and_does_nothing_else(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    held(cast, cast.group, clock, cast.alice)
    assert asked(cast.bruno) == [("unexcused", TaskStatus.OPEN)]
    assert asked(cast.alice) == []
    (task,) = worklist.open_tasks(cast.mina, cast.north)
    assert (task.person, task.about_type, task.about) == (cast.bruno, "sheet", str(cast.group.pk))
    assert Enrollment.objects.get(person=cast.bruno).status == EnrollmentStatus.ACTIVE


def test_an_excused_one_does_not(cast: Cast, clock: time_machine.Traveller) -> None:
    held(cast, cast.group, clock, cast.alice, excused=[cast.bruno.pk])
    assert asked(cast.bruno) == []


def test_two_in_a_row_ask_about_the_level_of_care_once(cast: Cast, clock: time_machine.Traveller) -> None:
    second, third = evening(cast, 1), evening(cast, 2)
    held(cast, cast.group, clock, cast.alice)
    held(cast, second, clock, cast.alice)
    held(cast, third, clock, cast.alice)
    reasons = [reason for reason, _ in asked(cast.bruno)]
    assert sorted(reasons) == ["absences-in-a-row", "unexcused", "unexcused", "unexcused"]
    assert Enrollment.objects.get(person=cast.bruno).status == EnrollmentStatus.ACTIVE


def test_an_adjustment_settles_the_review_or_asks_for_one(cast: Cast, clock: time_machine.Traveller) -> None:
    group = held(cast, cast.group, clock, cast.alice)
    for change, status in ((Change(excused=True), TaskStatus.DONE),):
        service.adjust(
            cast.mina, group.record(cast.bruno), change, reason="Called in ill.", typed_name="Mina Park"
        )
        assert asked(cast.bruno) == [("unexcused", status)]
    service.adjust(
        cast.mina,
        group.record(cast.alice),
        Change(credited_minutes=0, status=AttendanceStatus.ABSENT),
        reason="It was her sister.",
        typed_name="Mina Park",
    )
    assert asked(cast.alice) == [("unexcused", TaskStatus.OPEN)]


def test_meetings_signed_out_of_order_ask_the_same(cast: Cast, clock: time_machine.Traveller) -> None:
    monday, tuesday = Group(cast, clock), evening(cast, 1)
    monday.begins(cast.alice)
    monday.is_ended()
    clock.shift(MINUTE)
    held(cast, tuesday, clock, cast.alice)
    assert [reason for reason, _ in asked(cast.bruno)] == ["unexcused"]
    monday.is_signed()
    assert sorted(reason for reason, _ in asked(cast.bruno)) == [
        "absences-in-a-row",
        "unexcused",
        "unexcused",
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_an_absence_excused_afterwards_ends_the_run_whichever_it_was(
    cast: Cast, clock: time_machine.Traveller, which: int
) -> None:
    both = [held(cast, cast.group, clock, cast.alice), held(cast, evening(cast, 1), clock, cast.alice)]
    service.adjust(
        cast.mina,
        both[which].record(cast.bruno),
        Change(excused=True),
        reason="Was in hospital.",
        typed_name="Mina Park",
    )
    assert sorted(asked(cast.bruno)) == [
        ("absences-in-a-row", TaskStatus.DONE),
        *sorted(("unexcused", TaskStatus.DONE if one == which else TaskStatus.OPEN) for one in (0, 1)),
    ]


def test_what_does_not_count_towards_the_week_raises_nothing(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    Meeting.objects.filter(pk=cast.group.pk).update(kind=MeetingKind.TWELVE_STEP)
    cast.group.refresh_from_db()
    held(cast, cast.group, clock, cast.alice)
    assert asked(cast.bruno) == []


# Said beforehand.


def test_a_client_says_that_they_cannot_come_and_takes_it_back(cast: Cast) -> None:
    later = evening(cast, 3)
    client = Client()
    client.force_login(cast.bruno)
    assert (
        "I can&#x27;t come" in client.get(f"/meetings/{later.pk}/").content.decode()
        or "I can't come" in client.get(f"/meetings/{later.pk}/").content.decode()
    )
    said = client.post(f"/meetings/{later.pk}/absence", {"reason": "My sister marries."}, follow=True)
    assert "You told us that you cannot come." in said.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM iop_absencenotice")
        assert b"sister" not in bytes(cursor.fetchone()[0])
    client.post(f"/meetings/{later.pk}/absence", {"withdraw": "1"})
    assert absences.notice_of(later, cast.bruno) is None


def test_a_notice_in_time_is_ticked_on_the_sheet_and_says_why(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    later = evening(cast, 3)
    absences.give_notice(cast.bruno, later, cast.bruno, "My sister marries.")
    clock.move_to(later.starts_at)
    group = Group(cast, clock)
    group.meeting = later
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.is_ended()
    clock.shift(MINUTE)
    client = Client()
    client.force_login(cast.mina)
    row = client.get(f"/meetings/{later.pk}/sign").content.decode().split("Bruno Silva", 1)[1]
    assert "My sister marries." in row
    assert f'value="{cast.bruno.pk}" checked' in row


def test_a_notice_that_comes_late_is_shown_and_not_ticked(cast: Cast, clock: time_machine.Traveller) -> None:
    later = evening(cast, 1)
    absences.give_notice(cast.bruno, later, cast.bruno)
    (row,) = [row for row in service.sheet(cast.mina, later).rows if row.person == cast.bruno]
    assert row.notice is not None
    assert not row.notice.excuses


@pytest.mark.parametrize("who", ["theo", "carol", "chidi", "nora", "sofia", "omar"])
def test_nobody_else_says_it_for_them(cast: Cast, who: str) -> None:
    later = evening(cast, 3)
    with pytest.raises((NotFound, NotAllowed)):
        absences.give_notice(getattr(cast, who), later, cast.bruno)


def test_only_clients_of_a_meeting_that_has_not_begun(cast: Cast) -> None:
    with pytest.raises(absences.TooLate):
        absences.give_notice(cast.bruno, cast.group, cast.bruno)
    with pytest.raises((NotFound, NotAllowed)):
        absences.give_notice(cast.omar, cast.family, cast.omar)


# Overdue signatures.


def test_signatures_are_reminded_of_at_a_day_and_at_three(cast: Cast, clock: time_machine.Traveller) -> None:
    group = Group(cast, clock)
    group.begins(cast.alice)
    group.is_ended()
    Meeting.objects.exclude(pk=cast.group.pk).update(kind=MeetingKind.CASE_MANAGEMENT)
    for wait, mails, open_tasks in (
        (23 * HOUR, 0, 0),
        (5 * HOUR, 2, 0),
        (1 * HOUR, 2, 0),
        (48 * HOUR, 4, 1),
        (DAY, 4, 1),
    ):
        clock.shift(wait)
        clock.move_to(clock_at_noon(cast))
        tasks.remind_of_signatures()
        tasks.send_messages()
        assert (len(mail.outbox), len(worklist.open_tasks(cast.carol, cast.north))) == (mails, open_tasks), (
            wait
        )
    assert {letter.to[0] for letter in mail.outbox} == {"mina@example.org", "theo@example.org"}
    assert str(cast.group.pk) in str(mail.outbox[0].body)
    group.is_signed()
    assert [row for row in worklist.open_tasks(cast.carol, cast.north) if row.kind == "attendance.sign"] == []


def clock_at_noon(cast: Cast) -> datetime:
    """Nobody is written to at night: the next noon in New York, or now when it is day."""
    from sessions.core import clock as clocks

    now = clocks.now()
    return now if now.hour >= 13 or now.hour < 1 else now.replace(hour=17)


def test_an_old_meeting_that_was_never_signed_is_not_written_about_for_ever(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    clock.shift(30 * DAY)
    tasks.remind_of_signatures()
    assert Message.objects.count() == 0


def test_a_reminder_says_nothing_about_us(cast: Cast, clock: time_machine.Traveller) -> None:
    clock.shift(40 * HOUR)
    tasks.remind_of_signatures()
    assert Message.objects.filter(state=MessageState.QUEUED).exists()
    tasks.send_messages()
    for letter in mail.outbox:
        assert "North" not in letter.subject + str(letter.body)
        assert "Evening" not in letter.subject + str(letter.body)


# Schedules that hold too little.


def test_three_evenings_with_a_break_are_not_nine_hours(cast: Cast) -> None:
    """The trap of DOMAIN 2: 3 × 170 = 510, not 540."""
    monday = EVENING.date() + 7 * DAY
    for days in (7, 9, 10):
        meeting = evening(cast, days)
        pause = Span(meeting.starts_at + 85 * MINUTE, meeting.starts_at + 95 * MINUTE)
        Meeting.objects.filter(pk=meeting.pk).update(
            breaks=[[pause.start.isoformat(), pause.end.isoformat()]]
        )
    found = week_service.short_schedules(cast.north, monday, EVENING)
    assert {one.person_id: one.lacking for one in found} == {
        cast.alice.pk: 30,
        cast.bruno.pk: 30,
        cast.chidi.pk: 540,
    }
    evening(cast, 11, 0.5)
    (short,) = week_service.short_schedules(cast.north, monday, EVENING)
    assert short.person_id == cast.chidi.pk
    assert week_service.short_schedules(cast.north, monday, EVENING, cast.alice) == ()


def test_next_weeks_short_schedules_are_asked_about_while_they_can_be_mended(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    tasks.look_at_schedules()
    assert worklist.open_tasks(cast.carol, cast.north) == []  # it is Monday: the week is still being made
    clock.shift(3 * DAY)
    tasks.look_at_schedules()
    tasks.look_at_schedules()
    found = worklist.open_tasks(cast.carol, cast.north)
    assert {row.person for row in found} == {cast.alice, cast.bruno, cast.chidi}
    for days in (7, 8, 9):
        evening(cast, days)
    tasks.look_at_schedules()
    assert {row.person for row in worklist.open_tasks(cast.carol, cast.north)} == {cast.chidi}
    assert worklist.open_tasks(cast.mina, cast.north) == []
