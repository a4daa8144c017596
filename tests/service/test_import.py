"""People, series and history from files: tried first, told by row and column, kept whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from sessions.aftercare import engine
from sessions.aftercare.models import AftercareCourse
from sessions.audit.models import AuditEvent
from sessions.audit.service import heads, verify
from sessions.core.errors import NotFound
from sessions.interop.columns import COLUMNS, Sort
from sessions.interop.importing import NoTable, Result, bring_in
from sessions.messages.models import Message
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.calendar_models import Series
from sessions.programs.episode_models import Episode, Stage
from sessions.programs.models import Enrollment
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db

PEOPLE = """given_name,family_name,email,role,group,starts_on,weekly_minutes,therapist,referred_on
Dora,Yilmaz,dora@example.org,client,Evening,2026-03-09,540,mina@example.org,2026-02-20
Emil,Roth,Emil@Example.org,client,,,,,
"""
SERIES = """kind,title,group,weekdays,start,end,break_start,break_end,starts_on,facilitators
skill_building,Skills,Morning,Tu Th,9:00,12:00,10:25,10:35,2026-03-03,theo@example.org
"""
HISTORY = """email,given_name,family_name,referred_on,started_on,ended_on,outcome,level,weekly_minutes,group
faye@example.org,Faye,Lund,2025-01-02,2025-01-10,2025-04-10,completed,iop,540,Evening
gus@example.org,Gus,Moss,2025-05-02,,2025-05-06,declined,,,
faye@example.org,Faye,Lund,2025-08-02,2025-08-10,2026-02-20,discharged,php,900,Evening
"""


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        join(cast.carol, cast.north.pk, Role.ADMINISTRATOR)
        yield cast


def brought(cast: Cast, sort: Sort, text: str, *, only_try: bool = False, by: Person | None = None) -> Result:
    return bring_in(cast.north, sort, text.encode(), by=by or cast.carol, only_try=only_try)


def told(result: Result) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in result.wrong]


@pytest.mark.parametrize(
    ("sort", "text"), [(Sort.PEOPLE, PEOPLE), (Sort.SERIES, SERIES), (Sort.HISTORY, HISTORY)]
)
def test_a_try_says_that_all_fits_and_keeps_nothing(cast: Cast, sort: Sort, text: str) -> None:
    before = (Person.objects.count(), Series.objects.count(), Episode.objects.count())
    result = brought(cast, sort, text, only_try=True)
    assert (result.rows, result.wrong, result.kept) == (text.count("\n") - 1, (), False)
    assert before == (Person.objects.count(), Series.objects.count(), Episode.objects.count())
    assert AuditEvent.objects.filter(act=f"import.{sort.value}-tried").count() == 1


def test_people_are_referred_or_admitted_and_nobody_is_written_to(cast: Cast) -> None:
    assert brought(cast, Sort.PEOPLE, PEOPLE).kept
    dora, emil = (Episode.objects.get(person__email=f"{name}@example.org") for name in ("dora", "emil"))
    assert (dora.stage, dora.therapist, dora.referred_on) == (Stage.ENROLLED, cast.mina, date(2026, 2, 20))
    assert Enrollment.objects.get(episode=dora).weekly_target_minutes == 540
    assert (emil.stage, emil.person.has_usable_password()) == (Stage.REFERRED, False)
    assert not Message.objects.exists()
    again = brought(cast, Sort.PEOPLE, PEOPLE)
    assert (again.kept, told(again)) == (False, [(2, "email"), (3, "email")])


def test_a_series_stands_on_the_calendar_with_its_breaks(cast: Cast) -> None:
    assert brought(cast, Sort.SERIES, SERIES.replace(",", ";")).kept  # as some countries' tables are written
    row = Series.objects.get(title="Skills")
    assert (row.cohort, row.rule, row.breaks) == (
        cast.morning,
        "FREQ=WEEKLY;BYDAY=TU,TH",
        [["10:25", "10:35"]],
    )
    assert row.meetings.exists()
    assert told(brought(cast, Sort.SERIES, SERIES)) == [(2, "title")]


def test_history_is_episodes_that_are_over_and_only_a_late_one_is_followed_up(cast: Cast) -> None:
    assert brought(cast, Sort.HISTORY, HISTORY).kept
    first, second = Episode.objects.filter(person__email="faye@example.org")
    assert [(one.stage, one.ended_on) for one in (first, second)] == [
        (Stage.COMPLETED, date(2025, 4, 10)),
        (Stage.DISCHARGED, date(2026, 2, 20)),
    ]
    assert [line.kind for line in first.history.all()] == ["referred", "enrolled", "started", "completed"]
    faye = first.person
    assert {row.role for row in faye.memberships.filter(ended_at=None)} == {Role.ALUMNUS}
    gus = Person.objects.get(email="gus@example.org")
    assert not gus.memberships.filter(ended_at=None).exists()
    engine.propose(MORNING)
    assert [one.began_on for one in AftercareCourse.objects.filter(person=faye)] == [date(2026, 2, 20)]


WRONG: tuple[tuple[Sort, str, str, str], ...] = (  # sort, what is replaced, by what, the column that is named
    (Sort.PEOPLE, "dora@example.org", "dora", "email"),
    (Sort.PEOPLE, "dora@example.org", "mina@example.org", "email"),
    (Sort.PEOPLE, "Dora", "", "given_name"),
    (Sort.PEOPLE, ",client,Evening", ",owner,Evening", "role"),
    (Sort.PEOPLE, "Evening", "Night", "group"),
    (Sort.PEOPLE, "Evening", "", "group"),
    (Sort.PEOPLE, "2026-03-09", "09.03.2026", "starts_on"),
    (Sort.PEOPLE, "2026-03-09", "", "starts_on"),
    (Sort.PEOPLE, ",540,", ",99999,", "weekly_minutes"),
    (Sort.PEOPLE, "mina@example.org", "otto@example.org", "therapist"),
    (Sort.PEOPLE, ",540,", ",٥٤٠,", "weekly_minutes"),
    (Sort.PEOPLE, ",540,", f",{'9' * 5_000},", "weekly_minutes"),
    (Sort.PEOPLE, "2026-03-09", "9999-12-31", "starts_on"),
    (Sort.PEOPLE, "2026-03-09", "0001-01-01", "starts_on"),
    (Sort.PEOPLE, "Dora", "Do\x00ra", "given_name"),
    (Sort.PEOPLE, "Evening", "Even\x00ing", "group"),
    (Sort.PEOPLE, "dora@example.org", "a@" + "." * 100_000 + "@", "email"),
    (Sort.PEOPLE, "mina@example.org", "mina@example.org,,one too many", ""),
    (Sort.SERIES, "skill_building", "juggling", "kind"),
    (Sort.SERIES, "12:00", "9:00", "end"),
    (Sort.SERIES, "10:25,10:35", "12:25,12:35", "break_start"),
    (Sort.SERIES, "Tu Th", "Tu Xx", "weekdays"),
    (Sort.SERIES, "9:00", "9 am", "start"),
    (Sort.SERIES, "10:35", "", "break_end"),
    (Sort.SERIES, "theo@example.org", "alice@example.org", "facilitators"),
    (Sort.SERIES, "theo@example.org", "", "facilitators"),
    (Sort.HISTORY, "2025-01-10", "2024-12-31", "started_on"),
    (Sort.HISTORY, "2025-01-10", "", "started_on"),
    (Sort.HISTORY, "2025-04-10", "2027-04-10", "ended_on"),
    (Sort.HISTORY, "completed", "vanished", "outcome"),
    (Sort.HISTORY, "540,Evening", "540,Night", "group"),
    (Sort.HISTORY, "2025-04-10,completed", "2025-01-05,completed", "ended_on"),
)


@pytest.mark.parametrize(("sort", "old", "new", "column"), WRONG)
def test_one_wrong_cell_is_named_and_nothing_is_kept(
    cast: Cast, sort: Sort, old: str, new: str, column: str
) -> None:
    text = {Sort.PEOPLE: PEOPLE, Sort.SERIES: SERIES, Sort.HISTORY: HISTORY}[sort]
    before = (Person.objects.count(), Series.objects.count(), Episode.objects.count())
    result = brought(cast, sort, text.replace(old, new, 1))
    assert (result.kept, told(result)) == (False, [(2, column)])
    assert before == (Person.objects.count(), Series.objects.count(), Episode.objects.count())


def test_all_that_is_wrong_is_told_at_once(cast: Cast) -> None:
    text = (
        PEOPLE.replace("dora@example.org", "dora").replace("2026-03-09", "soon").replace(",client,,", ",,,")
    )
    assert told(brought(cast, Sort.PEOPLE, text)) == [(2, "email"), (2, "starts_on"), (3, "role")]


def test_rows_are_counted_as_a_table_shows_them_and_empty_ones_are_none(cast: Cast) -> None:
    heading, dora, emil = PEOPLE.splitlines()
    text = "\n".join([heading, "", dora, ",,,,,,,,", emil.replace("client", "owner"), "", ""])
    result = brought(cast, Sort.PEOPLE, text)
    assert (result.rows, told(result)) == (2, [(5, "role")])


def test_a_break_in_a_cell_is_no_row_and_no_name(cast: Cast) -> None:
    text = PEOPLE.replace("Dora", '"Do\nra"').replace("Emil,", '"Emil",').replace("client,,,,,", "owner,,,,,")
    assert told(brought(cast, Sort.PEOPLE, text)) == [(2, "given_name"), (3, "role")]


def test_who_comes_in_is_on_record_in_one_piece_at_the_end(cast: Cast) -> None:
    """While the file is read the programme's record is free: rooms write on it."""
    before = heads()
    held: list[int] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "iop_auditchain" in sql:
            held.append(Person.objects.filter(email__in=("dora@example.org", "emil@example.org")).count())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        assert brought(cast, Sort.PEOPLE, PEOPLE, only_try=True).wrong == ()
    assert set(held) == {0}
    assert heads()[cast.north.pk][0] == before[cast.north.pk][0] + 1  # that it was tried
    held.clear()
    with connection.execute_wrapper(look):
        assert brought(cast, Sort.PEOPLE, PEOPLE).kept
    assert set(held) == {2}
    dora = Episode.objects.get(person__email="dora@example.org")
    acts = [one.act for one in AuditEvent.objects.filter(subject_id=str(dora.pk))]
    assert acts == ["episode.referred", "episode.assessment", "episode.enrolled"]
    assert verify() == []


