"""Pages of consents, disclosures and reports: who may open them, and what they do."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from sessions import tasks
from sessions.attendance.reports.models import Report, ReportOrder
from sessions.audit.models import AuditEvent
from sessions.consents import service
from sessions.consents.models import Consent, ConsentReminder, Disclosure
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock
from sessions.messages.models import Message
from sessions.people.access import Act
from sessions.people.models import Person
from sessions.programs.models import Meeting
from sessions.worklist.models import StaffTask
from tests import cast as people
from tests.cast import Cast
from tests.service.february import evening
from tests.service.papers import file, in_days, offered, recipient, signs
from tests.service.reading import as_
from tests.service.signed import signed
from tests.service.test_pages_access import PEOPLE, body

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(people.MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(time: time_machine.Traveller, db: None) -> Cast:
    cast = people.assemble()
    signed(cast, evening(3), {cast.alice: 90, cast.bruno: 60})
    return cast


def at(cast: Cast, what: str = "", person: Person | None = None) -> str:
    return f"/files/{cast.north.pk}/{(person or cast.alice).pk}/{what}"


def text(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


OPEN_TO: dict[str, set[str]] = {
    "": {"carol"},
    "offer": {"carol"},
    "told": {"carol", "alice"},
    "told.csv": {"carol", "alice"},
    "report": {"carol", "alice"},
}


@pytest.mark.parametrize("who", PEOPLE)
def test_a_file_opens_for_coordinators_and_its_owner_and_does_not_exist_for_others(
    cast: Cast, who: str
) -> None:
    client = as_(getattr(cast, who))
    for page, allowed in OPEN_TO.items():
        answer = client.get(at(cast, page))
        owner = who == "alice"
        expected = 200 if who in allowed else 403 if owner else 404
        assert answer.status_code == expected, page
        foreign = client.get(f"/files/{cast.south.pk}/{cast.alice.pk}/{page}")
        assert foreign.status_code == 404
        if expected == 404:
            unknown = client.get(f"/files/{cast.north.pk}/{NOBODY}/{page}")
            assert body(answer.content) == body(unknown.content)


@pytest.mark.parametrize("who", PEOPLE)
def test_papers_reports_and_orders_open_for_those_they_belong_to(cast: Cast, who: str) -> None:
    consent = signs(cast.alice, offered(cast))
    as_(cast.carol).post(at(cast, "report"), _choice(consent, "make"))
    tasks.make_reports()
    report, order = Report.objects.get(), ReportOrder.objects.get()
    client = as_(getattr(cast, who))
    assert client.get("/papers/").status_code == 200
    assert client.get("/files/").status_code == (200 if who == "carol" else 404)
    assert client.get(f"/papers/{consent.pk}").status_code == (200 if who in ("alice", "carol") else 404)
    assert client.get(f"/reports/{report.pk}/file").status_code == (200 if who == "carol" else 404)
    assert client.get(f"/reports/orders/{order.pk}").status_code == (200 if who == "carol" else 404)
    meeting = Meeting.objects.get(attestation__isnull=False)
    leads, attends = who in ("mina", "theo", "carol"), who in ("alice", "bruno")
    posted = client.post(f"/meetings/{meeting.pk}/report", {"format": "csv"})
    assert posted.status_code == (302 if leads else 403 if attends else 404)


@pytest.mark.parametrize(
    "path",
    ["/papers/", f"/papers/{NOBODY}", "/files/", f"/reports/{NOBODY}/file", f"/reports/orders/{NOBODY}"]
    + [f"/files/{NOBODY}/{NOBODY}/{page}" for page in OPEN_TO],
)
def test_strangers_sign_in_first(db: None, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_a_paper_is_offered_read_signed_and_taken_back_in_the_browser(cast: Cast) -> None:
    carol, alice = as_(cast.carol), as_(cast.alice)
    first = carol.post(at(cast, "offer"), {"purpose": "court"})
    assert "Who may be told?" in text(first.content)
    given = {
        "purpose": "court",
        "step": "offer",
        "kind": "probation",
        "name": "Kings County Probation",
        "address": "",
        "scopes": ["attendance", "tests"],
        "last_day": str(in_days(cast, 100)),
    }
    assert carol.post(at(cast, "offer"), given).status_code == 302
    consent = Consent.objects.get()
    assert "1 paper for you to read" in text(alice.get("/").content)
    assert "Read and sign" in text(alice.get("/papers/").content)
    here = f"/papers/{consent.pk}"
    assert "results of drug tests" in text(alice.get(here).content)
    sign = {"act": "sign", "sha256": consent.sha256, "typed_name": "Alice", "agreed": "on"}
    wrong = alice.post(here, sign)
    assert wrong.status_code == 422
    assert "Type your full name" in text(wrong.content)
    assert alice.post(here, {**sign, "typed_name": "Alice Haddad", "agreed": ""}).status_code == 422
    assert alice.post(here, {**sign, "typed_name": "Alice Haddad"}, follow=True).status_code == 200
    assert "in force" in text(carol.get(at(cast)).content)
    alice.post(here, {"act": "end"})
    assert "taken back" in text(alice.get(here).content)
    assert "No consent is in force" in text(carol.get(at(cast)).content)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "This field is required."),
        ({"scopes": []}, "Say what may be shared."),
        ({"scopes": ["notes"]}, "Select a valid choice."),
        ({"last_day": ""}, "Say until when this counts."),
        ({"last_day": "2031-01-01"}, "The last day lies too far ahead"),
        ({"of_age_on": "2027-01-01"}, "Say who the guardian is."),
    ],
)
def test_what_is_missing_is_said_at_its_place_and_what_was_typed_stays(
    cast: Cast, change: dict[str, object], says: str
) -> None:
    given: dict[str, object] = {
        "purpose": "court",
        "step": "offer",
        "kind": "court",
        "name": "Kings County Drug Court",
        "scopes": ["attendance"],
        "last_day": str(in_days(cast, 100)),
    }
    answer = as_(cast.carol).post(at(cast, "offer"), given | change)
    assert answer.status_code == 422
    assert says in text(answer.content)
    if "name" not in change:
        assert b"Kings County Drug Court" in answer.content


def test_a_guest_is_chosen_from_the_household(cast: Cast) -> None:
    page = as_(cast.carol).post(at(cast, "offer"), {"purpose": "presence"})
    assert "Omar Haddad" in text(page.content)
    assert "Rosa" not in text(page.content)
    given = {
        "purpose": "presence",
        "step": "offer",
        "guest": str(cast.rosa.pk),
        "scopes": ["presence"],
        "last_day": str(in_days(cast, 30)),
    }
    assert as_(cast.carol).post(at(cast, "offer"), given).status_code == 422
    assert as_(cast.carol).post(at(cast, "offer"), given | {"guest": str(cast.omar.pk)}).status_code == 302


def _choice(consent: Consent | None, act: str, **more: str) -> dict[str, str]:
    return {
        "whom": str(consent.pk) if consent is not None else "chart",
        "from_on": "2026-02-01",
        "to_on": "2026-02-28",
        "format": "csv",
        "payer": "",
        "language": "en",
        "act": act,
        **more,
    }


def test_a_report_is_looked_at_made_followed_and_downloaded(cast: Cast) -> None:
    consent, carol = signs(cast.alice, offered(cast)), as_(cast.carol)
    page = text(carol.get(at(cast, "report")).content)
    assert "Kings County Drug Court" in page
    assert (
        "Without a consent in force, none for an insurer, a doctor, clinic or counsellor and an employer."
        in page
    )
    look = text(carol.post(at(cast, "report"), _choice(consent, "look")).content)
    assert "1 of 1" in look
    assert "90 (1 h 30 min)" in look
    assert not Report.objects.exists()
    order = carol.post(at(cast, "report"), _choice(consent, "make"))
    waiting = carol.get(order.headers["Location"])
    assert b"every 1s" in waiting.content
    tasks.make_reports()
    ready = carol.get(order.headers["Location"], headers={"HX-Request": "true"})
    assert b"every 1s" not in ready.content
    report = Report.objects.get()
    assert report.sha256 in text(ready.content)
    file_ = carol.get(f"/reports/{report.pk}/file")
    assert file_.headers["Content-Disposition"] == 'attachment; filename="attendance-report-1.csv"'
    assert "no-store" in file_.headers["Cache-Control"]
    assert "Alice" not in file_.headers["Content-Disposition"]
    told = text(as_(cast.alice).get(at(cast, "told")).content)
    assert "Kings County Drug Court" in told
    assert "as a report" in told
    service.end(cast.alice, consent)
    assert carol.get(f"/reports/{report.pk}/file").status_code == 400
    assert "closed" in text(carol.get(at(cast)).content)


def test_taken_back_between_look_and_make_there_is_no_order(cast: Cast) -> None:
    consent, carol = signs(cast.alice, offered(cast)), as_(cast.carol)
    assert carol.post(at(cast, "report"), _choice(consent, "look")).status_code == 200
    service.end(cast.alice, consent)
    assert carol.post(at(cast, "report"), _choice(consent, "make")).status_code == 422
    assert not ReportOrder.objects.exists()


@pytest.mark.parametrize(
    "more",
    [{"whom": NOBODY}, {"to_on": "2026-01-01"}, {"from_on": "never"}, {"format": "doc"}, {"payer": "gold"}],
)
def test_what_does_not_fit_is_named(cast: Cast, more: dict[str, str]) -> None:
    answer = as_(cast.carol).post(at(cast, "report"), _choice(None, "make", **more))
    assert answer.status_code == 422
    assert not ReportOrder.objects.exists()


def test_clients_make_their_own_copy_and_no_other(cast: Cast) -> None:
    alice = as_(cast.alice)
    order = alice.post(at(cast, "report"), _choice(None, "make", whom="client"))
    assert order.status_code == 302
    tasks.make_reports()
    report = Report.objects.get()
    assert alice.get(f"/reports/{report.pk}/file").status_code == 200
    assert alice.post(at(cast, "report"), _choice(None, "make")).status_code == 422


def test_what_was_told_by_hand_is_put_on_record(cast: Cast) -> None:
    consent, carol = signs(cast.alice, offered(cast)), as_(cast.carol)
    given = {
        "under": str(consent.pk),
        "scopes": ["attendance"],
        "via": "telephone",
        "words": "That she was there every evening of February.",
    }
    assert carol.post(at(cast, "told"), given).status_code == 302
    assert carol.post(at(cast, "told"), given | {"scopes": ["tests"]}).status_code == 422
    nameless = {"under": "emergency", "scopes": ["plan"], "via": "telephone", "words": "To the ambulance."}
    assert "Say who was told." in text(carol.post(at(cast, "told"), nameless).content)
    assert carol.post(at(cast, "told"), nameless | {"name": "=City Hospital"}).status_code == 302
    assert Disclosure.objects.count() == 2
    assert b"February" not in b"".join(bytes(row.ciphertext) for row in Disclosure.objects.all())
    table = as_(cast.alice).get(at(cast, "told.csv")).content.decode()
    assert "every evening of February" in table
    assert "'=City Hospital" in table
    assert as_(cast.alice).post(at(cast, "told"), given).status_code == 403


def test_the_accounting_as_a_table_says_when_who_what_why_and_by_whom(
    cast: Cast, time: time_machine.Traveller
) -> None:
    consent, carol = signs(cast.alice, offered(cast)), as_(cast.carol)
    reported_at = clock.now()
    carol.post(at(cast, "report"), _choice(consent, "make"))
    tasks.make_reports()
    time.shift(timedelta(hours=1))
    words = '=HYPERLINK("x"), "severe",\nand a second line'
    nobody_agreed = {
        "under": "emergency",
        "scopes": ["plan", "attendance"],
        "via": "telephone",
        "words": words,
        "name": "+City Hospital",
    }
    assert carol.post(at(cast, "told"), nobody_agreed).status_code == 302
    signed_for_another = signs(cast.bruno, offered(cast, of=cast.bruno))
    of_another = {"under": str(signed_for_another.pk), "scopes": ["attendance"], "via": "letter"}
    assert carol.post(at(cast, "told", cast.bruno), of_another | {"words": "B."}).status_code == 302

    answer = as_(cast.alice).get(at(cast, "told.csv"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="accounting.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content.startswith(codecs.BOM_UTF8)  # or Excel takes it for another alphabet
    by_hand, report = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert by_hand == {  # the newest first; what a spreadsheet would compute is words to it
        "at": (reported_at + timedelta(hours=1)).isoformat(timespec="seconds"),
        "recipient": "'+City Hospital",
        "kind": "contact",
        "what": "attendance plan",
        "basis": "emergency",
        "purpose": "",
        "via": "telephone",
        "by": cast.carol.name,
        "words": f"'{words}",
        "sha256": "",
    }
    assert report == {
        "at": reported_at.isoformat(timespec="seconds"),
        "recipient": "Kings County Drug Court, 1 Main Street",
        "kind": "court",
        "what": "attendance",
        "basis": "consent",
        "purpose": "court",
        "via": "report",
        "by": cast.carol.name,
        "words": "",
        "sha256": Report.objects.get().sha256,
    }
    seen = AuditEvent.objects.filter(act=Act.SEE_DISCLOSURES, actor_id=cast.alice.pk)
    assert [row.subject_id for row in seen] == [str(cast.alice.pk)]


def test_before_a_consent_ends_client_and_staff_hear_of_it_once(
    cast: Cast, time: time_machine.Traveller
) -> None:
    consent = signs(cast.alice, offered(cast, days=90))
    brief = signs(
        cast.bruno,
        offered(cast, to=recipient(cast, RecipientKind.COURT, of=cast.bruno), of=cast.bruno, days=5),
    )
    for days, said in ((0, 0), (59, 0), (2, 1), (1, 1), (24, 2), (10, 2)):
        time.shift(timedelta(days=days))
        tasks.remind_of_consents()
        tasks.remind_of_consents()
        found = ConsentReminder.objects.filter(consent=consent).count()
        assert found == said, days
    assert not ConsentReminder.objects.filter(consent=brief).exists()
    assert StaffTask.objects.filter(kind="consent.renew", person=cast.alice).count() == 2
    letters = Message.objects.filter(about=consent.pk)
    assert {letter.template for letter in letters} == {"page.look"}


def test_what_ends_is_not_reminded_of(cast: Cast, time: time_machine.Traveller) -> None:
    consent = signs(cast.alice, offered(cast, days=90))
    service.end(cast.alice, consent)
    time.shift(timedelta(days=65))
    tasks.remind_of_consents()
    assert not ConsentReminder.objects.exists()


def test_pages_speak_spanish(cast: Cast) -> None:
    Person.objects.filter(pk=cast.alice.pk).update(language="es")
    paper = offered(cast, Purpose.COURT, scopes=[Scope.ATTENDANCE])
    page = text(as_(Person.objects.get(pk=cast.alice.pk)).get(f"/papers/{paper.pk}").content)
    assert "Mis derechos" in page
    assert "Firmar" in page


def test_the_files_of_another_client_are_another_address(cast: Cast) -> None:
    assert file(cast).pk == cast.alice.pk
    assert as_(cast.alice).get(at(cast, "told", cast.bruno)).status_code == 404
