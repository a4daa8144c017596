"""What every command of ours that needs the database says when the database cannot be asked."""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, InterfaceError, OperationalError, ProgrammingError

UNASKED: Final = 2  # 1 says that something was asked and is not so: a broken chain, a report not made here

# SQLite's names, and the SQLSTATE classes and codes of PostgreSQL (its manual, appendix A)
_BUSY: Final = re.compile(r"SQLITE_(BUSY|LOCKED)|55P03|57014|40")
_OLD: Final = re.compile(r"42P01|42703|3F000")
_SQLITE_OLD: Final = re.compile(r"no such (table|column)|has no column named")


class ClinicCommand(BaseCommand):
    """A command that says in one line, and with exit code 2, that the database cannot be asked."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Raises CommandError when the database is away, busy or not migrated; every other error as it is."""
        try:
            return super().execute(*args, **options)
        except Error as trouble:
            if not (words := what_to_do(trouble)):
                raise
            raise CommandError(words, returncode=UNASKED) from trouble


def what_to_do(trouble: Error) -> str:
    """One line for whoever runs this site; empty when the fault is ours and its traceback is wanted."""
    cause = trouble.__cause__
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    if _OLD.match(name) or (name == "SQLITE_ERROR" and _SQLITE_OLD.search(str(cause))):
        return "The database is not up to date. Run `manage.py migrate`, then this again."
    if _BUSY.match(name):
        return (
            "The database is busy: a migration or another program is writing. "
            "Wait until that has ended, then run this again."
        )
    if isinstance(trouble, ProgrammingError) or not isinstance(trouble, OperationalError | InterfaceError):
        return ""
    return (
        f"The database does not answer ({name or type(trouble).__name__}). Look whether it runs, whether "
        "DATABASE_URL names it and whether its disk has room, then run this again."
    )
