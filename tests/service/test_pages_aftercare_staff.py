"""The pages of those who call and of the coordinator: the queue, a call, the board, a plan, callers' hours, letters."""

from __future__ import annotations

import re

import pytest

from sessions.aftercare import answers, free, journal, letter, queue
from sessions.aftercare.hours_models import CallerException, CallerHours
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import CheckIn, TryOutcome
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.attendance.reports import drawing
from sessions.audit.models import AuditEvent
from sessions.core import clock
from sessions.core.span import Span
from tests.service.aftercare import HOUR, Aftercare, at, names_contact, plan_signed
from tests.service.reading import as_, text

pytestmark = pytest.mark.django_db
ada = plan_signed


def test_the_queue_from_next_to_closed(ada: Aftercare) -> None:
    row = ada.comes_due()
    answers.answer(ada.cast.ada, row, {"bam4": 1, "phq9_1": 2})
    client = as_(ada.cast.mina)
    page = text(client.get("/calls/").content)
    assert "Call next" in page
    assert "Ada Novak" in page
    taken = client.post("/calls/", {"do": "next"})
    assert taken.headers["Location"] == f"/calls/{row.pk}/"
    assert "Nobody is to be called" in text(
        as_(ada.cast.theo).post("/calls/", {"do": "next"}, follow=True).content
    )
    here = taken.headers["Location"]
    page = client.get(here).content.decode()
    for shown in (
        "Alcohol or drugs in the past 30 days",
        "tel:+12125550120",
        "agreed to calls",
        "First, are they safe?",
    ):
        assert shown in page
    for _ in range(2):  # pressed twice
        client.post(here, {"do": "tried", "channel": "telephone", "outcome": "voicemail", "after": "0"})
    assert journal.check_in_of(row.pk).tries == 1
    ada.passes(HOUR)
    client.post("/calls/", {"do": "take", "call": row.pk})
    client.post(here, {"do": "reached", "channel": "telephone"})
    client.post(here, {"do": "interview", "bam4": "0", "danger": "0"})
    refused = client.post(here, {"do": "close", "tier": "1"})
    assert refused.status_code == 422
    closed = client.post(here, {"do": "close", "tier": "1", "note": "Went well.", "why": "", "minutes": "25"})
    assert closed.status_code == 302, text(closed.content)
    assert (journal.check_in_of(row.pk).state, journal.check_in_of(row.pk).minutes) == (Call.COMPLETED, 25)
    page = text(client.get(here).content)
    assert "Went well." in page
    assert "25 min" in page
    assert "· 25 min" in text(as_(ada.cast.carol).get(f"/aftercare/{ada.course.pk}/").content)


def test_who_opens_a_call_that_is_in_other_hands_is_told(ada: Aftercare) -> None:
    row = ada.comes_due()
    queue.take(ada.cast.theo, row)
    said = "Theo has this call in hand"
    assert said in text(as_(ada.cast.mina).get(f"/calls/{row.pk}/").content)
    assert said not in text(as_(ada.cast.theo).get(f"/calls/{row.pk}/").content)


def test_after_two_missed_calls_the_page_names_whom_one_may_ask(ada: Aftercare) -> None:
    names_contact(ada.cast, ada.cast.ada)
    ada.is_missed(ada.comes_due())
    row = ada.is_missed(ada.comes_due())
    page = text(as_(ada.cast.mina).get(f"/calls/{row.pk}/").content)
    assert "June, +1 212 555 0199" in page


def test_a_call_by_video_opens_a_room(ada: Aftercare) -> None:
    row = ada.comes_due()
    client = as_(ada.cast.mina)
    client.post("/calls/", {"do": "next"})
    room = client.post(f"/calls/{row.pk}/", {"do": "room"})
    assert re.fullmatch(r"/meetings/[-0-9a-f]+/room", room.headers["Location"])
    assert client.get(room.headers["Location"]).status_code == 200
    assert as_(ada.cast.ada).get(room.headers["Location"]).status_code == 200
    assert b"Join your call" in as_(ada.cast.ada).get("/check-in/").content


