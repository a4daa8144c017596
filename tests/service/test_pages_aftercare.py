"""The pages of aftercare: the alumna's, the caller's, the coordinator's, and the link that needs no sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from sessions.aftercare import (
    answers,
    appointment,
    deciding,
    emergency,
    free,
    instruments,
    journal,
    letter,
    notices,
    queue,
)
from sessions.aftercare.hours_models import CallerException, CallerHours
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import CheckIn, CheckInForm, Escalation, TryOutcome
from sessions.aftercare.risk import Tier
from sessions.attendance.reports import drawing
from sessions.audit.models import AuditEvent
from sessions.core import clock
from sessions.core.span import Span
from sessions.people.models import Person
from tests.cast import MORNING, assemble
from tests.service.aftercare import HOUR, Aftercare, at, names_contact
from tests.service.test_pages_access import PEOPLE

pytestmark = pytest.mark.django_db

NAMES = ("North", "Mina", "Ada", "Novak", "recovery", "aftercare", "treatment", "program")


@pytest.fixture
def ada() -> Iterator[Aftercare]:
    """Her plan is signed; the first call is on Thursday at 10."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        found = Aftercare(assemble(), traveller)
        found.begins()
        found.passes(HOUR)
        yield found


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(content: bytes) -> str:
    return re.sub(
        r"\s+",
        " ",
        re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|script|head).*?</\1>", " ", content.decode())),
    )


def test_the_alumna_keeps_and_moves_on_her_page(ada: Aftercare) -> None:
    client = as_(ada.cast.ada)
    page = client.get("/check-in/")
    assert page.status_code == 200
    assert "10:00" in text(page.content)
    assert client.post("/check-in/", {"do": "keep"}).status_code == 302
    assert ada.upcoming().confirmed_at is not None
    other = appointment.choices(ada.upcoming(), clock.now())[-1].starts_at
    assert other.isoformat() in client.get("/check-in/?move").content.decode()
    assert client.post("/check-in/", {"do": "move", "starts_at": other.isoformat()}).status_code == 302
    assert ada.upcoming().starts_at == other
    refused = client.post("/check-in/", {"do": "move", "starts_at": "2026-03-05T03:00:00+00:00"})
    assert (refused.status_code, "just been taken" in text(refused.content)) == (409, True)
    client.post("/check-in/", {"do": "decline"})
    assert ada.calls(Call.CANCELLED)


def test_one_question_a_screen_kept_at_once_and_gone_on_with_later(ada: Aftercare) -> None:
    client = as_(ada.cast.ada)
    first = client.get("/check-in/questions")
    assert "1 of 36, about 4 minutes" in text(first.content)
    assert b"danger" in first.content
    assert client.post("/check-in/questions", {"question": "danger"}).status_code == 422
    client.post("/check-in/questions", {"question": "danger", "answer": "0"})
    assert "2 of 36" in text(as_(ada.cast.ada).get("/check-in/questions").content)
    assert "Go on with the questions" in text(client.get("/check-in/").content)
    assert "2 of 36" not in text(client.get("/check-in/questions?q=danger").content)
    given: dict[str, int] = {"danger": 0}
    while rest := [one for one in instruments.asked(given) if one.key not in given]:
        given[rest[0].key] = 0
        client.post("/check-in/questions", {"question": rest[0].key, "answer": "0"})
    assert CheckInForm.objects.get().submitted_at is not None
    assert "That was all" in text(client.get("/check-in/questions").content)
    assert client.post("/check-in/questions", {"question": "bam1", "answer": "99"}).status_code == 422


def test_who_says_they_are_in_danger_is_shown_help_at_once(ada: Aftercare) -> None:
    client = as_(ada.cast.ada)
    page = client.post("/check-in/questions", {"question": "danger", "answer": "1"}, follow=True)
    assert "You are not alone" in text(page.content)
    assert b'href="tel:988"' in page.content
    assert ada.look().state == Course.CRISIS
    assert "Go on with the questions" in text(page.content)


def test_spanish_asks_in_spanish(ada: Aftercare) -> None:
    Person.objects.filter(pk=ada.cast.ada.pk).update(language="es")
    page = as_(Person.objects.get(pk=ada.cast.ada.pk)).get("/check-in/questions")
    assert "¿Está en peligro en este momento?" in page.content.decode()


