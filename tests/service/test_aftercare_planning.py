"""From discharge to the last call: proposed, signed, planned ahead, changed, paused, ended."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from sessions.aftercare import (
    appointment,
    availability,
    beginning,
    booking,
    calls,
    deciding,
    engine,
    free,
    planning,
    plans,
    policies,
    queue,
)
from sessions.aftercare.hours_models import BookedCell
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import AftercareCourse, AftercareFact, CheckIn, PlanVersion, Why
from sessions.aftercare.slots import Hours, Slot
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages.models import Message
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment, EnrollmentStatus, Meeting
from sessions.programs.service import schedule
from tests.cast import Cast
from tests.service.aftercare import DAY, HOUR, Aftercare, agrees, at, discharged, office_hours

pytestmark = pytest.mark.django_db
ada = discharged


def test_who_completes_an_episode_is_proposed_a_plan_once(ada: Aftercare) -> None:
    alice = Enrollment.objects.get(person=ada.cast.alice)
    Enrollment.objects.filter(pk=alice.pk).update(
        status=EnrollmentStatus.COMPLETED, ended_on=date(2026, 3, 1)
    )
    assert engine.propose(clock.now()) == 1
    assert engine.propose(clock.now()) == 0
    course = AftercareCourse.objects.get()
    assert (course.person, course.state, course.began_on) == (
        ada.cast.alice,
        Course.PROPOSED,
        date(2026, 3, 1),
    )
    assert ada.asked() == ["aftercare-plan"]
    assert CheckIn.objects.count() == 0


def test_a_plan_is_signed_only_with_consent_and_ones_own_name(ada: Aftercare) -> None:
    cast = ada.cast
    course = beginning.propose(cast.north.pk, cast.ada, date(2026, 3, 2))
    values = plans.template(policies.policy_of(cast.north.pk))
    with pytest.raises(planning.NoConsent):
        beginning.sign(cast.carol, course, values, typed_name="Carol Reyes")
    agrees(cast, cast.ada)
    with pytest.raises(beginning.WrongName):
        beginning.sign(cast.carol, course, values, typed_name="C.")
    for stranger in (cast.otto, cast.alice, cast.mina):
        with pytest.raises(NotFound):
            beginning.sign(stranger, course, values, typed_name=stranger.name)
    beginning.sign(cast.carol, course, values, typed_name="carol  reyes")
    course.refresh_from_db()
    assert course.state == Course.ACTIVE
    assert PlanVersion.objects.get(course=course).typed_name == "carol  reyes"
    assert Membership.objects.filter(person=cast.ada, role=Role.ALUMNUS).active().exists()


def test_calls_are_planned_for_six_weeks_and_the_first_gets_a_time(ada: Aftercare) -> None:
    ada.begins()
    assert [row.due_on for row in ada.calls()] == [date(2026, 3, 5) + timedelta(weeks=n) for n in range(6)]
    ada.passes(HOUR)
    first = ada.upcoming()
    assert (first.starts_at, first.caller) == (at("2026-03-05T10:00"), ada.cast.mina)
    letter = Message.objects.get(about=first.pk)
    assert letter.template == "appointment.confirm"


def test_the_window_rolls(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(timedelta(days=15))
    assert [row.due_on for row in ada.calls()][-1] == date(2026, 4, 23)


def test_the_hour_survives_the_clock_change(ada: Aftercare) -> None:
    """New York changes its clocks on 8 March."""
    ada.begins(from_time=time(9), to_time=time(11))
    ada.passes(timedelta(days=8))
    before, after = (row.starts_at for row in ada.calls()[:2])
    assert (before, after) == (at("2026-03-05T09:00"), at("2026-03-12T09:00"))
    assert before is not None
    assert after is not None
    assert after - before == timedelta(days=7) - HOUR


def test_two_calls_never_get_one_caller_at_one_time(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    row = ada.upcoming()
    assert row.starts_at is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        BookedCell.objects.create(caller=ada.cast.mina, at=row.starts_at, check_in=ada.calls()[1])
    with pytest.raises(booking.Taken), transaction.atomic():
        booking.book(
            ada.calls()[1], Slot(row.starts_at + timedelta(minutes=15), ada.cast.mina.pk), clock.now()
        )


def test_the_alumna_keeps_moves_and_declines(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    row = ada.upcoming()
    appointment.keep(ada.cast.ada, row)
    appointment.keep(ada.cast.ada, row)
    assert ada.upcoming().confirmed_at == clock.now()
    other = appointment.choices(row, clock.now())[-1]
    appointment.move(ada.cast.ada, row, other.starts_at)
    moved = ada.upcoming()
    assert (moved.starts_at, moved.booking, moved.cells.count()) == (other.starts_at, 2, 2)
    with pytest.raises(IllegalMove):
        appointment.keep(ada.cast.ada, row)  # the time it was asked about is gone
    appointment.decline(ada.cast.ada, moved)
    declined = CheckIn.objects.get(pk=row.pk)
    assert (declined.state, declined.reason, declined.cells.count()) == (Call.CANCELLED, "declined", 0)
    assert ada.calls(Call.PLANNED)[0].due_on == date(2026, 3, 12)


def test_until_an_hour_before_and_not_later(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    row = ada.upcoming()
    assert row.starts_at is not None
    ada.clock.move_to(row.starts_at - HOUR + timedelta(minutes=1), tick=False)
    with pytest.raises(appointment.TooLate):
        appointment.decline(ada.cast.ada, row)
    appointment.keep(ada.cast.ada, row)


def test_only_the_alumna_answers_for_herself(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    for other in (ada.cast.alice, ada.cast.mina, ada.cast.carol, ada.cast.otto):
        with pytest.raises(NotFound):
            appointment.keep(other, ada.upcoming())


def test_the_link_is_for_one_time_only(ada: Aftercare) -> None:
    from sessions.aftercare import notices

    ada.begins()
    ada.passes(HOUR)
    row = ada.upcoming()
    token = notices.token(row)
    assert token not in str(CheckIn.objects.filter(pk=row.pk).values())
    assert appointment.by_link(token) == row
    appointment.move(None, row, appointment.choices(row, clock.now())[0].starts_at)
    with pytest.raises(NotFound):
        appointment.by_link(token)
    assert appointment.by_link(notices.token(ada.upcoming())) == row


def test_who_is_away_is_stood_in_for(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    row = ada.upcoming()
    assert row.starts_at is not None
    availability.be_away(
        ada.cast.mina, ada.cast.north.pk, Span(row.starts_at - HOUR, row.starts_at + 5 * HOUR)
    )
    again = ada.upcoming()
    assert again.pk == row.pk
    assert again.starts_at is not None
    assert (again.caller, again.starts_at) != (ada.cast.mina, row.starts_at)
    assert again.booking == 2


def test_with_nobody_free_the_call_still_comes_due_and_somebody_is_told(ada: Aftercare) -> None:
    ada.begins()
    for person in (ada.cast.mina, ada.cast.theo):
        availability.set_hours(person, ada.cast.north.pk, [])
    row = ada.comes_due()
    assert (row.due_on, row.starts_at, row.caller) == (date(2026, 3, 5), None, None)
    assert "aftercare-no-hours" in ada.asked()
    assert queue.waiting(ada.cast.theo, ada.cast.north, clock.now()) == [row]


def test_calls_are_shared_out(ada: Aftercare) -> None:
    """Without a caller of one's own: whoever has fewest."""
    office_hours(ada.cast, ada.cast.mina, ada.cast.theo)
    for n in range(6):
        person = Person.objects.create_user(f"a{n}@example.org", given_name=f"A{n}", phone="+1 212 555 0000")
        join(person, ada.cast.north.pk, Role.ALUMNUS)
        agrees(ada.cast, person)
        course = beginning.propose(ada.cast.north.pk, person, date(2026, 3, 2))
        values = plans.PlanValues(phases=policies.policy_of(ada.cast.north.pk).phases, channel="telephone")
        beginning.sign(ada.cast.carol, course, values, typed_name="Carol Reyes")
    engine.run(clock.now())
    engine.run(clock.now())
    week = Span(clock.now(), clock.now() + 7 * DAY)
    assert set(free.loads(ada.cast.north.pk, week).values()) == {3}