def test_two_rows_that_want_the_last_place_cannot_both_have_it(cast: Cast) -> None:
    cast.evening.capacity = 3
    cast.evening.save()
    text = PEOPLE.replace("client,,,,,", "client,Evening,2026-03-09,,,")
    assert told(brought(cast, Sort.PEOPLE, text)) == [(3, "group")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Vorname;Nachname\nDora;Yilmaz\n",
        PEOPLE.partition("\n")[0].encode(),
        PEOPLE.encode("utf-16"),
        PEOPLE.replace("Dora", "Dorée").encode("latin-1"),
        PEOPLE.encode() + b"\n" * 1_900_000,
        PEOPLE.replace("Dora", "D" * 200_000).encode(),
        b"," * 1_900_000,
        b"x" * 2_000_001,
    ],
)
def test_what_is_no_such_table_is_refused_as_a_whole(cast: Cast, data: bytes) -> None:
    with pytest.raises(NoTable):
        bring_in(cast.north, Sort.PEOPLE, data, by=cast.carol, only_try=True)


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("given_name", ["email", "role"]),
        ("given_name,role,email,salary", ["salary"]),
        ("given_name,,role,email", [""]),
        ("given_name,role,given_name", ["email", "given_name"]),
        ("given_name,role,email," + "x" * 300, ["x" * 60]),
    ],
)
def test_a_heading_that_does_not_fit_names_its_columns(cast: Cast, heading: str, named: list[str]) -> None:
    result = brought(cast, Sort.PEOPLE, f"{heading}\nDora,client\n")
    assert told(result) == [(1, name) for name in named]
    assert not result.kept


