"""Whether a page may open a socket here.

A browser sends the cookies of a login with every WebSocket, whoever wrote the page that opens it; the Origin
header is what tells our own pages from others. Ours means: the very host that was asked, or one of
CSRF_TRUSTED_ORIGINS. Source: RFC 6455, 10.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """One request header, or "" when it is absent."""
    for key, value in scope.get("headers", ()):
        if key.lower() == name:
            return bytes(value).decode("latin-1")
    return ""


def is_ours(scope: Mapping[str, Any]) -> bool:
    """Whether the Origin header names a page of this clinic. False when it is absent."""
    origin = header(scope, b"origin")
    host = header(scope, b"host")
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    if origin.lower() in {trusted.lower() for trusted in settings.CSRF_TRUSTED_ORIGINS}:
        return True
    domain, _port = split_domain_port(host)
    return parts.netloc.lower() == host.lower() and validate_host(domain, settings.ALLOWED_HOSTS)