def test_a_video_call_has_a_room_of_its_own_that_moves_with_it(ada: Aftercare) -> None:
    ada.begins(channel="video")
    ada.passes(HOUR)
    row = ada.upcoming()
    assert row.meeting is not None
    assert (row.meeting.kind, row.meeting.starts_at) == (MeetingKind.CHECK_IN_CALL, row.starts_at)
    first = row.meeting
    appointment.move(ada.cast.ada, row, appointment.choices(row, clock.now())[-1].starts_at)
    first.refresh_from_db()
    moved = ada.upcoming()
    assert first.cancelled_at is not None
    assert moved.meeting is not None
    assert moved.meeting.starts_at == moved.starts_at


def test_moving_to_another_zone_plans_by_its_clocks(ada: Aftercare) -> None:
    ada.begins(from_time=time(9), to_time=time(11))
    ada.passes(HOUR)
    Person.objects.filter(pk=ada.cast.ada.pk).update(time_zone="America/Los_Angeles")
    ada.passes(DAY)
    assert ada.course.zone == "America/Los_Angeles"
    row = ada.upcoming()
    # 9:00 in Los Angeles is noon in New York, where the callers are.
    assert row.starts_at == at("2026-03-05T09:00", "America/Los_Angeles")
    assert AftercareFact.objects.filter(course=ada.course, event="zone_changed").exists()