def test_staff_come_by_an_administrator_only_and_clients_by_a_coordinator_only(cast: Cast) -> None:
    staff = PEOPLE.replace(",client,Evening,2026-03-09,540,mina@example.org,", ",facilitator,,,,,")
    assert told(brought(cast, Sort.PEOPLE, staff, by=cast.ines)) == [(3, "role")]
    join(cast.theo, cast.north.pk, Role.COORDINATOR)
    assert told(brought(cast, Sort.PEOPLE, staff, by=cast.theo)) == [(2, "role")]
    assert brought(cast, Sort.PEOPLE, staff).kept
    for who in (cast.mina, cast.alice, cast.otto, cast.nora):
        with pytest.raises(NotFound):
            brought(cast, Sort.PEOPLE, PEOPLE, by=who)


def test_the_page_tries_and_keeps_and_lists_every_column(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    address = reverse("import", args=[cast.north.pk])
    page = client.get(address).content.decode()
    for columns in COLUMNS.values():
        for column in columns:
            assert f"<code>{column.name}</code>" in page

    def sent(text: str, **more: str) -> str:
        file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
        return client.post(address, {"sort": "people", "file": file, **more}).content.decode()

    assert "All 2 rows fit" in sent(PEOPLE)
    wrong = sent(PEOPLE.replace("Evening", "Night"), keep="on")
    assert "Nothing was kept" in wrong
    assert "There is no group of this name." in wrong
    assert not Person.objects.filter(email="dora@example.org").exists()
    assert "2 rows were brought in" in sent(PEOPLE, keep="on")
    assert "needed" in client.post(address, {"sort": "people"}).content.decode()
