"""What staff are asked to do: asked once, seen by whom it concerns, finished by one of them."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection

from sessions.audit.models import AuditEvent
from sessions.core.errors import Fault, Invalid, NotFound
from sessions.people.models import Person
from sessions.worklist import service
from sessions.worklist.kinds import CLINICIANS, KINDS, REASONS
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import Cast
from tests.service.reading import as_


def review(
    cast: Cast, person: Person | None = None, key: str = "absence-1", kind: str = "absence.review"
) -> StaffTask:
    return service.ask(
        cast.north.pk,
        kind,
        key=key,
        reason="unexcused",
        params={"on": "2026-03-02"},
        person=person or cast.alice,
        about=service.About("sheet", cast.group.pk),
    )


def test_the_same_event_asks_once_whatever_became_of_it(cast: Cast) -> None:
    first = review(cast)
    service.done(cast.carol, first.pk)
    assert review(cast) == first
    assert StaffTask.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "about", "kind", "sees"),
    [
        ("carol", "alice", "absence.review", True),
        ("carol", "alice", "schedule.short", True),
        ("mina", "alice", "absence.review", True),
        ("mina", "alice", "schedule.short", False),  # coordinators' work
        ("mina", "chidi", "absence.review", False),  # of a cohort she does not lead
        ("theo", "chidi", "absence.review", True),
    ],
)
def test_staff_see_what_concerns_them(cast: Cast, who: str, about: str, kind: str, sees: bool) -> None:
    task = review(cast, getattr(cast, about), kind=kind)
    seen = service.open_tasks(getattr(cast, who), cast.north)
    assert (task in seen) == sees
    assert service.open_count(getattr(cast, who)) == int(sees)


@pytest.mark.parametrize("who", ["alice", "omar", "ada", "ines", "otto", "sofia", "nora"])
def test_nobody_else_sees_any(cast: Cast, who: str) -> None:
    task = review(cast)
    person = getattr(cast, who)
    assert service.open_count(person) == 0
    for attempt in (
        lambda: service.open_tasks(person, cast.north),
        lambda: service.task(person, task.pk),
        lambda: service.done(person, task.pk),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert as_(person).get(f"/tasks/{task.pk}").status_code == 404
    assert as_(person).get("/tasks/").status_code == (200 if who == "otto" else 404)


def test_a_facilitator_may_be_asked_by_name(cast: Cast) -> None:
    task = service.ask(
        cast.north.pk, "attendance.sign", key="x", reason="unsigned", assigned_to=cast.theo, urgent=True
    )
    assert service.open_tasks(cast.theo, cast.north) == [task]
    assert service.open_tasks(cast.mina, cast.north) == []


def test_urgent_stands_first_then_what_is_due_first(cast: Cast) -> None:
    later, urgent = review(cast), review(cast, cast.bruno, "absence-2")
    StaffTask.objects.filter(pk=urgent.pk).update(urgent=True, due_at=later.due_at + service.DUE_IN)
    assert service.open_tasks(cast.carol, cast.north) == [urgent, later]


def test_of_two_people_one_finishes_it(cast: Cast) -> None:
    task = review(cast)
    service.claim(cast.mina, task.pk)
    service.done(cast.carol, task.pk, "Called her; she was ill.")
    with pytest.raises(service.AlreadyFinished):
        service.done(cast.mina, task.pk)
    row = service.task(cast.mina, task.pk)
    assert (row.status, row.finished_by, row.claimed_by) == (TaskStatus.DONE, cast.carol, cast.mina)
    assert service.note_of(row) == "Called her; she was ill."
    acts = AuditEvent.objects.filter(subject_id=str(task.pk)).values_list("act", flat=True)
    assert list(acts) == ["task.claimed", "task.done"]


def test_a_note_is_encrypted(cast: Cast) -> None:
    task = review(cast)
    service.done(cast.carol, task.pk, "Relapse, wants help.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM iop_stafftask")
        assert b"Relapse" not in bytes(cursor.fetchone()[0])


def test_setting_aside_needs_a_reason(cast: Cast) -> None:
    task = review(cast)
    with pytest.raises(Invalid):
        service.dismiss(cast.carol, task.pk, "  ")
    service.dismiss(cast.carol, task.pk, "It was excused by phone.")
    assert service.finished_tasks(cast.carol, cast.north) == [task]


def test_what_settles_itself_closes(cast: Cast) -> None:
    task = review(cast)
    service.settled(cast.north.pk, "absence-1")
    service.settled(cast.north.pk, "absence-1")
    task.refresh_from_db()
    assert (task.status, task.finished_by) == (TaskStatus.DONE, None)


def test_a_task_that_nobody_wrote_is_a_fault(cast: Cast) -> None:
    for kind, reason, error in (
        ("no.such", "unsigned", Fault),
        ("other", "no-such", Fault),
        ("other", "unexcused", Fault),  # its day is missing
    ):
        with pytest.raises(error):
            service.ask(cast.north.pk, kind, key="x", reason=reason)


def test_facilitators_are_asked_clinical_questions_only() -> None:
    for code, kind in KINDS.items():
        assert kind.seen_by <= CLINICIANS, code
    for code, reason in REASONS.items():
        assert re.findall(r"%(?!\(\w+\)s)", reason.says) == [], code


def test_the_page_tells_why_whom_and_by_when(cast: Cast) -> None:
    task = review(cast)
    client = as_(cast.mina)
    assert "1 thing to do" in client.get("/").content.decode()
    page = " ".join(client.get("/tasks/").content.decode().split())
    assert "Look at an absence: Alice Haddad" in page
    assert "Was not there on Monday, March 2, and it is not excused." in page
    one = client.get(f"/tasks/{task.pk}").content.decode()
    assert f'href="/meetings/{cast.group.pk}/sign"' in one
    assert client.post(f"/tasks/{task.pk}/claim").headers["Location"] == f"/tasks/{task.pk}"
    assert "Mina Park is on it." in " ".join(as_(cast.carol).get("/tasks/").content.decode().split())
    assert client.post(f"/tasks/{task.pk}/dismiss", {"note": ""}).status_code == 422
    assert client.post(f"/tasks/{task.pk}/done", {"note": "Spoke with her."}).headers["Location"] == "/tasks/"
    assert "Nothing to do." in client.get("/tasks/").content.decode()
    assert "Spoke with her." in client.get(f"/tasks/{task.pk}").content.decode()
    assert client.post(f"/tasks/{task.pk}/nonsense").status_code == 404
    again = client.post(f"/tasks/{task.pk}/done", follow=True)
    assert "Somebody has finished this already." in again.content.decode()


def test_a_task_of_another_programme_is_not_there(cast: Cast) -> None:
    task = service.ask(cast.south.pk, "other", key="x", reason="unsigned")
    for person in (cast.carol, cast.mina):
        for path in (f"/tasks/{task.pk}", f"/tasks/{uuid.uuid4()}"):
            assert as_(person).get(path).status_code == 404


def test_an_ended_enrolment_does_not_hide_an_open_question(cast: Cast) -> None:
    from datetime import timedelta

    from sessions.core import clock
    from sessions.programs.models import Enrollment

    task = review(cast)
    on = (clock.now() - timedelta(days=1)).date()
    Enrollment.objects.filter(person=cast.alice).update(ended_on=on, status="completed")
    assert service.open_tasks(cast.mina, cast.north) == [task]
