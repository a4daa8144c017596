"""What makes a personal link work is in no log, nor what an exception quotes; ids, which open nothing, may be."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.conf import settings

from vIOP.logs import Plain, SecretLinks, without_secrets

MEETING = "/meetings/0190c7a4-7f0e-7cc0-9f55-5f6e0c9e2a11/"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Not Found: /i/7DlhuwOuiRDOAToSWnGWHQ", "Not Found: /i/…"),
        ("GET /a/7DlhuwOuiRDOAToSWnGWHQ/calendar 404", "GET /a/…/calendar 404"),
        ('"/calendar/7DlhuwOuiRDOATo.ics?x=1"', '"/calendar/…?x=1"'),
        ("/messages/stop/7DlhuwOuiRDO_-ATo", "/messages/stop/…"),
        ("/accounts/password/reset/key/1b-cx3f9a-set/", "/accounts/password/reset/key/…/"),
        (f"Forbidden: {MEETING}", f"Forbidden: {MEETING}"),
    ],
)
def test_secrets_of_addresses_are_left_out(said: str, kept: str) -> None:
    assert without_secrets(said) == kept


def written(log: Callable[[logging.Logger], None]) -> str:
    """What stands in our log after `log` wrote to it."""
    heard = io.StringIO()
    words = cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])
    assert words["plain"]["()"] == "vIOP.logs.Plain"
    handler = logging.StreamHandler(heard)
    handler.addFilter(SecretLinks())
    handler.setFormatter(Plain(words["plain"]["format"]))
    logger = logging.Logger("tests.logs")
    logger.addHandler(handler)
    log(logger)
    return heard.getvalue()


def fails() -> None:
    try:
        int("alice@example.org")
    except ValueError as error:
        raise LookupError("Alice Haddad, 555-0100") from error


def of_a_page(logger: logging.Logger) -> None:
    try:
        fails()
    except LookupError:
        logger.exception("a fault at %s", MEETING)


def of_a_task(logger: logging.Logger) -> None:
    """As celery.app.trace writes it."""
    try:
        fails()
    except LookupError as error:
        words = {"name": "sessions.tasks.send", "exc": repr(error), "traceback": "Alice"}
        logger.exception("Task %(name)s failed: %(exc)s", words)


@pytest.mark.parametrize(
    ("log", "said"),
    [(of_a_page, f"a fault at {MEETING}"), (of_a_task, "Task sessions.tasks.send failed: LookupError")],
)
def test_of_an_exception_kind_and_place_are_told_and_never_its_text(
    log: Callable[[logging.Logger], None], said: str
) -> None:
    told = written(log)
    assert f"ERROR tests.logs {said}" in told
    assert "builtins.LookupError" in told
    assert "builtins.ValueError" in told
    assert "test_logs.py" in told
    assert "lice" not in told
    assert "555" not in told


def test_exceptions_that_lead_to_each_other_are_told_once() -> None:
    one, other = LookupError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    told = written(lambda logger: logger.error("a fault", exc_info=one))
    assert (told.count("LookupError"), told.count("ValueError")) == (1, 1)
