"""Nobody is booked twice, whoever asks and however near together; clients book what is offered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.programs import service, slots
from sessions.programs.bookings import Booked
from sessions.programs.calendar_models import Busy, ChangeKind, OfferedSlot, ScheduleChange
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from tests.cast import HOUR, MORNING, Cast, assemble, person
from tests.service.evening_series import NEXT_EVENING, group, monday_morning

pytestmark = pytest.mark.django_db
cast = monday_morning


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
