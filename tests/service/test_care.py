"""Assessments, the plan with its two signatures, reviews; samples by a seed, their custody, a talk and never a penalty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from sessions.attendance import notes
from sessions.consents import service as papers_service
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages import consents
from sessions.messages.models import Channel, Message
from sessions.people.models import Person
from sessions.plan import service as plans
from sessions.plan.forms import FORMS
from sessions.plan.models import Assessment, Modality
from sessions.plan.service import Goal, Words
from sessions.programs import episodes, stretches
from sessions.programs.episode_models import Episode
from sessions.programs.episodes import Newcomer
from sessions.toxicology import service as tests
from sessions.toxicology.models import Custody, CustodyStep, FrequencyChoice, Sample
from sessions.toxicology.service import Outcome
from sessions.web import letters
from sessions.web.programme.setting_fields import held
from sessions.worklist.models import StaffTask
from tests.cast import HOUR, MORNING, Cast, assemble
from tests.service import papers

pytestmark = pytest.mark.django_db
WORDS = Words("Sober for three weeks.", (Goal("Sleep through the night", "No screens after ten"),))
DAY = timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def of(person: Person) -> Episode:
    return Episode.objects.get(person=person)


def answers(code: str, **given: str) -> dict[str, str]:
    return {one.code: given.get(one.code, "" if one.free else "no") for one in FORMS[code].questions}


def asked(reason: str) -> list[StaffTask]:
    return list(StaffTask.objects.filter(reason=reason))


def test_an_assessment_is_kept_encrypted_and_complete(cast: Cast) -> None:
    with pytest.raises(Invalid):
        plans.assess(of(cast.alice), FORMS["mental"], {"low": "yes"}, by=cast.mina)
    made = plans.assess(of(cast.alice), FORMS["mental"], answers("mental", history="Anxiety."), by=cast.mina)
    assert b"Anxiety" not in bytes(Assessment.objects.get().answers)
    ((row, said),) = plans.assessments(cast.mina, of(cast.alice))
    assert (row.pk, said["history"], row.flagged) == (made.pk, "Anxiety.", False)
    with pytest.raises(DatabaseError), transaction.atomic():
        Assessment.objects.update(flagged=True)


def test_a_withdrawal_risk_asks_for_a_referral_today(cast: Cast) -> None:
    plans.assess(of(cast.alice), FORMS["withdrawal"], answers("withdrawal"), by=cast.mina)
    assert asked("assessment-flag") == []
    plans.assess(of(cast.alice), FORMS["withdrawal"], answers("withdrawal", seizure="yes"), by=cast.carol)
    (task,) = asked("assessment-flag")
    assert (task.kind, task.urgent, task.person) == ("referral", True, cast.alice)


def test_the_checklist_of_eligibility_says_what_is_missing(cast: Cast) -> None:
    everything = {one.code: "yes" for one in FORMS["eligibility"].questions if not one.free}
    assert not plans.assess(of(cast.alice), FORMS["eligibility"], everything, by=cast.carol).flagged
    lacking = {**everything, "space": "no"}
    assert plans.assess(of(cast.alice), FORMS["eligibility"], lacking, by=cast.carol).flagged


def test_a_plan_is_signed_by_both_under_the_same_words(cast: Cast) -> None:
    plan = plans.write(of(cast.alice), WORDS, [Modality.CBT], by=cast.mina)
    with pytest.raises(Invalid):
        plans.sign(plan, cast.alice, typed_name="Alice", sha256=plan.sha256)
    plans.sign(plan, cast.alice, typed_name="alice haddad", sha256=plan.sha256)
    plans.sign(plan, cast.mina, typed_name="Mina Park", sha256=plan.sha256)
    found = plans.current(cast.alice, of(cast.alice))
    assert found is not None
    assert (found[0].client_name, found[0].clinician) == ("alice haddad", cast.mina)
    assert found[1] == WORDS
    with pytest.raises(IllegalMove):
        plans.sign(plan, cast.theo, typed_name="Theo Okafor", sha256=plan.sha256)
    newer = plans.write(of(cast.alice), Words("", (Goal("Call Omar"),)), [], by=cast.mina)
    assert newer.number == 2
    with pytest.raises(IllegalMove):
        plans.sign(plan, cast.alice, typed_name="Alice Haddad", sha256=plan.sha256)
    with pytest.raises(IllegalMove):
        plans.sign(newer, cast.alice, typed_name="Alice Haddad", sha256=plan.sha256)


@pytest.mark.parametrize("name", ["bruno", "omar", "otto", "nora", "ines", "ada"])
def test_a_plan_is_nobody_elses(cast: Cast, name: str) -> None:
    plans.write(of(cast.alice), WORDS, [], by=cast.mina)
    with pytest.raises(NotFound):
        plans.current(getattr(cast, name), of(cast.alice))
    with pytest.raises(NotFound):
        tests.samples(getattr(cast, name), of(cast.alice))


def test_reviews_come_due_and_the_planned_end_is_seen_ahead(cast: Cast) -> None:
    row = of(cast.alice)
    plans.write(row, WORDS, [], by=cast.mina)
    plans.watch(MORNING)  # started thirty days ago
    plans.watch(MORNING)
    task = StaffTask.objects.get(reason="plan-review", person=cast.alice)
    plans.review(row, "Going well.", by=cast.mina)
    task.refresh_from_db()
    assert task.status == "done"
    plans.watch(MORNING)
    assert StaffTask.objects.filter(reason="plan-review", person=cast.alice).count() == 1
    Episode.objects.filter(pk=row.pk).update(planned_end_on=MORNING.date() + 10 * DAY)
    plans.watch(MORNING)
    assert len(asked("planned-end")) == 1
    assert of(cast.alice).stage == "active"


def test_the_week_is_checked_against_the_target(cast: Cast) -> None:
    found = plans.week_check(of(cast.alice), MORNING.date())
    assert found is not None
    # today: the group's 180, 60 alone, 60 with the family
    assert (found.scheduled_minutes, found.target_minutes, found.short_minutes) == (300, 540, 240)


def test_samples_are_asked_for_on_drawn_days_once_in_neutral_words(cast: Cast) -> None:
    consents.give(cast.alice, Channel.EMAIL)
    plan = tests.begin(of(cast.alice), FrequencyChoice.THREE, by=cast.carol)
    moments = [MORNING + n * DAY + 3 * HOUR for n in range(7)]
    assert sum(tests.select(moment) for moment in moments) == 3
    assert sum(tests.select(moment) for moment in moments) == 0
    assert tests.select(MORNING.replace(hour=5) + 7 * DAY) == 0  # not in the night
    message = Message.objects.filter(person=cast.alice).first()
    assert message is not None
    assert message.template == "page.by"
    assert plan.seed not in str(Message.objects.values_list("params", flat=True))


def given_sample(cast: Cast) -> Sample:
    tests.begin(of(cast.alice), FrequencyChoice.THREE, by=cast.carol)
    for n in range(5):
        if tests.select(MORNING + n * DAY + 3 * HOUR):
            return Sample.objects.get()
    raise AssertionError("three days a week are drawn")


def test_custody_goes_step_by_step_and_cannot_be_changed(cast: Cast) -> None:
    one = given_sample(cast)
    with pytest.raises(IllegalMove):
        tests.hand_over(one, CustodyStep.SENT, by=cast.mina)
    with pytest.raises(IllegalMove):
        tests.result(one, Outcome.NEGATIVE, by=cast.mina)
    for step in (CustodyStep.COLLECTED, CustodyStep.SEALED, CustodyStep.SENT, CustodyStep.RECEIVED):
        tests.hand_over(one, step, by=cast.mina)
    tests.result(one, Outcome.NEGATIVE, by=cast.mina)
    ((_, chain, result),) = tests.samples(cast.alice, of(cast.alice))
    assert [link.step for link, _ in chain] == [
        *("asked", "collected", "sealed", "sent", "received", "result"),
    ]
    assert result == {"outcome": "negative"}
    assert asked("test-result") == []
    assert all(b"negative" not in bytes(text) for text in Custody.objects.values_list("text", flat=True))
    with pytest.raises(DatabaseError), transaction.atomic():
        Custody.objects.update(step="asked")


def test_a_positive_result_asks_for_a_talk_and_changes_nothing_else(cast: Cast) -> None:
    one = given_sample(cast)
    before = of(cast.alice)
    tests.hand_over(one, CustodyStep.COLLECTED, by=cast.mina)
    tests.result(one, Outcome.POSITIVE, by=cast.mina, findings={"found": "alcohol"})
    (task,) = asked("test-result")
    assert task.kind == "test.review"
    assert "alcohol" not in str(task.params)
    assert of(cast.alice) == before
    assert of(cast.alice).stage == "active"


def test_a_window_that_closes_asks_for_a_talk_once(cast: Cast) -> None:
    one = given_sample(cast)
    assert tests.watch(one.until - HOUR) == 0
    assert tests.watch(one.until) == 1
    assert tests.watch(one.until) == 0
    assert len(asked("test-missed")) == 1
    tests.hand_over(one, CustodyStep.EXCUSED, by=cast.mina)
    one.refresh_from_db()
    assert one.state == "excused"


def test_a_sample_can_be_given_in_a_short_meeting(cast: Cast) -> None:
    one = given_sample(cast)
    tests.observe(one, Span(one.asked_at + 10 * HOUR, one.asked_at + 10.25 * HOUR), by=cast.theo)
    one.refresh_from_db()
    assert one.meeting is not None
    assert [p.given_name for p in one.meeting.invitees.all()] == ["Alice"]
    assert one.meeting.shown_title == "Case management"


def test_the_page_makes_it_a_short_meeting_within_the_window(cast: Cast, client: Client) -> None:
    one, row = given_sample(cast), of(cast.alice)
    address = reverse("sample-meeting", args=[row.pk, one.pk])
    for who in ("alice", "bruno", "omar", "ines", "otto"):
        client.force_login(getattr(cast, who))
        assert client.get(address).status_code in (403, 404)
    with time_machine.travel(one.asked_at, tick=False):
        client.force_login(cast.alice)
        assert "A sample is asked of you" in client.get("/").content.decode()
        client.force_login(cast.mina)
        assert address in client.get(reverse("samples", args=[row.pk])).content.decode()
        typed = {"on": f"{one.on}", "at": "20:00", "minutes": "15", "leader": str(cast.theo.pk)}
        late = {**typed, "on": f"{one.on + 2 * DAY}"}
        assert "between now and the end of the window" in client.post(address, late).content.decode()
        assert client.post(address, typed).status_code == 302
        assert client.post(address, typed).status_code == 422  # it has one
        assert address not in client.get(reverse("samples", args=[row.pk])).content.decode()
        client.force_login(cast.alice)
        assert "By video:" in client.get(reverse("samples", args=[row.pk])).content.decode()
        calendar = client.get(reverse("schedule"), {"view": "day", "on": f"{one.on}"}).content.decode()
        assert "Case management" in calendar
        assert "ample" not in calendar
    assert tests.watch(one.until) == 1
    client.force_login(cast.mina)
    page = client.get(reverse("samples", args=[row.pk])).content.decode()
    assert reverse("episode-act", args=[row.pk, "step"]) in page
    assert "Talk with them first" in page


def test_nobody_is_asked_after_the_end(cast: Cast) -> None:
    tests.begin(of(cast.alice), FrequencyChoice.THREE, by=cast.carol)
    tests.stop(of(cast.alice), by=cast.carol)
    assert sum(tests.select(MORNING + n * DAY + 3 * HOUR) for n in range(7)) == 0


def test_the_pages_from_assessment_to_signatures(cast: Cast, client: Client) -> None:
    row = of(cast.alice)
    client.force_login(cast.mina)
    assert (
        client.post(reverse("plan-assess", args=[row.pk, "withdrawal"]), {"seizure": "yes"}).status_code
        == 422
    )
    typed = answers("withdrawal", seizure="yes")
    assert client.post(reverse("plan-assess", args=[row.pk, "withdrawal"]), typed).status_code == 302
    assert client.get(reverse("plan-assess", args=[row.pk, "nothing"])).status_code == 404
    assert client.post(reverse("plan-write", args=[row.pk]), {"goal1": ""}).status_code == 422
    words = {"goal1": "Sleep", "steps1": "", "summary": "x", "modalities": ["cbt"]}
    assert client.post(reverse("plan-write", args=[row.pk]), words).status_code == 302
    page = client.get(reverse("plan", args=[row.pk])).content.decode()
    assert "somebody should look" in page
    sha = plans.plan_of(row).sha256
    signing = reverse("plan-sign", args=[row.pk])
    client.post(signing, {"typed_name": "Mina Park", "sha256": sha})
    client.force_login(cast.alice)
    assert "Your plan waits for your signature" in client.get("/").content.decode()
    assert "Sleep" in client.get(reverse("plan", args=[row.pk])).content.decode()
    assert "somebody should look" not in client.get(reverse("plan", args=[row.pk])).content.decode()
    client.post(signing, {"typed_name": "Alice Haddad", "sha256": sha})
    held = plans.plan_of(row)
    assert held.client_at is not None
    assert held.clinician_at is not None


def test_the_pages_from_referral_to_a_signed_step(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    typed = {
        "given_name": "Dora",
        "family_name": "Yilmaz",
        "email": "dora@example.org",
        "language": "en",
        "referred_on": "2026-03-02",
    }
    answer = client.post(reverse("refer", args=[cast.north.pk]), typed)
    row = Episode.objects.get(person__email="dora@example.org")
    assert answer.headers["Location"] == reverse("episode", args=[row.pk])
    assert "Dora" in client.post(reverse("census", args=[cast.north.pk]), {"q": "dor"}).content.decode()
    assert "Dora" not in client.post(reverse("census", args=[cast.north.pk]), {"q": "zzz"}).content.decode()
    assert client.post(reverse("episode-act", args=[row.pk, "assess"])).status_code == 302
    admission = {
        "cohort": str(cast.evening.pk),
        "level_of_care": "iop",
        "weekly_target_minutes": "540",
        "days_a_week": "3",
        "minutes_a_day": "180",
        "starts_on": "2026-03-02",
    }
    short = client.post(reverse("episode-act", args=[row.pk, "admit"]), {**admission, "minutes_a_day": "60"})
    assert short.status_code == 422
    assert "do not reach the weekly target" in short.content.decode()
    assert client.post(reverse("episode-act", args=[row.pk, "admit"]), admission).status_code == 302
    step = {**admission, "weekly_target_minutes": "360", "effective_on": "2026-03-02", "why": "Stable."}
    assert client.post(reverse("episode-act", args=[row.pk, "step"]), step).status_code == 302
    client.force_login(cast.mina)
    task = StaffTask.objects.get(reason="step-proposed", person=row.person)
    assert str(task.pk) in client.get(reverse("tasks")).content.decode()
    assert "Stable." in client.get(reverse("episode", args=[row.pk])).content.decode()
    client.post(reverse("episode-sign", args=[row.pk]), {"answer": "yes", "typed_name": "Mina Park"})
    stretch = stretches.open_stretch(Episode.objects.get(pk=row.pk))
    assert stretch is not None
    assert stretch.weekly_target_minutes == 360
    task.refresh_from_db()
    assert task.status == "done"


def test_who_was_referred_gets_a_neutral_link_to_sign_in(
    cast: Cast, client: Client, mailoutbox: list[EmailMessage]
) -> None:
    client.force_login(cast.carol)
    row = episodes.refer(
        cast.north, Newcomer("Dora", "Yilmaz", "dora@example.org"), "", MORNING.date(), by=cast.carol
    )
    here = reverse("episode", args=[row.pk])
    page = client.get(here).content.decode()
    assert "Dora has not signed in yet" in page
    assert page.count("not yet") == len(FORMS)
    plans.assess(row, FORMS["withdrawal"], answers("withdrawal", seizure="yes"), by=cast.carol)
    assert "somebody should look" in client.get(here).content.decode()
    client.post(reverse("episode-welcome", args=[row.pk]))
    letters.post(None).result()  # one thread: what was handed over before it has gone
    (letter,) = mailoutbox
    assert letter.to == ["dora@example.org"]
    text = f"{letter.subject} {letter.body}".lower()
    assert "first time" in text
    assert not [word for word in ("north", "program", "treatment", "yilmaz", "group") if word in text]
    link = letter.body.split("http://testserver")[1].split()[0]
    her = Client()
    chosen = "otter-lantern-reef-7"
    at = her.get(link, follow=True).redirect_chain[-1][0]
    assert her.post(at, {"password1": chosen, "password2": chosen}).status_code == 302
    assert her.login(username="dora@example.org", password=chosen)
    assert "has not signed in" not in client.get(here).content.decode()
    client.post(reverse("episode-welcome", args=[row.pk]))
    letters.post(None).result()
    assert len(mailoutbox) == 1


def test_an_administrator_keeps_the_rules_within_their_limits(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    cast.north.settings = {"floor_minutes": 540}
    cast.north.save()
    address = reverse("program-settings", args=[cast.north.pk])
    typed = held(cast.north.settings)
    assert client.post(address, {**typed, "days_a_week": 8}).status_code == 422
    assert client.post(address, {**typed, "planning_weeks": 4}).status_code == 302
    cast.north.refresh_from_db()
    assert (cast.north.rules.planning_weeks, cast.north.settings["floor_minutes"]) == (4, 540)


def test_a_client_reads_who_saw_their_record(cast: Cast, client: Client) -> None:
    plans.assessments(cast.mina, of(cast.alice))
    client.force_login(cast.alice)
    page = client.get(reverse("record-seen")).content.decode()
    assert "<strong>Mina Park</strong> looked at your assessments" in page
    paper = papers.signs(cast.alice, papers.offered(cast))
    papers_service.consent_of(cast.carol, paper.pk)
    notes.read_notes(cast.mina, cast.group, cast.alice.pk)
    page = client.get(reverse("record-seen")).content.decode()
    assert "<strong>Carol Reyes</strong> looked at one of your papers" in page
    assert "<strong>Mina Park</strong> read notes about you" in page
    for _ in range(3):
        plans.assessments(cast.theo, of(cast.alice))
    page = client.get(reverse("record-seen")).content.decode()
    assert page.count("<strong>Theo Okafor</strong>") == 1  # the same, one after the other: one line
    assert "3 times" in page
    client.force_login(cast.bruno)
    assert "Mina Park" not in client.get(reverse("record-seen")).content.decode()


def test_the_pages_of_samples(cast: Cast, client: Client) -> None:
    row, address = of(cast.alice), reverse("samples", args=[of(cast.alice).pk])
    client.force_login(cast.alice)
    assert client.post(address, {"frequency": "once"}).status_code == 403
    one = given_sample(cast)
    assert "Please give it before" in client.get(address).content.decode()
    client.force_login(cast.mina)
    step = reverse("sample-step", args=[row.pk, one.pk])
    assert client.post(step, {"step": "collected"}).status_code == 302
    assert client.post(step, {"step": "result", "outcome": "negative"}).status_code == 302
    page = client.get(address).content.decode()
    assert "Nothing found" in page
    assert reverse("sample-step", args=[of(cast.bruno).pk, one.pk])
    assert (
        client.post(reverse("sample-step", args=[of(cast.bruno).pk, one.pk]), {"step": "sealed"}).status_code
        == 404
    )