def test_the_crisis_path_on_the_page(ada: Aftercare) -> None:
    row = ada.upcoming()
    answers.answer(ada.cast.ada, row, {"phq9_9": 2})
    client, here = as_(ada.cast.mina), f"/calls/{row.pk}/"
    assert "May be in danger. Call now." in text(client.get("/calls/").content)
    client.post("/calls/", {"do": "next"})
    client.post(here, {"do": "reached", "channel": "telephone"})
    refused = client.post(here, {"do": "close", "tier": "4", "note": "Talked."})
    assert (refused.status_code, "First hand over to a clinician" in text(refused.content)) == (409, True)
    client.post(here, {"do": "hand-off", "to_whom": "Dr. Osei, conference call"})
    assert client.post(here, {"do": "close", "tier": "4", "note": "Talked."}).status_code == 302
    board = as_(ada.cast.carol)
    assert "crisis" in text(board.get("/aftercare/").content)
    course = f"/aftercare/{ada.course.pk}/"
    assert "Dr. Osei" in board.get(course).content.decode()
    found = Escalation.objects.get()
    assert (
        board.post(
            course, {"do": "review", "escalation": found.pk, "decision": "keep", "why": ""}
        ).status_code
        == 409
    )
    assert (
        board.post(
            course, {"do": "review", "escalation": found.pk, "decision": "keep", "why": "Safe now."}
        ).status_code
        == 302
    )
    found.refresh_from_db()
    assert found.closed_at is not None


def test_the_board_counts(ada: Aftercare) -> None:
    ada.is_completed(ada.comes_due())
    ada.is_missed(ada.comes_due())
    from sessions.aftercare.board import board

    found = board(ada.cast.carol, ada.cast.north, clock.now())
    assert (found.reach, found.tries, found.tiers[Tier.LOW]) == (50, 1.0, 1)
    assert sum(week.completed for week in found.weeks) == 1
    page = as_(ada.cast.carol).get("/aftercare/").content.decode()
    assert "50 %" in page
    export = as_(ada.cast.carol).get("/aftercare/export").content.decode().splitlines()
    assert export[0].startswith("alumnus,number,why")
    assert len(export) == CheckIn.objects.count() + 1
    assert AuditEvent.objects.filter(act="program.aftercare-exported").exists()


def test_the_plan_is_signed_changed_paused_and_gone_on_with(ada: Aftercare) -> None:
    client, course = as_(ada.cast.carol), f"/aftercare/{ada.course.pk}/"
    sign = {
        "do": "sign",
        "weekly_until": "4",
        "fortnightly_until": "6",
        "monthly_until": "12",
        "channel": "telephone",
        "caller": str(ada.cast.theo.pk),
    }
    wrong = client.post(course, {**sign, "typed_name": "C"})
    assert (wrong.status_code, "Type your full name" in text(wrong.content)) == (422, True)
    assert client.post(course, {**sign, "typed_name": "Carol Reyes"}).status_code == 302
    assert ada.look().caller == ada.cast.theo
    assert client.post(course, {"do": "pause", "until": ""}).status_code == 302
    assert ada.look().state == Course.PAUSED
    assert "paused" in text(as_(ada.cast.ada).get("/check-in/").content)
    assert client.post(course, {"do": "resume"}).status_code == 302
    assert ada.look().state == Course.ACTIVE
    readmit = {"do": "readmit", "cohort": ada.cast.evening.pk, "on": "2026-03-09"}
    assert client.post(course, readmit).status_code == 302
    assert ada.look().state == Course.READMITTED
    assert as_(ada.cast.mina).post(course, {"do": "pause", "until": ""}).status_code in (403, 404)