def test_the_link_without_sign_in_says_a_time_and_nothing_else(ada: Aftercare) -> None:
    row = ada.upcoming()
    address = f"/a/{notices.token(row)}"
    stranger = Client()
    for _ in range(10):
        page = stranger.get(address)
        stranger.head(address)
    assert ada.upcoming().confirmed_at is None
    said = text(page.content)
    assert "10:00" in said
    assert not [name for name in NAMES if name.lower() in said.lower()]
    calendar = stranger.get(f"{address}/calendar").content.decode()
    assert "DTSTART:20260305T150000Z" in calendar
    assert not [name for name in NAMES if name.lower() in calendar.lower()]
    assert stranger.post(address, {"do": "keep"}).status_code == 302
    assert ada.upcoming().confirmed_at is not None
    other = appointment.choices(row, clock.now())[3].starts_at
    moved = stranger.post(address, {"do": "move", "starts_at": other.isoformat()})
    assert moved.headers["Location"] == f"/a/{notices.token(ada.upcoming())}"
    assert stranger.get(address).status_code == 404
    declined = stranger.post(moved.headers["Location"], {"do": "decline"})
    assert "does not take place" in text(declined.content)
    assert stranger.get("/a/nonsense").status_code == 404


def test_the_link_leads_in_at_its_time_and_says_so_when_it_is_over(ada: Aftercare) -> None:
    row = ada.upcoming()
    address, stranger = f"/a/{notices.token(row)}", Client()
    assert b"?move" in stranger.get(address).content
    ada.passes_until(at("2026-03-05T09:30"))
    near = stranger.get(f"{address}?move")
    assert "too close to be moved" in text(near.content)
    assert not [word for word in (b"?move", b'value="move"', b'value="decline"') if word in near.content]
    ada.passes_until(at("2026-03-05T10:05"))
    now = stranger.get(address)
    assert "Please have your phone near" in text(now.content)
    assert b"<button" not in now.content.partition(b"<main")[2].partition(b"</main")[0]
    assert not [name for name in NAMES if name.lower() in text(now.content).lower()]
    assert stranger.post(address, {"do": "keep"}).status_code == 409
    ada.passes_until(at("2026-03-05T11:00"))
    for dead in (address, "/a/nonsense"):
        page = stranger.get(dead)
        assert page.status_code == 404
        assert "The newest message has the link that counts" in text(page.content)


def test_the_link_of_a_call_by_video_leads_to_its_room_after_signing_in(ada: Aftercare) -> None:
    deciding.wish(ada.cast.ada, ada.course, channel="video")
    ada.passes(HOUR)
    row = ada.upcoming()
    assert row.starts_at is not None
    ada.passes_until(row.starts_at)
    page = Client().get(f"/a/{notices.token(row)}")
    assert "Come in" in text(page.content)
    assert b'href="/check-in/"' in page.content
    assert str(row.meeting_id).encode() not in page.content
    mine = as_(ada.cast.ada).get("/check-in/").content.decode()
    assert f'href="/meetings/{row.meeting_id}/room"' in mine


def test_her_wishes(ada: Aftercare) -> None:
    client = as_(ada.cast.ada)
    wishes = {
        "channel": "telephone",
        "time": "12:00-17:00",
        "weekdays": ["1", "2"],
        "address": "4 Elm Street",
        "contact": "June",
        "contact_phone": "+1 212 555 0199",
    }
    assert client.post("/check-in/wishes", wishes).status_code == 302
    ada.look()
    assert emergency.emergency_of(ada.course).address == "4 Elm Street"
    assert b"Elm" not in bytes(ada.course.emergency)
    assert ada.upcoming().due_on.weekday() in (1, 2)
    assert "4 Elm Street" in client.get("/check-in/").content.decode()
    assert client.post("/check-in/wishes", {"channel": "pigeon"}).status_code == 302
    assert "do not fit" in text(client.get("/check-in/").content)


def test_please_call_me(ada: Aftercare) -> None:
    client = as_(ada.cast.ada)
    client.post("/check-in/", {"do": "ask"})
    assert "It is time for your call" in text(client.get("/check-in/").content)


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_open_what(ada: Aftercare, who: str) -> None:
    client = as_(getattr(ada.cast, who))
    row = ada.upcoming()
    opened = {
        "/check-in/": {"ada"},
        "/check-in/questions": {"ada"},
        "/calls/": {"mina", "theo", "carol", "otto"},
        "/calls/hours": {"mina", "theo", "carol", "otto"},
        f"/calls/{row.pk}/": {"mina", "carol"},
        "/aftercare/": {"carol"},
        "/aftercare/export": {"carol"},
        f"/aftercare/{ada.course.pk}/": {"mina", "carol"},
    }
    for path, people in opened.items():
        assert client.get(path).status_code == (200 if who in people else 404), path
    if who == "otto":  # of another programme
        assert "Ada" not in client.get("/calls/").content.decode()
    letter = client.get(f"/aftercare/{ada.course.pk}/letter").status_code
    assert letter == ({"carol": 200 if drawing.available() else 409, "mina": 403}.get(who, 404))


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


def test_home_leads_there(ada: Aftercare) -> None:
    assert b'href="/check-in/"' in as_(ada.cast.ada).get("/").content
    assert b'href="/calls/"' in as_(ada.cast.mina).get("/").content
    assert b'href="/aftercare/"' in as_(ada.cast.carol).get("/").content


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