def test_the_alumnas_wishes_move_what_does_not_fit_them(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    deciding.wish(ada.cast.ada, ada.course, weekdays=(0, 1), from_time=time(15), to_time=time(17))
    row = ada.upcoming()
    assert row.starts_at == at("2026-03-03T16:30")  # of what is wished the nearest to the day planned
    assert {one.due_on.weekday() for one in ada.calls(Call.PLANNED)} <= {0, 1}
    with pytest.raises(Invalid):
        deciding.wish(ada.cast.ada, ada.course, phases=())
    with pytest.raises(NotFound):
        deciding.wish(ada.cast.alice, ada.course, weekdays=(1,))


def test_alumni_meetings_are_part_of_the_plan(ada: Aftercare) -> None:
    start = clock.now() + 10 * DAY
    meeting = schedule(
        ada.cast.north, MeetingKind.ALUMNI_MEETING, Span(start, start + HOUR), facilitators=[ada.cast.mina]
    )
    ada.begins()
    assert list(Meeting.objects.get(pk=meeting.pk).invitees.all()) == [ada.cast.ada]


def test_settings_are_versions(ada: Aftercare) -> None:
    cast = ada.cast
    with pytest.raises(NotFound):
        policies.set_policy(cast.mina, cast.north, {})
    with pytest.raises(Invalid, match="invalid"):
        policies.set_policy(cast.ines, cast.north, {"length_minutes": 20})
    row = policies.set_policy(cast.ines, cast.north, {"length_minutes": 15, "quiet_from": "20:00:00"})
    found = policies.policy_of(cast.north.pk)
    assert (row.version, found.version, found.length_minutes, found.quiet_from) == (
        "program-1",
        "program-1",
        15,
        time(20),
    )
    ada.begins()
    assert {one.length_minutes for one in ada.calls()} == {15}


def test_the_caller_changes_and_the_calls_with_them(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    plan = plans.decode(ada.course.plan)
    beginning.sign(ada.cast.carol, ada.course, plan, typed_name="Carol Reyes", caller=ada.cast.theo)
    assert (ada.upcoming().caller, ada.look().caller) == (ada.cast.theo, ada.cast.theo)
    with pytest.raises(Invalid):
        beginning.sign(ada.cast.carol, ada.course, plan, typed_name="Carol Reyes", caller=ada.cast.carol)
    beginning.sign(ada.cast.carol, ada.course, plan, typed_name="Carol Reyes")
    assert (ada.upcoming().caller, ada.look().caller) == (ada.cast.theo, None)


def test_asking_for_a_call_puts_one_into_the_queue(ada: Aftercare) -> None:
    ada.begins()
    row = calls.ask_for_call(ada.cast.ada, ada.course)
    assert row is not None
    assert (row.why, row.state) == (Why.ASKED, Call.DUE)
    assert queue.waiting(ada.cast.mina, ada.cast.north, clock.now()) == [row]
    assert calls.ask_for_call(ada.cast.ada, ada.course) is None


def test_overlapping_hours_are_refused(ada: Aftercare) -> None:
    with pytest.raises(Invalid):
        availability.set_hours(
            ada.cast.mina, ada.cast.north.pk, [Hours(0, time(9), time(11)), Hours(0, time(10), time(12))]
        )
    with pytest.raises(NotFound):
        availability.set_hours(ada.cast.alice, ada.cast.north.pk, [])


def test_no_row_of_another_programme(cast: Cast) -> None:
    course = beginning.propose(cast.north.pk, cast.ada, date(2026, 3, 2))
    assert list(AftercareCourse.objects.of(cast.south.pk)) == []
    with pytest.raises(NotFound):
        deciding.pause(cast.otto, course, None)
