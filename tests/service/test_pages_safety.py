"""What holds for every page: what it may load, what a browser may keep, and what it says when things fail."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.signals import got_request_exception
from django.test import Client
from pytest_django import Settings

from sessions.audit.models import AuditEvent
from sessions.people.models import Membership, Person
from sessions.room import service
from tests.cast import Cast
from tests.service.room import Evening


@pytest.fixture
def signed_in(cast: Cast, client: Client) -> Client:
    client.force_login(cast.alice)
    return client


def paths(cast: Cast) -> list[str]:
    return [
        "/",
        "/today",
        f"/meetings/{cast.group.pk}/",
        f"/meetings/{cast.group.pk}/room",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/nothing",
    ]


def test_a_page_may_load_from_its_own_origin_only(cast: Cast, signed_in: Client) -> None:
    for path in paths(cast):
        answer = signed_in.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http:" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.content.decode()), path


def test_nothing_is_styled_or_scripted_inside_the_page(cast: Cast, signed_in: Client) -> None:
    """The content policy would drop it silently."""
    for path in paths(cast):
        page = signed_in.get(path).content.decode()
        assert not re.findall(r"\s(?:style|on[a-z]+)=", page), path
        assert not re.findall(r"<style|<script(?![^>]*(?:src=|application/json))", page), path


def test_browsers_keep_no_page(cast: Cast, signed_in: Client) -> None:
    for path in paths(cast):
        assert signed_in.get(path).headers["Cache-Control"] == "no-store"


def test_only_the_room_may_use_camera_and_microphone(cast: Cast, signed_in: Client) -> None:
    for path in paths(cast):
        policy = signed_in.get(path).headers["Permissions-Policy"]
        allowed = "camera=(self), microphone=(self)" in policy
        assert allowed == path.endswith("/room")
        assert "geolocation=()" in policy


def test_addresses_carry_no_words_about_health(cast: Cast, signed_in: Client) -> None:
    for path in paths(cast):
        page = signed_in.get(path).content.decode()
        for address in re.findall(r'(?:href|action|hx-get)="([^"]*)"', page):
            for word in ("group", "therapy", "alice", "mina", "evening", "north", "family", "@"):
                assert word not in address.lower()


def test_the_room_is_told_what_it_needs_and_no_more(cast: Cast, signed_in: Client) -> None:
    page = signed_in.get(f"/meetings/{cast.group.pk}/room").content.decode()
    config = json.loads(page.split('<script id="room-config" type="application/json">')[1].split("<")[0])
    assert config == {
        "meetingId": str(cast.group.pk),
        "socketPath": f"/ws/rooms/{cast.group.pk}",
        "title": "Evening",
        "personName": "Alice H.",
        "role": "client",
        "language": "en",
        "homePath": "/",
        "timeZone": cast.alice.time_zone,
        "testHooks": False,
        "weekPath": "/week/mine",
    }
    assert "Bruno" not in page


def test_programs_get_refusals_as_json(cast: Cast, signed_in: Client) -> None:
    answer = signed_in.get(f"/meetings/{cast.southern.pk}/", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert set(answer.json()) == {"code", "text"}


def test_a_refusal_says_what_one_can_do(signed_in: Client) -> None:
    page = signed_in.get("/nothing").content.decode()
    assert "There is nothing here for you" in page
    assert 'href="/">To your sessions</a>' in page


def test_a_form_that_was_open_for_too_long_is_refused_calmly(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/accounts/login/", {"login": "a@example.org", "password": "x"})
    assert answer.status_code == 403
    assert "open for a long time" in answer.content.decode()


def test_more_than_a_form_takes_is_said_in_words_and_kept_by_nobody(signed_in: Client) -> None:
    """Ten megabytes in one field. Which page it was makes no difference: nothing of it is read."""
    answer = signed_in.post("/messages/mine", {"quiet_from": "x" * 10_000_000})
    assert answer.status_code == 413
    page = answer.content.decode()
    assert "more than fits" in page
    assert "xxx" not in page


def test_a_fault_of_ours_shows_no_detail(
    cast: Cast, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions.web import agenda

    def broken(*args: object) -> None:
        raise RuntimeError("alice haddad, process group")

    monkeypatch.setattr(agenda, "agenda", broken)
    signed_in.raise_request_exception = False
    heard: list[object] = []
    got_request_exception.connect(lambda **kwargs: heard.append(kwargs), weak=False, dispatch_uid="test")
    try:
        answer = signed_in.get("/")
    finally:
        got_request_exception.disconnect(dispatch_uid="test")
    assert answer.status_code == 500
    assert heard
    assert "Something went wrong on our side" in answer.content.decode()
    assert "haddad" not in answer.content.decode()


def test_alive_asks_for_nothing(client: Client) -> None:
    """Without the database: this test may not touch it."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.fixture
