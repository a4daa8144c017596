"""Refuses to start unsafe. Run by every management command, and by the web process before it listens."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SHORTEST_SECRET: Final = 32


@register(Tags.security)
def safe_to_start(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What would make this installation unsafe for real people's data."""
    found: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3") and settings.REDIS_URL:
        found.append(
            Error(
                "REDIS_URL is set but DATABASE_URL is SQLite: several processes need PostgreSQL.",
                hint="Set DATABASE_URL=postgres://…",
                id="viop.E001",
            )
        )
    if not settings.PRODUCTION:
        return found
    if len(os.environ.get("VIOP_SECRET_KEY", "")) < SHORTEST_SECRET:
        found.append(
            Error(f"VIOP_SECRET_KEY must be set and at least {SHORTEST_SECRET} characters.", id="viop.E002")
        )
    # Following from the secret key they would change with it, and what they signed or encrypted be lost.
    found += [
        Error(f"{name} must be set, and hold keys of at least {SHORTEST_SECRET} characters.", id="viop.E007")
        for name in ("VIOP_AUDIT_KEYS", "VIOP_FIELD_KEYS")
        if min(map(len, os.environ.get(name, "").split(","))) < SHORTEST_SECRET
    ]
    if not settings.PUBLIC_URL.startswith("https://"):
        found.append(
            Error("VIOP_URL must be the site's https:// address: links in messages.", id="viop.E008")
        )
    if settings.SMS_BACKEND.endswith(".HttpSms") and not (
        settings.SMS_URL.startswith("https://") and len(settings.SMS_TOKEN) >= SHORTEST_SECRET
    ):
        found.append(
            Error(
                "HttpSms needs VIOP_SMS_URL (https://) and VIOP_SMS_TOKEN of 32 characters.", id="viop.E009"
            )
        )
    if settings.DEBUG or settings.DEMO or settings.TEST_HOOKS:
        found.append(Error("VIOP_DEBUG, VIOP_DEMO, VIOP_TEST_HOOKS: never in production.", id="viop.E003"))
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        found.append(Error("VIOP_HOSTS must name the hosts of this site.", id="viop.E004"))
    found += [
        Error(
            f"{url}: VIOP_TURN_URLS takes turn: and turns: only (foreign STUN learns who attends).",
            id="viop.E005",
        )
        for url in settings.TURN_URLS
        if urlsplit(url).scheme not in ("turn", "turns")
    ]
    if settings.TURN_URLS and len(settings.TURN_SECRET) < SHORTEST_SECRET:
        found.append(Error("VIOP_TURN_SECRET must be at least 32 characters.", id="viop.E006"))
    return found


def refuse_to_start_unsafe() -> None:
    """End this process, with the reasons on standard error, when a check fails.

    Management commands run the checks by themselves; a web process started by Daphne does not.
    """
    if found := safe_to_start(None):
        sys.exit("\n".join(f"{message.id}: {message.msg}" for message in found))
