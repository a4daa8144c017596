"""Whether the login behind an open socket still holds.

A socket is opened once and may live for hours; a logout, a password change or a disabled account must end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


@dataclass(frozen=True, slots=True)
class Login:
    """Who a socket speaks for. Without a session (a native client with a ticket) only the account counts."""

    person_id: UUID
    session_key: str | None

    @property
    def device(self) -> str:
        """An opaque name of the browser: the same for all of its tabs, worthless as a credential."""
        return salted_hmac("viop.device", self.session_key or "").hexdigest()[:32]


def login_of(scope: Mapping[str, Any]) -> Login | None:
    """The login of a socket behind AuthMiddlewareStack; None when nobody is signed in."""
    person = scope.get("user")
    if person is None or not person.is_authenticated or not person.is_active:
        return None
    return Login(person.pk, scope["session"].session_key)


def ended(logins: Iterable[Login]) -> set[Login]:
    """Those of `logins` that no longer hold: signed out, expired, password changed, or account disabled."""
    asked = set(logins)
    active = set(
        get_user_model()
        .objects.filter(pk__in={login.person_id for login in asked}, is_active=True)
        .values_list("pk", flat=True)
    )
    over = {login for login in asked if login.person_id not in active}
    return over | {
        login
        for login in asked - over
        if login.session_key is not None and _signed_in(login.session_key) != login.person_id
    }


def _signed_in(session_key: str) -> object:
    """The id of the person for whom the stored session stands, verified as for a page; None for nobody."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request).pk
