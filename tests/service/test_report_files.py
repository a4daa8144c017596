"""Reports as files: PDF and FHIR that others can read, and whether a file is the one that was made."""

from __future__ import annotations

import io
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from fhir.resources.R4B.bundle import Bundle
from pypdf import PdfReader

from sessions import tasks
from sessions.attendance.reports import drawing, fhir, gather, service
from sessions.attendance.reports.audiences import TO, Audience, Format
from sessions.attendance.reports.models import Report, ReportChain
from sessions.consents.purposes import Purpose, RecipientKind
from sessions.core import append_only
from sessions.core.errors import Invalid
from sessions.people.models import Person
from tests import cast as people
from tests.cast import Cast
from tests.service.february import (
    FEBRUARY,
    clock_in_march,
    court,
    evening,
    every_page_carries,
    february_signed,
    made,
    text_of,
    wanted,
)
from tests.service.papers import file, offered, recipient, signs
from tests.service.signed import signed

time, cast = clock_in_march, february_signed


class TestVerifying:
    def saved(self, cast: Cast, folder: Path) -> tuple[Report, Path]:
        report = made(cast.carol, cast, wanted())
        path = folder / "report.csv"
        path.write_bytes(service.download(cast.carol, report.pk)[1])
        return report, path

    def run(self, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
        code = 0
        try:
            call_command("verify_report", str(path))
        except SystemExit as ended:
            code = int(str(ended.code))
        said = capsys.readouterr()
        return code, (said.out + said.err).strip()

    def test_genuine(self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        report, path = self.saved(cast, tmp_path)
        code, said = self.run(path, capsys)
        assert (code, said.count("\n")) == (0, 0)
        assert said.startswith("genuine: report 1 (")
        assert report.sha256 in said
        assert "Alice" not in said

    def test_superseded_is_genuine_and_says_so(
        self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, path = self.saved(cast, tmp_path)
        signed(cast, evening(20), {cast.alice: 90})
        code, said = self.run(path, capsys)
        assert code == 0
        assert said.startswith("genuine, superseded")

    def test_one_changed_byte(self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        _, path = self.saved(cast, tmp_path)
        path.write_bytes(path.read_bytes().replace(b",90,", b",91,", 1))
        assert self.run(path, capsys)[0] == 1

    def test_no_file(self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(tmp_path / "none.pdf", capsys)[0] == 2

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE iop_report SET sha256 = '{sha}', changes = 9 WHERE seq = 1",
            "UPDATE iop_report SET ordered_at = made_at, size = 1 WHERE seq = 1",
            "DELETE FROM iop_reportorder; DELETE FROM iop_report WHERE seq = 2",
            "UPDATE iop_report SET seq = 3 WHERE seq = 2",
            "UPDATE iop_reportchain SET length = 1",
        ],
    )
    def test_an_edited_removed_or_moved_row_breaks_the_chain(
        self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str], tampering: str
    ) -> None:
        report, path = self.saved(cast, tmp_path)
        made(cast.carol, cast, wanted(Audience.CLIENT))
        assert self.run(path, capsys)[0] == 0
        with connection.schema_editor() as editor:
            append_only.remove(editor, "iop_report")
        with connection.cursor() as cursor:
            for statement in tampering.format(sha=report.sha256).split("; "):
                cursor.execute(statement)
        with connection.schema_editor() as editor:
            append_only.install(editor, "iop_report")
        code, said = self.run(path, capsys)
        assert code == 3, said

    def test_each_programme_has_its_own_chain(self, cast: Cast) -> None:
        made(cast.carol, cast, wanted())
        assert [(head.program, head.length) for head in ReportChain.objects.all()] == [(cast.north, 1)]


class TestPdf:
    def test_it_is_tagged_titled_and_in_a_language(self, cast: Cast) -> None:
        data = service.download(cast.carol, made(cast.carol, cast, wanted(format_=Format.PDF)).pk)[1]
        found = PdfReader(io.BytesIO(data))
        root: Any = found.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "en"
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert found.metadata is not None
        assert found.metadata.title == "Attendance: Alice Haddad, February 1, 2026 to February 28, 2026"
        assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
        tags = tags_of(root["/StructTreeRoot"])
        assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/P"} <= tags

    @pytest.mark.parametrize(
        ("audience", "to", "says", "never"),
        [
            (Audience.CHART, None, ["the chart", "Process group"], []),
            (Audience.INSURER, RecipientKind.INSURER, ["payment for treatment", "Process group"], ["Late"]),
            (Audience.PROVIDER, RecipientKind.PROVIDER, ["treatment", "Process group"], ["Late"]),
            (Audience.COURT, RecipientKind.COURT, ["supervision by a court"], ["Process group"]),
            (Audience.COURT, RecipientKind.PROBATION, ["supervision by a court"], ["Process group"]),
            (Audience.EMPLOYER, RecipientKind.EMPLOYER, ["proof of attendance"], ["Process group", "Theo"]),
        ],
    )
    def test_each_kind_says_for_whom_it_is_and_outside_ones_carry_the_notice_on_every_page(
        self, cast: Cast, audience: Audience, to: RecipientKind | None, says: list[str], never: list[str]
    ) -> None:
        consent = None
        if to is not None:
            purpose, _ = TO[audience]
            consent = signs(cast.alice, offered(cast, purpose, recipient(cast, to, "Those on Jay Street")))
        report = made(cast.carol, cast, wanted(audience, Format.PDF, consent))
        pages = text_of(service.download(cast.carol, report.pk)[1])
        whole = " ".join(pages)
        assert [word for word in says if word not in whole] == []
        assert [word for word in never if word in whole] == []
        assert "Bruno" not in whole
        if to is None:
            assert drawing.NOTICE not in whole
        else:
            assert drawing.NOTICE_LONG in pages[0]
            assert "Those on Jay Street" in pages[0]
            every_page_carries(pages, str(report.pk))

    def test_one_meeting_is_a_page_of_everybody_for_the_chart(self, cast: Cast) -> None:
        meeting = gather.records_of(file(cast), *FEBRUARY).earliest("meeting__starts_at").meeting
        order = service.order_meeting(cast.mina, meeting, Format.PDF)
        tasks.make_reports()
        order.refresh_from_db()
        assert order.report_id is not None, order.why
        (page,) = text_of(service.download(cast.mina, order.report_id)[1])
        assert [name for name in ("Alice Haddad", "Bruno Silva", "Mina Park") if name not in page] == []
        assert str(order.report_id) in page

    def test_a_hundred_pages_are_drawn_in_one_go_and_each_carries_notice_number_and_id(
        self, cast: Cast
    ) -> None:
        content = service.preview(cast.carol, file(cast), wanted(Audience.COURT, Format.PDF, court(cast)))
        crowd = tuple(f"Facilitator Number {number}" for number in range(70))  # a row as high as a page
        many = replace(content, entries=tuple(replace(one, staff=crowd) for one in content.entries) * 22)
        report_id = str(uuid4())
        data = drawing.draw(
            many, report_id=report_id, made_at=people.MORNING, made_by="Carol Reyes", language="en"
        )
        pages = text_of(data)
        assert len(pages) >= 100
        every_page_carries(pages, report_id)

    @pytest.mark.parametrize(
        "name",
        ["Łucja Ångström-Nuñez", "Đặng Thị Hằng", "Ειρήνη Παπαδοπούλου", "<script>&amp;", "O’Brien; DROP"],
    )
    def test_names_are_people_and_stay_as_they_are(self, cast: Cast, name: str) -> None:
        Person.objects.filter(pk=cast.alice.pk).update(given_name=name, family_name="")
        data = service.download(cast.carol, made(cast.carol, cast, wanted(format_=Format.PDF)).pk)[1]
        assert name in text_of(data)[0]

    def test_it_speaks_spanish_and_the_notice_stays_as_the_rule_gives_it(self, cast: Cast) -> None:
        want = wanted(Audience.COURT, Format.PDF, court(cast), language="es")
        text = text_of(service.download(cast.carol, made(cast.carol, cast, want).pk)[1])[0]
        assert "Asistencia" in text
        assert drawing.NOTICE in text

    def test_a_name_cannot_make_the_drawing_fetch_anything(self, cast: Cast) -> None:
        with tempfile.NamedTemporaryFile("w") as secret:  # a short path: names have 80 characters
            secret.write("canary")
            secret.flush()
            Person.objects.filter(pk=cast.alice.pk).update(given_name=f'<img src="file://{secret.name}">')
            data = service.download(cast.carol, made(cast.carol, cast, wanted(format_=Format.PDF)).pk)[1]
        assert '<img src="fi' in text_of(data)[0]
        assert "canary" not in text_of(data)[0]

    def test_without_the_libraries_it_says_what_to_do(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(drawing, "SHARED_OBJECTS", ("libnowhere.so.0",))
        drawing.available.cache_clear()
        try:
            with pytest.raises(drawing.NoPdfHere):
                service.order(cast.carol, file(cast), wanted(format_=Format.PDF))
        finally:
            drawing.available.cache_clear()
        assert "libpango-1.0-0" in caplog.text
        assert made(cast.carol, cast, wanted())


def tags_of(node: object) -> set[str]:
    """The structure types of a tagged PDF."""
    found: set[str] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, dict):
            if "/S" in one:
                found.add(str(one["/S"]))
            if "/K" in one:
                pending.append(one["/K"])
        elif isinstance(one, list):
            pending.extend(one)
    return found


KINDS = ("Appointment", "Encounter")


class TestFhir:
    def test_every_session_is_an_appointment_and_every_attended_one_an_encounter(self, cast: Cast) -> None:
        report = made(cast.carol, cast, wanted(format_=Format.FHIR))
        data = service.download(cast.carol, report.pk)[1]
        read = Bundle.model_validate_json(data)
        assert (read.id, read.type) == (str(report.pk), "collection")
        by_type: dict[str, list[dict[str, object]]] = {}
        for entry in json.loads(data)["entry"]:
            by_type.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
        assert {kind: len(found) for kind, found in by_type.items()} == {
            "Organization": 1,
            "Patient": 1,
            "Practitioner": 2,
            "Appointment": 5,
            "Encounter": 4,
        }
        assert [one["status"] for one in by_type["Appointment"]].count("cancelled") == 1  # excused
        ids = [str(one["id"]) for one in by_type["Appointment"]]
        assert all(one.endswith(cast.alice.pk.hex) and len(one) == 64 for one in ids)  # nobody else's
        lengths = [one["length"]["value"] for one in by_type["Encounter"]]  # type: ignore[index]
        assert lengths == [90, 70, 50, 60]
        known = {entry["fullUrl"] for entry in json.loads(data)["entry"]}
        assert set(re.findall(r'"reference":\s*"(urn:uuid:[0-9a-f-]+)"', data.decode())) <= known

    def test_for_an_outside_provider_each_resource_carries_the_notice(self, cast: Cast) -> None:
        consent = signs(cast.alice, offered(cast, Purpose.CARE, recipient(cast, RecipientKind.PROVIDER)))
        report = made(cast.carol, cast, wanted(Audience.PROVIDER, Format.FHIR, consent))
        read = json.loads(service.download(cast.carol, report.pk)[1])
        for one in (read, *(entry["resource"] for entry in read["entry"])):
            assert [label["code"] for label in one["meta"]["security"]] == ["NORDSCLCD"]
        assert all(drawing.NOTICE in entry["resource"]["text"]["div"] for entry in read["entry"])
        of = {
            kind: [e["resource"] for e in read["entry"] if e["resource"]["resourceType"] == kind]
            for kind in KINDS
        }
        scheduled = {(one["start"], one["end"]) for one in of["Appointment"]}
        periods = {(one["period"]["start"], one["period"]["end"]) for one in of["Encounter"]}
        assert periods <= scheduled, "when somebody came and went is not for them"
        own = service.download(cast.carol, made(cast.carol, cast, wanted(format_=Format.FHIR)).pk)[1]
        assert "NORDSCLCD" not in own.decode(), "the chart stays here"

    def test_what_is_no_fhir_is_never_handed_out(self) -> None:
        with pytest.raises(fhir.NotValid) as wrong:
            fhir.validated({"resourceType": "Bundle", "type": "collection", "timestamp": "Alice"})
        assert "Alice" not in str(wrong.value)

    def test_it_is_for_health_systems_only(self, cast: Cast) -> None:
        with pytest.raises(Invalid):
            service.order(cast.carol, file(cast), wanted(Audience.COURT, Format.FHIR, court(cast)))
