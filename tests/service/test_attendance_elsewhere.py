"""Sessions that a client attended elsewhere, brought in: marked as such, signed by nobody here, in no sum."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.attendance import elsewhere, week_service
from sessions.attendance.elsewhere_models import ElsewhereAttendance
from sessions.attendance.models import AttendanceRecord
from sessions.attendance.reports import drawing, gather, tables
from sessions.attendance.reports.audiences import Audience
from sessions.attendance.reports.content import Content
from sessions.core import clock
from sessions.interop.columns import Sort
from sessions.interop.importing import Result, bring_in
from sessions.people.models import Person
from tests import cast as people
from tests.cast import EVENING, Cast
from tests.service import papers
from tests.service.signed import sign

HEAD = "email,held_on,start,kind,status,minutes,source\n"
FILE = (
    HEAD
    + "alice@example.org,2026-02-23,18:00,process_group,present,170,Harbor House\n"
    + "alice@example.org,2026-02-24,18:00,process_group,absent,0,Harbor House\n"
    + "ada@example.org,2025-03-03,,individual_therapy,partial,48,Harbor House\n"
)
MONDAY = date(2026, 2, 23)


@pytest.fixture
def at() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None, at: time_machine.Traveller) -> Cast:
    return people.assemble()


def brought(cast: Cast, text: str, *, only_try: bool = False, by: Person | None = None) -> Result:
    return bring_in(cast.north, Sort.ATTENDANCE, text.encode(), by=by or cast.carol, only_try=only_try)


def hers(cast: Cast) -> list[tuple[date, str, int, str]]:
    rows = elsewhere.held(cast.north.pk, cast.alice.pk, MONDAY, MONDAY + timedelta(days=6))
    return [(row.on, row.status, row.minutes, row.source) for row in rows]


def test_a_try_keeps_nothing_and_a_file_that_fits_is_kept_whole(cast: Cast) -> None:
    assert brought(cast, FILE, only_try=True) == Result(3, (), kept=False)
    assert not ElsewhereAttendance.objects.exists()
    assert brought(cast, FILE) == Result(3, (), kept=True)
    assert hers(cast) == [
        (MONDAY, "present", 170, "Harbor House"),
        (MONDAY + timedelta(days=1), "absent", 0, "Harbor House"),
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("nobody@example.org,2026-02-23,,process_group,present,170,Harbor House", "email"),
        ("sofia@example.org,2026-02-23,,process_group,present,170,Harbor House", "email"),
        ("mina@example.org,2026-02-23,,process_group,present,170,Harbor House", "email"),
        ("alice@example.org,2026-03-03,,process_group,present,170,Harbor House", "held_on"),
        ("alice@example.org,2026-02-23,,circle,present,170,Harbor House", "kind"),
        ("alice@example.org,2026-02-23,6 pm,process_group,present,170,Harbor House", "start"),
        ("alice@example.org,2026-02-23,,process_group,there,170,Harbor House", "status"),
        ("alice@example.org,2026-02-23,,process_group,present,0,Harbor House", "minutes"),
        ("alice@example.org,2026-02-23,,process_group,absent,5,Harbor House", "minutes"),
        ("alice@example.org,2026-02-23,,process_group,present,170,", "source"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_column_and_nothing_is_kept(
    cast: Cast, line: str, column: str
) -> None:
    result = brought(cast, FILE + line + "\n")
    assert [(one.row, one.column) for one in result.wrong] == [(5, column)]
    assert not ElsewhereAttendance.objects.exists()


def test_the_same_again_is_refused_and_other_minutes_are_a_correction(cast: Cast) -> None:
    brought(cast, FILE)
    assert [one.column for one in brought(cast, FILE).wrong] == ["held_on"] * 3
    brought(cast, HEAD + "alice@example.org,2026-02-23,18:00,process_group,partial,90,Harbor House\n")
    assert hers(cast)[0] == (MONDAY, "partial", 90, "Harbor House")
    assert ElsewhereAttendance.objects.filter(person=cast.alice, held_on=MONDAY).count() == 2


def test_what_was_signed_here_counts_and_is_not_said_twice(cast: Cast) -> None:
    sign(cast, cast.group, {cast.alice: 170, cast.bruno: 170})
    for start in ("", "18:30"):
        line = f"alice@example.org,2026-03-02,{start},process_group,present,170,Harbor House\n"
        assert [one.column for one in brought(cast, HEAD + line).wrong] == ["held_on"]
    other = "alice@example.org,2026-03-02,09:00,holistic,present,60,Harbor House\n"
    assert brought(cast, HEAD + other).kept


def test_the_week_shows_it_apart_and_counts_none_of_it(cast: Cast) -> None:
    before = week_service.client_week(cast.north, cast.alice, MONDAY, clock.now())
    brought(cast, FILE)
    assert week_service.client_week(cast.north, cast.alice, MONDAY, clock.now()) == before
    browser = Client()
    browser.force_login(cast.carol)
    address = reverse("client-week", args=[cast.north.pk, cast.alice.pk]) + "?of=2026-02-23"
    page = browser.get(address).content.decode()
    assert "Sessions elsewhere, brought in" in page
    assert "Kept by Harbor House, brought in by Carol Reyes" in page
    assert "neither seen nor signed" in page
    assert not AttendanceRecord.objects.exists()


@pytest.mark.parametrize("audience", Audience)
def test_reports_name_the_source_in_no_sum_and_not_for_who_pays_or_employs(
    cast: Cast, audience: Audience
) -> None:
    brought(cast, FILE)
    days = (MONDAY, MONDAY + timedelta(days=6))
    content = gather.of_client(papers.file(cast), *days, audience, now=clock.now())
    shown = audience not in (Audience.INSURER, Audience.EMPLOYER)
    assert [one.minutes for one in content.elsewhere] == ([170, 0] if shown else [])
    assert (content.minutes, content.attended, content.weeks) == (0, 0, ())
    page = _drawn(content)
    assert ("Harbor House" in page) == shown
    assert ("neither seen nor signed" in page) == shown
    kind = audience in (Audience.CHART, Audience.CLIENT, Audience.PROVIDER)
    assert ("Process group" in page) == kind, "a court learns that it was a group, and not of what kind"
    assert ("Group session" in page) == (audience is Audience.COURT)
    lines = list(csv.DictReader(io.StringIO(tables.write(content, "r1", "").decode("utf-8-sig"))))
    assert [(line["date"], line["kept_by"], line["counts"]) for line in lines] == (
        [("2026-02-23", "Harbor House", "no"), ("2026-02-24", "Harbor House", "no")] if shown else []
    )


@pytest.mark.parametrize(
    ("kind", "form"),
    [("assessment", "individual"), ("medication_management", "individual"), ("holistic", "group")],
)
def test_a_court_is_told_whether_it_was_a_group_also_of_what_has_no_code(
    cast: Cast, kind: str, form: str
) -> None:
    brought(cast, HEAD + f"alice@example.org,2026-02-23,18:00,{kind},present,60,Harbor House\n")
    content = gather.of_client(papers.file(cast), MONDAY, MONDAY, Audience.COURT, now=clock.now())
    (line,) = csv.DictReader(io.StringIO(tables.write(content, "r1", "").decode("utf-8-sig")))
    assert line["form"] == form
    assert ("Individual session" in _drawn(content)) == (form == "individual")


def _drawn(content: Content) -> str:
    return drawing.page(content, report_id="r1", made_at=clock.now(), made_by="Carol Reyes", language="en")


def test_the_client_reads_who_brought_it_in(cast: Cast) -> None:
    brought(cast, FILE)
    browser = Client()
    browser.force_login(cast.alice)
    page = browser.get(reverse("record-seen")).content.decode()
    assert "brought in a session that you attended elsewhere" in page


def test_only_who_coordinates_brings_it_in(cast: Cast) -> None:
    result = brought(cast, FILE, by=cast.ines)
    assert {one.column for one in result.wrong} == {""}
    assert not ElsewhereAttendance.objects.exists()