def media_socket(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Somebody listens where the media worker listens."""
    path = str(tmp_path / "media.sock")
    settings.MEDIA_RPC = path
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        yield


def test_ready_when_database_channel_layer_and_media_worker_answer(
    db: None, media_socket: None, client: Client
) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_not_ready_without_the_media_worker_and_outsiders_learn_no_more(
    db: None, settings: Settings, tmp_path: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MEDIA_RPC = str(tmp_path / "nothing.sock")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})
    assert [record.getMessage() for record in caplog.records] == [
        "not ready: media worker (FileNotFoundError)"
    ]


def test_not_ready_without_the_database(media_socket: None, client: Client) -> None:
    """pytest-django refuses the database to this test, as an outage would."""
    assert client.get("/readyz").status_code == 503


@pytest.fixture
def administrator(cast: Cast, client: Client) -> Client:
    Person.objects.filter(pk=cast.nora.pk).update(is_superuser=True)
    client.force_login(Person.objects.get(pk=cast.nora.pk))
    return client


def test_what_an_administrator_looks_at_is_on_record(cast: Cast, administrator: Client) -> None:
    assert administrator.get("/admin/iop/enrollment/").status_code == 200
    enrollment = cast.alice.enrollments.get()
    assert administrator.get(f"/admin/iop/enrollment/{enrollment.pk}/change/").status_code == 200
    events = [(event.act, event.subject_type) for event in AuditEvent.objects.filter(actor_id=cast.nora.pk)]
    assert events == [("admin.listed", "enrollment"), ("admin.viewed", "enrollment")]


SHOWN = [
    "membership",
    "program",
    "cohort",
    "enrollment",
    "household",
    "nocontact",
    "meeting",
    "auditevent",
    "roomfact",
]


@pytest.mark.parametrize("table", ["person", *SHOWN])
def test_the_admin_shows_its_tables_and_deletes_nothing(
    cast: Cast, administrator: Client, table: str
) -> None:
    page = administrator.get(f"/admin/iop/{table}/")
    assert page.status_code == 200
    assert b"delete_selected" not in page.content


@pytest.mark.parametrize("table", SHOWN)
def test_what_has_rules_of_its_own_cannot_be_typed_in(cast: Cast, administrator: Client, table: str) -> None:
    assert administrator.get(f"/admin/iop/{table}/add/").status_code == 403
    assert administrator.post(f"/admin/iop/{table}/add/", {}).status_code == 403


def test_a_role_is_not_ended_in_the_admin(cast: Cast, administrator: Client) -> None:
    role = Membership.objects.get(person=cast.mina)
    address = f"/admin/iop/membership/{role.pk}/change/"
    assert administrator.get(address).status_code == 200
    ended = {"ended_at_0": "2026-03-01", "ended_at_1": "10:00"}
    assert administrator.post(address, ended).status_code == 403
    role.refresh_from_db()
    assert role.ended_at is None


def test_an_administrator_adds_a_person_who_then_chooses_a_password(
    cast: Cast, administrator: Client
) -> None:
    form = {
        "given_name": "Lena",
        "family_name": "Frey",
        "email": "Lena@Example.org",
        "language": "en",
        "time_zone": "America/New_York",
        "is_active": "on",
    }
    assert administrator.post("/admin/iop/person/add/", form).status_code == 302
    lena = Person.objects.get(email="lena@example.org")
    assert not lena.has_usable_password()
    added = AuditEvent.objects.get(act="admin.added")
    assert (added.actor_id, added.subject_id) == (cast.nora.pk, str(lena.pk))


def test_switching_somebody_off_in_the_admin_ends_login_and_place_at_once(
    cast: Cast, administrator: Client
) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    other = Client()
    other.force_login(cast.alice)
    form = {
        "given_name": "Alice",
        "family_name": "Haddad",
        "email": cast.alice.email,
        "language": "en",
        "time_zone": "America/New_York",
    }
    assert administrator.post(f"/admin/iop/person/{cast.alice.pk}/change/", form).status_code == 302
    assert other.get("/").status_code == 302
    assert service.seats([(cast.group.pk, cast.alice.pk)])[cast.group.pk, cast.alice.pk] is None
    assert evening.view(cast.mina).members == ()
    off = AuditEvent.objects.get(act="person.disabled")
    assert (off.actor_id, off.subject_id) == (cast.nora.pk, str(cast.alice.pk))


def test_language_and_zone_of_one_reader_do_not_stick_to_the_next(cast: Cast) -> None:
    """Requests share threads."""
    from django.utils import timezone

    Person.objects.filter(pk=cast.alice.pk).update(time_zone="America/Phoenix", language="es")
    client = Client()
    client.force_login(Person.objects.get(pk=cast.alice.pk))
    client.get("/")
    assert timezone.get_current_timezone_name() == "UTC"
    assert threading.current_thread() is threading.main_thread()
    assert '<html lang="en">' in Client().get("/accounts/login/").content.decode()
