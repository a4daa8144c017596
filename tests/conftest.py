"""What tests of the clinic share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from sessions.core import append_only
from tests import cast as people

# Machines are shared and noisy: an example that takes long is no failure. On CI the same examples every time; elsewhere
# new ones at each run, which is where new failures are wanted.
hypothesis.settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("shared")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cases of several processes are collected only where they can be: with PostgreSQL and Redis (phase "scale")."""
    if settings.REDIS_URL and connection.vendor == "postgresql":
        return
    elsewhere = [item for item in items if item.get_closest_marker("several_processes")]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite as it runs in earnest, in a file: in memory, threads do not queue for the lock but fail."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture
def cast(request: pytest.FixtureRequest, db: None) -> people.Cast:
    """Everybody of tests/cast.py, with meetings around the present: that of the test's clock where it holds one."""
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock")
    return people.assemble()


def append_only_tables() -> list[str]:
    models = apps.get_models()
    return [model._meta.db_table for model in models if issubclass(model, append_only.AppendOnlyModel)]


@pytest.fixture(autouse=True, scope="session")
def _committed_facts_are_swept_up() -> Iterator[None]:
    """Tests that really commit end with a flush, which the append-only triggers rightly refuse."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def lifted(case: TransactionTestCase) -> None:
        tables = append_only_tables()
        with connection.schema_editor() as editor:
            for table in tables:
                append_only.remove(editor, table)
        flush(case)
        with connection.schema_editor() as editor:
            for table in tables:
                append_only.install(editor, table)

    with pytest.MonkeyPatch.context() as patch:
        patched: Any = TransactionTestCase
        patch.setattr(patched, "_fixture_teardown", lifted)
        yield
