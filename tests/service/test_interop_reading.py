"""What a connected system reads, as FHIR R4: people, sessions, encounters, assessments, plans; pages and searches."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sessions.attendance import signing
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.records import record_of
from sessions.core.span import Span
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.programs.kinds import MeetingKind
from sessions.programs.service import schedule
from tests.cast import EVENING, MORNING, Cast
from tests.service.ehr import Ehr, connected, health_record
from tests.service.signed import signed

pytestmark = pytest.mark.django_db
cast, ehr = connected, health_record


class TestReading:
    def test_patients_and_staff(self, ehr: Ehr, cast: Cast) -> None:
        found = {one["id"]: one for one in ehr.finds("Patient")}
        assert set(found) == {str(one.pk) for one in (cast.alice, cast.bruno, cast.chidi, cast.ada)}
        assert found[str(cast.alice.pk)]["name"][0]["text"] == "Alice Haddad"
        assert (found[str(cast.alice.pk)]["active"], found[str(cast.ada.pk)]["active"]) == (True, False)
        staff = {one["id"]: one for one in ehr.finds("Practitioner")}
        assert set(staff) == {str(one.pk) for one in (cast.mina, cast.theo, cast.carol)}
        (licence,) = staff[str(cast.mina.pk)]["qualification"]
        assert (licence["issuer"]["display"], licence["identifier"][0]["value"]) == ("NY", "012345")

    def test_sessions_of_one_patient_name_no_other(self, ehr: Ehr, cast: Cast) -> None:
        found = ehr.finds("Appointment", patient=str(cast.alice.pk))
        assert len(found) == 3
        for one in found:
            people = {each["actor"]["reference"] for each in one["participant"]}
            assert {who for who in people if who.startswith("Patient/")} == {f"Patient/{cast.alice.pk}"}
            assert json.loads(ehr.get(f"Appointment/{one['id']}").content) == one
        assert ehr.get("Appointment").status_code == 400  # whose?
        day = ehr.finds("Appointment", patient=f"Patient/{cast.alice.pk}", date="gt2026-03-02")
        assert day == []

    def test_what_was_signed_is_an_encounter_with_its_minutes(self, ehr: Ehr, cast: Cast) -> None:
        start = EVENING - timedelta(days=3)
        signed(cast, start, {cast.alice: 170, cast.bruno: 0}, length=180)
        (one,) = ehr.finds("Encounter", patient=str(cast.alice.pk))
        assert one["length"]["value"] == 170
        assert one["subject"]["reference"] == f"Patient/{cast.alice.pk}"
        assert ehr.finds("Encounter", patient=str(cast.bruno.pk)) == []
        states = {
            who: ehr.finds("Appointment", patient=str(who.pk), date=f"lt{MORNING.date()}")[0]["status"]
            for who in (cast.alice, cast.bruno)
        }
        assert states == {cast.alice: "fulfilled", cast.bruno: "noshow"}

    def test_assessments_and_plans(self, ehr: Ehr, cast: Cast) -> None:
        (answers,) = ehr.finds("QuestionnaireResponse", patient=str(cast.alice.pk))
        assert answers["questionnaire"] == "urn:viop:questionnaire:withdrawal|1"
        items = {one["linkId"]: one["answer"][0] for one in answers["item"]}
        assert items["opioids"] == {"valueBoolean": False}
        assert items["notes"] == {"valueString": "Sleeps badly."}
        (plan,) = ehr.finds("CarePlan")
        assert (plan["status"], plan["intent"]) == ("draft", "plan")
        assert [one["description"]["text"] for one in plan["contained"]] == ["Sleep", "Call Theo"]

    def test_a_long_answer_comes_in_pages(self, ehr: Ehr) -> None:
        first = json.loads(ehr.get("Patient", _count="3").content)
        assert (first["total"], len(first["entry"])) == (4, 3)
        links = {one["relation"]: one["url"] for one in first["link"]}
        assert links["next"].startswith("http://testserver/fhir/Patient?")
        second = json.loads(ehr.get("Patient", _count="3", _page="2").content)
        assert len(second["entry"]) == 1
        assert {one["relation"] for one in second["link"]} == {"self", "previous"}

    @pytest.mark.parametrize(
        "params",
        [
            {"name": "Alice"},
            {"_count": "0"},
            {"_count": "9" * 5_000},
            {"_page": "x"},
            {"_page": "\u0661"},
            {"_include": "*"},
            {"_id": ""},
            {"_id": "one,two"},
            {"_id": ["one", "two"]},
        ],
    )
    def test_what_is_not_understood_is_refused(self, ehr: Ehr, params: dict[str, Any]) -> None:
        answer = ehr.get("Patient", **params)
        assert answer.status_code == 400
        assert json.loads(answer.content)["issue"][0]["code"] == "invalid"

    @pytest.mark.parametrize(
        "text",
        [
            "2026-02-30",
            "soon",
            "ne2026-01-01",
            "2026-03-02T10:00:00",
            "9999-12-31",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
        ],
    )
    def test_a_date_that_is_none_is_refused(self, ehr: Ehr, text: str) -> None:
        assert ehr.get("Encounter", date=text).status_code == 400

    def test_bounds_of_a_date_hold_together(self, ehr: Ehr, cast: Cast) -> None:
        def found(*dates: str) -> int:
            token = ehr.token().json()["access_token"]
            answer = ehr.client.get(
                "/fhir/Appointment",
                {"patient": str(cast.alice.pk), "date": list(dates)},
                headers={"Authorization": f"Bearer {token}"},
            )
            return int(json.loads(answer.content)["total"])

        assert found("ge2026-01-01", "lt2027-01-01") == 3
        assert found("gt2026-12-31", "ge2026-01-01") == found("ge2026-01-01", "gt2026-12-31") == 0
        assert found("2026-01-01", "ge2025-01-01") == 0

    def test_an_encounter_follows_what_was_adjusted_as_the_appointment_does(
        self, ehr: Ehr, cast: Cast
    ) -> None:
        meeting = signed(cast, EVENING - timedelta(days=3), {cast.alice: 170, cast.bruno: 0}, length=180)
        absent = signing.Change(0, status=AttendanceStatus.ABSENT)
        partial = signing.Change(60, status=AttendanceStatus.PARTIAL)
        for who, change in ((cast.alice, absent), (cast.bruno, partial)):
            signing.adjust(
                cast.mina,
                record_of(meeting, who.pk),
                change,
                reason="It was the other of the two.",
                typed_name=cast.mina.name,
            )
        assert ehr.finds("Encounter", patient=str(cast.alice.pk)) == []
        (one,) = ehr.finds("Encounter", patient=str(cast.bruno.pk))
        assert one["length"]["value"] == 60
        assert one["period"]["start"] < one["period"]["end"]
        states = [
            ehr.finds("Appointment", patient=str(who.pk), date=f"lt{MORNING.date()}")[0]["status"]
            for who in (cast.alice, cast.bruno)
        ]
        assert states == ["noshow", "fulfilled"]

    def test_who_was_excused_or_came_for_nothing_is_no_noshow(self, ehr: Ehr, cast: Cast) -> None:
        meeting = signed(cast, EVENING - timedelta(days=3), {cast.alice: 170, cast.bruno: 0}, length=180)
        for who, change in ((cast.alice, signing.Change(0)), (cast.bruno, signing.Change(excused=True))):
            signing.adjust(
                cast.mina,
                record_of(meeting, who.pk),
                change,
                reason="Nobody of the staff came.",
                typed_name=cast.mina.name,
            )
        found = [
            ehr.finds("Appointment", patient=str(who.pk), date=f"lt{MORNING.date()}")[0]
            for who in (cast.alice, cast.bruno)
        ]
        assert [one["status"] for one in found] == ["arrived", "cancelled"]
        assert found[1]["cancelationReason"] == {"text": "excused absence"}
        assert ehr.finds("Encounter", patient=str(cast.alice.pk)) == []

    def test_what_somebody_leads_or_comes_to_as_a_guest_is_no_appointment_of_theirs(
        self, ehr: Ehr, cast: Cast
    ) -> None:
        join(cast.ada, cast.north.pk, Role.FACILITATOR)
        schedule(
            cast.north,
            MeetingKind.INDIVIDUAL_THERAPY,
            Span(EVENING + timedelta(days=2), EVENING + timedelta(days=2, hours=1)),
            facilitators=[cast.ada],
            invitees=[(cast.alice, RoomRole.CLIENT)],
        )
        (one,) = ehr.finds("Appointment", patient=str(cast.ada.pk))
        assert one["serviceType"][0]["text"] == "check in call"
