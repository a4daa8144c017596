"""What a browser is told to keep, and how strictly: under the settings of production and those of `make run`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.cookies import Morsel
from typing import Any, Final

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.cast import MORNING, Cast, assemble
from tests.servers import python
from tests.service.guests import comes_in, invited
from tests.service.test_deploy import production

PASSWORD = "a quiet lantern at dusk"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BROWSERS_SIDE: Final = ("SESSION_", "CSRF_", "SECURE_", "X_FRAME_", "LANGUAGE_COOKIE_", "MESSAGE_")
READ: Final = """
import json, django; django.setup()
from django.conf import settings
from sessions.web.programme.guest import DEVICE
said = {name: getattr(settings, name) for name in dir(settings) if name.startswith(%r)}
print(json.dumps({"settings": said, "device": DEVICE}))
"""
TLS: Final = {"X-Forwarded-Proto": "https", "Host": "testserver", "Origin": "https://testserver"}


def read(env: dict[str, str]) -> dict[str, Any]:
    """What the settings say about the browser's side when a process starts in this environment."""
    asked = python("-c", READ % (BROWSERS_SIDE,), env={**env, "DJANGO_SETTINGS_MODULE": "vIOP.settings"})
    assert asked.returncode == 0, asked.stderr
    found: dict[str, Any] = json.loads(asked.stdout)
    return found


@pytest.fixture(scope="session")
def in_production() -> dict[str, Any]:
    return read(production())


@pytest.fixture(scope="session")
def at_home() -> dict[str, Any]:
    """As `make run` starts it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VIOP_")}
    return read({**ours, "VIOP_DEMO": "1", "VIOP_VAR": os.environ.get("VIOP_VAR", "var")})


@pytest.fixture
def cast(db: None, settings: Settings) -> Iterator[Cast]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    with time_machine.travel(MORNING, tick=False):
        found = assemble(MORNING)
        found.alice.set_password(PASSWORD)
        found.alice.save()
        yield found
    cache.clear()


@pytest.fixture
def under(settings: Settings) -> Callable[[dict[str, Any]], None]:
    def put(found: dict[str, Any]) -> None:
        for name, value in found["settings"].items():
            setattr(settings, name, value)

    return put


def everything_kept(cast: Cast, browser: Client) -> dict[str, Morsel[str]]:
    """The cookies of a browser in which Alice chose a language and signed in, and then a guest came in."""
    browser.post("/language", {"language": "es"})
    page = browser.get("/accounts/login/")
    assert page.status_code == 200
    typed = {
        "login": cast.alice.email,
        "password": PASSWORD,
        "csrfmiddlewaretoken": page.context["csrf_token"],
    }
    assert browser.post("/accounts/login/", typed).status_code == 302
    kept = dict(browser.cookies)
    guest = Client(headers=TLS)
    assert comes_in(guest, invited(cast)) == 302
    return kept | {"viop-device": guest.cookies["viop-device"]}


def test_in_production_every_cookie_is_for_this_host_over_tls_and_no_script(
    cast: Cast, in_production: dict[str, Any], under: Callable[[dict[str, Any]], None]
) -> None:
    under(in_production)
    kept = everything_kept(cast, Client(headers=TLS))
    assert set(kept) == {"__Host-viop", "__Host-viop-csrf", "django_language", "viop-device"}
    assert in_production["device"] == "__Host-viop-device", "its name is chosen when the process starts"
    for name, cookie in kept.items():
        assert cookie["secure"] is True, name
        assert cookie["httponly"] is True, name
        assert cookie["samesite"] == "Lax", name
        # What __Host- asks for besides Secure; a browser drops a cookie of that name without them.
        assert (cookie["path"], cookie["domain"]) == ("/", ""), name
    assert kept["__Host-viop"]["max-age"] == "", "ends with the browser"


def test_at_home_cookies_are_as_strict_as_they_can_be_without_tls(
    cast: Cast, at_home: dict[str, Any], under: Callable[[dict[str, Any]], None]
) -> None:
    under(at_home)
    kept = everything_kept(cast, Client())
    assert set(kept) == {"viop", "viop-csrf", "django_language", "viop-device"}
    assert at_home["device"] == "viop-device"
    for name, cookie in kept.items():
        found = (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"])
        assert found == ("", True, "Lax", "/", ""), name


def test_production_answers_over_tls_alone_and_tells_browsers_to_remember_it(
    in_production: dict[str, Any], under: Callable[[dict[str, Any]], None]
) -> None:
    under(in_production)
    plain = Client().get("/accounts/login/")
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://testserver/accounts/login/")
    assert "Set-Cookie" not in plain.headers
    assert not plain.cookies
    assert Client().get("/healthz").status_code == 200, "the load balancer's question comes without TLS"
    answer = Client(headers=TLS).get("/accounts/login/")
    year = timedelta(days=365).total_seconds()
    assert answer.headers["Strict-Transport-Security"] == f"max-age={year:.0f}; includeSubDomains"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_at_home_no_browser_is_told_to_insist_on_tls(
    at_home: dict[str, Any], under: Callable[[dict[str, Any]], None]
) -> None:
    under(at_home)
    answer = Client().get("/accounts/login/")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers
    # Nobody stands in front: whoever says so in a header does not make it so.
    assert "Strict-Transport-Security" not in Client(headers=TLS).get("/accounts/login/").headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://testserver", 302), ("https://evil.example", 403), ("http://testserver", 403), ("null", 403)],
)
def test_in_production_a_form_of_another_origin_is_refused(
    cast: Cast,
    in_production: dict[str, Any],
    under: Callable[[dict[str, Any]], None],
    origin: str,
    status: int,
) -> None:
    under(in_production)
    browser = Client(headers=TLS, enforce_csrf_checks=True)
    token = browser.get("/accounts/login/").context["csrf_token"]
    typed = {"login": cast.alice.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = browser.post("/accounts/login/", typed, headers={"Origin": origin})
    assert answer.status_code == status


def test_a_login_lasts_twelve_hours_however_much_it_is_used(
    cast: Cast, in_production: dict[str, Any], under: Callable[[dict[str, Any]], None]
) -> None:
    under(in_production)
    browser = Client(headers=TLS)
    typed = {"login": cast.alice.email, "password": PASSWORD}
    assert browser.post("/accounts/login/", typed).status_code == 302
    for hours in (3, 6, 9):
        with time_machine.travel(MORNING + hours * HOUR, tick=False):
            assert browser.get("/").status_code == 200
            browser.post("/language", {"language": "es" if hours == 6 else "en"})
    with time_machine.travel(MORNING + 12 * HOUR - MINUTE, tick=False):
        assert browser.get("/").status_code == 200
    with time_machine.travel(MORNING + 12 * HOUR + MINUTE, tick=False):
        assert browser.get("/").status_code == 302
