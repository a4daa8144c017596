"""The addresses that programs ask and that are no FHIR, as an OpenAPI 3.1 document. FHIR describes itself
(`/fhir/metadata`).

`OPERATIONS` is by the name of the address in the table of addresses: tests/service/test_openapi.py asks every
address without signing in, and each that answers with something else than a page must stand here.
"""

from __future__ import annotations

from typing import Any, Final

from django.urls import get_resolver

VERSION: Final = "1"
_JSON: Final = "application/json"


def _answer(text: str, media: str = "", schema: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text}
    if media:
        found["content"] = {media: {"schema": schema or {"type": "string"}}}
    return found


def _object(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


_TEXT: Final = {"type": "string"}
_ERROR: Final = _object(("error",), error=_TEXT, error_description=_TEXT)
_CALENDAR: Final = _answer("A calendar (RFC 5545).", "text/calendar")
_GONE: Final = _answer("There is nothing here, or it is not open to you.")

OPERATIONS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "oauth-token": {
        "post": {
            "operationId": "token",
            "summary": "A token for a connected system (OAuth 2.0 client credentials)",
            "description": "It names itself by HTTP Basic or in the form. The token holds 15 minutes.",
            "security": [{"system": []}, {}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": _object(
                            ("grant_type",),
                            grant_type={"type": "string", "enum": ["client_credentials"]},
                            scope={
                                "type": "string",
                                "description": "Names with spaces between; all when empty.",
                            },
                            client_id=_TEXT,
                            client_secret=_TEXT,
                        )
                    }
                },
            },
            "responses": {
                "200": _answer(
                    "The token.",
                    _JSON,
                    _object(
                        ("access_token", "token_type", "expires_in", "scope"),
                        access_token=_TEXT,
                        token_type={"type": "string", "enum": ["Bearer"]},
                        expires_in={"type": "integer", "description": "In seconds."},
                        scope=_TEXT,
                    ),
                ),
                "400": _answer("Not understood, or more than the system may read.", _JSON, _ERROR),
                "401": _answer("No such system, or not its secret.", _JSON, _ERROR),
                "405": _answer("Ask with POST.", _JSON, _ERROR),
                "429": _answer("Too many wrong secrets from this address; wait five minutes.", _JSON, _ERROR),
            },
        }
    },
    "openapi": {
        "get": {
            "operationId": "described",
            "summary": "This document",
            "security": [],
            "responses": {"200": _answer("OpenAPI 3.1.", _JSON, {"type": "object"})},
        }
    },
    "smart-configuration": {
        "get": {
            "operationId": "smartConfiguration",
            "summary": "Where a token for FHIR is had (SMART App Launch)",
            "security": [],
            "responses": {"200": _answer("The configuration.", _JSON, {"type": "object"})},
        }
    },
    "feed-read": {
        "get": {
            "operationId": "calendar",
            "summary": "A person's calendar, by the secret in its address",
            "description": "Titles are generic. The person can end the address at any time.",
            "security": [],
            "responses": {"200": _CALENDAR, "404": _GONE},
        }
    },
    "appointment-calendar": {
        "get": {
            "operationId": "appointment",
            "summary": "One appointment as a calendar file, by the secret in its address",
            "security": [],
            "responses": {"200": _CALENDAR, "404": _GONE},
        }
    },
    "messages-heard": {
        "post": {
            "operationId": "heard",
            "summary": "The SMS gateway tells of an answer, or of what became of a message",
            "security": [{"gateway": []}],
            "requestBody": {
                "required": True,
                "content": {
                    _JSON: {
                        "schema": {
                            "oneOf": [
                                _object(("from",), **{"from": _TEXT, "text": _TEXT}),
                                _object(
                                    ("id", "delivered"), id=_TEXT, delivered={"type": "boolean"}, code=_TEXT
                                ),
                            ]
                        }
                    }
                },
            },
            "responses": {
                "204": _answer("Heard."),
                "400": _answer("Not understood."),
                "404": _answer("Not the gateway."),
            },
        }
    },
    "messages-stop": {
        "post": {
            "operationId": "stop",
            "summary": "One-click unsubscribe of a mail program (RFC 8058), by the secret in its address",
            "security": [],
            "responses": {"200": _answer("Stopped.", "text/html"), "404": _GONE},
        }
    },
    "alive": {
        "get": {
            "operationId": "alive",
            "summary": "Whether this process answers",
            "security": [],
            "responses": {"200": _answer("It does.", _JSON, {"type": "object"})},
        }
    },
    "ready": {
        "get": {
            "operationId": "ready",
            "summary": "Whether this process may be sent people",
            "security": [],
            "responses": {
                "200": _answer("Yes.", _JSON, {"type": "object"}),
                "503": _answer("Not now.", _JSON, {"type": "object"}),
            },
        }
    },
    "clockwork": {
        "get": {
            "operationId": "clockwork",
            "summary": "Whether what is due is being done",
            "security": [],
            "responses": {
                "200": _answer("It is.", _JSON, {"type": "object"}),
                "503": _answer("It stands still.", _JSON, {"type": "object"}),
            },
        }
    },
}


def document(server: str) -> dict[str, Any]:
    """OpenAPI 3.1 for the server at this address."""
    paths: dict[str, Any] = {}
    for name, operations in OPERATIONS.items():
        address, parameters = _address(name)
        described = [
            {"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in parameters
        ]
        paths[address] = {**({"parameters": described} if described else {}), **operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vIOP",
            "version": VERSION,
            "description": "What programs may ask beside FHIR, which describes itself at /fhir/metadata.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "system": {"type": "http", "scheme": "basic"},
                "gateway": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def _address(name: str) -> tuple[str, list[str]]:
    """From the table of addresses, so that it is never another."""
    (possible, *_), *_ = get_resolver().reverse_dict.getlist(name)
    ((form, parameters), *_) = possible
    address = "/" + form.replace("%(", "{").replace(")s", "}")
    return address, list(parameters)
