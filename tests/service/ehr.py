"""A health record connected with North, as it asks: with everything granted, and something to read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from sessions.interop import systems
from sessions.interop.models import ConnectedSystem
from sessions.interop.scopes import SCOPES
from sessions.plan import service as plans
from sessions.plan.forms import FORMS
from sessions.plan.models import Modality
from sessions.plan.service import Goal, Words
from sessions.programs.episode_models import Episode
from sessions.programs.licences import Licence
from tests.cast import MORNING, Cast, assemble


@pytest.fixture
def connected(db: None) -> Iterator[Cast]:
    """Everybody, on a Monday morning; of Alice there is an assessment and a plan. Test modules give these
    fixtures the names that they use.
    """
    cache.clear()  # tries with a wrong secret are counted there
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
    cache.clear()


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
def health_record(cast: Cast, client: Client) -> Ehr:
    return Ehr(client, *systems.connect(cast.north, "Health record", SCOPES, by=cast.ines))
