"""What other systems ask: a token (OAuth 2.0 client credentials), FHIR resources, what there is (OpenAPI).

Answers are JSON, refusals too, each in the words of its own standard; none of them says whether something
exists that the asker may not read.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import logging
from collections.abc import Callable
from typing import Any, Concatenate, Final, ParamSpec
from urllib.parse import unquote_plus, urlencode

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from sessions.core import clock
from sessions.core.errors import NotAllowed, NotFound
from sessions.core.reading import reading as remembered
from sessions.interop import fhir, reading, resources, systems
from sessions.interop.models import AccessToken
from sessions.interop.scopes import KINDS, SCOPES
from sessions.web.interop import openapi

log = logging.getLogger(__name__)
P = ParamSpec("P")
FHIR_JSON: Final = "application/fhir+json"
LONGEST: Final = 8_192
TRIES: Final = "token_failed"  # of settings.ACCOUNT_RATE_LIMITS


# Tokens.


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749, 4.4. The system names itself by HTTP Basic or in the form, never in the address."""
    if request.method != "POST":
        return _refused("invalid_request", "Ask with POST.", 405, Allow="POST")
    if len(request.body) > LONGEST or request.content_type != "application/x-www-form-urlencoded":
        return _refused("invalid_request", "Send a form (application/x-www-form-urlencoded).", 400)
    if request.POST.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "Only client_credentials.", 400)
    if not ratelimit.consume(request, action=TRIES, dry_run=True):
        return _refused(
            "temporarily_unavailable", "Too many wrong secrets from here.", 429, **{"Retry-After": "300"}
        )
    named = _basic(request) or (request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    try:
        given = systems.grant(*named, request.POST.get("scope", ""))
    except systems.WrongSystem:
        ratelimit.consume(request, action=TRIES)
        return _refused(
            "invalid_client", "No such system, or not its secret.", 401, **{"WWW-Authenticate": "Basic"}
        )
    except systems.WrongScope:
        return _refused("invalid_scope", "The system may not read all of this.", 400)
    return JsonResponse(
        {
            "access_token": given.token,
            "token_type": "Bearer",
            "expires_in": int(given.expires_in.total_seconds()),
            "scope": " ".join(given.scopes),
        },
        headers={"Pragma": "no-cache"},
    )


def _basic(request: HttpRequest) -> tuple[str, str] | None:
    sort, _, value = request.headers.get("Authorization", "").partition(" ")
    if sort.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (unquote_plus(name), unquote_plus(secret)) if colon else ("", "")


def _refused(code: str, text: str, status: int, **headers: str) -> HttpResponse:
    return JsonResponse({"error": code, "error_description": text}, status=status, headers=headers)


# FHIR.


def _with_token(
    view: Callable[Concatenate[HttpRequest, AccessToken, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for who shows a token that holds; refusals as FHIR tells them."""

    @functools.wraps(view)
    def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return _outcome("not-supported", "This server is read only.", 405, Allow="GET, HEAD")
        sort, _, value = request.headers.get("Authorization", "").partition(" ")
        held = systems.shown(value) if sort.lower() == "bearer" else None
        if held is None:
            said = 'Bearer error="invalid_token"' if value else "Bearer"
            return _outcome("login", "Show a token that holds.", 401, **{"WWW-Authenticate": said})
        try:
            with remembered():
                answer = view(request, held, *args, **kwargs)
        except NotAllowed:
            said = 'Bearer error="insufficient_scope"'
            return _outcome("forbidden", "The token does not say so.", 403, **{"WWW-Authenticate": said})
        except NotFound:
            return _outcome("not-found", "There is no such resource.", 404)
        except reading.Unknown as unknown:
            return _outcome("invalid", str(unknown), 400)
        except fhir.NotValid:
            log.exception("a resource that is not FHIR was kept back")
            return _outcome("exception", "This cannot be given as FHIR.", 500)
        reading.touched(held.system)
        return answer

    return asked


@_with_token
def kind(request: HttpRequest, held: AccessToken, kind: str) -> HttpResponse:
    """One page of what is found, with links to its neighbours."""
    if kind not in KINDS:
        raise NotFound
    given = {name: [str(one) for one in request.GET.getlist(name)] for name in request.GET}
    found, wanted = reading.search(held, kind, given)
    base = request.build_absolute_uri(reverse("fhir"))[:-1]

    def page(number: int) -> str:
        words = [(name, one) for name, ones in given.items() if name != "_page" for one in ones]
        return f"{base}/{kind}?{urlencode([*words, ('_page', number)])}"

    links = {"self": page(wanted.page)}
    if wanted.page > 1:
        links["previous"] = page(wanted.page - 1)
    if wanted.page * wanted.count < found.total:
        links["next"] = page(wanted.page + 1)
    return _written(resources.bundle(found.resources, found.total, links, base))


@_with_token
def resource(request: HttpRequest, held: AccessToken, kind: str, resource_id: str) -> HttpResponse:
    if kind not in KINDS:
        raise NotFound
    return _written(reading.read(held, kind, resource_id))


def capabilities(request: HttpRequest) -> HttpResponse:
    """FHIR: GET metadata. Says nothing about anybody, so that it needs no token."""
    if request.method not in ("GET", "HEAD"):
        return _outcome("not-supported", "This server is read only.", 405, Allow="GET, HEAD")
    base = request.build_absolute_uri(reverse("fhir"))[:-1]
    address = request.build_absolute_uri(reverse("oauth-token"))
    return _written(fhir.capabilities(base, address, clock.now().date().isoformat()))


@require_safe
def smart(request: HttpRequest) -> HttpResponse:
    """Where a token is had, for programs (SMART App Launch, .well-known/smart-configuration)."""
    return JsonResponse(
        {
            "token_endpoint": request.build_absolute_uri(reverse("oauth-token")),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(SCOPES),
            "capabilities": ["permission-v2"],
        }
    )


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    return _outcome("not-found", "There is no such resource.", 404)


def _written(one: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(fhir.written(one), content_type=FHIR_JSON, status=status)


def _outcome(code: str, text: str, status: int, **headers: str) -> HttpResponse:
    answer = _written(resources.outcome(code, text), status)
    for name, value in headers.items():
        answer.headers[name] = value
    return answer


# OpenAPI.


@require_safe
def described(request: HttpRequest) -> HttpResponse:
    """Every address that a program may ask and that is not FHIR."""
    document = openapi.document(request.build_absolute_uri("/")[:-1])
    return HttpResponse(json.dumps(document, indent=1), content_type="application/json")
