"""The calendar: series, exceptions, holidays; nobody is booked twice; clients book what is offered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages import changes, consents
from sessions.messages.models import Channel, Message
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.programs import series as calendar
from sessions.programs import service, slots
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import (
    Busy,
    ChangeKind,
    OfferedSlot,
    ScheduleChange,
    Series,
    SeriesSkip,
    Skipped,
    WaitlistEntry,
)
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from sessions.programs.series import Draft
from tests.cast import HOUR, MORNING, Cast, assemble, person

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 9)
NEXT_EVENING = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)  # 18:00, a day after the clocks changed


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def draft(cast: Cast, **changes: object) -> Draft:
    values: dict[str, object] = {
        "kind": MeetingKind.PROCESS_GROUP,
        "rule": weekly([0, 2]),
        "starts_on": MONDAY,
        "start": time(18),
        "end": time(21),
        "facilitators": [cast.mina],
        "cohort": cast.evening,
        "breaks": [(time(19, 25), time(19, 35))],
        **changes,
    }
    return Draft(**values)  # type: ignore[arg-type]


def group(cast: Cast, **changes: object) -> Series:
    return calendar.create(cast.north, draft(cast, **changes), cast.carol)


def starts(row: Series) -> list[str]:
    standing = row.meetings.standing()
    return [one.starts_at.strftime("%m-%d %H:%M") for one in standing]


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


def test_nobody_is_booked_twice(cast: Cast) -> None:
    group(cast)
    for facilitators, cohort in (([cast.mina], cast.morning), ([cast.theo], cast.evening)):
        with pytest.raises(Booked):
            service.schedule(
                cast.north,
                MeetingKind.SKILL_BUILDING,
                Span(NEXT_EVENING + HOUR, NEXT_EVENING + 2 * HOUR),
                facilitators=facilitators,
                cohort=cohort,
            )
    touching = Span(NEXT_EVENING + 3 * HOUR, NEXT_EVENING + 4 * HOUR)
    service.schedule(
        cast.north, MeetingKind.SKILL_BUILDING, touching, facilitators=[cast.mina], cohort=cast.evening
    )


def test_the_refusal_names_whom_it_is_about(cast: Cast) -> None:
    group(cast)
    with pytest.raises(Booked) as refused:
        service.schedule(
            cast.north,
            MeetingKind.INDIVIDUAL_THERAPY,
            Span(NEXT_EVENING, NEXT_EVENING + HOUR),
            facilitators=[cast.mina],
            invitees=[(cast.alice, RoomRole.CLIENT)],
        )
    assert refused.value.people == (cast.alice, cast.mina)


def test_the_database_itself_refuses_a_second_booking(cast: Cast) -> None:
    row, other, *_ = Busy.objects.filter(person=cast.mina).order_by("starts_at")
    with pytest.raises(IntegrityError), transaction.atomic():
        Busy.objects.create(
            person=cast.mina,
            scope=row.scope,
            meeting=cast.southern,
            starts_at=row.starts_at + timedelta(seconds=1),
            ends_at=row.ends_at + HOUR,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Busy.objects.filter(pk=other.pk).update(starts_at=row.starts_at)


def test_that_a_client_is_elsewhere_does_not_show_in_another_programme(cast: Cast) -> None:
    group(cast)
    join(cast.alice, cast.south.pk, Role.CLIENT)
    service.schedule(
        cast.south,
        MeetingKind.INDIVIDUAL_THERAPY,
        Span(NEXT_EVENING, NEXT_EVENING + HOUR),
        facilitators=[cast.otto],
        invitees=[(cast.alice, RoomRole.CLIENT)],
    )


def test_a_cancelled_meeting_frees_everybody_and_coming_back_needs_them_free(cast: Cast) -> None:
    row = group(cast)
    first = row.meetings.first()
    assert first is not None
    service.cancel(first, cast.carol)
    assert not Busy.objects.filter(meeting=first).exists()
    instead = service.schedule(
        cast.north,
        MeetingKind.SKILL_BUILDING,
        Span(first.starts_at, first.ends_at),
        facilitators=[cast.mina],
        cohort=cast.evening,
    )
    with pytest.raises(Booked):
        service.restore(first, cast.carol)
    first.refresh_from_db()
    assert first.cancelled_at is not None
    service.cancel(instead)
    service.restore(first, cast.carol)
    assert Busy.objects.filter(meeting=first).count() == 3


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


def test_a_substitute_must_be_free_and_of_the_programme(cast: Cast) -> None:
    meeting = group(cast).meetings.first()
    assert meeting is not None
    with pytest.raises(Invalid):
        service.substitute(meeting, cast.mina, cast.otto)
    busy = service.schedule(
        cast.north,
        MeetingKind.SKILL_BUILDING,
        meeting.span,
        facilitators=[cast.theo],
        cohort=cast.morning,
    )
    with pytest.raises(Booked):
        service.substitute(meeting, cast.mina, cast.theo)
    service.cancel(busy)
    service.substitute(meeting, cast.mina, cast.theo)
    assert [p.given_name for p in meeting.facilitators.all()] == ["Theo"]
    assert service.role_in(meeting, cast.mina) is None
    assert ScheduleChange.objects.get(meeting=meeting, kind=ChangeKind.SUBSTITUTED).also == cast.mina


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


def test_who_is_enrolled_later_has_their_time_taken_and_who_leaves_gets_it_back(cast: Cast) -> None:
    row = group(cast)
    dora = person("Dora", "Yilmaz")
    join(dora, cast.north.pk, Role.CLIENT)
    service.enroll(dora, cast.evening, MORNING.date())
    assert Busy.objects.filter(person=dora, meeting__series=row).count() == row.meetings.count()
    with pytest.raises(Booked):
        service.enroll(dora, cast.morning, MORNING.date()) if group(
            cast, cohort=cast.morning, facilitators=[cast.theo]
        ) else None


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


def offered(cast: Cast) -> OfferedSlot:
    start = datetime(2026, 3, 4, 15, tzinfo=UTC)
    spans = [Span(start + n * HOUR, start + (n + 1) * HOUR) for n in range(3)]
    made = slots.offer(cast.north, cast.mina, MeetingKind.INDIVIDUAL_THERAPY, spans, cast.mina)
    assert len(made) == 3
    assert slots.offer(cast.north, cast.mina, MeetingKind.INDIVIDUAL_THERAPY, spans, cast.mina) == []
    return made[0]


def test_a_client_books_an_offered_hour_and_gives_it_back(cast: Cast) -> None:
    slot = offered(cast)
    assert len(slots.open_to(cast.alice, MORNING)) == 3
    assert slots.open_to(cast.chidi, MORNING) == []  # Mina does not lead his group
    meeting = slots.take(cast.alice, slot)
    assert [(p.given_name) for p in meeting.invitees.all()] == ["Alice"]
    assert len(slots.open_to(cast.bruno, MORNING)) == 2
    with pytest.raises(slots.Gone):
        slots.take(cast.bruno, slot)
    with pytest.raises(IllegalMove):
        slots.withdraw(slot, cast.mina)
    with pytest.raises(NotFound):
        slots.give_back(cast.bruno, meeting)
    slots.give_back(cast.alice, meeting)
    assert len(slots.open_to(cast.bruno, MORNING)) == 3
    with pytest.raises(NotFound):
        slots.take(cast.chidi, slot)
    with pytest.raises(NotFound):
        slots.take(cast.sofia, slot)


def test_an_hour_too_near_or_too_late_to_give_back_is_refused(cast: Cast) -> None:
    slot = offered(cast)
    with time_machine.travel(slot.starts_at - HOUR, tick=False), pytest.raises(IllegalMove):
        slots.take(cast.alice, slot)
    meeting = slots.take(cast.alice, slot)
    with time_machine.travel(slot.starts_at - HOUR, tick=False), pytest.raises(IllegalMove):
        slots.give_back(cast.alice, meeting)


@pytest.mark.django_db(transaction=True)
def test_two_who_book_the_same_hour_at_the_same_moment_get_one_booking() -> None:
    """As two processes would: own connections, one start."""
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        start = MORNING + 24 * HOUR
        gate = threading.Barrier(4)
        outcomes: list[str] = []

        def book(client: Person) -> None:
            gate.wait()
            try:
                service.schedule(
                    cast.north,
                    MeetingKind.INDIVIDUAL_THERAPY,
                    Span(start, start + HOUR),
                    facilitators=[cast.mina],
                    invitees=[(client, RoomRole.CLIENT)],
                )
                outcomes.append("booked")
            except Booked:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [
            threading.Thread(target=book, args=(one,))
            for one in (cast.alice, cast.bruno, cast.chidi, cast.alice)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(outcomes) == ["booked", "refused", "refused", "refused"]
        assert Meeting.objects.filter(starts_at=start).count() == 1


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
