"""Other systems read: a token by client credentials, FHIR R4 of one programme, each read on record.

The health record of North is connected with everything; what it is given is read with fhir.resources.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from fhir.resources.R4B import get_fhir_model_class

from sessions.audit.models import AuditEvent
from sessions.audit.service import verify
from sessions.core.errors import NotFound
from sessions.interop import systems
from sessions.interop.models import AccessToken, ConnectedSystem
from sessions.interop.scopes import KINDS, SCOPES, granted
from sessions.people.roles import Role
from sessions.people.service import join
from tests.cast import EVENING, MORNING, Cast
from tests.service.ehr import Ehr, connected, health_record
from tests.service.signed import signed
from tests.service.test_programme_access import EVERYBODY

pytestmark = pytest.mark.django_db
cast, ehr = connected, health_record


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
