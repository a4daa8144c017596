"""One call: in the queue, taken by one person, tried, reached, written down; and what a missed one leads to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sessions.aftercare import answers, appointment, calls, journal, notes, planning, queue
from sessions.aftercare.calls import Outcome
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import CallNote, CallTry, CheckIn, TryOutcome, Why
from sessions.aftercare.risk import Tier
from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.core import clock
from sessions.core.errors import IllegalMove, NotAllowed, NotFound
from sessions.messages.models import Channel, Message, MessageState
from sessions.messages.service import send_due
from sessions.programs.models import Meeting
from sessions.worklist.models import StaffTask
from tests.service.aftercare import DAY, HOUR, Aftercare, at, names_contact, plan_signed

pytestmark = pytest.mark.django_db
ada = plan_signed


def test_reminders_a_day_and_an_hour_before_once_each_and_neutral(ada: Aftercare) -> None:
    row = ada.upcoming()
    ada.passes_until(at("2026-03-05T10:00"))
    send_due()
    said = Message.objects.filter(person=ada.cast.ada, about=row.pk).order_by("due_at")
    assert [(one.channel, one.due_at) for one in said] == [
        (Channel.EMAIL, at("2026-03-02T10:00")),
        (Channel.EMAIL, at("2026-03-04T10:00")),
        (Channel.SMS, at("2026-03-05T09:00")),
    ]


def test_who_was_just_told_of_a_time_is_reminded_an_hour_before_it_alone(ada: Aftercare) -> None:
    ada.passes_until(at("2026-03-04T09:00"))
    row = ada.upcoming()
    offered = [one.starts_at for one in appointment.choices(row, clock.now())]
    soon = next(one for one in offered if at("2026-03-05T10:30") <= one <= at("2026-03-05T14:00"))
    appointment.move(ada.cast.ada, row, soon)
    ada.passes_until(soon)
    send_due()
    said = Message.objects.filter(person=ada.cast.ada, about=row.pk, created_at__gte=at("2026-03-04T09:00"))
    assert [(one.channel, one.due_at) for one in said.order_by("due_at")] == [
        (Channel.EMAIL, at("2026-03-04T09:00")),
        (Channel.SMS, soon - timedelta(hours=1)),
    ]


def test_nothing_is_sent_about_a_call_that_was_moved_away(ada: Aftercare) -> None:
    ada.passes_until(at("2026-03-04T11:00"))
    row = ada.upcoming()
    appointment.move(ada.cast.ada, row, appointment.choices(row, clock.now())[-1].starts_at)
    ada.passes_until(at("2026-03-05T12:00"))
    assert not Message.objects.filter(channel=Channel.SMS).exists()
    assert ada.calls(Call.DUE) == []


def test_the_queue_is_taken_by_one_at_a_time(ada: Aftercare) -> None:
    cast = ada.cast
    with pytest.raises(queue.NothingToCall):
        queue.take_next(cast.mina, cast.north)
    row = ada.comes_due()
    assert row.fell_due_at == at("2026-03-05T10:00")
    assert queue.take_next(cast.theo, cast.north) == row
    assert queue.take_next(cast.theo, cast.north) == row  # still in his hand
    with pytest.raises(queue.NothingToCall):
        queue.take_next(cast.mina, cast.north)
    with pytest.raises(queue.InOtherHands):
        queue.take(cast.mina, row)
    queue.let_go(cast.theo, row)
    assert queue.take_next(cast.mina, cast.north) == row
    ada.clock.shift(queue.HOLD + timedelta(minutes=1))
    assert queue.take_next(cast.theo, cast.north) == row
    for stranger in (cast.alice, cast.ada, cast.otto, cast.nora):
        with pytest.raises(NotFound):
            queue.waiting(stranger, cast.north, clock.now())


def test_a_call_by_telephone_from_the_queue_to_the_note(ada: Aftercare) -> None:
    row = ada.is_completed(ada.comes_due(), summary="Meeting on Sunday, call again on Thursday.")
    assert (row.state, row.tier) == (Call.COMPLETED, Tier.LOW)
    one = CallTry.objects.get(check_in=row)
    assert (one.outcome, one.channel, one.minutes, one.by) == (
        TryOutcome.ANSWERED,
        "telephone",
        20,
        ada.cast.mina,
    )
    assert ada.course.last_contact_at == clock.now()
    assert [note.text for note in notes.read(ada.cast.mina, row)] == ["We talked."]
    assert [note.text for note in notes.summaries(ada.cast.ada, ada.course)] == [
        "Meeting on Sunday, call again on Thursday."
    ]
    assert all(b"We talked" not in bytes(note.ciphertext) for note in CallNote.objects.all())
    with pytest.raises(NotFound):
        notes.read(ada.cast.ada, row)
    with pytest.raises(IllegalMove):
        calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "Again."))
    acts = set(AuditEvent.objects.filter(subject_id=str(row.pk)).values_list("act", flat=True))
    assert {"check-in.taken", "check-in.reached", "check-in.closed", "check-in.notes-read"} <= acts


def test_a_call_by_video_has_its_room_with_whoever_calls(ada: Aftercare) -> None:
    row = ada.comes_due()
    queue.take(ada.cast.theo, row)
    meeting = calls.room_for(ada.cast.theo, journal.check_in_of(row.pk))
    assert {str(one.role) for one in meeting.invitee_rows.all()} == {"alumnus"}
    assert list(meeting.facilitators.all()) == [ada.cast.theo]
    assert calls.room_for(ada.cast.theo, journal.check_in_of(row.pk)) == meeting
    row = calls.reached(ada.cast.theo, journal.check_in_of(row.pk), "video")
    assert row.state == Call.CONNECTED
    assert (
        Meeting.objects.filter(kind="check_in_call", cancelled_at=None, program=ada.cast.north).count() == 2
    )


def test_four_tries_then_missed(ada: Aftercare) -> None:
    row = ada.comes_due()
    when = []
    for _ in range(4):
        fresh = journal.check_in_of(row.pk)
        assert fresh.next_try_at is not None
        when.append(fresh.next_try_at)
        if fresh.next_try_at > clock.now():
            assert row not in queue.waiting(ada.cast.mina, ada.cast.north, clock.now())
            ada.passes_until(fresh.next_try_at)
        ada.tries(row)
    assert when == [
        at("2026-03-05T10:00"),
        at("2026-03-05T10:15"),
        at("2026-03-06T14:00"),
        at("2026-03-07T10:00"),
    ]
    row = journal.check_in_of(row.pk)
    assert (row.state, row.reason, ada.look().missed_in_a_row) == (Call.MISSED, "no_answer", 1)
    assert row.other_channel


def test_after_one_missed_the_next_reminder_is_a_call(ada: Aftercare) -> None:
    ada.is_missed(ada.comes_due())
    asked = Message.objects.count()
    ada.comes_due()
    assert ada.asked() == ["aftercare-remind"]
    assert (
        Message.objects.filter(channel=Channel.EMAIL).count() == asked
    )  # the time was told before; no reminder


def test_two_missed_reach_the_coordinator_three_a_letter_a_month_of_silence_is_lost(ada: Aftercare) -> None:
    names_contact(ada.cast, ada.cast.ada)
    ada.is_missed(ada.comes_due())
    ada.is_missed(ada.comes_due())
    assert ada.course.state == Course.OUTREACH
    assert {"aftercare-missed", "aftercare-alternate"} <= set(ada.asked())
    ada.is_missed(ada.comes_due())
    assert {"aftercare-letter", "aftercare-silent-review"} <= set(ada.asked())
    assert StaffTask.objects.filter(reason="aftercare-letter").count() == 1
    ada.is_missed(ada.comes_due())
    ada.passes_until(at("2026-04-05T12:00"))
    assert ada.course.state == Course.LOST
    tries = [row for row in ada.calls() if row.why == Why.RETRY]
    assert [row.due_on for row in tries] == [date(2026, month, 4) for month in range(5, 11)]
    ada.tries(ada.comes_due())  # was due already when she was given up
    ada.passes(DAY)
    # Reached after all: everything begins anew.
    row = ada.comes_due()
    assert row.why == Why.RETRY
    ada.is_completed(row)
    assert (ada.course.state, ada.course.missed_in_a_row, ada.course.silent_since) == (Course.ACTIVE, 0, None)
    assert not [one for one in ada.calls(Call.PLANNED, Call.SCHEDULED) if one.why == Why.RETRY]
    assert [one for one in ada.calls(Call.PLANNED, Call.SCHEDULED) if one.why == Why.CADENCE]


def test_the_alternate_contact_is_left_alone_without_consent(ada: Aftercare) -> None:
    ada.is_missed(ada.comes_due())
    ada.is_missed(ada.comes_due())
    assert "aftercare-alternate" not in ada.asked()


def test_a_call_that_nobody_tried_is_our_failure_and_said(ada: Aftercare) -> None:
    row = ada.comes_due()
    ada.passes(5 * DAY)
    row = journal.check_in_of(row.pk)
    assert (row.state, row.reason, ada.course.missed_in_a_row) == (Call.MISSED, "not_tried", 0)
    assert {"aftercare-overdue", "aftercare-not-tried"} <= set(ada.asked())


def test_an_outage_marks_what_is_too_old_and_keeps_what_can_still_be_called(ada: Aftercare) -> None:
    ada.clock.move_to(at("2026-03-20T12:00"), tick=False)  # fifteen days without the engine
    ada.passes(timedelta(minutes=2))
    assert [(row.due_on, row.state) for row in ada.calls()][:4] == [
        (date(2026, 3, 5), Call.MISSED),
        (date(2026, 3, 12), Call.MISSED),
        (date(2026, 3, 20), Call.SCHEDULED),  # a day late, and not lost
        (date(2026, 3, 26), Call.SCHEDULED),
    ]
    send_due()
    sent = Message.objects.exclude(state=MessageState.QUEUED)
    # No flood: nothing about the calls that are gone, one notice about each of those ahead.
    ahead = [row.pk for row in ada.calls(Call.SCHEDULED)]
    assert sorted(
        one.about for one in sent.filter(created_at__gte=at("2026-03-20T00:00")) if one.about
    ) == sorted(ahead)
    assert ada.asked().count("aftercare-not-tried") == 1


def test_without_consent_nobody_is_called(ada: Aftercare) -> None:
    """Also when it ends between falling due and the call."""
    row = ada.comes_due()
    queue.take(ada.cast.mina, row)
    consents.end(ada.cast.ada, ada.paper)
    for act in (
        lambda: queue.take(ada.cast.mina, row),
        lambda: calls.tried(ada.cast.mina, journal.check_in_of(row.pk), "telephone", TryOutcome.NO_ANSWER),
        lambda: calls.reached(ada.cast.mina, journal.check_in_of(row.pk), "telephone"),
        lambda: calls.room_for(ada.cast.mina, journal.check_in_of(row.pk)),
    ):
        with pytest.raises(planning.NoConsent):
            act()
    assert CallTry.objects.count() == 0
    assert ada.look().state == Course.REVOKED
    assert journal.check_in_of(row.pk).state == Call.REVOKED
    with pytest.raises(queue.NothingToCall):
        queue.take_next(ada.cast.mina, ada.cast.north)


def test_who_asked_for_a_call_is_to_be_called_until_they_are_reached(ada: Aftercare) -> None:
    ada.passes(HOUR)
    row = calls.ask_for_call(ada.cast.ada, ada.course)
    assert row is not None
    task = StaffTask.objects.get(reason="aftercare-asked")
    ada.tries(row)
    task.refresh_from_db()
    assert task.status == "open"
    ada.talks(row)
    task.refresh_from_db()
    assert task.status == "done"


def test_who_answers_that_they_would_like_to_be_called_sooner_is_called(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"wish": 1})
    assert [one.why for one in queue.waiting(ada.cast.mina, ada.cast.north, clock.now())] == [Why.ASKED]
    assert ada.asked().count("aftercare-asked") == 1
    answers.answer(ada.cast.ada, journal.check_in_of(row.pk), {"wish": 1, "bam1": 1})
    assert ada.asked().count("aftercare-asked") == 1
    assert journal.check_in_of(row.pk).state == Call.SCHEDULED


def test_a_call_that_is_not_written_down_is_asked_for_until_it_is(ada: Aftercare) -> None:
    row = ada.talks(ada.comes_due())
    ada.passes(3 * DAY)
    assert ada.asked().count("aftercare-unfinished") >= 2
    assert row in queue.unfinished(ada.cast.mina, ada.cast.north)
    calls.close(ada.cast.mina, journal.check_in_of(row.pk), Outcome(Tier.LOW, "Late note."))
    assert queue.unfinished(ada.cast.mina, ada.cast.north) == []


def test_they_agree_on_another_day(ada: Aftercare) -> None:
    ada.is_completed(ada.comes_due(), next_on=date(2026, 3, 16))
    ahead = [(one.why, one.due_on) for one in ada.calls(Call.PLANNED, Call.SCHEDULED)]
    assert ahead[0] == (Why.CHOSEN, date(2026, 3, 16)) or (Why.CHOSEN, date(2026, 3, 16)) in ahead
    assert (Why.CADENCE, date(2026, 3, 12)) not in ahead


def test_somebody_calls_back_after_the_call_was_missed(ada: Aftercare) -> None:
    row = ada.is_missed(ada.comes_due())
    row = calls.reached(ada.cast.mina, row, "telephone", 10)
    assert row.state == Call.CONNECTED
    calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "Called back."))
    assert ada.look().missed_in_a_row == 0


def test_who_does_not_call_may_not(ada: Aftercare) -> None:
    row = ada.comes_due()
    for stranger in (ada.cast.alice, ada.cast.otto, ada.cast.theo):
        with pytest.raises(NotFound):
            calls.tried(stranger, row, "telephone", TryOutcome.NO_ANSWER)
    with pytest.raises(NotFound):
        calls.tried(ada.cast.ada, row, "telephone", TryOutcome.NO_ANSWER)
    assert CheckIn.objects.get(pk=row.pk).tries == 0
    assert NotAllowed.code == "not-allowed"
