"""What was answered, how urgent it is, and what that leads to: contact, a hand-off, a review, more care."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction

from sessions.aftercare import (
    answers,
    appointment,
    beginning,
    calls,
    deciding,
    escalation,
    journal,
    notes,
    queue,
)
from sessions.aftercare.calls import Outcome
from sessions.aftercare.escalation import Review
from sessions.aftercare.machine import Call, Course, HandOffNeeded
from sessions.aftercare.models import CheckInForm, Why
from sessions.aftercare.risk import Reason, Tier
from sessions.aftercare.urgent_models import Escalation, TierDecision
from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.models import Person
from sessions.worklist.models import StaffTask
from tests.service.aftercare import DAY, HOUR, Aftercare, agrees, at, plan_signed

pytestmark = pytest.mark.django_db
ada = plan_signed


def well() -> dict[str, int]:
    """Nothing bad and everything good."""
    from tests.unit.test_aftercare_risk import WELL

    return dict(WELL)


def test_who_may_read_what_was_answered(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {"bam1": 2, "phq9_1": 1})
    assert b"bam1" not in bytes(CheckInForm.objects.get().ciphertext)
    assert answers.own(ada.cast.ada, row) == {"bam1": 2, "phq9_1": 1}
    for allowed in (ada.cast.mina, ada.cast.carol):
        assert answers.read(allowed, row)["bam1"] == 2
    for stranger in (ada.cast.theo, ada.cast.alice, ada.cast.ines, ada.cast.otto):
        with pytest.raises(NotFound):
            answers.read(stranger, row)
    queue.take(ada.cast.theo, row)
    assert answers.read(ada.cast.theo, journal.check_in_of(row.pk))["bam1"] == 2
    assert AuditEvent.objects.filter(act="check-in.answers-read", outcome="allowed").count() == 3
    assert AuditEvent.objects.filter(act="check-in.see", outcome="refused").count() == 4


def test_the_form_goes_on_where_it_was_left_and_the_caller_adds_to_it(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {"bam1": 2})
    answers.answer(ada.cast.ada, row, {"bam2": 0})
    answers.answer(ada.cast.ada, row, {"bam2": 1})
    assert answers.own(ada.cast.ada, row) == {"bam1": 2, "bam2": 1}
    row = ada.talks(row)
    answers.interview(ada.cast.mina, row, {"bam1": 4})
    assert answers.read(ada.cast.mina, row) == {"bam1": 4, "bam2": 1}
    assert answers.own(ada.cast.ada, row) == {"bam1": 2, "bam2": 1}
    with pytest.raises(Invalid):
        answers.answer(ada.cast.ada, row, {"bam1": 9})
    with pytest.raises(NotFound):
        answers.answer(ada.cast.alice, row, {"bam1": 1})


def test_a_thought_of_being_dead_is_a_crisis_at_once(ada: Aftercare) -> None:
    """In a form that is not finished, days before the call."""
    row = ada.upcoming()
    found = answers.answer(ada.cast.ada, row, {"phq9_9": 1})
    assert (found.tier, found.reasons) == (Tier.CRISIS, (Reason.SELF_HARM,))
    assert ada.look().state == Course.CRISIS
    assert queue.waiting(ada.cast.mina, ada.cast.north, clock.now()) == [row]
    task = StaffTask.objects.get(reason="aftercare-crisis")
    assert task.urgent
    answers.answer(ada.cast.ada, journal.check_in_of(row.pk), {"phq9_9": 2})
    assert Escalation.objects.count() == 1


def test_a_crisis_cannot_be_closed_without_a_live_hand_off(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"danger": 1})
    row = ada.talks(row)
    for tier in (Tier.CRISIS, Tier.LOW):
        with pytest.raises(HandOffNeeded):
            calls.close(ada.cast.mina, row, Outcome(tier, "We talked.", why="She says it is fine."))
    with pytest.raises(Invalid):
        escalation.hand_off(ada.cast.mina, row, " ")
    found = Escalation.objects.get()
    with pytest.raises(HandOffNeeded):
        escalation.review(ada.cast.carol, found, Review.KEEP, "Fine.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.update(closed_at=clock.now(), reviewed_at=clock.now())
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, on the line with both of us.")
    escalation.hand_off(ada.cast.mina, row, "once more")
    assert ada.look().state == Course.ACTIVE
    calls.close(ada.cast.mina, row, Outcome(Tier.CRISIS, "Handed over."))
    found.refresh_from_db()
    assert escalation.words_of(found)[0] == "Dr. Osei, on the line with both of us."
    assert b"Osei" not in bytes(found.hand_off_ciphertext)
    escalation.review(ada.cast.carol, found, Review.KEEP, "Safe with her sister; sees Dr. Osei tomorrow.")
    found.refresh_from_db()
    assert found.closed_at is not None
    with pytest.raises(IllegalMove):
        escalation.review(ada.cast.carol, found, Review.KEEP, "Again.")


def test_an_answer_that_is_taken_back_takes_back_no_crisis(ada: Aftercare) -> None:
    """Neither by herself, nor by the caller, whose word counts before hers."""
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"danger": 1})
    answers.answer(ada.cast.ada, journal.check_in_of(row.pk), {"danger": 0})
    row = ada.talks(journal.check_in_of(row.pk))
    answers.interview(ada.cast.mina, row, {"danger": 0, "overdose": 0, "phq9_9": 0})
    with pytest.raises(HandOffNeeded):
        calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "She says it was a mistake."))
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, on the line with both of us.")
    calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "A mistake; Dr. Osei thinks so too."))


def test_a_hand_off_before_the_talk_does_not_answer_for_danger_heard_in_it(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"phq9_9": 1})
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, by telephone.")
    found = Escalation.objects.get()
    escalation.review(ada.cast.carol, found, Review.KEEP, "Safe with her sister.")
    ada.passes(DAY)
    row = ada.talks(journal.check_in_of(row.pk))
    answers.interview(ada.cast.mina, row, {"danger": 1})
    assert ada.look().state == Course.CRISIS
    with pytest.raises(HandOffNeeded):
        calls.close(ada.cast.mina, row, Outcome(Tier.CRISIS, "We talked."))
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, on the line with both of us.")
    answers.interview(ada.cast.mina, row, {"overdose": 1})  # the same talk
    calls.close(ada.cast.mina, row, Outcome(Tier.CRISIS, "Handed over."))
    assert {one.text for one in notes.read(ada.cast.carol, row)} == {
        "Dr. Osei, by telephone.",
        "Safe with her sister.",
        "Handed over.",
    }


def test_nobody_is_readmitted_out_of_a_crisis_and_a_new_consent_ends_none(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"danger": 1})
    with pytest.raises(HandOffNeeded):
        deciding.readmit(ada.cast.carol, ada.look(), ada.cast.evening, date(2026, 3, 16))
    consents.end(ada.cast.ada, ada.paper)
    ada.passes(HOUR)
    assert ada.look().state == Course.REVOKED
    assert "aftercare-revoked-open" in ada.asked()
    agrees(ada.cast, ada.cast.ada)
    deciding.consent_again(ada.cast.carol, ada.course)
    assert ada.look().state == Course.CRISIS
    escalation.hand_off(ada.cast.carol, journal.check_in_of(row.pk), "Dr. Osei, at her door.")
    assert ada.look().state == Course.ACTIVE
    deciding.readmit(ada.cast.carol, ada.course, ada.cast.evening, date(2026, 3, 16))


def test_who_says_they_used_and_then_declines_the_call_is_not_forgotten(ada: Aftercare) -> None:
    row = ada.upcoming()
    ada.passes_until(at("2026-03-04T15:00"))
    answers.answer(ada.cast.ada, row, {**well(), "bam4": 2}, finished=True)
    appointment.decline(ada.cast.ada, journal.check_in_of(row.pk))
    ada.passes(3 * DAY)
    assert "aftercare-contact-late" in ada.asked()


def test_a_crisis_that_was_handed_over_before_the_talk_is_reviewed_in_time(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"phq9_9": 1})
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, by telephone.")
    row = ada.talks(journal.check_in_of(row.pk))
    calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "We talked.", why="Dr. Osei saw her."))
    ada.passes(6 * DAY)
    assert "aftercare-review-late" in ada.asked()


def test_nobody_in_danger_is_given_up(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"danger": 1})
    ada.passes(8 * DAY)
    assert journal.check_in_of(row.pk).state == Call.DUE
    assert ada.asked().count("aftercare-crisis") >= 3
    escalation.hand_off(ada.cast.mina, journal.check_in_of(row.pk), "Dr. Osei, at her door.")
    assert not StaffTask.objects.filter(reason="aftercare-crisis", status="open").exists()


def test_a_use_leads_to_contact_review_and_denser_calls(ada: Aftercare) -> None:
    for _ in range(9):
        ada.is_completed(ada.comes_due())
    # In the fortnightly phase now.
    row = ada.comes_due()
    row = ada.talks(row)
    answers.interview(ada.cast.mina, row, {"bam4": 1})
    calls.close(ada.cast.mina, row, Outcome(Tier.HIGH, "Two drinks on Friday."))
    found = Escalation.objects.get()
    closed = clock.now()
    assert found.contact_by == closed + timedelta(hours=48)
    assert found.review_by is not None
    soon = next(one for one in ada.calls(Call.SCHEDULED, Call.PLANNED) if one.why == Why.CONTACT)
    assert soon.starts_at is not None
    assert soon.starts_at <= closed + timedelta(hours=48)
    assert ada.look().denser == 1
    ahead = [one.due_on for one in ada.calls(Call.PLANNED) if one.why == Why.CADENCE]
    assert {later - earlier for earlier, later in pairwise(ahead)} == {timedelta(days=7)}
    assert "aftercare-review" in ada.asked()
    decided = TierDecision.objects.get(check_in=row)
    assert (decided.proposed, decided.decided, decided.reasons) == (Tier.HIGH, Tier.HIGH, ["use"])
    ada.is_completed(ada.comes_due())
    found.refresh_from_db()
    assert found.contacted_at is not None
    # Two calm calls lead back to the plan.
    ada.is_completed(ada.comes_due())
    assert ada.course.denser == 0


def test_two_urgent_calls_in_a_row_ask_whether_more_care_is_needed(ada: Aftercare) -> None:
    ada.is_completed(ada.comes_due(), Tier.HIGH)
    ada.is_completed(ada.comes_due(), Tier.HIGH)
    assert ada.course.state == Course.STEP_UP_REVIEW
    assert "aftercare-reassess" in ada.asked()
    found = Escalation.objects.get(reassess=True)
    escalation.review(ada.cast.carol, found, Review.MORE_CARE, "Needs the group again.")
    assert ada.look().state == Course.STEP_UP_REVIEW
    deciding.readmit(ada.cast.carol, ada.course, ada.cast.evening, date(2026, 3, 16))
    assert ada.look().state == Course.READMITTED


def test_scores_propose_and_people_decide_with_a_reason(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {"bam8": 4}, finished=True)
    row = ada.talks(row)
    with pytest.raises(Invalid):
        calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "Fine."))
    calls.close(ada.cast.mina, row, Outcome(Tier.LOW, "Fine.", why="Misread the question."))
    decided = TierDecision.objects.get()
    assert (decided.proposed, decided.decided) == (Tier.MODERATE, Tier.LOW)
    assert b"Misread" not in bytes(decided.ciphertext)


def test_a_form_that_says_high_brings_the_call_forward(ada: Aftercare) -> None:
    row = ada.is_completed(ada.comes_due())
    ada.passes(HOUR)
    upcoming = ada.upcoming()
    answers.answer(ada.cast.ada, upcoming, {**well(), "bam4": 2}, finished=True)
    soon = next(one for one in ada.calls(Call.SCHEDULED) if one.why == Why.CONTACT)
    assert soon.starts_at is not None
    assert soon.starts_at - clock.now() <= timedelta(hours=48)
    assert Escalation.objects.get().tier == Tier.HIGH
    assert row.pk != upcoming.pk


def test_what_was_decided_about_a_form_does_not_answer_for_a_crisis_in_the_call(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {**well(), "bam4": 2}, finished=True)
    found = Escalation.objects.get()
    escalation.review(ada.cast.carol, found, Review.KEEP, "She told us of it last week.")
    row = ada.talks(row)
    answers.interview(ada.cast.mina, row, {"danger": 1})
    found.refresh_from_db()
    assert (found.tier, found.closed_at) == (Tier.CRISIS, None)
    assert ada.look().state == Course.CRISIS
    assert "aftercare-crisis" in ada.asked()
    with pytest.raises(HandOffNeeded):
        calls.close(ada.cast.mina, row, Outcome(Tier.CRISIS, "We talked."))
    escalation.hand_off(ada.cast.mina, row, "Dr. Osei, on the line with both of us.")
    calls.close(ada.cast.mina, row, Outcome(Tier.CRISIS, "Handed over."))
    assert {one.text for one in notes.read(ada.cast.carol, row)} == {
        "She told us of it last week.",
        "Handed over.",
    }
    escalation.review(ada.cast.carol, found, Review.CLOSER, "Called every week for now.")
    found.refresh_from_db()
    assert (found.decision, escalation.words_of(found)[1]) == (Review.CLOSER, "Called every week for now.")


def test_a_call_that_was_as_bad_as_its_form_is_reviewed_anew(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {**well(), "bam4": 2}, finished=True)
    escalation.review(ada.cast.carol, Escalation.objects.get(), Review.KEEP, "She told us of it last week.")
    ada.is_completed(row, Tier.HIGH)
    found = Escalation.objects.get()
    assert found.closed_at is None
    assert found.review_by is not None
    assert {one.why for one in ada.calls(Call.SCHEDULED, Call.PLANNED)} >= {Why.CONTACT}


def test_late_contacts_and_reviews_are_asked_for(ada: Aftercare) -> None:
    ada.is_completed(ada.comes_due(), Tier.HIGH)
    ada.passes(6 * DAY)
    assert {"aftercare-contact-late", "aftercare-review-late"} <= set(ada.asked())


def test_the_most_urgent_stands_first(ada: Aftercare) -> None:
    row = ada.comes_due()
    other = Person.objects.create_user("x@example.org", given_name="Xen", phone="+1 212 555 0001")
    from sessions.people.roles import Role
    from sessions.people.service import join

    join(other, ada.cast.north.pk, Role.ALUMNUS)
    agrees(ada.cast, other)
    course = beginning.propose(ada.cast.north.pk, other, date(2026, 3, 4))
    from sessions.aftercare import plans, policies

    beginning.sign(
        ada.cast.carol,
        course,
        plans.template(policies.policy_of(ada.cast.north.pk)),
        typed_name="Carol Reyes",
    )
    asked = calls.ask_for_call(other, course)
    assert asked is not None
    assert [one.pk for one in queue.waiting(ada.cast.mina, ada.cast.north, clock.now())] == [asked.pk, row.pk]
    answers.answer(ada.cast.ada, row, {"danger": 1})
    assert [one.pk for one in queue.waiting(ada.cast.mina, ada.cast.north, clock.now())] == [row.pk, asked.pk]
