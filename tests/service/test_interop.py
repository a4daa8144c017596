"""Other systems read: a token by client credentials, FHIR R4 of one programme, each read on record.

The health record of North is connected with everything; what it is given is read with fhir.resources.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from fhir.resources.R4B import get_fhir_model_class

from sessions.attendance import signing
from sessions.attendance.models import AttendanceStatus
from sessions.attendance.records import record_of
from sessions.audit.models import AuditEvent
from sessions.audit.service import verify
from sessions.core.errors import NotFound
from sessions.core.span import Span
from sessions.interop import systems
from sessions.interop.models import AccessToken, ConnectedSystem
from sessions.interop.scopes import KINDS, SCOPES, granted
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join
from sessions.plan import service as plans
from sessions.plan.forms import FORMS
from sessions.plan.models import Modality
from sessions.plan.service import Goal, Words
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.service import schedule
from tests.cast import EVENING, MORNING, Cast, assemble
from tests.service.signed import signed
from tests.service.test_programme_access import EVERYBODY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_guessed() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        cast = assemble(MORNING)
        Licence.objects.create(person=cast.mina, state="NY", number="012345")
        row = Episode.objects.get(person=cast.alice)
        answers = {one.code: "no" for one in FORMS["withdrawal"].questions if not one.free}
        plans.assess(row, FORMS["withdrawal"], {**answers, "notes": "Sleeps badly."}, by=cast.mina)
        plans.write(
            row, Words("Steady weeks", (Goal("Sleep"), Goal("Call Theo"))), [Modality.CBT], by=cast.mina
        )
        yield cast


@dataclass
class Ehr:
    """A system, as it asks."""

    client: Client
    row: ConnectedSystem
    secret: str

    def token(self, scope: str = "", **more: str) -> Any:
        form = {"grant_type": "client_credentials", "scope": scope, **more}
        named = base64.b64encode(f"{self.row.pk}:{self.secret}".encode()).decode()
        return self.client.post(
            "/oauth/token",
            "&".join(f"{name}={value.replace(' ', '+').replace('/', '%2F')}" for name, value in form.items()),
            content_type="application/x-www-form-urlencoded",
            headers={"Authorization": f"Basic {named}"},
        )

    def get(self, path: str, scope: str = "", **params: str) -> Any:
        token = self.token(scope).json()["access_token"]
        return self.client.get(f"/fhir/{path}", params, headers={"Authorization": f"Bearer {token}"})

    def finds(self, kind: str, **params: str) -> list[dict[str, Any]]:
        answer = self.get(kind, **params)
        assert answer.status_code == 200, answer.content
        assert answer.headers["Content-Type"] == "application/fhir+json"
        get_fhir_model_class("Bundle").model_validate_json(answer.content)
        return [one["resource"] for one in json.loads(answer.content).get("entry", ())]


@pytest.fixture
def ehr(cast: Cast, client: Client) -> Ehr:
    return Ehr(client, *systems.connect(cast.north, "Health record", SCOPES, by=cast.ines))


def test_what_a_system_may_ask_for_is_what_it_holds() -> None:
    held = ("system/Patient.rs", "system/CarePlan.rs")
    assert granted("", held) == held
    assert granted("system/CarePlan.rs", held) == ("system/CarePlan.rs",)
    with pytest.raises(ValueError, match="not given"):
        granted("system/Encounter.rs", held)


class TestTokens:
    def test_who_knows_the_secret_gets_one_for_fifteen_minutes(self, ehr: Ehr) -> None:
        answer = ehr.token("system/Patient.rs")
        told = answer.json()
        assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 900, "system/Patient.rs")
        assert answer.headers["Cache-Control"] == "no-store"
        row = AccessToken.objects.get()
        assert told["access_token"] not in (row.token_hash, ehr.row.secret_hash)

    @pytest.mark.parametrize(
        ("change", "status", "error"),
        [
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"scope": "system/Observation.rs"}, 400, "invalid_scope"),
            ({"secret": "wrong"}, 401, "invalid_client"),
            ({"pk": "00000000-0000-4000-8000-000000000000"}, 401, "invalid_client"),
            ({"pk": "nobody"}, 401, "invalid_client"),
        ],
    )
    def test_anybody_else_hears_an_error_of_the_standard(
        self, ehr: Ehr, change: dict[str, str], status: int, error: str
    ) -> None:
        if "secret" in change:
            ehr.secret = change["secret"]
        if "pk" in change:
            ehr.row = ConnectedSystem(pk=change["pk"])
        answer = ehr.token(**{name: text for name, text in change.items() if name not in ("secret", "pk")})
        assert (answer.status_code, answer.json()["error"]) == (status, error)

    def test_what_is_refused_is_on_record_and_alike_whether_there_is_such_a_system(
        self, ehr: Ehr, cast: Cast
    ) -> None:
        right, mine = ehr.secret, ehr.row
        ehr.secret = "wrong"
        known = ehr.token()
        ehr.row = ConnectedSystem(pk="00000000-0000-4000-8000-000000000000")
        unknown = ehr.token()
        ehr.row, ehr.secret = mine, right
        ehr.token("system/Observation.rs")
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        told = AuditEvent.objects.filter(act="system.token", outcome="refused").order_by("at", "scope")
        assert {(one.actor_id, one.subject_id, one.reason) for one in told} == {
            (None, str(mine.pk), "invalid-client"),
            (None, "unknown", "invalid-client"),
            (mine.pk, str(mine.pk), "invalid-scope"),
        }

    def test_who_guesses_is_made_to_wait_and_who_knows_the_secret_elsewhere_is_not(self, ehr: Ehr) -> None:
        right, ehr.secret = ehr.secret, "wrong"
        assert [ehr.token().status_code for _ in range(20)] == [401] * 20
        ehr.secret = right
        late = ehr.token()
        assert (late.status_code, late.headers["Retry-After"]) == (429, "300")
        ehr.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
        assert ehr.token().status_code == 200

    def test_it_ends_after_its_time_and_at_once_with_its_system(self, ehr: Ehr, cast: Cast) -> None:
        token = ehr.token().json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert ehr.client.get("/fhir/Patient", headers=bearer).status_code == 200
        with time_machine.travel(MORNING + timedelta(minutes=15), tick=False):
            late = ehr.client.get("/fhir/Patient", headers=bearer)
            assert late.status_code == 401
            assert late.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        systems.end(ehr.row, by=cast.ines)
        assert ehr.client.get("/fhir/Patient", headers=bearer).status_code == 401
        assert ehr.token().status_code == 401

    def test_without_one_there_is_nothing_to_read_and_a_login_of_a_person_is_none(
        self, ehr: Ehr, cast: Cast, client: Client
    ) -> None:
        client.force_login(cast.carol)
        for kind in KINDS:
            for path in (f"/fhir/{kind}", f"/fhir/{kind}/{cast.alice.pk}"):
                answer = client.get(path)
                assert answer.status_code == 401
                assert json.loads(answer.content)["resourceType"] == "OperationOutcome"
        assert client.post("/fhir/Patient").status_code == 405


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


class TestWhoMay:
    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_of_another_programme_and_nothing_without_its_scope(
        self, ehr: Ehr, cast: Cast, client: Client, kind: str
    ) -> None:
        other = Ehr(client, *systems.connect(cast.south, "Billing", SCOPES, by=_admin(cast)))
        params = _needed(kind, cast)
        mine = {one["id"] for one in ehr.finds(kind, **params)}
        assert mine
        assert not mine & {one["id"] for one in other.finds(kind, **params)}
        for pk in mine:
            assert ehr.get(f"{kind}/{pk}").status_code == 200
            assert other.get(f"{kind}/{pk}").status_code == 404
        scope = next(one for one in SCOPES if kind not in one)
        for path in (kind, f"{kind}/{next(iter(mine))}"):
            answer = ehr.get(path, scope)
            assert answer.status_code == 403
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'

    def test_every_read_and_refusal_is_on_record_and_the_client_sees_it(
        self, ehr: Ehr, cast: Cast, client: Client
    ) -> None:
        ehr.finds("CarePlan", patient=str(cast.alice.pk))
        ehr.get(f"Patient/{cast.sofia.pk}")
        ehr.get("Encounter", "system/Patient.rs")
        told = AuditEvent.objects.filter(actor_id=ehr.row.pk, act__startswith="fhir.")
        assert [(one.act, one.outcome, one.subject_id) for one in told] == [
            ("fhir.CarePlan", "allowed", str(cast.alice.pk)),
            ("fhir.Patient", "refused", str(cast.north.pk)),
            ("fhir.Encounter", "refused", str(cast.north.pk)),
        ]
        assert verify() == []
        client.force_login(cast.alice)
        page = client.get(reverse("record-seen")).content.decode()
        assert "Health record" in page
        assert "as a system of the programme" in page

    def test_a_search_over_everybody_is_on_record_for_each_of_whom_something_was_found(
        self, ehr: Ehr, cast: Cast
    ) -> None:
        ehr.finds("QuestionnaireResponse")
        ehr.finds("Patient", _count="2")
        told = AuditEvent.objects.filter(actor_id=ehr.row.pk, act__startswith="fhir.")
        assert [one.subject_id for one in told if one.act == "fhir.QuestionnaireResponse"] == [
            str(cast.alice.pk)
        ]
        assert len({one.subject_id for one in told if one.act == "fhir.Patient"}) == 2
        assert {one.subject_type for one in told} == {"person"}
        assert verify() == []

    def test_who_is_asked_for_and_not_of_the_programme_is_named_on_no_record(
        self, ehr: Ehr, cast: Cast
    ) -> None:
        for stranger in (cast.otto.pk, "00000000-0000-4000-8000-000000000000"):
            assert ehr.finds("CarePlan", patient=str(stranger)) == []
        ehr.finds("Encounter", patient=str(cast.bruno.pk))  # of whom there is nothing: that is told, too
        told = AuditEvent.objects.filter(actor_id=ehr.row.pk, act__startswith="fhir.")
        assert [one.subject_id for one in told] == [
            str(cast.north.pk),
            str(cast.north.pk),
            str(cast.bruno.pk),
        ]

    def test_what_there_is_says_nothing_about_anybody(self, client: Client, cast: Cast) -> None:
        told = client.get("/fhir/metadata")
        get_fhir_model_class("CapabilityStatement").model_validate_json(told.content)
        whole = json.loads(told.content)
        assert {one["type"] for one in whole["rest"][0]["resource"]} == set(KINDS)
        assert client.get("/fhir/.well-known/smart-configuration").json()["scopes_supported"] == list(SCOPES)
        assert client.get("/fhir/Observation").status_code == 401
        assert client.get("/fhir/a/b/c").status_code == 404


class TestThePage:
    @pytest.mark.parametrize(("name", "allowed"), [("systems", {"ines"}), ("import", {"ines", "carol"})])
    def test_who_finds_it(self, cast: Cast, client: Client, name: str, allowed: set[str]) -> None:
        address = reverse(name, args=[cast.north.pk])
        assert client.get(address).headers["Location"].startswith("/accounts/login/")
        found = set()
        for who in EVERYBODY:
            client.force_login(getattr(cast, who))
            answer = client.get(address)
            assert answer.status_code in (200, 404), who
            found |= {who} if answer.status_code == 200 else set()
        assert found == allowed

    def test_the_secret_is_shown_once_and_the_system_ends_with_a_press(
        self, cast: Cast, client: Client
    ) -> None:
        client.force_login(cast.ines)
        address = reverse("systems", args=[cast.north.pk])
        assert "No system reads here" in client.get(address).content.decode()
        assert client.post(address, {"name": "", "scopes": SCOPES}).status_code == 422
        page = client.post(address, {"name": "Billing", "scopes": [SCOPES[0]]}).content.decode()
        row = ConnectedSystem.objects.get(name="Billing")
        assert str(row.pk) in page
        assert "client_secret" in page
        page = client.get(address).content.decode()
        assert "Billing" in page
        assert "client_secret" not in page
        assert client.post(address, {"name": "Billing", "scopes": [SCOPES[0]]}).status_code == 422
        client.post(reverse("system-end", args=[cast.north.pk, row.pk]))
        assert "Billing" not in client.get(address).content.decode().replace("Billing reads nothing", "")

    def test_only_an_administrator_of_the_programme_connects(self, cast: Cast) -> None:
        for who in (cast.carol, cast.mina, cast.alice, cast.otto, _admin(cast)):
            with pytest.raises(NotFound):
                systems.connect(cast.north, "Theirs", SCOPES, by=who)


def _admin(cast: Cast) -> Any:
    join(cast.nora, cast.south.pk, Role.ADMINISTRATOR)
    return cast.nora


def _needed(kind: str, cast: Cast) -> dict[str, str]:
    if kind == "Encounter":
        signed(cast, EVENING - timedelta(days=3), {cast.alice: 60})
    return {"patient": str(cast.alice.pk)} if kind == "Appointment" else {}
