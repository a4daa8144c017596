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


def told(folder: Path, database: Path) -> list[tuple[str, int, str]]:
    """What each command says and how it ends, run one after the other in one process beside this."""
    ours = {"VIOP_VAR": str(folder), "VIOP_DEMO": "1", "VIOP_PRODUCTION": "0"}
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.service.commands_told", str(database)],
        input=json.dumps([[name, *words] for name, words in WORDS.items()]),
        cwd=ROOT,
        env=env | ours,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [(name, code, said) for name, code, said in json.loads(done.stdout)]


def said_by_all(folder: Path, database: Path) -> str:
    """The one line that every command said. Each ends with UNASKED and says nothing more."""
    found = told(folder, database)
    assert [name for name, _code, _said in found] == list(WORDS)
    assert {code for _name, code, _said in found} == {UNASKED}
    (line,) = {said for _name, _code, said in found}
    assert line.count("\n") == 1, "one line, no traceback"
    return line


def test_beside_a_migration_each_says_that_the_database_is_busy(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "busy.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "is busy" in said_by_all(tmp_path, tmp_path / "busy.sqlite3")
    other.close()


def test_before_the_first_migration_each_says_how_to_migrate(tmp_path: Path) -> None:
    assert "manage.py migrate" in said_by_all(tmp_path, tmp_path / "new.sqlite3")


def test_without_a_database_each_says_where_to_look(tmp_path: Path) -> None:
    line = said_by_all(tmp_path, tmp_path / "nowhere" / "clinic.sqlite3")
    assert "(SQLITE_CANTOPEN)" in line
    assert "DATABASE_URL" in line


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
