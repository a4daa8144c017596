"""What stops or ends a plan: a pause, consent taken back, the programme once more, its last call."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sessions.aftercare import beginning, deciding, engine, notes, planning, plans
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import AftercareCourse, AftercareFact, PlanVersion
from sessions.consents import service as consents
from sessions.core import clock
from sessions.core.errors import NotAllowed
from sessions.messages.models import Message, MessageState
from tests.service.aftercare import HOUR, Aftercare, agrees, discharged, office_hours

pytestmark = pytest.mark.django_db
ada = discharged


def test_a_pause_calls_everything_off_and_ends_by_itself(ada: Aftercare) -> None:
    ada.begins()
    ada.passes(HOUR)
    deciding.pause(ada.cast.carol, ada.course, date(2026, 3, 20))
    assert ada.look().state == Course.PAUSED
    assert ada.calls(Call.PLANNED, Call.SCHEDULED) == []
    assert {one.reason for one in ada.calls(Call.CANCELLED)} == {"paused"}
    told = Message.objects.get(template="appointment.cancelled")
    assert told.state == MessageState.QUEUED
    ada.passes(timedelta(days=18))
    assert ada.course.state == Course.ACTIVE
    assert ada.calls(Call.PLANNED, Call.SCHEDULED)[0].due_on >= date(2026, 3, 20)


def test_consent_taken_back_ends_everything_at_once(
    ada: Aftercare, django_capture_on_commit_callbacks: object
) -> None:
    ada.begins()
    ada.passes(HOUR)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        consents.end(ada.cast.ada, ada.paper)
    assert ada.look().state == Course.REVOKED
    assert {row.state for row in ada.calls()} == {Call.REVOKED}
    assert not Message.objects.filter(
        about__in=[row.pk for row in ada.calls()], state=MessageState.QUEUED, template="appointment.confirm"
    ).exists()
    agrees(ada.cast, ada.cast.ada)
    deciding.consent_again(ada.cast.carol, ada.course)
    assert ada.look().state == Course.ACTIVE
    assert ada.calls(Call.PLANNED)


def test_without_consent_the_engine_stops_by_itself(ada: Aftercare) -> None:
    """The paper expires; nobody does anything."""
    ada.begins()
    agrees(ada.cast, ada.cast.ada, last_day=date(2026, 3, 4))
    ada.passes(timedelta(days=3))
    assert ada.course.state == Course.REVOKED
    assert {row.state for row in ada.calls()} == {Call.REVOKED}


def test_back_into_the_programme_with_history_kept(ada: Aftercare) -> None:
    ada.begins()
    talked = ada.is_completed(ada.comes_due(), summary="Call your sponsor on Sunday.")
    before = list(AftercareFact.objects.filter(course=ada.course).order_by("pk").values_list("pk", flat=True))
    planned = len(ada.calls(Call.PLANNED, Call.SCHEDULED))
    with pytest.raises(NotAllowed):
        deciding.readmit(ada.cast.mina, ada.course, ada.cast.evening, date(2026, 3, 9))
    enrollment = deciding.readmit(ada.cast.carol, ada.course, ada.cast.evening, date(2026, 3, 9))
    assert (enrollment.person, ada.look().state) == (ada.cast.ada, Course.READMITTED)
    assert len(ada.calls(Call.CANCELLED)) == planned
    assert engine.propose(clock.now()) == 0
    # What was, stays: the call, its note, what she took with her, the plan as it was signed, every step.
    assert ada.calls(Call.COMPLETED) == [talked]
    assert [note.text for note in notes.read(ada.cast.mina, talked)] == ["We talked."]
    assert [one.text for one in notes.summaries(ada.cast.ada, ada.course)] == ["Call your sponsor on Sunday."]
    assert PlanVersion.objects.filter(course=ada.course).count() == 1
    history = list(planning.history(ada.course))
    assert {fact.pk for fact in history} > set(before)
    assert history[-1].event == "readmitted"
    # Another discharge begins another course beside the one that was.
    again = beginning.propose(ada.cast.north.pk, ada.cast.ada, date(2026, 6, 1))
    assert again.pk != ada.course.pk
    assert AftercareCourse.objects.filter(person=ada.cast.ada).count() == 2


def test_the_plan_ends_with_its_last_call(ada: Aftercare) -> None:
    cast = ada.cast
    cast.ada.phone = "+1 212 555 0120"
    cast.ada.save()
    office_hours(cast, cast.mina)
    agrees(cast, cast.ada)
    ada.course = beginning.propose(cast.north.pk, cast.ada, date(2026, 3, 2))
    short = plans.decode({"phases": [{"weeks": 1, "until_weeks": 2}], "channel": "telephone"})
    beginning.sign(cast.carol, ada.course, short, typed_name="Carol Reyes")
    assert len(ada.calls()) == 2
    for _ in range(2):
        ada.is_completed(ada.comes_due())
    ada.passes(timedelta(days=10))
    assert ada.course.state == Course.GRADUATED
    assert "aftercare-graduated" in ada.asked()
