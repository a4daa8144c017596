"""What commands say when the database cannot be asked: one line with what to do, and an exit code of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from django.core.management import get_commands, load_command_class
from django.db import Error, IntegrityError, OperationalError, ProgrammingError

from sessions.management.clinic_command import UNASKED, ClinicCommand, what_to_do

ROOT: Final = Path(__file__).parents[2]
ASK_NO_DATABASE: Final = {"diagrams", "protocol_types"}
WORDS: Final = {
    "audit_verify": [],
    "credit": ["--meeting", str(uuid.uuid4())],
    "demo": [],
    "new_program": ["Harbor", "America/New_York", "harbor@example.org", "Iris", "Chen"],
    "verify_log": [],
    "verify_report": [__file__],
}


def our_commands() -> dict[str, str]:
    return {
        name: str(app)
        for name, app in get_commands().items()
        if str(app).partition(".")[0] in ("sessions", "signaling", "vIOP")
    }


def test_every_command_that_asks_the_database_can_say_so() -> None:
    found = our_commands()
    assert set(WORDS) < set(found)
    for name in set(found) - ASK_NO_DATABASE:
        assert isinstance(load_command_class(found[name], name), ClinicCommand), name


SAYS: Final = {
    "busy.sqlite3": "is busy",
    "new.sqlite3": "manage.py migrate",
    "nowhere/x.sqlite3": "DATABASE_URL",
}


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, int, str]]:
    """Each database, command, exit code and what was said, one after the other in one process beside this.

    The first is held by a migration, the second was never migrated, the third is not there.
    """
    folder = tmp_path_factory.mktemp("databases")
    ours = {"VIOP_VAR": str(folder), "VIOP_DEMO": "1", "VIOP_PRODUCTION": "0"}
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    other = sqlite3.connect(folder / "busy.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    done = subprocess.run(
        [sys.executable, "-m", "tests.service.commands_told", *(str(folder / name) for name in SAYS)],
        input=json.dumps([[name, *words] for name, words in WORDS.items()]),
        cwd=ROOT,
        env=env | ours,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    other.close()
    return [(str(Path(where).relative_to(folder)), *rest) for where, *rest in json.loads(done.stdout)]


@pytest.mark.parametrize("database", SAYS)
def test_each_says_in_one_line_what_to_do_and_ends_with_its_own_code(
    told: list[tuple[str, str, int, str]], database: str
) -> None:
    found = [(name, code, said) for where, name, code, said in told if where == database]
    assert [name for name, _code, _said in found] == list(WORDS)
    assert {code for _name, code, _said in found} == {UNASKED}
    # Django's checks may warn of something else before it, as of pages that are not built.
    (line,) = {said.splitlines()[-1] for _name, _code, said in found}
    assert SAYS[database] in line
    assert not any("Traceback" in said for _name, _code, said in found)


def wrapped(kind: type[Error], cause: Exception) -> Error:
    """As Django hands on what a driver raises."""
    trouble = kind("what the driver says")
    trouble.__cause__ = cause
    return trouble


def nobody_listens() -> Exception:
    try:
        psycopg.connect("postgresql://viop@127.0.0.1:1/viop", connect_timeout=5)
    except psycopg.OperationalError as refused:
        return refused
    raise AssertionError("something listens on port 1")


@pytest.mark.parametrize(
    ("kind", "raised", "said"),
    [
        (OperationalError, psycopg.errors.LockNotAvailable, "is busy"),
        (OperationalError, psycopg.errors.DeadlockDetected, "is busy"),
        (OperationalError, psycopg.errors.SerializationFailure, "is busy"),
        (OperationalError, psycopg.errors.QueryCanceled, "is busy"),
        (ProgrammingError, psycopg.errors.UndefinedTable, "manage.py migrate"),
        (ProgrammingError, psycopg.errors.UndefinedColumn, "manage.py migrate"),
        (OperationalError, psycopg.errors.DiskFull, "does not answer (53100)"),
        (OperationalError, nobody_listens, "does not answer (OperationalError)"),
        (ProgrammingError, psycopg.errors.SyntaxError, ""),
        (IntegrityError, psycopg.errors.UniqueViolation, ""),
    ],
)
def test_of_postgresql_too(kind: type[Error], raised: Callable[[], Any], said: str) -> None:
    found = what_to_do(wrapped(kind, raised()))
    assert said in found
    assert bool(said) == bool(found), "a fault of ours keeps its traceback"
