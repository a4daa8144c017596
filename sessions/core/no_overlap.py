"""Spans of time that must not overlap for one owner. The database itself refuses, also two writers at once.

A migration lists `NoOverlap("its_table", ("person_id", "scope"))` after CreateModel; the table has
`starts_at` and `ends_at`. PostgreSQL gets an exclusion constraint (btree_gist for the equal columns). SQLite
gets triggers: it has one writer at a time, and a writer queues at BEGIN, so the check and the row are one
act. Both answer with an IntegrityError. On SQLite a later migration that alters such a table makes it anew
and loses the triggers: repeat the operation there.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

MESSAGE = "double booking"


class NoOverlap(Operation):
    """No two rows of `table` with the same `columns` share a moment; touching ends do not count."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str, columns: tuple[str, ...]) -> None:
        self.table = table
        self.columns = tuple(columns)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.table, self.columns], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """No part of the models' state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in _statements(schema_editor.connection.vendor, self.table, self.columns):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self.table
        if schema_editor.connection.vendor == "sqlite":
            for name in ("insert", "update"):
                schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_overlap_{name}"', params=None)
        else:
            schema_editor.execute(
                f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_no_overlap"', params=None
            )

    def describe(self) -> str:
        return f"No overlapping spans in {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        return f"no_overlap_{self.table}"


def _statements(vendor: str, table: str, columns: tuple[str, ...]) -> list[str]:
    if vendor == "sqlite":
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        overlaps = f"{same} AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at"
        found = f'SELECT 1 FROM "{table}" WHERE {overlaps}'  # noqa: S608 - names from migrations
        raised = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        create = f'CREATE TRIGGER IF NOT EXISTS "{table}_overlap'
        return [
            f'{create}_insert" BEFORE INSERT ON "{table}" WHEN EXISTS ({found}) {raised}',
            f'{create}_update" BEFORE UPDATE ON "{table}" WHEN EXISTS ({found} AND id <> OLD.id) {raised}',
        ]
    if vendor == "postgresql":
        equal = ", ".join(f"{column} WITH =" for column in columns)
        return [
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            (
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_no_overlap" '
                f"EXCLUDE USING gist ({equal}, tstzrange(starts_at, ends_at) WITH &&)"
            ),
        ]
    raise NotImplementedError(f"spans without overlap on {vendor}")
