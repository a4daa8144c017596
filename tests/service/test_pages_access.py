"""Who may open which page. A foreign object and one that does not exist get the same answer."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from sessions.audit.models import AuditEvent
from sessions.people.models import Person
from sessions.people.service import disable
from sessions.web import urls
from sessions.web.interop import urls as interop_urls
from sessions.web.programme import urls as programme_urls
from tests.cast import Cast
from tests.service.reading import as_

NOBODY = uuid.UUID(int=7)

# Everybody with a part in the room of each meeting of the cast.
IN_THE_ROOM = {
    "group": {"mina", "theo", "alice", "bruno"},
    "morning_group": {"theo", "chidi"},
    "individual": {"mina", "alice"},
    "family": {"mina", "alice", "omar", "bruno", "rosa"},
    "check_in": {"mina", "ada"},
    "southern": {"otto", "sofia"},
}
COORDINATED = {"carol": {"group", "morning_group", "individual", "family", "check_in"}}
PEOPLE = [
    "mina",
    "theo",
    "alice",
    "bruno",
    "chidi",
    "omar",
    "rosa",
    "ada",
    "carol",
    "ines",
    "otto",
    "sofia",
    "nora",
]


def body(content: bytes) -> str:
    """A page without what differs at every load: form tokens, and the address that was asked for."""
    return re.sub(r'(csrfmiddlewaretoken" value|"next" value)="[^"]*"', "", content.decode())


@pytest.mark.parametrize("who", PEOPLE)
def test_meeting_pages_open_for_those_with_a_part_in_them(cast: Cast, who: str) -> None:
    client = as_(getattr(cast, who))
    unknown = client.get(f"/meetings/{NOBODY}/")
    for name, people in IN_THE_ROOM.items():
        page = client.get(f"/meetings/{getattr(cast, name).pk}/")
        allowed = who in people or name in COORDINATED.get(who, ())
        assert page.status_code == (200 if allowed else 404), name
        if not allowed:
            assert body(page.content) == body(unknown.content)
            assert page.headers.items() - unknown.headers.items() <= _changing(page.headers)


@pytest.mark.parametrize("who", PEOPLE)
def test_rooms_open_for_those_with_a_part_in_them_and_not_for_coordinators(cast: Cast, who: str) -> None:
    client = as_(getattr(cast, who))
    for name, people in IN_THE_ROOM.items():
        page = client.get(f"/meetings/{getattr(cast, name).pk}/room")
        looks_on = name in COORDINATED.get(who, ())
        assert page.status_code == (200 if who in people else 403 if looks_on else 404), name


def test_being_a_superuser_opens_no_meeting(cast: Cast) -> None:
    Person.objects.filter(pk=cast.nora.pk).update(is_superuser=True)
    client = as_(Person.objects.get(pk=cast.nora.pk))
    assert client.get("/admin/").status_code == 200
    assert client.get(f"/meetings/{cast.group.pk}/").status_code == 404
    assert client.get(f"/meetings/{cast.group.pk}/room").status_code == 404


@pytest.mark.parametrize("who", PEOPLE)
def test_sign_off_opens_for_who_leads_and_for_coordinators(cast: Cast, who: str) -> None:
    client = as_(getattr(cast, who))
    for name, people in IN_THE_ROOM.items():
        meeting = getattr(cast, name)
        leads = getattr(cast, who) in meeting.facilitators.all()
        coordinates = name in COORDINATED.get(who, ())
        status = 200 if leads or coordinates else 403 if who in people else 404
        assert client.get(f"/meetings/{meeting.pk}/sign").status_code == status, name
        for what in ("change", "notes"):  # about nobody there
            page = client.get(f"/meetings/{meeting.pk}/{what}/{NOBODY}")
            assert page.status_code == (404 if leads or status == 404 else 403), (name, what)


@pytest.mark.parametrize("who", PEOPLE)
def test_the_week_opens_for_coordinators(cast: Cast, who: str) -> None:
    assert as_(getattr(cast, who)).get("/week/").status_code == (200 if who in COORDINATED else 404)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/today",
        "/week/",
        "/week/mine",
        f"/week/{NOBODY}/{NOBODY}",
        f"/week/cohort/{NOBODY}",
        "/tasks/",
        f"/tasks/{NOBODY}",
        "/messages/",
        "/messages/mine",
        "/meetings/{}/",
        "/meetings/{}/room",
        "/meetings/{}/sign",
        f"/meetings/{{}}/change/{NOBODY}",
        f"/meetings/{{}}/notes/{NOBODY}",
        "/admin/",
    ],
)
def test_strangers_are_asked_to_sign_in_whatever_they_ask_for(cast: Cast, client: Client, path: str) -> None:
    for meeting_id in (cast.group.pk, NOBODY):
        answer = client.get(path.format(meeting_id))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(("/accounts/login/?next=", "/admin/login/?next="))


def test_a_fragment_asked_for_after_signing_out_makes_the_page_go_to_sign_in(
    client: Client, db: None
) -> None:
    answer = client.get("/today", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


def test_a_disabled_person_is_a_stranger_at_once(cast: Cast) -> None:
    client = as_(cast.alice)
    assert client.get("/").status_code == 200
    disable(cast.alice)
    assert client.get("/").status_code == 302
    assert client.get(f"/meetings/{cast.group.pk}/room").status_code == 302


def test_a_cancelled_meeting_keeps_its_page_and_loses_its_room(cast: Cast) -> None:
    from sessions.programs.service import cancel

    cancel(cast.group)
    client = as_(cast.alice)
    assert b"does not take place" in client.get(f"/meetings/{cast.group.pk}/").content
    room = client.get(f"/meetings/{cast.group.pk}/room")
    assert (room.status_code, room.headers["Location"]) == (302, f"/meetings/{cast.group.pk}/")


def test_a_refused_look_is_on_record(cast: Cast) -> None:
    as_(cast.chidi).get(f"/meetings/{cast.group.pk}/")
    event = AuditEvent.objects.get(actor_id=cast.chidi.pk)
    assert (event.act, event.outcome, event.reason) == ("meeting.see", "refused", "not-found")
    assert event.subject_id == str(cast.group.pk)


@pytest.mark.parametrize("who", PEOPLE)
def test_the_admin_does_not_exist_for_the_clinic(cast: Cast, who: str) -> None:
    """Also not for those who administer a programme: that is another thing."""
    client = as_(getattr(cast, who))
    assert client.get("/admin/", follow=True).status_code == 404
    assert client.get("/admin/iop/person/", follow=True).status_code == 404


def test_pages_that_only_show_refuse_to_be_posted_to(cast: Cast) -> None:
    client = as_(cast.alice)
    for path in ("/", "/today", f"/meetings/{cast.group.pk}/", f"/meetings/{cast.group.pk}/room", "/healthz"):
        assert client.post(path).status_code == 405


def test_every_address_of_the_clinic_is_in_these_tests() -> None:
    """A new page must be added to the table above; it is not open by accident."""
    ours = {getattr(pattern, "name", "") for pattern in urls.urlpatterns}
    attendance = {"sign", "adjust", "notes", "week"}
    attendance |= {"absence", "my-week", "client-week", "cohort-weeks", "make-up-cancel"}  # test_makeups.py
    tasks = {"tasks", "task", "task-act"}  # tests/service/test_worklist.py
    papers = {  # test_pages_papers.py
        *("papers", "paper", "files", "file", "offer-paper", "told", "told-csv"),
        *("report-new", "meeting-report", "report-order", "report-file"),
    }
    on_call = {"take-over"}  # test_on_call.py
    messages = {"deliveries", "reminders", "messages-heard", "messages-stop"}  # test_messages*.py
    # test_pages_aftercare.py
    aftercare = {"appointment", "appointment-calendar", "check-in", "check-in-questions", "check-in-wishes"}
    aftercare |= {"calls", "call", "call-hours"}
    aftercare |= {"aftercare", "aftercare-course", "aftercare-export", "aftercare-letter"}
    programme = {pattern.name for pattern in programme_urls.urlpatterns}  # test_programme_access.py
    programme |= {pattern.name for pattern in interop_urls.urlpatterns}  # test_interop.py, test_import.py
    assert (
        ours - tasks - messages - aftercare - papers - programme - on_call
        == {"home", "today", "meeting", "room", "language", "alive", "ready", "clockwork", None} | attendance
    )


def _changing(headers: object) -> set[tuple[str, str]]:
    """Headers whose values change with every answer."""
    assert hasattr(headers, "items")
    return {(k, v) for k, v in headers.items() if k in ("Set-Cookie", "Content-Security-Policy")}
