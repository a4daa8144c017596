"""Two things that come at once: a call under way and its consent, its course, its caller or its clock changing."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from sessions.aftercare import answers, availability, calls, deciding, escalation, journal, queue
from sessions.aftercare.calls import Outcome
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import CheckIn, TryOutcome
from sessions.aftercare.risk import Tier
from sessions.aftercare.slots import Hours
from sessions.aftercare.urgent_models import Escalation
from sessions.consents import service as consents
from sessions.core import clock, zones
from sessions.core.errors import Invalid
from sessions.messages.models import Message
from sessions.people.access import Act, may
from sessions.people.models import Membership, Person
from sessions.people.service import end_membership
from tests.service.aftercare import DAY, HOUR, Aftercare, agrees, plan_signed

pytestmark = pytest.mark.django_db
ada = plan_signed


@pytest.mark.parametrize(
    "zone",
    [
        "Pacific/Honolulu",
        "America/Anchorage",
        "America/Los_Angeles",
        "Pacific/Pago_Pago",
        "Pacific/Kiritimati",
    ],
)
def test_whoever_moves_wherever_is_planned_for_every_night(ada: Aftercare, zone: str) -> None:
    Person.objects.filter(pk=ada.cast.ada.pk).update(time_zone="Pacific/Auckland")
    ada.passes(2 * DAY)
    Person.objects.filter(pk=ada.cast.ada.pk).update(time_zone=zone)
    ada.passes(3 * DAY)
    assert ada.course.zone == zone
    rolls = Due.objects.filter(course=ada.course, step=Step.ROLL, done_at=None)
    assert [row.at > clock.now() for row in rolls] == [True]


def test_an_earlier_pauses_end_does_not_end_a_later_one(ada: Aftercare) -> None:
    today = zones.local_date(clock.now(), ada.course.zone)
    deciding.pause(ada.cast.carol, ada.course, today + 5 * DAY)
    ada.passes(DAY)
    deciding.resume(ada.look(), clock.now(), ada.cast.carol)
    deciding.pause(ada.cast.carol, ada.course, None)
    ada.passes(10 * DAY)
    assert ada.course.state == Course.PAUSED
    deciding.resume(ada.look(), clock.now(), ada.cast.carol)
    deciding.pause(ada.cast.carol, ada.course, zones.local_date(clock.now(), ada.course.zone) + 5 * DAY)
    ada.passes(6 * DAY)
    assert ada.course.state == Course.ACTIVE


def test_a_crisis_in_a_pause_ends_it_with_its_hand_off(ada: Aftercare) -> None:
    deciding.pause(ada.cast.carol, ada.course, None)
    ada.passes(2 * DAY)
    row = calls.ask_for_call(ada.cast.ada, ada.look())
    assert row is not None
    answers.answer(ada.cast.ada, row, {"danger": 1})
    assert ada.look().state == Course.CRISIS
    escalation.hand_off(ada.cast.carol, row, "To the clinician on call.")
    ada.passes(DAY)
    assert (ada.course.state, bool(ada.calls(Call.PLANNED))) == (Course.ACTIVE, True)


def test_a_new_consent_ends_a_pause_that_was_never_ended(
    ada: Aftercare, django_capture_on_commit_callbacks: Any
) -> None:
    deciding.pause(ada.cast.carol, ada.course, None)
    with django_capture_on_commit_callbacks(execute=True):
        consents.end(ada.cast.ada, ada.paper)
    ada.passes(2 * DAY)
    agrees(ada.cast, ada.cast.ada)
    deciding.consent_again(ada.cast.carol, ada.look())
    ada.passes(DAY)
    assert (ada.course.state, bool(ada.calls(Call.PLANNED))) == (Course.ACTIVE, True)


def closes_high(ada: Aftercare, row: CheckIn) -> None:
    """It is written down with an urgent end; a day agreed on for the next call is refused."""
    answers.interview(ada.cast.mina, row, {"bam4": 2})
    on = zones.local_date(clock.now(), ada.course.zone) + 3 * DAY
    with pytest.raises(Invalid):
        calls.close(ada.cast.mina, row, Outcome(Tier.HIGH, "Has used.", next_on=on))
    calls.close(ada.cast.mina, row, Outcome(Tier.HIGH, "Has used."))
    ada.look()


def test_a_consent_taken_back_in_the_talk(ada: Aftercare, django_capture_on_commit_callbacks: Any) -> None:
    row = ada.talks(ada.comes_due())
    with django_capture_on_commit_callbacks(execute=True):
        consents.end(ada.cast.ada, ada.paper)
    said = Message.objects.count()
    closes_high(ada, row)
    assert ada.course.state == Course.REVOKED
    assert ada.calls(*(set(Call) - {Call.COMPLETED, Call.REVOKED})) == []
    assert Message.objects.count() == said
    assert {"aftercare-revoked-open", "aftercare-review"} <= set(ada.asked())


def test_back_in_the_programme_in_the_talk(ada: Aftercare) -> None:
    row = ada.talks(ada.comes_due())
    deciding.readmit(ada.cast.carol, ada.course, ada.cast.evening, clock.now().date())
    closes_high(ada, row)
    assert ada.course.state == Course.READMITTED
    assert ada.calls(*(set(Call) - {Call.COMPLETED, Call.CANCELLED})) == []


def test_who_has_left_the_programme_sees_and_makes_no_calls(ada: Aftercare) -> None:
    row, mina = ada.upcoming(), ada.cast.mina
    assert row.caller_id == mina.pk
    end_membership(Membership.objects.get(person=mina, program=ada.cast.north), ada.cast.carol)
    ada.look()
    row = journal.check_in_of(row.pk)
    assert not may(mina, Act.SEE_CHECK_IN, row)
    assert not may(mina, Act.SEE_COURSE, ada.course)
    assert (row.state, row.caller_id) == (Call.SCHEDULED, ada.cast.theo.pk)
    assert ada.course.caller_id is None


def test_a_clock_that_is_set_back_leaves_no_call_in_a_hand_and_no_contact_unseen(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {"bam4": 2}, finished=True)
    queue.take(ada.cast.theo, row)
    ada.clock.shift(-timedelta(hours=1))
    CheckIn.objects.filter(pk=row.pk).update(next_try_at=clock.now())
    assert queue.take_next(ada.cast.mina, ada.cast.north) == row
    calls.reached(ada.cast.mina, journal.check_in_of(row.pk), "telephone")
    assert Escalation.objects.get(check_in=row).contacted_at == clock.now()


def test_one_try_told_twice_is_one_try(ada: Aftercare) -> None:
    row = ada.comes_due()
    queue.take(ada.cast.mina, row)
    for _ in range(2):
        calls.tried(ada.cast.mina, row, "telephone", TryOutcome.NO_ANSWER, after=0)
    assert journal.check_in_of(row.pk).tries == 1


def test_who_had_a_time_that_nobody_can_keep_is_told_and_offered_another(ada: Aftercare) -> None:
    row, north = ada.upcoming(), ada.cast.north
    ada.passes(DAY)
    for who in (ada.cast.theo, ada.cast.mina):
        availability.set_hours(who, north.pk, [])
    said = Message.objects.filter(about=row.pk, template="appointment.cancelled")
    assert (journal.check_in_of(row.pk).state, said.count()) == (Call.PLANNED, 1)
    availability.set_hours(ada.cast.theo, north.pk, [Hours(day, time(9), time(17)) for day in range(7)])
    ada.passes(DAY + HOUR)
    assert journal.check_in_of(row.pk).caller_id == ada.cast.theo.pk
