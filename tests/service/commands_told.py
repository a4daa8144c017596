"""Runs commands in a process of its own, as from the command line, and prints what each said and how it ended.

`python -m tests.service.commands_told DATABASE…` reads a JSON list of command lines from standard input, and runs all
of them with each database in turn.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys


def main(databases: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vIOP.settings")
    import django

    django.setup()
    from django.core.management import execute_from_command_line
    from django.db import connection

    connection.settings_dict["OPTIONS"]["timeout"] = 0.05  # seconds; in earnest 20
    told = []
    lines = json.load(sys.stdin)
    for database, words in ((database, words) for database in databases for words in lines):
        connection.close()
        connection.settings_dict["NAME"] = database
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
                execute_from_command_line(["manage.py", *words])
            code: object = 0
        except SystemExit as end:
            code = end.code
        told.append((database, words[0], code, said.getvalue()))
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
