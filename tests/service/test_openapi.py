"""What programs may ask and is not FHIR is described, all of it: found by asking every address there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import validate

from sessions.web.interop import openapi
from tests.cast import Cast

pytestmark = pytest.mark.django_db
IN_PLACE_OF = {
    "uuid": "6f2a4f0e-0000-4000-8000-76696f700000",
    "int": "1",
    "slug": "word",
    "str": "word",
}
ELSEWHERE = (
    "admin/",
    "accounts/",
    "fhir/",
    "messages/mail/",
)  # a library's pages; FHIR, which describes itself


def addresses(patterns: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Name and an address of every pattern."""
    for one in patterns:
        text = before + str(one.pattern)
        if text.startswith(ELSEWHERE) and "well-known" not in text:
            continue
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, text)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name, "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: IN_PLACE_OF[m[1] or "str"], text)


def test_what_answers_a_stranger_with_anything_but_a_page_is_described(cast: Cast, client: Client) -> None:
    found = set()
    for name, address in addresses(get_resolver().url_patterns):
        for ask in (client.get, client.post):
            answer = ask(address)
            if answer.status_code in (302, 404, 405) and not answer.headers.get(
                "Content-Type", ""
            ).startswith("application/"):
                continue
            if not answer.headers.get("Content-Type", "text/html").startswith("text/html"):
                found.add(name)
    by_secret = {
        "feed-read",
        "appointment-calendar",
        "messages-heard",
        "messages-stop",
    }  # a stranger has none
    assert found - by_secret == set(openapi.OPERATIONS) - by_secret
    assert by_secret <= set(openapi.OPERATIONS)


def test_every_operation_says_what_it_answers_and_who_may_ask(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    validate(document)  # by the schema of OpenAPI 3.1
    names = []
    for path, item in document["paths"].items():
        told = {one["name"] for one in item.get("parameters", ())}
        assert told == set(re.findall(r"\{(\w+)\}", path))
        for method, operation in item.items():
            if method == "parameters":
                continue
            names.append(operation["operationId"])
            assert operation["summary"]
            assert operation["responses"]
            for each in operation["security"]:
                assert set(each) <= set(document["components"]["securitySchemes"])
    assert len(names) == len(set(names)) == len(openapi.OPERATIONS)


def test_answers_are_as_described(cast: Cast, client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    for path, item in document["paths"].items():
        if "{" in path or "get" not in item:
            continue
        answer = client.get(path)
        described = item["get"]["responses"][str(answer.status_code)]
        (media,) = described["content"]
        assert answer.headers["Content-Type"].startswith(media), path
