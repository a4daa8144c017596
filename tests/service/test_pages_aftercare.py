"""The pages of aftercare: the alumna's, the link that needs no sign-in, and who may open what."""

from __future__ import annotations

import pytest
from django.test import Client

from sessions.aftercare import appointment, deciding, emergency, instruments, notices
from sessions.aftercare.machine import Call, Course
from sessions.aftercare.models import CheckInForm
from sessions.attendance.reports import drawing
from sessions.core import clock
from sessions.people.models import Person
from tests.service.aftercare import HOUR, Aftercare, at, plan_signed
from tests.service.reading import as_, text
from tests.service.test_pages_access import PEOPLE

pytestmark = pytest.mark.django_db
ada = plan_signed

NAMES = ("North", "Mina", "Ada", "Novak", "recovery", "aftercare", "treatment", "program")


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


def test_home_leads_there(ada: Aftercare) -> None:
    assert b'href="/check-in/"' in as_(ada.cast.ada).get("/").content
    assert b'href="/calls/"' in as_(ada.cast.mina).get("/").content
    assert b'href="/aftercare/"' in as_(ada.cast.carol).get("/").content