def test_callers_say_their_hours_and_when_they_are_away(ada: Aftercare) -> None:
    client = as_(ada.cast.theo)
    week = {f"start-{day}-0": "10:00" for day in range(5)} | {f"end-{day}-0": "12:00" for day in range(5)}
    assert client.post("/calls/hours", {"do": "hours", **week}).status_code == 302
    assert CallerHours.objects.filter(person=ada.cast.theo).count() == 5
    assert (
        client.post("/calls/hours", {"do": "hours", "start-0-0": "10:00", "end-0-0": "09:00"}).status_code
        == 422
    )
    away = {"do": "away", "starts": "2026-03-04T00:00", "ends": "2026-03-07T00:00"}
    assert as_(ada.cast.mina).post("/calls/hours", away).status_code == 302
    assert CallerException.objects.get().person == ada.cast.mina
    moved = ada.upcoming()
    assert moved.starts_at is not None
    # Her own caller, on a day nearby on which she is there.
    assert (moved.caller, moved.starts_at < at("2026-03-04T00:00")) == (ada.cast.mina, True)


def test_a_coordinator_says_that_a_caller_has_fallen_ill_and_takes_it_back(ada: Aftercare) -> None:
    mina, client = ada.cast.mina, as_(ada.cast.carol)
    ill = {"do": "away", "who": str(mina.pk), "starts": "2026-03-01T00:00", "ends": "2026-03-09T00:00"}
    assert as_(ada.cast.theo).post("/calls/hours", ill).status_code == 422  # speaks for himself alone
    assert client.post("/calls/hours", {**ill, "away": "away"}).status_code == 302
    assert ada.upcoming().caller == ada.cast.theo
    assert AuditEvent.objects.filter(act="caller.away", subject_id=str(mina.pk)).exists()
    page = text(client.get("/calls/hours").content)
    assert "Mina Park: away" in page
    (one,) = CallerException.objects.all()
    taken = {"do": "take-back", "exception": str(one.pk)}
    as_(ada.cast.theo).post("/calls/hours", taken)
    assert CallerException.objects.exists()
    client.post("/calls/hours", taken)
    assert not CallerException.objects.exists()


def test_a_caller_is_there_beside_the_weekly_hours(ada: Aftercare) -> None:
    there = {"do": "away", "away": "there", "starts": "2026-03-07T09:00", "ends": "2026-03-07T12:00"}
    assert as_(ada.cast.theo).post("/calls/hours", there).status_code == 302
    on_saturday = free.callers(ada.cast.north.pk, Span(at("2026-03-07T00:00"), at("2026-03-08T00:00")))
    assert [len(one.extra) for one in on_saturday if one.id == ada.cast.theo.pk] == [1]


def test_the_letter_says_nothing_but_call_us(ada: Aftercare) -> None:
    if not drawing.available():
        return
    page = as_(ada.cast.carol).get(f"/aftercare/{ada.course.pk}/letter")
    assert page.content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "March 1, 2026"), ("es", "1 de marzo de 2026")], ids=["English", "Spanish"]
)
def test_the_letter_is_dated_by_the_programme_and_in_the_readers_words(
    ada: Aftercare, language: str, words: str
) -> None:
    ada.course.person.language = language
    ada.course.program.time_zone = "America/New_York"
    with clock.held_at(at("2026-03-01T23:30")):  # the second of March by UTC
        page = letter.page(ada.cast.carol, ada.course)
    assert f"<p>{words}</p>" in page
    assert f'lang="{language}"' in page


def test_no_try_is_logged_by_looking(ada: Aftercare) -> None:
    row = ada.comes_due()
    client = as_(ada.cast.mina)
    for _ in range(3):
        client.get("/calls/")
        client.get(f"/calls/{row.pk}/")
    fresh = journal.check_in_of(row.pk)
    assert (fresh.tries, fresh.claimed_by, fresh.state) == (0, None, Call.DUE)
    assert TryOutcome.NO_ANSWER in TryOutcome
    assert queue.waiting(ada.cast.mina, ada.cast.north, clock.now())
