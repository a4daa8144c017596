"""The calendar: series, exceptions, holidays, waitlists; who hears of a change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.db import transaction

from sessions.core.errors import IllegalMove, Invalid
from sessions.core.span import Span
from sessions.messages import changes, consents
from sessions.messages.models import Channel, Message
from sessions.programs import series as calendar
from sessions.programs import service
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import (
    ChangeKind,
    ScheduleChange,
    Series,
    SeriesSkip,
    Skipped,
    WaitlistEntry,
)
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from tests.cast import HOUR, MORNING, Cast
from tests.service.evening_series import MONDAY, NEXT_EVENING, draft, group, monday_morning, starts

pytestmark = pytest.mark.django_db
cast = monday_morning


def test_a_series_puts_eight_weeks_on_the_calendar_at_the_same_hour_on_the_wall(cast: Cast) -> None:
    row = group(cast, starts_on=date(2026, 3, 2), rule=weekly([3]))
    assert starts(row)[:2] == ["03-05 23:00", "03-12 22:00"]  # New York's clocks change on March 8
    assert len(starts(row)) == 8
    first = row.meetings.first()
    assert first is not None
    assert [b.length for b in first.break_spans] == [timedelta(minutes=10)]
    assert first.recurs_on == date(2026, 3, 5)


def test_every_day_the_calendar_reaches_a_little_further_and_no_meeting_is_made_twice(cast: Cast) -> None:
    row = group(cast)
    before = row.meetings.count()
    assert calendar.extend_all(MORNING) == 0
    with time_machine.travel(MORNING + timedelta(days=14), tick=False):
        assert calendar.extend_all(MORNING + timedelta(days=14)) == 2  # from horizon March 9 + 8 weeks
        assert calendar.extend_all(MORNING + timedelta(days=14)) == 0
    assert row.meetings.count() == before + 2


def test_moving_takes_breaks_along_and_counts_up(cast: Cast) -> None:
    row = group(cast)
    meeting = row.meetings.first()
    assert meeting is not None
    service.move(meeting, Span(NEXT_EVENING - HOUR, NEXT_EVENING + 2 * HOUR), cast.carol)
    row.refresh_from_db()
    assert (meeting.sequence, row.sequence) == (1, 1)
    assert meeting.recurs_on == MONDAY
    assert meeting.break_spans[0].start == NEXT_EVENING + timedelta(minutes=25)
    change = ScheduleChange.objects.get(meeting=meeting)
    assert (change.kind, change.before) == (ChangeKind.MOVED, NEXT_EVENING)
    with pytest.raises(IllegalMove):
        service.move(meeting, Span(MORNING - HOUR, MORNING), cast.carol)
    with pytest.raises(IllegalMove):
        service.move(cast.group, Span(NEXT_EVENING, NEXT_EVENING + HOUR), cast.carol)


def test_a_series_changes_from_a_day_on(cast: Cast) -> None:
    row = group(cast)
    later = calendar.change(
        row,
        date(2026, 3, 16),
        draft(cast, starts_on=date(2026, 3, 16), start=time(17), end=time(20)),
        cast.carol,
    )
    row.refresh_from_db()
    assert starts(row) == ["03-09 22:00", "03-11 22:00"]
    assert starts(later)[0] == "03-16 21:00"
    assert (later.follows, row.ends_on) == (row, date(2026, 3, 15))


def test_holidays_rest_and_can_be_taken_back(cast: Cast) -> None:
    rest = calendar.rest_on(cast.north, date(2026, 3, 11), "Founders' day", cast.carol)
    row = group(cast)
    assert "03-11 22:00" not in starts(row)
    other = calendar.rest_on(cast.north, date(2026, 3, 16), "Snow", cast.carol)
    assert "03-16 22:00" not in starts(row)
    calendar.work_on(rest, cast.carol)
    calendar.work_on(other, cast.carol)
    assert starts(row)[:3] == ["03-09 22:00", "03-11 22:00", "03-16 22:00"]


def test_a_day_of_rest_taken_back_brings_nothing_of_a_series_that_has_ended(cast: Cast) -> None:
    row = group(cast)
    cancelled = calendar.rest_on(cast.north, date(2026, 3, 25), "Snow", cast.carol)  # was on the calendar
    beyond = calendar.rest_on(cast.north, date(2026, 5, 6), "Founders' day", cast.carol)  # was not yet
    now = MORNING + timedelta(days=14)
    with time_machine.travel(now, tick=False):
        calendar.extend_all(now)
        assert SeriesSkip.objects.get(series=row).on == date(2026, 5, 6)
        calendar.end(row, date(2026, 3, 18), cast.carol)
        for rest in (cancelled, beyond):
            calendar.work_on(rest, cast.carol)
        assert calendar.left_out(cast.north, now) == []
    assert not Meeting.objects.filter(series=row, held_on__gt=date(2026, 3, 18)).standing().exists()


def test_what_was_left_out_is_not_tried_again_once_the_series_has_ended(cast: Cast) -> None:
    row = group(cast)
    on = date(2026, 3, 16)
    row.meetings.get(recurs_on=on).delete()
    skipped = SeriesSkip.objects.create(series=row, on=on, because=Skipped.TAKEN)
    assert calendar.left_out(cast.north, MORNING) == [skipped]
    calendar.end(row, date(2026, 3, 13), cast.carol)
    skipped.refresh_from_db()
    assert calendar.left_out(cast.north, MORNING) == []
    with pytest.raises(Invalid):
        calendar.retry(SeriesSkip.objects.select_related("series__program").get(pk=skipped.pk), cast.carol)


def test_a_series_is_not_changed_from_a_day_that_has_passed(cast: Cast) -> None:
    row = group(cast)
    with time_machine.travel(MORNING + timedelta(days=7), tick=False), pytest.raises(Invalid):
        calendar.change(row, date(2026, 3, 4), draft(cast, start=time(17)), cast.carol)
    row.refresh_from_db()
    assert row.ends_on is None


def test_a_series_that_clashes_is_refused_whole_and_says_when_and_whom(cast: Cast) -> None:
    group(cast, rule=weekly([2]))
    with pytest.raises(calendar.Clash) as refused:
        group(cast, cohort=cast.morning, rule=weekly([0, 2]))
    assert refused.value.days[0] == date(2026, 3, 11)
    assert refused.value.people == (cast.mina,)
    assert Series.objects.count() == 1


def test_what_clashes_later_is_left_out_and_shown_until_it_is_mended(cast: Cast) -> None:
    row = group(cast, rule=weekly([0]))
    on = date(2026, 5, 11)
    in_the_way = service.schedule(
        cast.north,
        MeetingKind.SKILL_BUILDING,
        Span(datetime(2026, 5, 11, 22, tzinfo=UTC), datetime(2026, 5, 11, 23, tzinfo=UTC)),
        facilitators=[cast.mina],
        cohort=cast.morning,
    )
    now = MORNING + timedelta(days=14)
    with time_machine.travel(now, tick=False):
        calendar.extend_all(now)
        (missing,) = calendar.left_out(cast.north, now)
        assert (missing.series, missing.on, missing.because) == (row, on, Skipped.TAKEN)
        with pytest.raises(Booked), transaction.atomic():
            calendar.retry(missing)
        service.cancel(in_the_way)
        calendar.retry(SeriesSkip.objects.get())
        assert calendar.left_out(cast.north, now) == []
        assert row.meetings.filter(recurs_on=on).exists()


def test_a_full_cohort_has_a_waitlist(cast: Cast) -> None:
    cast.evening.capacity = 2
    cast.evening.save()
    assert service.places(cast.evening) == 0
    with pytest.raises(service.Full):
        service.enroll(cast.chidi, cast.evening, MORNING.date())
    service.wait_for_place(cast.chidi, cast.evening, cast.carol)
    service.wait_for_place(cast.chidi, cast.evening, cast.carol)
    assert WaitlistEntry.objects.filter(ended_at=None).count() == 1
    cast.evening.capacity = 3
    cast.evening.save()
    service.enroll(cast.chidi, cast.evening, MORNING.date())
    assert not WaitlistEntry.objects.filter(ended_at=None).exists()


def test_everybody_concerned_hears_of_a_change_in_their_own_zone_but_who_made_it(cast: Cast) -> None:
    for one, channel in ((cast.alice, Channel.EMAIL), (cast.bruno, Channel.SMS)):
        one.phone = "+12125550123"
        one.save()
        consents.give(one, channel)
    meeting = group(cast).meetings.first()
    assert meeting is not None
    changes.tell(MORNING)
    Message.objects.all().delete()
    service.move(meeting, Span(NEXT_EVENING - HOUR, NEXT_EVENING), cast.mina)
    assert changes.tell(MORNING) == 1
    assert changes.tell(MORNING) == 0
    assert {(m.person_id, m.channel, m.template) for m in Message.objects.all()} == {
        (cast.alice.pk, "email", "appointment.moved"),
        (cast.bruno.pk, "sms", "appointment.moved"),
    }
    service.cancel(meeting, cast.carol)
    changes.tell(MORNING)
    assert Message.objects.filter(template="appointment.moved", state="cancelled").count() == 2
    assert Message.objects.filter(template="staff.appointment", person=cast.mina).count() == 1
    assert Message.objects.filter(template="appointment.cancelled").count() == 2
